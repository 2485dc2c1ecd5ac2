"""A whole bench under load: ``python -m benchmarks.bench_load [channels] [interval in s] [minutes]``.

The service runs so many EmStats, simulated in another process, as a lab would: started through its
HTTP interface, watched by a subscriber. Reported are the engine's processor time and memory, how
late samples reach the subscriber, and whether every sample is in its file; and how late a program
wakes on this machine that does nothing else, to judge the former by.
"""

import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil

from benchmarks.bench_processes import service, simulated_bench
from faradaic.engine.service.client import Client
from faradaic.storage import Run

WARM_UP_S = 20.0


def usage(process: psutil.Process) -> dict[str, tuple[float, float]]:
    """Return processor time in s and memory in MB of a process and those that it started, by what they do."""
    found: dict[str, tuple[float, float]] = {}
    for each in (process, *process.children(recursive=True)):
        line = " ".join(each.cmdline())
        name = next((name for name in ("writer", "watchdog", "analyst") if name in line), "engine")
        times, memory = each.cpu_times(), each.memory_info().rss / 1e6
        before = found.get(name, (0.0, 0.0))
        found[name] = (before[0] + times.user + times.system, before[1] + memory)
    return found


def watch(client: Client, counts: dict[str, int], late_s: list[float], since: int) -> None:
    """Count the samples of every channel, and how late they come."""
    for record in client.live(since):
        if record.kind == "samples":
            late_s.append(time.time() - record.time)
            counts[record.channel] = counts.get(record.channel, 0) + len(record.rows)


def main(channels: int = 256, interval_s: float = 1.0, minutes: float = 10.0) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = stack.enter_context(simulated_bench(folder, channels, "emstat4-hr", "Resistor(1000)"))
        process, client = stack.enter_context(service(folder, bench))
        counts: dict[str, int] = {}
        late_s: list[float] = []
        status = client.status()
        threading.Thread(target=watch, args=(client, counts, late_s, status.seq), daemon=True).start()
        job = {
            "protocol": "OpenCircuit",
            "duration": f"{minutes * 60 + 2 * WARM_UP_S + 600:g} s",
            "sample_every": f"{interval_s:g} s",
        }
        for each in status.channels:
            client.add(each.channel, job, {"name": "load"})
        time.sleep(WARM_UP_S)
        late_s.clear()
        before, begun = usage(psutil.Process(process.pid)), time.monotonic()
        counted = sum(counts.values())
        bare = [sys.executable, "-m", "benchmarks.bare_wakes", f"{minutes * 60:g}"]
        control = subprocess.run(bare, stdout=subprocess.PIPE, text=True, check=True).stdout
        after, passed_s = usage(psutil.Process(process.pid)), time.monotonic() - begun
        late = np.array(late_s) * 1e3
        print(f"{channels} channels, every {interval_s:g} s, for {passed_s:.0f} s")
        print(f"  {(sum(counts.values()) - counted) / passed_s:.1f} samples/s reached the subscriber")
        for name, (cpu_s, megabytes) in after.items():
            share = 100 * (cpu_s - before.get(name, (0.0, 0.0))[0]) / passed_s
            print(f"  {name:9} {share:5.1f} % of a core, {megabytes:.0f} MB")
        p50, p99 = np.percentile(late, [50, 99])
        print(f"  a sample reaches the subscriber after {p50:.1f} ms (median), {p99:.1f} ms (p99)")
        print(control, end="")
        running = sum(each.state == "running" for each in client.status().channels)
        print(f"  {running} of {channels} running")
        for each in client.status().channels:
            client.stop(each.channel)
        while any(each.state == "running" for each in client.status().channels):
            time.sleep(0.5)
        time.sleep(1.0)
        whole = 0
        for each in client.status().channels:
            with Run.open(each.file) as run:
                times_s = run.samples["test_time_second"]
                whole += len(times_s) == counts[each.channel] and bool(
                    np.all(np.diff(times_s) < 1.5 * interval_s)
                )
        print(f"  {whole} of {channels} files hold every sample, without a gap")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *map(float, sys.argv[2:]))

"""The engine killed again and again: ``python -m benchmarks.engine_kills [kills] [channels]``.

Host-timed source meters hold a potential at ten samples a second while the engine is ended with
``kill -9`` at random moments and started again. Counted are outputs that are still on two seconds
later, runs that do not go on, and samples that a subscriber had seen more than a second before
the kill but that are not in the file.
"""

import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench_processes import bench_file, start_service
from faradaic.engine.service.starting import wait_for
from faradaic.instruments.bench_file import read_bench
from faradaic.simulators.serving import serve_bench
from faradaic.storage import Run

JOB = {
    "protocol": "FloatingTest", "start": "0.4 V", "stop": "0.4 V", "hold": "50 h", "sample_every": "0.1 s",
}  # fmt: skip
WITHIN_S, LOST_S = 2.0, 1.0


def main(kills: int = 100, channels: int = 16) -> None:
    chance = random.Random(1)
    seen: defaultdict[str, set[float]] = defaultdict(set)
    killed_at: list[float] = []
    count = {"kills": 0, "outputs on after 2 s": 0, "runs that did not go on": 0}
    slowest_s = 0.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = bench_file(folder, channels, "keithley-2450", "Resistor(1000)", resume="automatic")
        served = stack.enter_context(serve_bench(read_bench(path)))
        devices = [server.device for server in served.values()]
        process = start_service(folder, path)
        client = wait_for(process)
        names = [each.channel for each in client.status().channels]
        for name in names:
            client.add(name, JOB, {"name": name, "area": "1 cm²"})
        while count["kills"] < kills:
            watcher = threading.Thread(target=_watch, args=(client, seen), daemon=True)
            watcher.start()
            if not _all_run(client, names):
                count["runs that did not go on"] += sum(
                    each.state != "running" for each in client.status().channels
                )
            time.sleep(chance.uniform(0.3, 3.0))
            process.kill()
            killed_at.append(time.time())
            process.wait()
            off_at = time.monotonic() + 10.0
            begun = time.monotonic()
            while any(device.cell_is_on for device in devices) and time.monotonic() < off_at:
                time.sleep(0.02)
            took_s = time.monotonic() - begun
            slowest_s = max(slowest_s, took_s)
            count["outputs on after 2 s"] += took_s > WITHIN_S
            count["kills"] += 1
            client.close()
            watcher.join()
            process = start_service(folder, path)
            client = wait_for(process)
            print(f"{count['kills']} of {kills}: off after {took_s:.2f} s", file=sys.stderr)
        _all_run(client, names)
        files = {each.channel: each.file for each in client.status().channels}
        client.close()
        process.terminate()
        process.wait()
        lost = recorded = 0
        for name in names:
            with Run.open(files[name]) as run:
                kept = set(run.samples["unix_time_second"].tolist())
            recorded += len(kept)
            lost += sum(
                not any(0 <= killed - unix_s <= LOST_S for killed in killed_at)
                for unix_s in seen[name] - kept
            )
    print(", ".join(f"{number} {name}" for name, number in count.items()))
    print(f"slowest to be off: {slowest_s:.2f} s")
    print(f"{recorded} samples recorded, {lost} lost earlier than the last second")


def _watch(client, seen) -> None:
    for record in client.live(0):
        if record.kind == "samples":
            seen[record.channel].update(record.rows["unix_time_second"].tolist())


def _all_run(client, names) -> bool:
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        statuses = client.status().channels
        if sum(each.state == "running" and each.current_A is not None for each in statuses) == len(names):
            return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

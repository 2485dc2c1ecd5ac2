"""Long runs in short time: ``python -m benchmarks.bench_week [channels] [days] [speed] [model]``.

The service runs so many simulated channels, of EmStats unless told otherwise, at a sample a second of
their own, accelerated time.
Reported are the engine's memory as days go by, and whether every file holds every sample.
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil

from benchmarks.bench_load import usage
from benchmarks.bench_processes import service, simulated_bench
from faradaic.storage import Run

DAY_S = 86_400.0
LOOKS_A_DAY = 8


def main(channels: int = 256, days: float = 7.0, speed: float = 150.0, model: str = "emstat4-hr") -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulated = simulated_bench(folder, channels, model, "Resistor(1000)", speed=speed)
        bench = stack.enter_context(simulated)
        process, client = stack.enter_context(service(folder, bench))
        rest = {"protocol": "OpenCircuit", "sample_every": "1 s"}
        # Two steps: a cycler is asked less often while it knows how to go on.
        job = {
            "protocol": "Sequence",
            "protocols": [{**rest, "duration": f"{days} d"}, {**rest, "duration": "1 min"}],
        }
        names = [each.channel for each in client.status().channels]
        begun = time.monotonic()
        for name in names:
            client.add(name, job, {"name": name})
        memory_MB: list[tuple[float, float]] = []
        while True:
            statuses = client.status().channels
            if not any(each.state in ("running", "starting", "ending") for each in statuses):
                break
            day = float(np.median([each.elapsed_s for each in statuses])) / DAY_S
            if not memory_MB or day >= memory_MB[-1][0] + 1 / LOOKS_A_DAY:
                used = usage(psutil.Process(process.pid))
                memory_MB.append((day, used["engine"][1]))
                sizes = ", ".join(f"{name} {megabytes:.0f} MB" for name, (_, megabytes) in used.items())
                print(f"day {day:.2f}: {sizes}", flush=True)
            time.sleep(1.0)
        took_s = time.monotonic() - begun
        files = {each.channel: each.file for each in client.status().channels}
        states = [each.state for each in client.status().channels]
        complete = total = 0
        for name in names:
            with Run.open(files[name]) as run:
                times_s = run.samples["test_time_second"]
                total += len(times_s)
                complete += len(times_s) >= days * DAY_S and bool(np.all(np.diff(times_s) < 1.5))
        late_days = np.array([row for row in memory_MB if row[0] >= min(1.0, days / 2)])
        growth = np.polyfit(late_days[:, 0], late_days[:, 1], 1)[0] if len(late_days) > 1 else float("nan")
        print(f"{channels} channels, {days:g} days in {took_s / 60:.1f} min, {total:,} samples")
        print(f"{states.count('finished')} finished; {complete} files hold every sample without a gap")
        print(f"engine: {max(mb for _, mb in memory_MB):.0f} MB at most, growth {growth:.2f} MB a day")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *map(float, sys.argv[2:4]), *sys.argv[4:5])

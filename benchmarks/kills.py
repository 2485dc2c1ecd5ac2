"""What is left of a run that is killed (kill -9) at a random moment, many times over."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faradaic.storage import Run

KILLS = 100
_SCRIPT = """
import sys, time
from pathlib import Path
from faradaic.engine import Recorded, Runner
from faradaic.protocols import Cell
from benchmarks.source import Charge, Source
def acknowledge(message):
    if isinstance(message, Recorded):
        print(time.time(), round(message.rows["test_time_second"][-1] * 10), flush=True)
print("ready", flush=True)
Runner(Charge(duration_s=1e9), Source(10**9, 10, pause_s=0.002), cell=Cell(),
       out=Path(sys.argv[1]), subscribers=[acknowledge]).run()
"""


def kill_once(path: Path, after_s: float) -> tuple[int, int]:
    """Return how many samples were acknowledged, and how many of them are in the file."""
    command = [sys.executable, "-c", _SCRIPT, str(path)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        time.sleep(after_s)
        process.kill()
        lines = [line.split() for line in process.stdout.read().splitlines()]
    acknowledged = int(lines[-1][1]) if lines and len(lines[-1]) == 2 else 0
    with Run.open(path) as run:
        if run.state != "interrupted" or run.events[-1].source != "recovery":
            raise RuntimeError(f"{path}: the file does not say what happened")
        return acknowledged, len(run.samples)


def main() -> None:
    """Print the worst of all kills."""
    chance = random.Random(1)
    lost, recovered = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for index in range(KILLS):
            path = Path(folder) / f"{index}.h5"
            acknowledged, kept = kill_once(path, after_s=chance.uniform(0.05, 1.5))
            lost.append(acknowledged - kept)
            recovered += kept
    print(f"  {KILLS} kills: every file opens and says what happened; {recovered:,} samples recovered;")
    print(f"  acknowledged samples lost: at most {max(*lost, 0)}")


if __name__ == "__main__":
    main()

"""Whether memory stays flat while a million samples go by."""

import subprocess
import sys
import tempfile
from pathlib import Path

_SCRIPT = """
import resource, sys
from pathlib import Path
from faradaic.engine import Recorded, Runner
from faradaic.protocols import Cell
from benchmarks.source import INTERVAL_S, Charge, Source
samples, seen, peaks = 1_000_000, 0, []
def peak(message):
    global seen
    if isinstance(message, Recorded):
        seen += len(message.rows)
        if seen % 100_000 == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
Runner(Charge(duration_s=samples * INTERVAL_S), Source(samples, 100), cell=Cell(),
       out=Path(sys.argv[1]) / "run.h5", subscribers=[peak]).run()
print(peaks[0], peaks[-1])
"""


def growth_kB() -> tuple[int, int]:
    """Return the largest memory after 100 000 samples, and its growth until a million."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(__file__).parent.parent
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, folder], cwd=root, capture_output=True, text=True, check=True
        )
    first, last = (int(number) for number in done.stdout.split())
    return first, last - first


def main() -> None:
    """Print both."""
    first, growth = growth_kB()
    print(f"  {first / 1024:.0f} MB after 100 000 samples, {growth} kB more after 1 000 000")


if __name__ == "__main__":
    main()

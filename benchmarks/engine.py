"""Our cost per sample: limits, end conditions, integration, journal, HDF5 and a subscriber."""

import tempfile
import time
from pathlib import Path

from faradaic.engine import Message, Recorded, Runner
from faradaic.protocols import Cell
from faradaic.storage import Run

from .source import INTERVAL_S, Charge, Source


def microseconds_per_sample(samples: int, block: int) -> float:
    """Return what a sample costs from the driver's block to the verified file."""
    received = 0

    def subscriber(message: Message) -> None:
        nonlocal received
        if isinstance(message, Recorded):
            received += len(message.rows)

    source = Source(samples, block)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        runner = Runner(
            Charge(duration_s=samples * INTERVAL_S), source, cell=Cell(), out=path, subscribers=[subscriber]
        )
        begin = time.perf_counter()
        state = runner.run()
        seconds = time.perf_counter() - begin
        with Run.open(path) as run:
            if (state, received, len(run.samples)) != ("finished", samples, samples):
                raise RuntimeError(f"{state}: {received} received, {len(run.samples)} in the file")
    return seconds / samples * 1e6


def main() -> None:
    """Print the cost at several sizes of block, and what the largest memory was up to then."""
    microseconds_per_sample(1000, 100)  # starts the writer process
    for block, samples in ((1, 100_000), (10, 300_000), (100, 1_000_000), (1000, 3_000_000)):
        cost = microseconds_per_sample(samples, block)
        print(f"  blocks of {block:5}: {cost:7.2f} µs a sample   ({samples:9,} samples)")


if __name__ == "__main__":
    main()

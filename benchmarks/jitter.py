"""When a host-timed instrument measures: ``python -m benchmarks.jitter [seconds]``.

A Keithley 2450, simulated in a process of its own, is read ten times a second through driver and
engine into a file. Compared are the recorded times with the deadlines, and with the times that the
instrument itself has noted in its buffer.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from faradaic.engine import Runner
from faradaic.instruments import open_instrument
from faradaic.protocols import Cell, ConstantPotential, Protocol, Record, Until
from faradaic.storage import Run

INTERVAL_S = 0.1


class Hold(Protocol):
    """Hold a potential."""

    duration_s: float

    def steps(self, cell):  # noqa: ARG002
        yield ConstantPotential(
            potential_V=0.5, until=Until(duration_s=self.duration_s), record=Record(interval_s=INTERVAL_S)
        )


def main(seconds: float = 120.0) -> None:
    simulated = ("--instrument", "keithley-2450", "--cell", "Resistor(1000)", "--tcp", "0")
    command = ("-m", "faradaic", "simulate", *simulated)
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            address = (process.stdout.readline() if process.stdout else "").strip()
            noted: list[float] = []
            with open_instrument("keithley", address) as instrument:
                channel = instrument.channels[0]
                path = Path(folder) / "run.h5"
                runner = Runner(Hold(duration_s=seconds), channel, cell=Cell(), out=path)
                runner.run()
                count = int(channel._scpi.numbers(':TRAC:ACT? "defbuffer1"', 1)[0])
                for first in range(1, count + 1, 200):
                    last = min(first + 199, count)
                    noted += channel._scpi.numbers(
                        f':TRAC:DATA? {first},{last},"defbuffer1",REL', last - first + 1
                    )
        finally:
            process.terminate()
        with Run.open(path) as run:
            times = run.samples["test_time_second"]
    # The first sample comes early, and the last one at the end.
    deadlines = np.arange(1, len(times) - 1) * INTERVAL_S
    late_ms = 1e3 * (times[1:-1] - times[1] - (deadlines - deadlines[0]))
    report("recorded time − deadline", late_ms - np.median(late_ms))
    beside_ms = 1e3 * (times - times[0] - np.array(noted[-len(times) :]) + noted[-len(times)])
    report("recorded time − instrument's own", beside_ms - np.median(beside_ms))


def report(name: str, values_ms: np.ndarray) -> None:
    p50, p99, worst = (np.percentile(np.abs(values_ms), share) for share in (50, 99, 100))
    print(f"{name:34} {len(values_ms)} samples: median {p50:.3f} ms, p99 {p99:.3f} ms, worst {worst:.3f} ms")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))

"""Random faults of the link over mixed runs: ``python -m benchmarks.faults [faults] [model ...]``.

Potentials, currents, rests and sweeps on a resistor, again and again, while cables are pulled,
bytes garbled, replies lost, late, cut and repeated. Every recorded sample is compared with what
the cell did: Ohm's law, and the potential or current that the step asked for.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from faradaic.core.clock import ScaledClock
from faradaic.core.samples import Flag
from faradaic.engine import Runner
from faradaic.instruments import InstrumentError, open_instrument
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    PotentialSweep,
    Protocol,
    Record,
    Rest,
    Until,
)
from faradaic.simulators import Resistor, TcpServer, device_kind
from faradaic.simulators.faults import KINDS, FaultyLink
from faradaic.storage import Run

MODELS = ("emstat4-hr", "keithley-2450", "rodeostat-10V_24MilliAmpV0.2", "neware-bts")
OHM, SPEED, LONGEST_S = 1000.0, 10.0, 120.0
HELPFUL = ("Check", "Switch", "switch", "lost", "pull", "Stop", "Look")


class Mixed(Protocol):
    """Potentials, currents, rests and sweeps."""

    with_currents: bool = True

    def steps(self, cell):  # noqa: ARG002
        record = Record(interval_s=0.1)
        for index in range(3):
            yield ConstantPotential(potential_V=0.1 * (index + 1), until=Until(duration_s=8.0), record=record)
            yield Rest(until=Until(duration_s=4.0), record=record)
            if self.with_currents:
                yield ConstantCurrent(
                    current_A=-1e-4 * (index + 1), until=Until(duration_s=8.0), record=record
                )
            yield PotentialSweep(path_V=(0.0, 0.3, -0.1), rate_V_per_s=0.05, sample_every_V=5e-3)


def wrong_samples(run: Run) -> int:
    """Return how many recorded samples are not what the cell did; each is told with its neighbours."""
    shown = ["test_time_second", "voltage_volt", "current_ampere", "step_count", "flags"]
    backwards = np.flatnonzero(np.diff(run.samples["test_time_second"]) < 0)
    for index in backwards:
        around = run.samples[shown][max(index - 2, 0) : index + 4]
        print(f"wrong: time runs backwards: {around}", file=sys.stderr)
    wrong = len(backwards)
    for step in run.steps:
        rows = run.samples[step.samples]
        E, i = rows["voltage_volt"], rows["current_ampere"] * OHM
        is_wrong = np.abs(E - i) > 5e-3
        if step.kind == "rest":
            is_wrong = np.abs(E) > 5e-3
        elif step.kind == "constant_potential":
            is_wrong |= np.abs(E - step.parameters["potential_V"]) > 5e-3
        elif step.kind == "constant_current":
            is_wrong |= np.abs(i - step.parameters["current_A"] * OHM) > 5e-3
        is_wrong &= (rows["flags"] & (Flag.OVERLOAD | Flag.COMPLIANCE)) == 0
        for index in np.flatnonzero(is_wrong):
            around = rows[shown][max(index - 2, 0) : index + 3]
            print(f"wrong: {step.kind} {step.step_count}, {index} of {len(rows)}: {around}", file=sys.stderr)
        wrong += int(np.count_nonzero(is_wrong))
    return wrong


def disturbed(model: str, wanted: int, first_seed: int = 1) -> tuple[str, Counter[str], Counter[str]]:
    """Run until so many faults have happened; return what was counted."""
    count: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    while count["faults"] < wanted:
        seed = first_seed + count["runs"]
        clock, kind = ScaledClock(SPEED), device_kind(model)
        ended: list[bool] = []
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(kind.make([Resistor(OHM)], clock, seed)) as device,
            TcpServer(device) as server,
            FaultyLink(server.address, away_s=0.3, late_s=0.7, seed=seed) as link,
        ):
            try:
                instrument = open_instrument(kind.driver, link.address, clock)
            except InstrumentError:
                count["not opened"] += 1
                continue
            with instrument:
                channel = instrument.channels[0]
                protocol = Mixed(with_currents="constant_current" in channel.capabilities.kinds)
                runner = Runner(protocol, channel, cell=Cell(), out=Path(folder) / "run.h5")
                link.inject_at_random(KINDS, 0.8, lambda: not ended)  # noqa: B023
                begun = time.monotonic()
                state = runner.run()
                took_s = time.monotonic() - begun
                ended.append(True)
                link.heal()
            with Run.open(runner.path) as run:
                texts = " ".join(event.text for event in run.events)
                count["wrong samples"] += wrong_samples(run)
                count["samples"] += len(run.samples)
                if state.startswith("failed"):
                    errors = [event.text for event in run.events if event.severity == "error"]
                    reasons[re.sub(r"socket\S+|[\d.]+ s", "…", errors[0])[:150]] += 1
            count["runs"] += 1
            count["faults"] += len(link.done)
            count[state] += 1
            count["hangs"] += took_s > LONGEST_S
            count["on and nobody told"] += device.cell_is_on and "still be on" not in texts
            print(f"{model}: {count['faults']} of {wanted} faults", file=sys.stderr)
            count["failed without advice"] += state.startswith("failed") and not any(
                word in texts for word in HELPFUL
            )
    return model, count, reasons


def main(wanted: int = 1000, *models: str) -> None:
    with get_context("spawn").Pool(len(models or MODELS)) as pool:
        jobs = [pool.apply_async(disturbed, (model, wanted)) for model in models or MODELS]
        for job in jobs:
            model, count, reasons = job.get()
            print(f"{model}: " + ", ".join(f"{name} {number}" for name, number in count.items()), flush=True)
            for reason, number in reasons.most_common(6):
                print(f"    {number} x {reason}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])

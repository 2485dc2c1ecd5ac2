"""A protocol of your own that decides what to do next from what it has just measured.

    python own_protocol.py [FILE]

A sweep finds an onset that depends on its rate. This protocol holds potentials instead, and halves
the distance between the last one without and the first one with a current, as a person would who
has all night. It stops and resumes like any other, because its steps depend on results only.
"""

import sys
from typing import Annotated

from pydantic import Field

from faradaic.engine import run
from faradaic.protocols import Cell, ConstantPotential, Protocol, Record, Steps, Until
from faradaic.protocols.quantities import CurrentDensity, Duration, Potential, PotentialStep
from faradaic.simulators import published_cell, simulated


class OnsetByRefinement(Protocol):
    """Find by bisection the potential at which a held electrolyte passes a threshold."""

    lowest: Potential = 4.0
    """Here the current is below the threshold."""
    highest: Potential = 5.5
    """Here it would be above it; nothing is held at more than what the bisection needs."""
    resolution: PotentialStep = 0.01
    """When to stop."""
    hold: Duration = 1800.0
    """How long each potential is held."""
    threshold: Annotated[CurrentDensity, Field(description="What counts as oxidation.")] = 0.1

    def steps(self, cell: Cell) -> Steps:
        """Yield holds, each in the middle of what is left."""
        threshold_A = self.threshold * cell.needs("area", "a current density")
        below, above = self.lowest, self.highest
        while above - below > self.resolution:
            middle = round((below + above) / 2, 4)
            result = yield ConstantPotential(
                potential_V=middle,
                # A hold that is above for sure needs no more time.
                until=Until(duration_s=self.hold, current_above_A=20 * threshold_A),
                record=Record(interval_s=10.0),
                label=f"Hold {middle:g} V",
                role="hold",
            )
            passed = result.current_last_A is not None and result.current_last_A > threshold_A
            below, above = (below, middle) if passed else (middle, above)


def main(out: str) -> None:
    """Measure a published electrolyte, and tell every decision."""
    with (
        simulated("emstat4-hr", published_cell("SS|IGE-2|Li")) as instrument,
        run(
            OnsetByRefinement(), instrument.channels[0], cell=Cell(name="IGE-2", area="1 cm²"), out=out
        ) as done,
    ):
        below, above = [OnsetByRefinement().lowest], [OnsetByRefinement().highest]
        for step in done.steps:
            volt, ampere = step.parameters["potential_V"], step.result["current_last_A"]
            (above if ampere > 10e-6 else below).append(volt)
            print(f"held {volt:.3f} V: {ampere * 1e6:8.2f} µA/cm²")
        print(f"the onset lies between {max(below):.3f} and {min(above):.3f} V")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "onset.h5")

"""Floating test: hold rising potentials and watch the leakage."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Protocol, ProtocolError, Steps
from .cell import Cell
from .quantities import CurrentDensity, Duration, PositiveCurrent, Potential, PotentialStep
from .steps import ConstantPotential, Record, StepResult, Until

MOST_HOLDS = 1000
"""A staircase with more holds than this is taken for a slip of the pen."""
_LOGARITHMIC_S = 60.0


class FloatingTest(Protocol):
    """Hold one potential after the other, each higher, until the electrolyte leaks (floating test)."""

    start: Potential = 3.6
    """First potential that is held."""
    stop: Potential = 5.0
    """Last potential that is held."""
    step: PotentialStep = 0.1
    """From one hold to the next."""
    hold: Duration = 36_000.0
    """How long each potential is held."""
    leakage_threshold: CurrentDensity = 0.05
    """Leakage current density up to which a potential counts as stable; papers mostly use 5 µA/cm²."""
    go_on_after: Annotated[int, Field(ge=0, le=MOST_HOLDS)] = 1
    """Holds that are still measured after the first one above the threshold."""
    sample_every: Duration = 10.0
    """Time between samples, after a first minute of quicker ones."""
    current_limit: PositiveCurrent | None = None
    """End a hold, and the test, when the current reaches this magnitude, such as "1 mA/cm²"."""

    @model_validator(mode="after")
    def _has_holds(self) -> Self:
        if abs(self.stop - self.start) / self.step > MOST_HOLDS:
            raise ValueError(
                f"from start to stop in steps of {self.step:g} V are more than {MOST_HOLDS} holds"
            )
        return self

    @property
    def potentials_V(self) -> tuple[float, ...]:
        """The potentials of the holds, rising or falling from `start` to `stop`."""
        count = int(abs(self.stop - self.start) / self.step + 1e-6) + 1
        direction = 1.0 if self.stop >= self.start else -1.0
        return tuple(round(self.start + direction * index * self.step, 9) for index in range(count))

    def steps(self, cell: Cell) -> Steps:
        """Yield one hold a potential; a hold above the threshold lets only `go_on_after` more follow."""
        threshold_A = self.leakage_threshold * cell.needs("area", "a leakage current density")
        limit_A = None if self.current_limit is None else self.current_limit.amperes(cell)
        left: int | None = None
        for index, potential_V in enumerate(self.potentials_V, start=1):
            result = yield ConstantPotential(
                potential_V=potential_V,
                until=Until(duration_s=self.hold, current_above_A=limit_A),
                record=Record(
                    interval_s=min(self.sample_every, self.hold / 10),
                    logarithmic_s=min(_LOGARITHMIC_S, self.hold / 10),
                ),
                cycle=index,
                label=f"Hold at {potential_V:g} V",
                role="hold",
            )
            if result.end_reason == "current_above_A":
                return
            if left is not None:
                left -= 1
            elif abs(_leakage_A(result)) > threshold_A:
                left = self.go_on_after
            if left == 0:
                return


def _leakage_A(result: StepResult) -> float:
    """Return the mean of the last currents of a hold."""
    currents = [current_A for _, _, current_A in result.tail]
    if not currents and result.current_last_A is None:
        raise ProtocolError("a hold gave no valid current, so there is no leakage to judge")
    return sum(currents) / len(currents) if currents else float(result.current_last_A or 0.0)

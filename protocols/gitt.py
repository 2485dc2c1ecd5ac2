"""Galvanostatic intermittent titration: pulses of current, and a rest after each."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .half_cycles import upper_above_lower
from .quantities import Current, Duration, PositiveCurrent, Potential
from .steps import ConstantCurrent, Record, Rest, Until

_C_10 = Current(0.1, "C")
_QUICK_s = 60.0


class GITT(Protocol):
    """Titrate with pulses of current and rests: diffusion, equilibrium potentials, resistance."""

    current: PositiveCurrent = _C_10
    """Current of the pulses, such as "C/10"."""
    pulse: Duration = 600.0
    """How long each pulse lasts; well below (diffusion length)²/D, or D comes out wrong."""
    rest: Duration = 3600.0
    """Rest after each pulse."""
    direction: Literal["charge", "discharge", "both"] = "both"
    """Charge to the upper potential, discharge to the lower one, or one after the other."""
    upper: Potential = 4.2
    """Potential that ends the charge."""
    lower: Potential = 2.5
    """Potential that ends the discharge."""
    pulses: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Most pulses in each direction."""
    rest_before: Duration = 3600.0
    """Rest before the first pulse."""
    sample_every: Duration = 10.0
    """Time between samples; the first minute of each pulse and rest is sampled more closely."""

    _consistent = model_validator(mode="after")(upper_above_lower)

    def steps(self, cell: Cell) -> Steps:
        """Yield pulse and rest in turn, until a pulse reaches its potential."""
        current_A = self.current.amperes(cell)
        signs = {"charge": (1,), "discharge": (-1,), "both": (1, -1)}[self.direction]
        yield self._rest(self.rest_before, 0)
        number = 0
        for sign in signs:
            for _ in range(self.pulses):
                number += 1
                result = yield self._pulse(sign * current_A, number)
                yield self._rest(self.rest, number)
                if result.end_reason != "duration_s":
                    break

    def _pulse(self, current_A: float, number: int) -> ConstantCurrent:
        is_charge = current_A > 0
        return ConstantCurrent(
            current_A=current_A,
            until=Until(
                duration_s=self.pulse,
                potential_above_V=self.upper if is_charge else None,
                potential_below_V=None if is_charge else self.lower,
            ),
            record=self._record(self.pulse, sample_interval_s=1.0),
            cycle=number,
            label=f"Pulse {number}",
            role="pulse",
        )

    def _rest(self, duration_s: float, number: int) -> Rest:
        return Rest(
            until=Until(duration_s=duration_s),
            record=self._record(duration_s),
            cycle=number,
            label=f"Rest {number}",
            role="relaxation",
        )

    def _record(self, duration_s: float, sample_interval_s: float | None = None) -> Record:
        return Record(
            interval_s=min(self.sample_every, duration_s / 20),
            sample_interval_s=sample_interval_s,
            logarithmic_s=min(_QUICK_s, duration_s / 2),
        )

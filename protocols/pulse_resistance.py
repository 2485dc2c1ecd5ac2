"""Resistance from pulses of current at several states of charge (DCIR, HPPC)."""

from typing import Annotated

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .half_cycles import HalfCycles, upper_above_lower
from .open_circuit import ocv_rest
from .quantities import Current, Duration, PositiveCurrent, Potential
from .steps import ConstantCurrent, Record, Rest, Until

_C_3, _C_20, _1_C = Current(1 / 3, "C"), Current(0.05, "C"), Current(1.0, "C")


class PulseResistance(Protocol):
    """Pulse the cell with current at several states of charge: resistance at once, at 1 s and at 10 s."""

    pulse_current: PositiveCurrent = _1_C
    """Current of the pulses, in both directions."""
    pulse: Duration = 10.0
    """How long each pulse lasts."""
    between: Duration = 40.0
    """Rest between the discharge pulse and the charge pulse."""
    current: PositiveCurrent = _C_3
    """Current of the charge before, and of the discharge from one state of charge to the next."""
    step_percent: Annotated[float, Field(gt=0, le=100)] = 10.0
    """How much of the nominal capacity, in percent, is discharged between the states of charge."""
    rest: Duration = 3600.0
    """Rest at each state of charge before the pulses."""
    upper: Potential = 4.2
    """Potential that ends a charge, and a charge pulse."""
    lower: Potential = 2.5
    """Potential that ends a discharge, and a discharge pulse."""
    hold_until: PositiveCurrent = _C_20
    """The charge before holds the upper potential until its current has fallen to this."""
    longest: Duration = 360_000.0
    """A charge or hold that takes longer is ended: 100 h."""
    sample_every: Duration = 30.0
    """Time between samples outside of the pulses."""

    _consistent = model_validator(mode="after")(upper_above_lower)

    def steps(self, cell: Cell) -> Steps:
        """Yield a full charge; then rest, pulses and a part of the discharge, until the cell is empty."""
        current_A, pulse_A = self.current.amperes(cell), self.pulse_current.amperes(cell)
        part_C = cell.capacity_C("a step between states of charge") * self.step_percent / 100.0
        half = HalfCycles(
            cell,
            lower_V=self.lower,
            upper_V=self.upper,
            longest_s=self.longest,
            sample_every_s=self.sample_every,
        )
        yield ocv_rest(10.0)
        yield half.charge(current_A, 0)
        yield half.hold(self.hold_until.amperes(cell), 0)
        for number in range(1, int(100.0 / self.step_percent) + 2):
            yield self._rest(self.rest, number, "relaxation")
            yield self._pulse(-pulse_A, number)
            yield self._rest(self.between, number, "between")
            yield self._pulse(pulse_A, number)
            result = yield self._onward(current_A, part_C, number)
            if result.end_reason == "potential_below_V":
                return

    def _pulse(self, current_A: float, number: int) -> ConstantCurrent:
        is_charge = current_A > 0
        return ConstantCurrent(
            current_A=current_A,
            until=Until(
                duration_s=self.pulse,
                potential_above_V=self.upper if is_charge else None,
                potential_below_V=None if is_charge else self.lower,
            ),
            record=Record(interval_s=min(0.1, self.pulse / 20)),
            cycle=number,
            label="Charge pulse" if is_charge else "Discharge pulse",
            role="pulse",
        )

    def _rest(self, duration_s: float, number: int, role: str) -> Rest:
        return Rest(
            until=Until(duration_s=duration_s),
            record=Record(interval_s=min(self.sample_every, duration_s / 10)),
            cycle=number,
            label="Rest",
            role=role,
        )

    def _onward(self, current_A: float, charge_C: float, number: int) -> ConstantCurrent:
        longest_s = 1.5 * charge_C / current_A
        return ConstantCurrent(
            current_A=-current_A,
            until=Until(duration_s=longest_s, charge_C=charge_C, potential_below_V=self.lower),
            record=Record(interval_s=min(self.sample_every, longest_s / 20)),
            cycle=number,
            label="Discharge to the next state",
            role="onward",
        )

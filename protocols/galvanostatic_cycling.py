"""Charging and discharging a cell with constant currents, cycle after cycle."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell, MissingMetadataError
from .open_circuit import ocv_rest
from .quantities import Current, Duration, OptionalPause, PositiveCurrent, Potential
from .steps import ConstantCurrent, ConstantPotential, Record, Rest, StepResult, Until

_C_10, _C_20, _C_2 = Current(0.1, "C"), Current(0.05, "C"), Current(0.5, "C")
_RESOLUTION = 2000
"""Measurements in a half-cycle at least, where the capacity of the cell is known."""


class GalvanostaticCycling(Protocol):
    """Charge and discharge a cell between two potentials, after some slower cycles of formation."""

    charge_current: PositiveCurrent = _C_2
    """Current of the charge, such as "0.5C", "C/10", "0.2 mA/cm²" or "1 mA"."""
    discharge_current: PositiveCurrent = _C_2
    """Current of the discharge."""
    upper: Potential = 3.8
    """Potential that ends the charge."""
    lower: Potential = 2.5
    """Potential that ends the discharge."""
    hold_until: PositiveCurrent | None = None
    """Hold the upper potential until the charge current has fallen to this, such as "C/20" (CC-CV)."""
    cycles: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Cycles after the formation."""
    formation_cycles: Annotated[int, Field(ge=0, le=100)] = 3
    """Cycles before them."""
    formation_current: PositiveCurrent = _C_10
    """Current of the formation, in both directions."""
    rest: OptionalPause = 60.0
    """Rest after each charge and each discharge."""
    stop_below: Annotated[float, Field(gt=0, lt=1)] | None = None
    """End when the discharge capacity is below this share of that of the first cycle after formation."""
    longest: Duration = 360_000.0
    """A charge, discharge or hold that takes longer is ended: 100 h."""
    sample_every: Duration = 30.0
    """Time between samples."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.upper <= self.lower:
            raise ValueError(f"upper is {self.upper:g} V; it must be above lower, {self.lower:g} V")
        return self

    def steps(self, cell: Cell) -> Steps:
        """Yield rest, and for every cycle charge, hold and discharge; stop at the retention asked for."""
        formation_A = self.formation_current.amperes(cell)
        currents_A = (self.charge_current.amperes(cell), self.discharge_current.amperes(cell))
        until_A = None if self.hold_until is None else self.hold_until.amperes(cell)
        yield ocv_rest(10.0)
        first_C: float | None = None
        for cycle in range(1, self.formation_cycles + self.cycles + 1):
            is_formation = cycle <= self.formation_cycles
            charge_A, discharge_A = (formation_A, formation_A) if is_formation else currents_A
            yield self._half(cell, charge_A, cycle, "charge")
            if until_A is not None:
                yield self._hold(until_A, cycle)
            if self.rest:
                yield self._rest(cycle)
            result: StepResult = yield self._half(cell, -discharge_A, cycle, "discharge")
            if self.rest:
                yield self._rest(cycle)
            if is_formation:
                continue
            first_C = abs(result.charge_C) if first_C is None else first_C
            if self.stop_below is not None and abs(result.charge_C) < self.stop_below * first_C:
                return

    def _half(self, cell: Cell, current_A: float, cycle: int, role: str) -> ConstantCurrent:
        until = (
            Until(duration_s=self.longest, potential_above_V=self.upper)
            if current_A > 0
            else Until(duration_s=self.longest, potential_below_V=self.lower)
        )
        return ConstantCurrent(
            current_A=current_A,
            until=until,
            record=Record(
                interval_s=self.sample_every, sample_interval_s=self._measured_every_s(cell, current_A)
            ),
            cycle=cycle,
            label=role.capitalize(),
            role=role,
        )

    def _measured_every_s(self, cell: Cell, current_A: float) -> float:
        """Return the time between measurements: a capacity is only as good as that at the cut-off."""
        try:
            half_cycle_s = cell.capacity_C("") / abs(current_A)
        except MissingMetadataError:
            half_cycle_s = _RESOLUTION
        return min(self.sample_every, max(half_cycle_s / _RESOLUTION, 1.0))

    def _hold(self, until_A: float, cycle: int) -> ConstantPotential:
        return ConstantPotential(
            potential_V=self.upper,
            until=Until(duration_s=self.longest, current_below_A=until_A),
            record=Record(interval_s=self.sample_every),
            cycle=cycle,
            label="Hold",
            role="charge_hold",
        )

    def _rest(self, cycle: int) -> Rest:
        return Rest(
            until=Until(duration_s=self.rest),
            record=Record(interval_s=min(self.sample_every, self.rest / 2)),
            cycle=cycle,
            label="Rest",
            role="rest",
        )

"""How much charge a cell loses while it is stored."""

from pydantic import model_validator

from .base import Protocol, Steps
from .cell import Cell
from .half_cycles import HalfCycles, upper_above_lower
from .open_circuit import ocv_rest
from .quantities import Current, Duration, OptionalPause, PositiveCurrent, Potential
from .steps import Record, Rest, Until

_C_10, _C_20 = Current(0.1, "C"), Current(0.05, "C")
_DAY_S = 86_400.0


class SelfDischarge(Protocol):
    """Store a charged cell, and measure what it has lost: for good, and until the next charge."""

    storage: Duration = 7 * _DAY_S
    """How long the charged cell is stored at open circuit; 7 days."""
    current: PositiveCurrent = _C_10
    """Current of charges and discharges, such as "C/10"."""
    upper: Potential = 4.2
    """Potential that ends a charge."""
    lower: Potential = 2.5
    """Potential that ends a discharge."""
    hold_until: PositiveCurrent | None = _C_20
    """Hold the upper potential until the charge current has fallen to this (CC-CV)."""
    rest: OptionalPause = 600.0
    """Rest after each charge and discharge that is not followed by storage."""
    longest: Duration = 360_000.0
    """A charge, discharge or hold that takes longer is ended: 100 h."""
    sample_every: Duration = 30.0
    """Time between samples; during storage ten times as long."""

    _consistent = model_validator(mode="after")(upper_above_lower)

    def steps(self, cell: Cell) -> Steps:
        """Yield a cycle before the storage, one with the storage between charge and discharge, one after."""
        current_A = self.current.amperes(cell)
        until_A = None if self.hold_until is None else self.hold_until.amperes(cell)
        half = HalfCycles(
            cell,
            lower_V=self.lower,
            upper_V=self.upper,
            longest_s=self.longest,
            sample_every_s=self.sample_every,
        )
        yield ocv_rest(10.0)
        for cycle in (1, 2, 3):
            storage = self._storage() if cycle == 2 else None
            yield from half.cycle(
                cycle,
                charge_A=current_A,
                discharge_A=current_A,
                hold_until_A=until_A,
                rest_s=self.rest,
                storage=storage,
            )

    def _storage(self) -> Rest:
        return Rest(
            until=Until(duration_s=self.storage),
            record=Record(
                interval_s=min(10 * self.sample_every, self.storage / 20), potential_change_V=0.005
            ),
            cycle=2,
            label="Storage",
            role="storage",
        )

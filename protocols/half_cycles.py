"""Charges and discharges of a cell with a cathode, as the cycling protocols share them."""

from collections.abc import Generator
from typing import Protocol, TypeVar

from .cell import Cell, MissingMetadataError
from .steps import ConstantCurrent, ConstantPotential, Record, Rest, Step, StepResult, Until

_RESOLUTION = 2000
"""Measurements in a half-cycle at least, where the capacity of the cell is known."""


class BetweenPotentials(Protocol):
    """A protocol whose fields bound the potential."""

    upper: float
    lower: float


_P = TypeVar("_P", bound=BetweenPotentials)


def upper_above_lower(protocol: _P) -> _P:
    """Validate that a protocol's `upper` potential lies above its `lower` one."""
    if protocol.upper <= protocol.lower:
        raise ValueError(f"upper is {protocol.upper:g} V; it must be above lower, {protocol.lower:g} V")
    return protocol


class HalfCycles:
    """Makes the steps of charging and discharging between two potentials.

    Parameters
    ----------
    cell : Cell
        Its capacity decides how often is measured: a capacity is only as good as that at the cut-off.
    lower_V, upper_V : float
        Where a discharge and a charge end.
    longest_s : float
        What takes longer is ended.
    sample_every_s : float
        Time between samples.
    measure_every_s : float, optional
        Time between measurements; by default so short that a capacity is resolved to 0.05 %.
    """

    def __init__(
        self,
        cell: Cell,
        *,
        lower_V: float,
        upper_V: float,
        longest_s: float,
        sample_every_s: float,
        measure_every_s: float | None = None,
    ) -> None:
        self._cell = cell
        self._lower_V, self._upper_V = lower_V, upper_V
        self._longest_s = longest_s
        self._sample_every_s = sample_every_s
        self._measure_every_s = measure_every_s

    def cycle(
        self,
        number: int,
        *,
        charge_A: float,
        discharge_A: float,
        hold_until_A: float | None,
        rest_s: float,
        storage: Rest | None = None,
    ) -> Generator[Step, StepResult, StepResult]:
        """Yield charge, hold where it has an end, discharge, and the rests; return what was discharged.

        `storage` takes the place of the rest between charge and discharge.
        """
        yield self.charge(charge_A, number)
        if hold_until_A is not None:
            yield self.hold(hold_until_A, number)
        if storage is not None:
            yield storage
        elif rest_s:
            yield self.rest(rest_s, number)
        result = yield self.discharge(discharge_A, number)
        if rest_s:
            yield self.rest(rest_s, number)
        return result

    def charge(self, current_A: float, cycle: int) -> ConstantCurrent:
        """Charge to the upper potential."""
        until = Until(duration_s=self._longest_s, potential_above_V=self._upper_V)
        return self._step(abs(current_A), until, cycle, "charge")

    def discharge(self, current_A: float, cycle: int) -> ConstantCurrent:
        """Discharge to the lower potential."""
        until = Until(duration_s=self._longest_s, potential_below_V=self._lower_V)
        return self._step(-abs(current_A), until, cycle, "discharge")

    def hold(self, until_A: float, cycle: int) -> ConstantPotential:
        """Hold the upper potential until the current has fallen."""
        return ConstantPotential(
            potential_V=self._upper_V,
            until=Until(duration_s=self._longest_s, current_below_A=until_A),
            record=Record(interval_s=self._sample_every_s),
            cycle=cycle,
            label="Hold",
            role="charge_hold",
        )

    def rest(self, duration_s: float, cycle: int) -> Rest:
        """Leave the cell at rest."""
        return Rest(
            until=Until(duration_s=duration_s),
            record=Record(interval_s=min(self._sample_every_s, duration_s / 2)),
            cycle=cycle,
            label="Rest",
            role="rest",
        )

    def _step(self, current_A: float, until: Until, cycle: int, role: str) -> ConstantCurrent:
        measure_every_s = (
            measured_every_s(self._cell, current_A, self._sample_every_s)
            if self._measure_every_s is None
            else min(self._measure_every_s, self._sample_every_s)
        )
        return ConstantCurrent(
            current_A=current_A,
            until=until,
            record=Record(interval_s=self._sample_every_s, sample_interval_s=measure_every_s),
            cycle=cycle,
            label=role.capitalize(),
            role=role,
        )


def measured_every_s(cell: Cell, current_A: float, sample_every_s: float) -> float:
    """Return how often is measured so that the cut-off of a half-cycle is found to 0.05 % of its charge."""
    try:
        half_cycle_s = cell.capacity_C("") / abs(current_A)
    except MissingMetadataError:
        half_cycle_s = _RESOLUTION
    return min(sample_every_s, max(half_cycle_s / _RESOLUTION, 0.1))

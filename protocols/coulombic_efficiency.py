"""Coulombic efficiency of lithium on a foreign metal, cycle by cycle or with a reservoir."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import ocv_rest
from .quantities import ArealCapacity, CurrentDensity, Duration, Potential
from .steps import ConstantCurrent, Record, StepResult, Until

_LONGEST = 1.5
"""Stripping gives back no more than was plated; a cell that goes on longer has a fault."""


class CoulombicEfficiency(Protocol):
    """Plate lithium on copper and strip it again: how much comes back (Li‖Cu)."""

    method: Literal["simple", "reservoir"] = "simple"
    """Strip everything in each cycle, or cycle a part of a reservoir and strip all at the end (Aurbach)."""
    current: CurrentDensity = 5.0
    """Current density; the default is 0.5 mA/cm²."""
    capacity: ArealCapacity = 36_000.0
    """Charge that is plated in each cycle; the default is 1 mAh/cm²."""
    reservoir: ArealCapacity = 180_000.0
    """Charge that is plated first, for the reservoir; the default is 5 mAh/cm²."""
    cycles: Annotated[int, Field(ge=1, le=10_000)] = 10
    """How many cycles."""
    strip_to: Potential = 1.0
    """Potential at which stripping has taken all that there is."""
    plate_to: Potential = -1.0
    """Potential that ends plating, because the cell has lost contact."""
    sample_every: Duration = 10.0
    """Time between samples."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.method == "reservoir" and self.capacity >= self.reservoir:
            raise ValueError("capacity must be less than reservoir, or the cycles would empty it")
        if self.strip_to <= 0.0 or self.plate_to >= 0.0:
            raise ValueError("strip_to must be above 0 V and plate_to below it")
        return self

    def steps(self, cell: Cell) -> Steps:
        """Yield plating (negative currents on copper) and stripping, until done or without contact."""
        area_m2 = cell.needs("area", "a current density")
        current_A = self.current * area_m2
        yield ocv_rest(10.0)
        if self.method == "reservoir":
            if _has_failed((yield self._plate(current_A, self.reservoir * area_m2, 0, "reservoir"))):
                return
            for cycle in range(1, self.cycles + 1):
                part_C = self.capacity * area_m2
                stripped = yield self._strip(current_A, part_C, cycle, "strip", all_of_it=False)
                if stripped.end_reason == "potential_above_V":
                    # The reservoir is empty before its time; what came is what there was.
                    return
                if _has_failed((yield self._plate(current_A, part_C, cycle, "plate"))):
                    return
            most_C = (self.reservoir + self.capacity) * area_m2
            yield self._strip(current_A, most_C, self.cycles + 1, "final_strip", all_of_it=True)
            return
        for cycle in range(1, self.cycles + 1):
            charge_C = self.capacity * area_m2
            if _has_failed((yield self._plate(current_A, charge_C, cycle, "plate"))):
                return
            yield self._strip(current_A, charge_C, cycle, "strip", all_of_it=True)

    def _plate(self, current_A: float, charge_C: float, cycle: int, role: str) -> ConstantCurrent:
        return ConstantCurrent(
            current_A=-current_A,
            until=Until(
                charge_C=charge_C,
                duration_s=_LONGEST * charge_C / current_A,
                potential_below_V=self.plate_to,
            ),
            record=self._record(charge_C / current_A),
            cycle=cycle,
            label="Plate the reservoir" if role == "reservoir" else "Plate",
            role=role,
        )

    def _strip(
        self, current_A: float, charge_C: float, cycle: int, role: str, *, all_of_it: bool
    ) -> ConstantCurrent:
        return ConstantCurrent(
            current_A=current_A,
            until=Until(
                charge_C=None if all_of_it else charge_C,
                duration_s=_LONGEST * charge_C / current_A,
                potential_above_V=self.strip_to,
            ),
            record=self._record(charge_C / current_A),
            cycle=cycle,
            label="Strip everything" if all_of_it else "Strip",
            role=role,
        )

    def _record(self, duration_s: float) -> Record:
        # The end of stripping comes quickly: its charge is only as good as the time between samples.
        interval_s = min(self.sample_every, duration_s / 100)
        return Record(interval_s=interval_s, sample_interval_s=min(interval_s, max(duration_s / 5000, 0.05)))


def _has_failed(result: StepResult) -> bool:
    return result.end_reason == "potential_below_V"

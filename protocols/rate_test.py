"""Capacity at one rate after the other."""

from typing import Annotated

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .half_cycles import HalfCycles, upper_above_lower
from .open_circuit import ocv_rest
from .quantities import Current, Duration, OptionalPause, PositiveCurrent, Potential, QuantityList


class RateTest(Protocol):
    """Charge and discharge some cycles at each of several rates, and at the first one again."""

    rates: Annotated[tuple[PositiveCurrent, ...], QuantityList, Field(min_length=1, max_length=100)] = tuple(
        Current(rate, "C") for rate in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    )
    """Currents of the discharge, such as "0.1C, 0.5C, 1C"."""
    charge_current: PositiveCurrent | None = None
    """Current of all charges; by default that of the discharge."""
    cycles: Annotated[int, Field(ge=1, le=1000)] = 5
    """Cycles at each rate."""
    back_to_first: bool = True
    """Whether the first rate is measured again at the end, to tell what was lost for good."""
    upper: Potential = 3.8
    """Potential that ends a charge."""
    lower: Potential = 2.5
    """Potential that ends a discharge."""
    hold_until: PositiveCurrent | None = None
    """Hold the upper potential until the charge current has fallen to this, such as "C/20" (CC-CV)."""
    rest: OptionalPause = 60.0
    """Rest after each charge and each discharge."""
    longest: Duration = 360_000.0
    """A charge, discharge or hold that takes longer is ended: 100 h."""
    sample_every: Duration = 10.0
    """Time between samples."""

    _consistent = model_validator(mode="after")(upper_above_lower)

    def steps(self, cell: Cell) -> Steps:
        """Yield all cycles, counted on through the rates."""
        half = HalfCycles(
            cell,
            lower_V=self.lower,
            upper_V=self.upper,
            longest_s=self.longest,
            sample_every_s=self.sample_every,
        )
        currents_A = [rate.amperes(cell) for rate in self.rates]
        charge_A = None if self.charge_current is None else self.charge_current.amperes(cell)
        until_A = None if self.hold_until is None else self.hold_until.amperes(cell)
        if self.back_to_first:
            currents_A.append(currents_A[0])
        yield ocv_rest(10.0)
        for index, current_A in enumerate(currents_A):
            for cycle in range(index * self.cycles + 1, (index + 1) * self.cycles + 1):
                yield from half.cycle(
                    cycle,
                    charge_A=current_A if charge_A is None else charge_A,
                    discharge_A=current_A,
                    hold_until_A=until_A,
                    rest_s=self.rest,
                )

"""The end conditions of a step as people give them."""

from typing import Self

from pydantic import model_validator

from .cell import Cell
from .quantities import Charge, Current, Duration, Energy, PositiveCurrent, Potential, PotentialRate
from .steps import Frozen, Until


class EndConditions(Frozen):
    """When a step ends: at whichever is met first. Those that are not set do not count."""

    duration: Duration | None = None
    """How long the step lasts, with what it has lasted already."""
    potential_above: Potential | None = None
    """It ends when the potential reaches this value from below."""
    potential_below: Potential | None = None
    """It ends when the potential reaches this value from above."""
    current_above: PositiveCurrent | None = None
    """It ends when the magnitude of the current reaches this value."""
    current_below: PositiveCurrent | None = None
    """It ends when the magnitude of the current falls to this value."""
    charge: Charge | None = None
    """It ends when this much charge has passed in it, in either direction."""
    energy: Energy | None = None
    """It ends when this much energy has passed in it, in either direction."""
    potential_rate_below: PotentialRate | None = None
    """It ends when the potential drifts no faster than this."""
    potential_rate_window: Duration | None = None
    """Over this time the drift is taken; 60 s by default."""

    def resolve(self, cell: Cell) -> Until:
        """Return them in SI units; raise `ValueError` where the cell lacks what that needs."""
        window_s = self.potential_rate_window
        return Until(
            duration_s=self.duration,
            potential_above_V=self.potential_above,
            potential_below_V=self.potential_below,
            current_above_A=None if self.current_above is None else self.current_above.amperes(cell),
            current_below_A=None if self.current_below is None else self.current_below.amperes(cell),
            charge_C=self.charge,
            energy_J=self.energy,
            potential_rate_below_V_per_s=self.potential_rate_below,
            **({} if window_s is None else {"potential_rate_window_s": window_s}),
        )

    @classmethod
    def of(cls, until: Until) -> Self:
        """Return the end conditions of a step as people give them."""
        has_rate = until.potential_rate_below_V_per_s is not None
        # What a protocol asked for is shown as it is, also where a person could not ask for it.
        return cls.model_construct(
            duration=until.duration_s,
            potential_above=until.potential_above_V,
            potential_below=until.potential_below_V,
            current_above=_current(until.current_above_A),
            current_below=_current(until.current_below_A),
            charge=until.charge_C,
            energy=until.energy_J,
            potential_rate_below=until.potential_rate_below_V_per_s,
            potential_rate_window=until.potential_rate_window_s if has_rate else None,
        )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not self.model_dump(exclude={"potential_rate_window"}, exclude_none=True):
            raise ValueError("a step needs at least one end condition, such as a duration")
        return self


def _current(value_A: float | None) -> Current | None:
    return None if value_A is None else Current(value_A, "A")

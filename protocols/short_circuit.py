"""Noticing, half-cycle by half-cycle, that a symmetric cell has shorted or lost contact."""

from .steps import StepResult, Until


class ShortWatch:
    """Knows how a cell answered a current so far, and ends half-cycles in which it no longer does.

    A short is a potential that falls, at any sample, below a share of the smallest that the last
    half-cycles in both directions showed, scaled with the current; or one that ends below that
    share of its own maximum. Ohmic or not, a sound cell changes less from one current to the
    next. Both directions count, because only the very first half-cycle begins without the salt
    still driven the other way, which takes from the potential at first.

    Parameters
    ----------
    share : float
        How much must be left, 0.5 by default for a drop of more than a half.
    polarization_limit_V : float
        Potential that only a cell without contact reaches.
    """

    def __init__(self, share: float, polarization_limit_V: float) -> None:
        self._share = share
        self._limit_V = polarization_limit_V
        self._smallest_ohm: dict[bool, float] = {}
        self._ended_ohm: dict[bool, float] = {}

    def until(self, current_A: float, *, duration_s: float, charge_C: float | None = None) -> Until:
        """Return the end conditions of a half-cycle."""
        positive = current_A > 0
        smallest_ohm = min(self._smallest_ohm.values()) if positive in self._smallest_ohm else 0.0
        least_V = self._share * smallest_ohm * abs(current_A)
        # Smaller potentials than the limit in the direction of the current, larger than the least.
        short_V = least_V if least_V > 0 else None
        if positive:
            return Until(
                duration_s=duration_s,
                charge_C=charge_C,
                potential_above_V=self._limit_V,
                potential_below_V=short_V,
            )
        return Until(
            duration_s=duration_s,
            charge_C=charge_C,
            potential_below_V=-self._limit_V,
            potential_above_V=None if short_V is None else -short_V,
        )

    def failure(self, current_A: float, result: StepResult) -> str | None:
        """Judge a half-cycle that has ended: "short", "open" or None."""
        positive = current_A > 0
        if result.end_reason in ("potential_above_V", "potential_below_V"):
            return "open" if (result.end_reason == "potential_above_V") == positive else "short"
        potentials = (result.potential_min_V, result.potential_max_V, result.potential_last_V)
        if any(potential is None for potential in potentials):
            return None
        sign = 1.0 if positive else -1.0
        low_V, high_V, last_V = (sign * float(potential or 0.0) for potential in potentials)
        smallest_V, largest_V = min(low_V, high_V), max(low_V, high_V)
        last_ohm = last_V / abs(current_A)
        before_ohm = self._ended_ohm.get(positive, last_ohm)
        self._smallest_ohm[positive] = smallest_V / abs(current_A)
        self._ended_ohm[positive] = last_ohm
        if last_V < self._share * largest_V or last_ohm < self._share * before_ohm:
            return "short"
        return None

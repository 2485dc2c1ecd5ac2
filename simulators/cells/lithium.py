"""Charge transfer at two equal lithium electrodes that carry the same current."""

import math

F_OVER_R = 11604.518
"""Faraday constant over gas constant, in K/V."""
_MAX_EXPONENT = 200.0


class LithiumPair:
    """Butler–Volmer kinetics of both electrodes of a symmetric cell as one element.

    The electrodes are alike and in series, so each takes half of the potential:
    i = 2 i_0 sinh(F φ/(4 R T)) with α = 0.5; for small φ a resistance of 2 R T/(F i_0).

    Parameters
    ----------
    exchange_current_A, temperature_K : float
        i_0·A of one electrode, and T.
    """

    def __init__(self, exchange_current_A: float, temperature_K: float) -> None:
        self._double_A = 2.0 * exchange_current_A
        self._per_V = F_OVER_R / (4.0 * temperature_K)

    def begin(self, seconds: float, settled: bool) -> None:
        """Do nothing: the kinetics have no memory."""

    def current(self, potential_V: float) -> tuple[float, float]:
        """Return the current in A and its slope in A/V at a potential over both electrodes."""
        x = max(-_MAX_EXPONENT, min(self._per_V * potential_V, _MAX_EXPONENT))
        rising, falling = math.exp(x), math.exp(-x)
        half = 0.5 * self._double_A
        return half * (rising - falling), half * self._per_V * (rising + falling)

    def accepts(self) -> bool:
        """Return True: nothing changes."""
        return True

    def finish(self, potential_V: float) -> None:
        """Do nothing: the kinetics have no memory."""

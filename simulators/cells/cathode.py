"""Open-circuit potentials of intercalation cathodes against lithium."""

import math
from collections.abc import Callable

_THERMAL_V = 0.0257
_EDGE = 1e-4


def _edges(charged: float, width_V: float) -> float:
    """Return the rise at full and the fall at empty, which end a charge and a discharge.

    It is that of a solution of filled and empty places, and goes on straight beyond them.
    """
    x = min(max(charged, _EDGE), 1.0 - _EDGE)
    return width_V * (math.log(x / (1.0 - x)) + (charged - x) / (x * (1.0 - x)))


def lfp_V(charged: float) -> float:
    """Lithium iron phosphate: a plateau at 3.42 V."""
    return 3.42 + 0.01 * (charged - 0.5) + _edges(charged, 0.35 * _THERMAL_V)


def ncm_V(charged: float) -> float:
    """Layered nickel cobalt manganese oxide: a slope from 3.6 to 4.3 V."""
    return 3.62 + 0.30 * charged + 0.36 * charged**4 + _edges(charged, 0.8 * _THERMAL_V)


CATHODES: dict[str, Callable[[float], float]] = {"LFP": lfp_V, "NCM": ncm_V}
"""Potential in V for the share of the capacity that is charged, 0 to 1, by name."""

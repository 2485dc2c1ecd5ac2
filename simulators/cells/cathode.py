"""Open-circuit potentials of intercalation cathodes against lithium.

Schematic curves with the right plateaus and slopes: papers print capacities and cut-offs, not
equilibrium potentials. A sloped cathode is full at the upper cut-off of its cycling.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

_THERMAL_V = 0.0257
_EDGE = 1e-5
_EDGE_WIDTH_V = 0.35 * _THERMAL_V
_FULL = 0.995


@dataclass(frozen=True)
class Cathode:
    """A kind of cathode.

    Parameters
    ----------
    potential : callable
        (share of the capacity that is charged, upper cut-off in V) -> potential in V.
    upper_cutoff_V, lower_cutoff_V : float
        Between which it is usually cycled.
    one_C_mAh_per_g : float
        What papers usually mean by 1C.
    """

    potential: Callable[[float, float], float]
    upper_cutoff_V: float
    lower_cutoff_V: float
    one_C_mAh_per_g: float


def _edges(charged: float) -> float:
    """Return the rise at full and the fall at empty, which end a charge and a discharge.

    It is that of a solution of filled and empty places, and goes on straight beyond them.
    """
    x = min(max(charged, _EDGE), 1.0 - _EDGE)
    return _EDGE_WIDTH_V * (math.log(x / (1.0 - x)) + (charged - x) / (x * (1.0 - x)))


def _lfp_V(charged: float, _upper_V: float) -> float:
    return 3.42 + 0.01 * (charged - 0.5) + _edges(charged)


_RISE_AT_FULL_V = _edges(_FULL)


def _sloped_V(charged: float, upper_V: float, *, low_V: float, straight: float, power: float) -> float:
    """Return a rise of which one part is straight, and the rest comes at the end."""
    x = min(max(charged, 0.0), 1.0)
    shape = straight * charged + (1.0 - straight) * x**power
    return low_V + (upper_V - _RISE_AT_FULL_V - low_V) * shape + _edges(charged)


CATHODES: dict[str, Cathode] = {
    "LFP": Cathode(_lfp_V, 3.8, 2.5, 170.0),
    "NCM": Cathode(partial(_sloped_V, low_V=3.62, straight=0.45, power=4.0), 4.3, 2.8, 200.0),
    "LCO": Cathode(partial(_sloped_V, low_V=3.88, straight=0.4, power=4.0), 4.4, 3.0, 160.0),
    "LRMO": Cathode(partial(_sloped_V, low_V=3.0, straight=0.8, power=3.0), 4.8, 2.0, 250.0),
}
"""By name: lithium iron phosphate, layered nickel cobalt manganese oxides, lithium cobalt oxide,
lithium-rich manganese oxide."""

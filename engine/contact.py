"""Is the cell there, and the right way round? Looked at before any current flows."""

import math

from ..core.samples import Block, Flag
from ..core.units import pretty
from ..protocols import Cell, Limits

_CLEAR_V = 0.5
"""A potential this far from 0 V tells which way round a cell is."""
_SHORTED_V = 5e-3


def contact_fault(reading: Block, cell: Cell, limits: Limits) -> str | None:
    """Say what is wrong with a cell at open circuit; None where nothing is.

    Parameters
    ----------
    reading : ndarray
        One `MEASUREMENT` row, taken with the output off.
    cell : Cell
        Its `expected_open_circuit` tells polarity and shorts; without one they cannot be told.
    limits : Limits
        A cell that is beyond its limits of potential already is not touched.
    """
    potential_V = float(reading["potential_V"][-1])
    expected_V = cell.expected_open_circuit
    seen = pretty(potential_V, "V")
    if math.isnan(potential_V) or int(reading["flags"][-1]) & Flag.OVERLOAD:
        return "The cell's potential cannot be measured. Check that all its leads are connected."
    if expected_V is not None and abs(expected_V) >= _CLEAR_V:
        expected = pretty(expected_V, "V")
        if abs(potential_V) >= _CLEAR_V and potential_V * expected_V < 0:
            return f"The cell shows {seen} where {expected} are expected. Check its polarity."
        if abs(potential_V) <= _SHORTED_V:
            return (
                f"The cell shows {seen} where {expected} are expected. "
                "Check that it is connected, and that it is not shorted."
            )
    for bound_V, sign, name in (
        (limits.potential_max_V, 1, "upper limit potential_max"),
        (limits.potential_min_V, -1, "lower limit potential_min"),
    ):
        if bound_V is not None and sign * (potential_V - bound_V) > _CLEAR_V:
            return (
                f"The cell shows {seen} at rest, beyond its {name} of {bound_V:g} V. "
                "Check its leads, its polarity and the limits."
            )
    return None

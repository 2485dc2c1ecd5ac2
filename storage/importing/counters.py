"""Charge and energy as cyclers count them, which they do more often than they record."""

from collections.abc import Mapping

import numpy as np

from .recording import Floats


def net_of(kind: str, columns: Mapping[str, Floats], current_A: Floats) -> Floats | None:
    """Return what has passed since the first row, signed, from whichever counters there are.

    Parameters
    ----------
    kind : {"charge", "energy"}
        What is counted.
    columns : mapping of str to array, shape (n,)
        By the names of `QUANTITIES`: ``net_…`` (signed), or ``…_in`` and ``…_out`` (whatever makes them
        start anew: a step, a cycle, nothing), or ``…_of_step``.
    current_A : array, shape (n,)
        Gives the sign of what the step's counter counts.

    Returns
    -------
    array, shape (n,), or None
        None where there is no such counter, or it never moves.
    """
    if (net := columns.get(f"net_{kind}")) is not None:
        found = _filled(net)
    elif (into := columns.get(f"{kind}_in")) is not None and (out := columns.get(f"{kind}_out")) is not None:
        found = np.cumsum(_increments(into) - _increments(out))
    elif (step := columns.get(f"{kind}_of_step")) is not None:
        found = np.cumsum(_increments(step) * np.sign(np.nan_to_num(current_A)))
    else:
        return None
    return found if len(found) and np.ptp(found) > 0.0 else None


def _increments(counter: Floats) -> Floats:
    """Return by how much a counter has grown at every row, also where it began anew from zero."""
    count = np.abs(_filled(counter))
    growth = np.diff(count, prepend=count[:1])
    return np.where(growth < 0.0, count, growth)


def _filled(values: Floats) -> Floats:
    """Return values with the last known one where there is none."""
    known = np.isfinite(values)
    if not np.any(known):
        return np.zeros(len(values))
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last < 0, values[int(np.argmax(known))], values[np.maximum(last, 0)])

"""Which spectrum a point of impedance belongs to."""

from collections.abc import Sequence

import numpy as np

from .recording import Counts, Floats


def numbered(frequency_Hz: Floats, counters: Sequence[Floats]) -> Counts:
    """Return the number of its spectrum, from 0, for every point.

    A new one begins where the file counts on, and where the frequencies turn back to their start.

    Parameters
    ----------
    frequency_Hz : array, shape (m,)
        In the order of measurement.
    counters : sequence of array, shape (m,)
        Steps and cycles as the file counts them.
    """
    begins = np.zeros(len(frequency_Hz), bool)
    if not len(frequency_Hz):
        return begins.astype(np.int64)
    moves = np.sign(np.diff(frequency_Hz))
    direction = np.sign(np.sum(moves))
    begins[1:] = moves == -direction if direction else moves != 0
    for counter in counters:
        begins[1:] |= np.diff(np.nan_to_num(counter)) != 0
    return np.cumsum(begins)

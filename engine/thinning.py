"""Which samples are kept."""

import numpy as np
from numpy.typing import NDArray

from ..core.samples import Block
from ..protocols.steps import Record

_CLOSE = 1 - 1e-6


class Thinner:
    """Chooses the samples of a segment that its record conditions ask for.

    The first sample is kept, and every one whose flags differ from those kept before it; the
    caller keeps the last.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._keeps_all = record.measure_every_s >= record.interval_s * _CLOSE
        self._last: tuple[float, float, float, int] | None = None

    def choose(self, block: Block) -> NDArray[np.bool_] | None:
        """Return which rows of a block of `MEASUREMENT` are kept; None for all of them."""
        if self._keeps_all:
            return None
        keep = np.ones(len(block), bool)
        rows = zip(
            block["time_s"].tolist(),
            block["potential_V"].tolist(),
            block["current_A"].tolist(),
            block["flags"].tolist(),
            strict=True,
        )
        for index, row in enumerate(rows):
            if self._is_wanted(*row):
                self._last = row
            else:
                keep[index] = False
        return keep

    def _is_wanted(self, time_s: float, potential_V: float, current_A: float, flags: int) -> bool:
        if self._last is None:
            return True
        record = self._record
        change_V, change_A = record.potential_change_V, record.current_change_A
        last_s, last_V, last_A, last_flags = self._last
        return (
            time_s - last_s >= record.interval_s * _CLOSE
            or (record.logarithmic_s is not None and time_s <= record.logarithmic_s)
            or (change_V is not None and abs(potential_V - last_V) >= change_V)
            or (change_A is not None and abs(current_A - last_A) >= change_A)
            or flags != last_flags
        )

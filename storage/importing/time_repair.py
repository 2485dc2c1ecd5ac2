"""Time columns that run backwards."""

import numpy as np

from ..errors import StorageError
from .recording import Floats

_MOST_WRONG = 0.1


def repaired_time(time_s: Floats) -> tuple[Floats, str | None]:
    """Return times that never run backwards, and a sentence about what was wrong with them.

    A time that lies before an earlier one is replaced by one between its neighbours.

    Raises
    ------
    StorageError
        More than a tenth of the times are wrong: the column cannot be trusted.
    """
    latest = np.maximum.accumulate(np.where(np.isfinite(time_s), time_s, -np.inf))
    wrong = ~np.isfinite(time_s)
    wrong[1:] |= time_s[1:] < latest[:-1]
    count = int(np.count_nonzero(wrong))
    if not count:
        return time_s, None
    if count > _MOST_WRONG * len(time_s):
        raise StorageError(
            f"The time column runs backwards or is empty at {count} of {len(time_s)} samples: "
            "it cannot be used."
        )
    rows = np.arange(len(time_s))
    mended = time_s.copy()
    mended[wrong] = np.interp(rows[wrong], rows[~wrong], time_s[~wrong])
    first = int(np.argmax(wrong))
    return mended, (
        f"The time column is broken: at {count} of {len(time_s)} samples it is empty or runs backwards, "
        f"first in row {first + 1} ({time_s[first]:g} s after {latest[first - 1] if first else np.nan:g} s). "
        "These times were taken from their neighbours."
    )

"""How much disk a run will need, and how long the disk will last."""

import math
import shutil
from pathlib import Path

from ...core.samples import IMPEDANCE, SAMPLE
from ...protocols import Preview
from ...protocols.steps import Impedance, PotentialSweep, Step
from ...storage import StorageError
from ...storage.journal_writer import RESERVE_BYTES

_COPIES = 2
"""The journal and the file that is built from it."""
_STEP_BYTES = 4096
_HIGHEST_FREQUENCY_HZ = 1e6
LOW_BYTES = 2 * 10**9
"""Less than this is worth an alarm, whatever is running."""


def samples_foreseen(preview: Preview) -> int:
    """Return about how many samples a protocol records; conditions on changes may add to it."""
    return sum(
        _samples(step, duration_s)
        for step, duration_s in zip(preview.steps, preview.durations_s, strict=True)
    )


def bytes_foreseen(preview: Preview) -> int:
    """Return about how much disk a run takes while it is recorded."""
    rows = samples_foreseen(preview) * max(SAMPLE.itemsize, IMPEDANCE.itemsize)
    return _COPIES * (rows + _STEP_BYTES * len(preview.steps))


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse a run for which the disk has no room.

    Raises
    ------
    StorageError
        The message says how much is missing.
    """
    free = free_bytes(folder)
    if free < needed_bytes + RESERVE_BYTES:
        raise StorageError(
            f"The run may take {needed_bytes / 1e9:.2g} GB, and the disk of {folder} has "
            f"{free / 1e9:.2g} GB left. Free some space, or record less often."
        )


def free_bytes(folder: Path) -> int:
    """Return how much space the disk of a folder has left."""
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageError(f"The folder {folder} cannot be reached: {error.strerror}.") from error


def _samples(step: Step, duration_s: float) -> int:
    if isinstance(step, Impedance):
        return len(step.frequencies_Hz(_HIGHEST_FREQUENCY_HZ))
    if isinstance(step, PotentialSweep):
        return math.ceil(duration_s * step.rate_V_per_s / step.sample_every_V)
    interval_s = step.record.interval_s or step.record.measure_every_s
    return math.ceil(duration_s / interval_s) + 1

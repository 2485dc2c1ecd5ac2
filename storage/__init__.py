"""Run files: HDF5 built from a journal that survives whatever happens to the computer."""

from typing import TYPE_CHECKING

from ..core.lazily import lazily

if TYPE_CHECKING:
    from .errors import DiskFull, NotARunFile, StorageError
    from .recorder import Recorder
    from .results import Result, Results, Table
    from .run import Event, Run, StepRecord

__getattr__ = lazily(
    __name__,
    {
        "errors": ["DiskFull", "NotARunFile", "StorageError"],
        "recorder": ["Recorder"],
        "results": ["Result", "Results", "Table"],
        "run": ["Event", "Run", "StepRecord"],
    },
)
__all__ = [
    "DiskFull",
    "Event",
    "NotARunFile",
    "Recorder",
    "Result",
    "Results",
    "Run",
    "StepRecord",
    "StorageError",
    "Table",
]

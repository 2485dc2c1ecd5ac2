"""Run files: HDF5 built from a journal that survives whatever happens to the computer."""

from .errors import DiskFull, NotARunFile, StorageError
from .recorder import Recorder
from .results import Result, Results, Table
from .run import Event, Run, StepRecord

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

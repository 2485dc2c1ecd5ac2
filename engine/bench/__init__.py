"""A bench: runs on many channels at once, with a queue for each."""

from .alarms import Alarm, NoSuchAlarm
from .engine import BenchEngine, NoSuchChannel
from .jobs import Job, JobRequest
from .publication import Publisher, Record, decode
from .station import Refused, Station
from .status import StationStatus

__all__ = [
    "Alarm",
    "BenchEngine",
    "Job",
    "JobRequest",
    "NoSuchAlarm",
    "NoSuchChannel",
    "Publisher",
    "Record",
    "Refused",
    "Station",
    "StationStatus",
    "decode",
]

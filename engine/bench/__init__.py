"""A bench: runs on many channels at once, with a queue for each."""

from typing import TYPE_CHECKING

from ...core.lazily import lazily

if TYPE_CHECKING:
    from .alarms import NoSuchAlarm
    from .engine import BenchEngine, NoSuchChannel
    from .jobs import Job, JobRequest
    from .publication import Publisher, Record, decode
    from .station import Refused, Station
    from .status import Alarm, StationStatus

__getattr__ = lazily(
    __name__,
    {
        "alarms": ["NoSuchAlarm"],
        "engine": ["BenchEngine", "NoSuchChannel"],
        "jobs": ["Job", "JobRequest"],
        "publication": ["Publisher", "Record", "decode"],
        "station": ["Refused", "Station"],
        "status": ["Alarm", "StationStatus"],
    },
)
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

"""Runs protocols on channels: timing, limits, end conditions, recording."""

from typing import TYPE_CHECKING

from ..core.lazily import lazily

if TYPE_CHECKING:
    from .messages import (
        CycleCompleted,
        Happened,
        Message,
        Recorded,
        RunEnded,
        StepBegun,
        StepEnded,
        Subscriber,
    )
    from .progress import Progress
    from .resume import resumed
    from .run_protocol import run
    from .runner import Runner

__getattr__ = lazily(
    __name__,
    {
        "messages": [
            "CycleCompleted",
            "Happened",
            "Message",
            "Recorded",
            "RunEnded",
            "StepBegun",
            "StepEnded",
            "Subscriber",
        ],
        "progress": ["Progress"],
        "resume": ["resumed"],
        "run_protocol": ["run"],
        "runner": ["Runner"],
    },
)
__all__ = [
    "CycleCompleted",
    "Happened",
    "Message",
    "Progress",
    "Recorded",
    "RunEnded",
    "Runner",
    "StepBegun",
    "StepEnded",
    "Subscriber",
    "resumed",
    "run",
]

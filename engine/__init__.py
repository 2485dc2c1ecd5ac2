"""Runs protocols on channels: timing, limits, end conditions, recording."""

from .messages import CycleCompleted, Happened, Message, Recorded, RunEnded, StepBegun, StepEnded, Subscriber
from .progress import Progress
from .resume import resumed
from .run_protocol import run
from .runner import Runner

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

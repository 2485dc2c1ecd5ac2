"""What clients may ask the service, as it is written in its OpenAPI schema."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..bench import Alarm, Job, JobRequest, StationStatus
from ..bench.jobs import MOST_JOBS, By


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class AddJob(_Closed):
    """Put a job into the queue of a channel."""

    request: JobRequest
    by: By
    place: Annotated[int, Field(ge=0, le=MOST_JOBS)] | None = None
    """Where in the queue, from 0; its end without one."""


class Order(_Closed):
    """A new order of the queue."""

    jobs: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=MOST_JOBS)]
    """The ids of all its jobs."""
    by: By


class Said(_Closed):
    """Who asks."""

    by: By


class End(_Closed):
    """End the service."""

    by: By
    interrupt: bool = False
    """Also while runs are under way: they are interrupted, their cells at rest, and can be gone on with."""


class Pause(_Closed):
    """Interrupt the step under way."""

    command: Literal["pause"]
    kind: Literal["rest", "hold"] = "rest"
    """With the cell at rest, or held at its potential."""
    by: By


class Plain(_Closed):
    """Resume, skip the step, stop, or give an interrupted run up."""

    command: Literal["resume", "skip", "stop", "give_up"]
    by: By


class ChangeLimits(_Closed):
    """Replace the limits of the run under way."""

    command: Literal["change_limits"]
    limits: dict[str, Any]
    """Such as potential_max: 4.6 V; those of protocol and channel stay."""
    by: By


class ChangeUntil(_Closed):
    """Replace the end conditions of the step under way."""

    command: Literal["change_until"]
    until: dict[str, Any]
    """Such as duration: 2 h; the step keeps none of those that it had."""
    by: By


Command = Annotated[Pause | Plain | ChangeLimits | ChangeUntil, Field(discriminator="command")]


class Foreseen(BaseModel):
    """What a request would do."""

    steps: int
    duration_s: float
    samples: int
    bytes: int
    """About how much disk it takes while it is recorded."""
    free_bytes: int
    """How much the disk has left."""


class EngineStatus(BaseModel):
    """The engine and all channels."""

    bench: str
    version: str
    engine: str
    """Identifies the engine's start, as in what it publishes."""
    seq: int
    """The number of the last record that it has published."""
    folder: str
    free_bytes: int
    role: str
    """What the token that was sent allows."""
    channels: list[StationStatus]
    alarms: list[Alarm]


class RunFile(BaseModel):
    """One run file."""

    path: str
    """Below the data folder, with / between folders."""
    bytes: int
    changed: float
    """Unix time in seconds."""
    is_recorded: bool
    """Whether it is being recorded."""


class Outcome(BaseModel):
    """What came of an emergency stop, or of being told to end."""

    sentences: list[str]


__all__ = [
    "AddJob",
    "Alarm",
    "ChangeLimits",
    "ChangeUntil",
    "Command",
    "End",
    "EngineStatus",
    "Foreseen",
    "Job",
    "JobRequest",
    "Order",
    "Outcome",
    "Pause",
    "Plain",
    "RunFile",
    "Said",
    "StationStatus",
]

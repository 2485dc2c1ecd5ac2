"""What a run publishes to its subscribers while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..core.cycles import CycleStatistics
from ..core.samples import Block
from ..protocols.steps import Step, StepResult


@dataclass(frozen=True)
class StepBegun:
    """A step begins, or a further segment of one that was interrupted."""

    step_count: int
    step: Step


@dataclass(frozen=True)
class Recorded:
    """Rows of `SAMPLE` or of `IMPEDANCE` were recorded."""

    rows: Block


@dataclass(frozen=True)
class StepEnded:
    """A segment has ended; the result counts all segments of its step so far."""

    step_count: int
    result: StepResult


@dataclass(frozen=True)
class CycleCompleted:
    """A cycle of charge and discharge is complete."""

    statistics: CycleStatistics


@dataclass(frozen=True)
class Happened:
    """An event: severity is ``info``, ``warning`` or ``error``."""

    severity: str
    source: str
    text: str


@dataclass(frozen=True)
class RunEnded:
    """The run has ended in this state."""

    state: str


Message: TypeAlias = StepBegun | Recorded | StepEnded | CycleCompleted | Happened | RunEnded
Subscriber: TypeAlias = Callable[[Message], None]

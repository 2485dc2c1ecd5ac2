"""Which of the points that were downloaded belong to a step, and as what they count."""

from collections import deque

import numpy as np

from ...core.samples import MEASUREMENT, Block, Flag
from ...protocols.steps import ConstantCurrent, ConstantPotential, PotentialSweep, Step
from .points import Point
from .step_file import most_current_A, pieces_of

TIME_RESOLUTION_S = 5e-4
"""Half of the cycler's millisecond."""
_LIMITED = 0.999


class StepPoints:
    """The points of one step among those that were downloaded.

    Parameters
    ----------
    step : Step
        Which one.
    waiting : deque of Point
        Those that were downloaded; the next step's are left in it.
    done_s : float
        How much of the step was recorded before.
    most_A : float
        The channel's largest current.
    """

    def __init__(self, step: Step, waiting: deque[Point], done_s: float, most_A: float) -> None:
        self._step = step
        self._waiting = waiting
        self._done_s = done_s
        self._most_A = most_current_A(step, most_A)
        self._piece = 0
        self._before_s = 0.0
        self._last: Point | None = None
        self._latest_s = 0.0
        self.dropped = 0
        """How many points were left out, because their time runs backwards."""

    @property
    def are_complete(self) -> bool:
        """Whether the next step has begun."""
        return self._piece == pieces_of(self._step)

    def take(self) -> Block:
        """Return what is new as `MEASUREMENT` rows."""
        rows: list[tuple[float, float, float, float, int, int]] = []
        while self._waiting and not self.are_complete:
            point = self._waiting[0]
            is_next = self._last is not None and point.is_of_another_step(self._last)
            if is_next and self._last is not None:
                self._piece += 1
                self._before_s += self._last.time_s
                if self.are_complete:
                    break
            self._last = self._waiting.popleft()
            # Where one leg of a sweep ends, the next one begins; and of what was recorded before
            # the last point comes again: the next one is integrated from it.
            time_s = self._before_s + point.time_s - self._done_s
            if is_next or time_s <= -TIME_RESOLUTION_S or self._is_switching(point):
                continue
            if time_s < self._latest_s:
                self.dropped += 1
                continue
            self._latest_s = max(time_s, 0.0)
            rows.append(self._row(self._latest_s, point))
        return np.array(rows, MEASUREMENT)

    def _is_switching(self, point: Point) -> bool:
        """Tell whether a point was taken while a current was switched on: the cell has not answered yet."""
        return point.time_s == 0.0 and isinstance(self._step, ConstantCurrent) and self._step.current_A != 0.0

    def _row(self, time_s: float, point: Point) -> tuple[float, float, float, float, int, int]:
        step, flags, scan = self._step, 0, 0
        if isinstance(step, PotentialSweep):
            scan = self._piece // (len(step.path_V) - 1)
        elif isinstance(step, ConstantPotential) and abs(point.current_A) >= _LIMITED * self._most_A:
            flags = int(Flag.COMPLIANCE)
        return (time_s, point.potential_V, point.current_A, np.nan, scan, flags)

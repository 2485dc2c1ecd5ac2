"""Which of the points that were downloaded belong to a step, and as what they count."""

import numpy as np
from numpy.typing import NDArray

from ...core.samples import MEASUREMENT, Block, Flag
from ...protocols.steps import ConstantCurrent, ConstantPotential, PotentialSweep, Step
from .points import Points, no_points
from .step_file import most_current_A, pieces_of

TIME_RESOLUTION_S = 5e-4
"""Half of the cycler's millisecond."""
_LIMITED = 0.999
_Booleans = NDArray[np.bool_]
_Integers = NDArray[np.int64]
_Floats = NDArray[np.float64]


class StepPoints:
    """The points of one step among those that are downloaded.

    Parameters
    ----------
    step : Step
        Which one.
    done_s : float
        How much of the step was recorded before.
    most_A : float
        The channel's largest current.
    """

    def __init__(self, step: Step, done_s: float, most_A: float) -> None:
        self._step = step
        self._done_s = done_s
        self._most_A = most_current_A(step, most_A)
        self._piece = 0
        self._before_s = 0.0
        self._last = no_points()
        self._latest_s = 0.0
        self.dropped = 0
        """How many points were left out, because their time runs backwards."""

    @property
    def are_complete(self) -> bool:
        """Whether the next step has begun."""
        return self._piece == pieces_of(self._step)

    def take(self, points: Points) -> tuple[Block, Points]:
        """Return what belongs to the step as `MEASUREMENT` rows, and what is left for the next step."""
        if not len(points):
            return np.empty(0, MEASUREMENT), points
        is_next, piece, before_s = self._pieces(points)
        count = int(np.searchsorted(piece, pieces_of(self._step)))
        own = slice(count)
        self._piece = int(piece[min(count, len(piece) - 1)])
        if count:
            self._before_s, self._last = before_s[count - 1], points[count - 1 : count]
        rows = self._rows(points[own], is_next[own], piece[own], before_s[own])
        return rows, points[count:]

    def _pieces(self, points: Points) -> tuple[_Booleans, _Integers, _Floats]:
        """Return which points begin a piece of the step, their pieces, and the s that earlier ones took."""
        both = np.concatenate([self._last if len(self._last) else points[:1], points])
        is_next = (np.diff(both["step"]) != 0) | (np.diff(both["cycle"]) != 0)
        ended_s = np.where(is_next, both["time_s"][:-1], 0.0)
        return is_next, self._piece + np.cumsum(is_next), self._before_s + np.cumsum(ended_s)

    def _rows(self, points: Points, is_next: _Booleans, piece: _Integers, before_s: _Floats) -> Block:
        # Where one leg of a sweep ends, the next one begins; and of what was recorded before
        # the last point comes again: the next one is integrated from it.
        time_s = before_s + points["time_s"] - self._done_s
        counts = ~is_next & (time_s > -TIME_RESOLUTION_S) & ~self._are_switching(points)
        time_s = np.maximum(time_s[counts], 0.0)
        latest_s = np.maximum.accumulate(np.concatenate([[self._latest_s], time_s]))
        is_forward = time_s >= latest_s[:-1]
        self._latest_s = float(latest_s[-1])
        self.dropped += int(np.count_nonzero(~is_forward))
        chosen = np.flatnonzero(counts)[is_forward]
        rows = np.zeros(len(chosen), MEASUREMENT)
        rows["time_s"] = time_s[is_forward]
        rows["potential_V"] = points["potential_V"][chosen]
        rows["current_A"] = points["current_A"][chosen]
        rows["temperature_degC"] = np.nan
        self._mark(rows, piece[chosen])
        return rows

    def _are_switching(self, points: Points) -> _Booleans:
        """Tell which points were taken while a current was switched on: the cell has not answered yet."""
        step = self._step
        is_driven = isinstance(step, ConstantCurrent) and step.current_A != 0.0
        return (points["time_s"] == 0.0) & is_driven

    def _mark(self, rows: Block, piece: _Integers) -> None:
        """Say to which scan of a sweep rows belong, and where the current was at its limit."""
        step = self._step
        if isinstance(step, PotentialSweep):
            rows["scan"] = piece // (len(step.path_V) - 1)
        elif isinstance(step, ConstantPotential):
            is_limited = np.abs(rows["current_A"]) >= _LIMITED * self._most_A
            rows["flags"] = np.where(is_limited, int(Flag.COMPLIANCE), 0)

"""When to look for the next sample of a regular stream."""

import time

SETTLING_S = 0.005
"""So long after a sample, what belongs to it has come too: a script's end follows its last sample."""
_SLOT_S = 0.02
"""Samples are handled where such a piece of time ends. The pieces are the same for all channels: what
wakes just after another one does half the work."""
_SHORTEST_S, _LONGEST_S = 0.05, 1.0
_WAS_THERE_S = 0.005
_IN_A_ROW = 15


class Pace:
    """Foresees samples, so that who reads them may sleep until one should be there.

    A thread that waits for a sample wakes when it comes, in the middle of a piece of time, and again
    at the end of that. One that knows when it comes wakes once. Only one sample in sixteen is waited
    for: by that the instrument's clock, which may run differently, is followed.

    Parameters
    ----------
    interval_s : float
        Time between samples, by the computer's clock. Those that come less often than once in a
        second are not foreseen: whatever else the instrument says would be heard too late.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._can_foresee = _SHORTEST_S <= interval_s <= _LONGEST_S
        self._next_s: float | None = None
        self._foreseen = 0

    @property
    def left_s(self) -> float:
        """For how long there is nothing to look for; zero or less where a sample is to be waited for."""
        return 0.0 if self._next_s is None else end_of_slot(self._next_s + SETTLING_S) - time.monotonic()

    def foresaw(self, looked_s: float, heard_s: float) -> bool:
        """Take note of a sample; return whether it came as foreseen.

        Parameters
        ----------
        looked_s, heard_s : float
            When it was looked for, and when it was there, by the computer's monotonic clock.
        """
        came_s, was_there = self._next_s, heard_s - looked_s < _WAS_THERE_S
        if came_s is None or not was_there:
            came_s, self._foreseen = heard_s, 0
        else:
            self._foreseen += 1
        is_known = self._can_foresee and self._foreseen < _IN_A_ROW
        self._next_s = came_s + self._interval_s if is_known else None
        return self._foreseen > 0


def end_of_slot(moment_s: float) -> float:
    """Return when the piece of time ends in which a moment lies, by the computer's monotonic clock."""
    return moment_s + _SLOT_S - moment_s % _SLOT_S

"""The time of samples: their order, and clocks that jump."""

from typing import Generic, TypeVar

_JUMP, _JUMP_S = 3.0, 1.0
Item = TypeVar("Item")


class InOrder(Generic[Item]):
    """Leaves out what is out of place: a sample that was sent again, or one of an earlier step.

    A sample that jumps ahead by more than three intervals and a second counts only when the next
    one goes on from it, as after a gap; one that jumps back never does.

    Parameters
    ----------
    interval_s : float
        Longest regular time between samples.

    Attributes
    ----------
    latest_s : float
        Time of the last sample that counts.
    dropped : int
        How many were left out.
    """

    def __init__(self, interval_s: float) -> None:
        self.latest_s = 0.0
        self.dropped = 0
        self._longest_jump_s = _JUMP * interval_s + _JUMP_S
        self._suspect: tuple[float, Item] | None = None

    @property
    def longest_jump_s(self) -> float:
        """How far apart samples may be without being looked at twice; 0 while one is looked at."""
        return 0.0 if self._suspect is not None else self._longest_jump_s

    def take(self, time_s: float, item: Item) -> list[Item]:
        """Take in a sample; return those that count by now."""
        if self._follows(time_s, self.latest_s):
            self._drop_suspect()
            kept = [item]
        elif time_s < self.latest_s:
            self.dropped += 1
            return []
        elif self._suspect is not None and self._follows(time_s, self._suspect[0]):
            kept = [self._suspect[1], item]
            self._suspect = None
        else:
            self._drop_suspect()
            self._suspect = (time_s, item)
            return []
        self.latest_s = time_s
        return kept

    def _follows(self, time_s: float, before_s: float) -> bool:
        return 0.0 <= time_s - before_s <= self._longest_jump_s

    def _drop_suspect(self) -> None:
        if self._suspect is not None:
            self.dropped += 1
            self._suspect = None


class ForwardTime:
    """Times of samples that are known to be in order, by a clock that may jump back.

    Parameters
    ----------
    interval_s : float
        Time between samples, which is assumed where the clock jumped.

    Attributes
    ----------
    turned_back_s : float
        How far the clock has jumped back and not been told yet.
    """

    def __init__(self, interval_s: float) -> None:
        self.turned_back_s = 0.0
        self._interval_s = interval_s
        self._latest_s = float("-inf")
        self._added_s = 0.0

    def of(self, told_s: float) -> float:
        """Return when a sample was taken that the instrument says was taken at `told_s`."""
        time_s = told_s + self._added_s
        if time_s < self._latest_s:
            jump_s = self._latest_s + self._interval_s - time_s
            self.turned_back_s += jump_s
            self._added_s += jump_s
            time_s += jump_s
        self._latest_s = time_s
        return time_s

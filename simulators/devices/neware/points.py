"""What a test has recorded."""

import functools
import time
from array import array
from dataclasses import dataclass

_FIELDS = 9


@functools.lru_cache(10_000)
def local_time(unix_s: int) -> str:
    """Return a time as the cycler's computer writes it: local, to a second, without its zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_s))


class Points:
    """Points in the order of their numbers, from 1."""

    def __init__(self) -> None:
        self._flat = array("d")

    def __len__(self) -> int:
        return len(self._flat) // _FIELDS

    def add(self, *values: float) -> None:
        """Add step, cycle, kind, time in the step (s), unix time (s), V, A, Ah and Wh of a point."""
        self._flat.extend(values)

    def rows(self, first: int, count: int) -> "list[tuple[int, array[float]]]":
        """Return up to `count` points with their numbers, from number `first` on."""
        numbers = range(max(first, 1), min(first + count, len(self) + 1))
        return [(number, self._flat[(number - 1) * _FIELDS : number * _FIELDS]) for number in numbers]


@dataclass
class Layer:
    """An executed step, as the server sums it up.

    Parameters
    ----------
    first, last : int
        Numbers of its points.
    """

    first: int
    last: int

"""Reading buffers, and the elements in which readings are given."""

from collections import deque
from typing import NamedTuple

from ..scpi import ScpiError

_CAPACITY = 100_000
_ELEMENTS = ("SOUR", "READ", "REL", "STAT", "TST", "SEC", "FRAC", "UNIT")


class Reading(NamedTuple):
    """One reading: value, what the source did, and time since the instrument was switched on."""

    value: float
    source: float
    time_s: float
    is_limited: bool
    unit: str


class Buffer:
    """Readings in order; a full buffer forgets the oldest.

    Parameters
    ----------
    capacity : int
        How many it holds.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self.capacity = capacity
        self._readings: deque[Reading] = deque(maxlen=capacity)
        self._first_s = 0.0

    def __len__(self) -> int:
        return len(self._readings)

    def add(self, reading: Reading) -> None:
        """Take in a reading."""
        if not self._readings:
            self._first_s = reading.time_s
        self._readings.append(reading)

    def clear(self) -> None:
        """Forget all readings."""
        self._readings.clear()

    def values(self) -> list[float]:
        """Return all values."""
        return [reading.value for reading in self._readings]

    def text(self, first: int, last: int, elements: tuple[str, ...]) -> str:
        """Return readings `first` to `last`, counted from 1, as the instrument writes them.

        Raises
        ------
        ScpiError
            There are not so many.
        """
        if not 1 <= first <= last <= len(self._readings):
            raise ScpiError(-222, "Parameter data out of range")
        names = [_short(name) for name in elements] or ["READ"]
        chosen = [self._readings[index] for index in range(first - 1, last)]
        return ",".join(self._element(reading, name) for reading in chosen for name in names)

    def _element(self, reading: Reading, name: str) -> str:
        number = {
            "READ": reading.value,
            "SOUR": reading.source,
            "REL": reading.time_s - self._first_s,
            "SEC": reading.time_s,
            "FRAC": reading.time_s % 1.0,
            "TST": reading.time_s,
        }
        if name == "STAT":
            return str(8 if reading.is_limited else 0)
        return reading.unit if name == "UNIT" else f"{number[name]:.6E}"


def _short(name: str) -> str:
    word = name.upper()
    found = next((each for each in _ELEMENTS if word.startswith(each)), None)
    if found is None:
        raise ScpiError(-224, "Illegal parameter value")
    return found

"""A measuring input with ranges: which range it takes, what it reads, and which flags it sets."""

import random
from collections.abc import Iterator

from .models import Accuracy, Range
from .packages import Status, metadata

_OVERLOAD = 2.92 / 3
_WARNING = 2.46 / 3
_UNDERLOAD = 0.123 / 3
"""Shares of the end of a range at which the flags are set, and up to which a range is taken."""


class _CalibratedRange:
    """One range of one instrument, with its own errors and its metadata for every status."""

    def __init__(self, of: Range, accuracy: Accuracy, chance: random.Random, has_noise_level: bool) -> None:
        self.index = of.index
        self.maximum = of.maximum
        self.gain = 1.0 + accuracy.gain * _within_3_sigma(chance)
        self.offset = of.nominal * accuracy.offset * _within_3_sigma(chance)
        self.noise = of.nominal * accuracy.noise
        self.resolution = of.nominal * accuracy.resolution
        self.metadata = [metadata(Status(status), of.index, has_noise_level) for status in range(16)]


class RangedInput:
    """An input that measures in one of several ranges, and may change it by itself.

    Parameters
    ----------
    ranges : tuple of Range
        From the finest to the coarsest.
    accuracy : Accuracy
        Sizes of its errors.
    chance : random.Random
        Decides the errors of this instrument.
    noise : iterator of float
        Endless normally distributed numbers.
    has_noise_level : bool
        Whether the metadata carries a noise level.
    """

    def __init__(
        self,
        ranges: tuple[Range, ...],
        accuracy: Accuracy,
        chance: random.Random,
        noise: Iterator[float],
        *,
        has_noise_level: bool,
    ) -> None:
        self._ranges = [_CalibratedRange(each, accuracy, chance, has_noise_level) for each in ranges]
        self._noise = noise
        self.reset()

    def reset(self) -> None:
        """Take the coarsest range, without autoranging."""
        self._allowed: tuple[int, int] | None = None
        self._is_spoilt = False
        self._take(len(self._ranges) - 1)

    def set_range(self, value: float) -> None:
        """Take the finest range that measures `value`."""
        position = self._position(value)
        if self._allowed is not None and not self._allowed[0] <= position <= self._allowed[1]:
            self._allowed = None
        self._take(position)

    def set_autoranging(self, low: float, high: float) -> None:
        """Let the input choose between the finest range for `low` and the one for `high`."""
        finest, coarsest = sorted((self._position(low), self._position(high)))
        self._allowed = (finest, coarsest)
        self._take(min(max(self._at, finest), coarsest))

    def read(self, value: float) -> tuple[float, str]:
        """Return what the input shows for a true value, and its metadata."""
        magnitude = -value if value < 0.0 else value
        if not self._from <= magnitude <= self._to:
            self._follow(magnitude)
            if self._is_spoilt:
                self._is_spoilt = False
                self._from, self._to = 1.0, 0.0
                return self._range.maximum, self.flagged(Status.OVERLOAD)
            if magnitude > self._range.maximum:
                value = self._range.maximum if value > 0.0 else -self._range.maximum
        r = self._range
        shown = value * r.gain + r.offset + next(self._noise) * r.noise
        return round(shown / r.resolution) * r.resolution, self._metadata

    def flagged(self, status: Status) -> str:
        """Return the metadata of the present range with another status."""
        return self._range.metadata[status]

    def spoil_next(self) -> None:
        """Let the next reading be one taken while the range changes: at the range's end, and overloaded."""
        self._is_spoilt = True
        self._from, self._to = 1.0, 0.0

    def follow(self, value: float) -> Status:
        """Take the range for a value without reading it, and return the status it would have."""
        magnitude = abs(value)
        if not self._from <= magnitude <= self._to:
            self._follow(magnitude)
        return self._status

    def _position(self, value: float) -> int:
        for position, each in enumerate(self._ranges):
            # What a script writes as 30 µA must fit a range that ends there.
            if abs(value) <= each.maximum * (1.0 + 1e-9):
                return position
        return len(self._ranges) - 1

    def _take(self, position: int) -> None:
        self._at = position
        self._range = self._ranges[position]
        # Nothing is within this band: the next reading finds the status.
        self._from, self._to = 1.0, 0.0
        self._status = Status.OK
        self._metadata = self._range.metadata[self._status]

    def _follow(self, magnitude: float) -> None:
        """Find range and status for a magnitude, and the band in which both stay the same."""
        finest, coarsest = self._allowed or (self._at, self._at)
        position = finest
        while position < coarsest and magnitude > _WARNING * self._ranges[position].maximum:
            position += 1
        self._take(position)
        end = self._range.maximum
        is_finest = position == finest
        low = _UNDERLOAD * end if is_finest else _WARNING * self._ranges[position - 1].maximum
        bands = [
            (Status.UNDERLOAD, 0.0, low if is_finest else 0.0),
            (Status.OK, low, _WARNING * end),
            (Status.OVERLOAD_WARNING, _WARNING * end, _OVERLOAD * end),
            (Status.OVERLOAD, _OVERLOAD * end, end),
        ]
        # Beyond the end no band fits: the value is clipped, and every reading comes back here.
        for status, start, stop in bands:
            self._status = status
            if start <= magnitude <= stop:
                self._from, self._to = start, stop
                break
        self._metadata = self._range.metadata[self._status]


def _within_3_sigma(chance: random.Random) -> float:
    return min(max(chance.gauss(0.0, 1.0), -3.0), 3.0)

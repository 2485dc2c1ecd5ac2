"""End conditions and limits, checked on every sample of a block at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core.units import pretty
from ..protocols.steps import CURRENT_TOLERANCE, POTENTIAL_TOLERANCE_V, Limits, Until

Floats = NDArray[np.float64]

READINGS_MAY_MISS = 5
"""So many samples in a row without a valid reading count as a breach of the limits."""
_NEARLY = 0.01
"""How close a condition must be to being met for it to explain an end that the instrument decided."""
_TIME_TOLERANCE_S = 1.5e-3
"""Instruments report time to a millisecond."""


class Course(NamedTuple):
    """What a segment's samples are and add up to, one value a sample.

    Parameters
    ----------
    time_s, potential_V, current_A, temperature_degC, charge_C, energy_J : ndarray, shape (n,)
        Since the segment began, where something adds up.
    """

    time_s: Floats
    potential_V: Floats
    current_A: Floats
    temperature_degC: NDArray[np.floating]
    charge_C: Floats
    energy_J: Floats


def _first(mask: NDArray[np.bool_]) -> int | None:
    index = int(mask.argmax())
    return index if mask[index] else None


class EndConditions:
    """Finds the sample at which a segment's end conditions are met first."""

    def __init__(self, until: Until) -> None:
        self._until = until
        self._window_V: float | None = None
        self._next_window_s = 0.0

    def check(self, course: Course) -> str | None:
        """Return the name of the condition that is met first; None while none is."""
        earliest: tuple[int, str] | None = None
        for name, mask in self._masks(course):
            index = _first(mask)
            if index is not None and (earliest is None or index < earliest[0]):
                earliest = (index, name)
        return earliest[1] if earliest else None

    def nearest(self, course: Course, interval_s: float) -> str | None:
        """Return the condition that explains why the instrument itself ended the segment here."""
        until = self._until
        if until.duration_s is not None and course.time_s[-1] + 1.5 * interval_s >= until.duration_s:
            return "duration_s"
        reached = {
            "charge_C": (until.charge_C, abs(course.charge_C[-1])),
            "energy_J": (until.energy_J, abs(course.energy_J[-1])),
        }
        for name, (wanted, amount) in reached.items():
            if wanted is not None and amount >= wanted * (1 - _NEARLY):
                return name
        return "potential_rate_below_V_per_s" if until.potential_rate_below_V_per_s is not None else None

    def _masks(self, course: Course) -> list[tuple[str, NDArray[np.bool_]]]:
        until = self._until
        masks: list[tuple[str, NDArray[np.bool_]]] = []
        if until.duration_s is not None:
            masks.append(("duration_s", course.time_s >= until.duration_s - _TIME_TOLERANCE_S))
        if until.potential_above_V is not None:
            masks.append(("potential_above_V", course.potential_V >= until.potential_above_V))
        if until.potential_below_V is not None:
            masks.append(("potential_below_V", course.potential_V <= until.potential_below_V))
        if until.current_above_A is not None:
            masks.append(("current_above_A", np.abs(course.current_A) >= until.current_above_A))
        if until.current_below_A is not None:
            masks.append(("current_below_A", np.abs(course.current_A) <= until.current_below_A))
        if until.charge_C is not None:
            # Charge is added up in small parts: the last bit may be missing.
            masks.append(("charge_C", np.abs(course.charge_C) >= until.charge_C * (1 - 1e-9)))
        if until.energy_J is not None:
            masks.append(("energy_J", np.abs(course.energy_J) >= until.energy_J * (1 - 1e-9)))
        if until.potential_rate_below_V_per_s is not None:
            masks.append(("potential_rate_below_V_per_s", self._is_steady(course)))
        return masks

    def _is_steady(self, course: Course) -> NDArray[np.bool_]:
        """Compare the potential with that of one window ago, once a window."""
        window_s = self._until.potential_rate_window_s
        change_V = (self._until.potential_rate_below_V_per_s or 0.0) * window_s
        steady = np.zeros(len(course.time_s), bool)
        while True:
            index = int(np.searchsorted(course.time_s, self._next_window_s))
            if index == len(course.time_s):
                return steady
            potential_V = float(course.potential_V[index])
            if self._window_V is not None and abs(potential_V - self._window_V) <= change_V:
                steady[index] = True
            self._window_V = potential_V
            self._next_window_s += window_s


class LimitCheck:
    """Finds samples beyond the safety envelope.

    Parameters
    ----------
    limits : Limits
        The envelope.
    charge_C, energy_J : float
        What had passed in the step before this segment of it.
    """

    def __init__(self, limits: Limits, *, charge_C: float = 0.0, energy_J: float = 0.0) -> None:
        self._bounds = list(_bounds(limits))
        self._before = {"charge_C": charge_C, "energy_J": energy_J}
        self._missed = 0

    def check(self, course: Course) -> str | None:
        """Return a sentence about the breach; None while all samples are within the limits."""
        for bound in self._bounds:
            values = getattr(course, bound.field)
            if before := self._before.get(bound.field):
                values = values + before
            index = _first(_beyond(values, bound))
            if index is not None:
                value, limit = pretty(float(values[index]), bound.unit), pretty(bound.limit, bound.unit)
                return f"The {bound.name} reached {value}; its limit is {limit}."
        return self._check_readings(course)

    def _check_readings(self, course: Course) -> str | None:
        missing = np.isnan(course.potential_V + course.current_A)
        if not missing.any():
            self._missed = 0
            return None
        for is_missing in missing.tolist():
            self._missed = self._missed + 1 if is_missing else 0
            if self._missed >= READINGS_MAY_MISS:
                return f"The instrument gave no valid reading {READINGS_MAY_MISS} times in a row."
        return None


@dataclass(frozen=True)
class _Bound:
    """One side of the envelope: which values trip it, and how to say so."""

    name: str
    unit: str
    field: str
    limit: float
    trips_at: float
    is_magnitude: bool = False
    is_lower: bool = False


def _bounds(limits: Limits) -> Iterator[_Bound]:
    high_V, low_V, most_A = limits.potential_max_V, limits.potential_min_V, limits.current_max_A
    if high_V is not None:
        yield _Bound("potential", "V", "potential_V", high_V, high_V + POTENTIAL_TOLERANCE_V)
    if low_V is not None:
        yield _Bound("potential", "V", "potential_V", low_V, low_V - POTENTIAL_TOLERANCE_V, is_lower=True)
    if most_A is not None:
        tripping_A = most_A * (1 + CURRENT_TOLERANCE)
        yield _Bound("current", "A", "current_A", most_A, tripping_A, is_magnitude=True)
    if (hot_degC := limits.temperature_max_degC) is not None:
        yield _Bound("temperature", "°C", "temperature_degC", hot_degC, hot_degC)
    if (most_C := limits.charge_max_C) is not None:
        yield _Bound("charge of the step", "C", "charge_C", most_C, most_C, is_magnitude=True)
    if (most_J := limits.energy_max_J) is not None:
        yield _Bound("energy of the step", "J", "energy_J", most_J, most_J, is_magnitude=True)


def _beyond(values: Floats, bound: _Bound) -> NDArray[np.bool_]:
    # Equal counts: instruments that keep limits on board stop there as well.
    if bound.is_lower:
        return values <= bound.trips_at
    return (np.abs(values) if bound.is_magnitude else values) >= bound.trips_at

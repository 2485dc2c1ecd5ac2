"""The analog part of one channel, with a cell at its terminals."""

import itertools
import math
import random
from typing import NamedTuple

from ...cells import SimulatedCell
from .step_file import CHARGE, DISCHARGE, HOLD_CHARGE, HOLD_DISCHARGE, SCAN, FileStep

FULL_SCALE_A, FULL_SCALE_V = 0.1, 5.0
_RANGES_A = (1e-4, 1e-3, 1e-2, FULL_SCALE_A)
_GAIN, _OFFSET_OF_RANGE, _NOISE_OF_RANGE = 1e-4, 1e-5, 3e-6


class Reading(NamedTuple):
    """Potential in V and current in A."""

    potential_V: float
    current_A: float


class Terminals:
    """Drives the cell, and measures with errors of gain and offset, and with noise.

    Parameters
    ----------
    cell : SimulatedCell
        What is connected.
    seed : int
        Decides the errors.
    """

    def __init__(self, cell: SimulatedCell, seed: int) -> None:
        self.cell = cell
        chance = random.Random(seed)  # noqa: S311  errors of an instrument, not secrets
        self._gain_V = 1.0 + _GAIN * chance.uniform(-1.0, 1.0)
        self._gain_A = 1.0 + _GAIN * chance.uniform(-1.0, 1.0)
        self._offset = _OFFSET_OF_RANGE * chance.uniform(-1.0, 1.0)
        self._noise = itertools.cycle([chance.gauss(0.0, 1.0) for _ in range(4096)])

    def rest(self, seconds: float) -> Reading:
        """Leave the cell alone; return what is measured at the end, without noise."""
        return Reading(self.cell.rest(seconds) * self._gain_V, 0.0)

    def drive(self, step: FileStep, begin_s: float, seconds: float) -> Reading:
        """Do what a step says for a while from a time in it; return what is measured, without noise."""
        if step.kind in (CHARGE, DISCHARGE):
            current_A = math.copysign(step.current_A or 0.0, 1.0 if step.kind == CHARGE else -1.0)
            return self._measured(self.cell.hold_current(current_A, seconds), current_A)
        if step.kind == SCAN:
            return self._hold(scan_V(step, begin_s + seconds), -FULL_SCALE_A, FULL_SCALE_A, seconds)
        if step.kind in (HOLD_CHARGE, HOLD_DISCHARGE):
            most_A = step.current_A if step.current_A is not None else FULL_SCALE_A
            lower_A, upper_A = (0.0, most_A) if step.kind == HOLD_CHARGE else (-most_A, 0.0)
            return self._hold(step.potential_V or 0.0, lower_A, upper_A, seconds)
        return self.rest(seconds)

    def noisy(self, reading: Reading) -> Reading:
        """Return a reading as it is recorded."""
        potential_V, current_A = reading
        if current_A:
            current_A += _NOISE_OF_RANGE * _range_of(current_A) * next(self._noise)
        return Reading(potential_V + 4e-6 * FULL_SCALE_V * next(self._noise), current_A)

    def _hold(self, potential_V: float, lower_A: float, upper_A: float, seconds: float) -> Reading:
        """Hold a potential as far as the current allows; a charge never turns into a discharge."""
        before = self.cell.snapshot()
        current_A = self.cell.hold_potential(potential_V, seconds)
        if not lower_A <= current_A <= upper_A:
            self.cell.restore(before)
            current_A = min(max(current_A, lower_A), upper_A)
            potential_V = self.cell.hold_current(current_A, seconds)
        return self._measured(potential_V, current_A)

    def _measured(self, potential_V: float, current_A: float) -> Reading:
        offset_A = self._offset * _range_of(current_A) if current_A else 0.0
        return Reading(potential_V * self._gain_V, current_A * self._gain_A + offset_A)


def scan_V(step: FileStep, time_s: float) -> float:
    """Return the potential of a scan at a time in it."""
    start_V, end_V = step.potential_V or 0.0, step.end_V
    if time_s >= scan_s(step):
        return end_V
    return start_V + math.copysign(step.rate_V_per_s * time_s, end_V - start_V)


def scan_s(step: FileStep) -> float:
    """Return how long a scan takes."""
    return abs(step.end_V - (step.potential_V or 0.0)) / step.rate_V_per_s


def _range_of(current_A: float) -> float:
    return next((each for each in _RANGES_A if abs(current_A) <= each), _RANGES_A[-1])

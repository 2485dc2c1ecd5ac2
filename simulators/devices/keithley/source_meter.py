"""The analog part of the source-measure unit, with a cell at its terminals."""

import itertools
import random
from dataclasses import dataclass

from ...cells import SimulatedCell
from .models import Model

OVERFLOW = 9.9e37
_BEYOND = 1.05
_NOISE_LENGTH = 4096
_VOLTAGE_GAIN, _CURRENT_GAIN = 1.5e-4, 3e-4
_NOISE_OF_RANGE = 2e-6
_OFFSET_OF_RANGE = 2e-5
_OFF_LIMIT = 0.005
"""Limit of the current at output off in the normal state, as a share of the range."""


@dataclass
class Drive:
    """What the output does.

    Parameters
    ----------
    is_on : bool
        Whether the output is on.
    sources_voltage : bool
        Otherwise it sources current.
    voltage_V, current_A : float
        Levels of both sources.
    current_limit_A, voltage_limit_V : float
        Compliance of the voltage source and of the current source.
    off_state : {"HIMP", "NORM", "ZERO", "GUAR"}
        What the output does when it is off.
    """

    is_on: bool = False
    sources_voltage: bool = True
    voltage_V: float = 0.0
    current_A: float = 0.0
    current_limit_A: float = 1.05e-4
    voltage_limit_V: float = 2.0
    off_state: str = "NORM"


class SourceMeter:
    """Source, compliance and measurement.

    Parameters
    ----------
    model : Model
        Ranges and limits.
    cell : SimulatedCell
        What is connected.
    seed : int
        Decides errors and noise.

    Attributes
    ----------
    is_limited : bool
        Whether the compliance holds the output.
    """

    def __init__(self, model: Model, cell: SimulatedCell, seed: int) -> None:
        self.model = model
        self.cell = cell
        self.is_limited = False
        chance = random.Random(seed)  # noqa: S311  errors of an instrument, not secrets
        self._noise = itertools.cycle([chance.gauss(0.0, 1.0) for _ in range(_NOISE_LENGTH)])
        self._voltage_gain = 1.0 + _VOLTAGE_GAIN * chance.uniform(-1.0, 1.0)
        self._current_gain = 1.0 + _CURRENT_GAIN * chance.uniform(-1.0, 1.0)
        self._source_gain = 1.0 + _VOLTAGE_GAIN * chance.uniform(-1.0, 1.0)
        self._current_offset = _OFFSET_OF_RANGE * chance.uniform(-1.0, 1.0)
        self._potential_V = cell.potential_V
        self._current_A = 0.0

    def advance(self, drive: Drive, seconds: float) -> None:
        """Let time pass with the output as it is."""
        if drive.is_on and drive.sources_voltage:
            self._hold_voltage(drive.voltage_V * self._source_gain, drive.current_limit_A, seconds)
        elif drive.is_on:
            self._hold_current(drive.current_A, drive.voltage_limit_V, seconds)
        elif drive.off_state in ("NORM", "ZERO"):
            # Not an open circuit: 0 V with a small limit, which discharges a cell.
            self._hold_voltage(0.0, _OFF_LIMIT * max(drive.current_limit_A, 1e-6), seconds)
        else:
            self._potential_V, self._current_A = self.cell.rest(seconds), 0.0
            self.is_limited = False

    def measure_voltage(self, range_V: float | None) -> float:
        """Return a reading in V; `range_V` is None for automatic ranging."""
        full = self._range(self._potential_V, self.model.voltage_ranges_V, range_V)
        if full is None:
            return OVERFLOW
        noise_V = _NOISE_OF_RANGE * full * next(self._noise)
        return self._potential_V * self._voltage_gain + noise_V

    def measure_current(self, range_A: float | None) -> float:
        """Return a reading in A; `range_A` is None for automatic ranging."""
        full = self._range(self._current_A, self.model.current_ranges_A, range_A)
        if full is None:
            return OVERFLOW
        error_A = full * (self._current_offset + 5.0 * _NOISE_OF_RANGE * next(self._noise))
        return self._current_A * self._current_gain + error_A

    @staticmethod
    def _range(value: float, ranges: tuple[float, ...], fixed: float | None) -> float | None:
        """Return the range in use; None where the value is beyond it."""
        if fixed is not None:
            return fixed if abs(value) <= _BEYOND * fixed else None
        return next((each for each in ranges if abs(value) <= _BEYOND * each), None)

    def _hold_voltage(self, voltage_V: float, limit_A: float, seconds: float) -> None:
        before = self.cell.snapshot()
        current_A = self.cell.hold_potential(voltage_V, seconds)
        self.is_limited = abs(current_A) > limit_A
        self._potential_V, self._current_A = voltage_V, current_A
        if self.is_limited:
            self.cell.restore(before)
            self._current_A = limit_A if current_A > 0.0 else -limit_A
            self._potential_V = self.cell.hold_current(self._current_A, seconds)

    def _hold_current(self, current_A: float, limit_V: float, seconds: float) -> None:
        before = self.cell.snapshot()
        potential_V = self.cell.hold_current(current_A, seconds)
        self.is_limited = abs(potential_V) > limit_V
        self._potential_V, self._current_A = potential_V, current_A
        if self.is_limited:
            self.cell.restore(before)
            self._potential_V = limit_V if potential_V > 0.0 else -limit_V
            self._current_A = self.cell.hold_potential(self._potential_V, seconds)

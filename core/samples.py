"""The shape of measured data: what a driver hands over and what a run file keeps.

A `Block` is a NumPy structured array of consecutive points. A driver yields blocks of
`MEASUREMENT` or, during a spectrum, of `IMPEDANCE_MEASUREMENT`; the engine adds what it
alone knows and records `SAMPLE` and `IMPEDANCE` rows, whose field names are the machine
names of the Battery Data Format.
"""

import enum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Block: TypeAlias = NDArray[Any]
"""Consecutive points as a structured array of one of the dtypes below."""


class Flag(enum.IntFlag):
    """What an instrument, or the engine, says of a single sample."""

    TIMING_NOT_MET = 1
    """The instrument could not keep the interval between samples."""
    OVERLOAD = 2
    """The current, or the impedance measurement, is beyond its range: the value is not valid."""
    UNDERLOAD = 4
    """The current uses so little of its range that the value is inaccurate."""
    OVERLOAD_WARNING = 8
    """The current is close to the end of its range."""
    AFTER_GAP = 16
    """Time passed before this sample in which nothing was measured."""
    COMPLIANCE = 32
    """The instrument held its compliance instead of what was asked for; the values are valid."""


MEASUREMENT = np.dtype(
    [
        ("time_s", "f8"),  # since the step began, by the instrument's clock
        ("potential_V", "f8"),
        ("current_A", "f8"),
        ("temperature_degC", "f4"),  # NaN without a sensor
        ("scan", "u4"),  # which pass through a sweep's waveform, from 0
        ("flags", "u4"),
    ]
)

IMPEDANCE_MEASUREMENT = np.dtype(
    [
        ("time_s", "f8"),
        ("frequency_Hz", "f8"),
        ("real_ohm", "f8"),
        ("imaginary_ohm", "f8"),  # true sign: negative where the cell is capacitive
        ("temperature_degC", "f4"),
        ("flags", "u4"),
    ]
)

SAMPLE = np.dtype(
    [
        ("test_time_second", "f8"),
        ("unix_time_second", "f8"),
        ("voltage_volt", "f8"),
        ("current_ampere", "f8"),
        ("net_capacity_ah", "f8"),
        ("step_count", "u4"),
        ("cycle_count", "u4"),
        ("ambient_temperature_celsius", "f4"),
        ("flags", "u4"),
    ]
)

IMPEDANCE = np.dtype(
    [
        ("test_time_second", "f8"),
        ("unix_time_second", "f8"),
        ("frequency_hertz", "f8"),
        ("real_impedance_ohm", "f8"),
        ("imaginary_impedance_ohm", "f8"),
        ("step_count", "u4"),
        ("cycle_count", "u4"),
        ("ambient_temperature_celsius", "f4"),
        ("flags", "u4"),
    ]
)


def steps_between(values: NDArray[np.float64], before: float) -> NDArray[np.float64]:
    """Return by how much each value is more than the one before it; `before` comes before the first.

    For blocks of a few values, on which ``numpy.diff(values, prepend=before)`` takes five times as long.
    """
    steps = values.copy()
    steps[0] -= before
    steps[1:] -= values[:-1]
    return steps

"""The tests that the firmware runs: potential against time, as its source has them."""

import math
from collections.abc import Callable
from typing import Any

Waveform = Callable[[float], float]
"""Potential in V at a time in ms after the quiet time."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "cyclic": {"amplitude": 0.5, "offset": 0.0, "period": 1000, "numCycles": 10, "shift": 0.0},
    "sinusoid": {"amplitude": 0.5, "offset": 0.0, "period": 1000, "numCycles": 10, "shift": 0.0},
    "constant": {"value": 1.0, "duration": 5000},
    "linearSweep": {"startValue": -0.5, "finalValue": 0.5, "duration": 2000},
    "chronoamp": {"step": [[1000, -0.1], [1000, 0.1]]},
    "multiStep": {"step": [[1000, -0.1], [1000, 0.1]]},
}
QUIET = {"quietValue": 0.0, "quietTime": 0}
_WHOLE = ("quietTime", "duration", "period", "numCycles")
_MOST_STEPS = 50


def checked(name: str, value: Any) -> Any:
    """Return the value of a parameter; raise `ValueError` in the firmware's words."""
    if name == "step":
        if not isinstance(value, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in value
        ):
            raise ValueError("step key not found")
        if len(value) > _MOST_STEPS:
            raise ValueError("step array too large")
        return [[int(duration), float(volt)] for duration, volt in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} not a float")
    if name in _WHOLE:
        if value < 0 or value >= 2**32 or value != int(value):
            raise ValueError(f"{name} not uint32")
        return int(value)
    return float(value)


def waveform(test: str, parameters: dict[str, Any]) -> tuple[Waveform, float]:
    """Return the potential against time, and how long it lasts in ms."""
    if test == "constant":
        return lambda _: parameters["value"], parameters["duration"]
    if test == "linearSweep":
        start, final, duration = (parameters[name] for name in ("startValue", "finalValue", "duration"))
        return lambda t: start + (final - start) * min(t / max(duration, 1), 1.0), duration
    if test in ("cyclic", "sinusoid"):
        amplitude, offset, period, shift = (
            parameters[name] for name in ("amplitude", "offset", "period", "shift")
        )
        shape = _triangle if test == "cyclic" else _sine
        return (
            lambda t: offset + amplitude * shape((t / max(period, 1) + shift) % 1.0),
            period * parameters["numCycles"],
        )
    steps = parameters["step"]

    def stepped(t: float) -> float:
        for duration, volt in steps:
            if t < duration:
                return volt
            t -= duration
        return steps[-1][1]

    return stepped, sum(duration for duration, _ in steps)


def _triangle(phase: float) -> float:
    return -1.0 + 4.0 * phase if phase < 0.5 else 3.0 - 4.0 * phase


def _sine(phase: float) -> float:
    return math.sin(2.0 * math.pi * phase)

"""Potential of plating and stripping against time, with what single cycles look like."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..half_cycles import ROLES, HalfCycle, failure
from ..measurement import Measurement
from ..symmetric_cycling import SymmetricCyclingAnalysis
from .style import BLUE, GREEN, GREY, ORANGE, VERMILION, cycles_on_x, legend, new_figure, rows_of

_MOST_POINTS = 20_000


def draw_symmetric_cycling(measurement: Measurement, analysis: SymmetricCyclingAnalysis) -> Figure:
    """Draw the potential over all hours, single cycles, and the overpotential from cycle to cycle."""
    figure, (course, insets, trend) = new_figure(3, f"{measurement.cell.name} · symmetric cycling")
    draw_potential(course, measurement, analysis.cycles)
    failed = failure(list(analysis.cycles))
    if failed is not None:
        word = "contact lost" if failed.ending == "open" else "short"
        course.axvline(
            failed.failed_h, color=VERMILION, lw=1.2, label=f"{word} after {failed.failed_h:.4g} h"
        )
        legend(course, loc="upper left")
    _draw_cycles(insets, measurement, analysis.cycles)
    rows = rows_of(analysis.results, "overpotential")
    if rows is not None:
        trend.plot(rows["cycle"], rows["overpotential_end"], color=BLUE, label="end of the half-cycle")
        trend.plot(rows["cycle"], rows["overpotential_mean"], color=ORANGE, lw=0.9, label="mean")
        trend.set_ylim(0.0, 1.2 * float(np.max(rows["overpotential_end"])))
        legend(trend, loc="best")
    cycles_on_x(trend)
    trend.set(ylabel="Overpotential (mV)")
    return figure


def draw_potential(axes: Any, measurement: Measurement, cycles: Sequence[HalfCycle]) -> None:
    """Draw the potential of all half-cycles against time."""
    axes.set(xlabel="Time (h)", ylabel="Potential (mV)")
    rows = np.concatenate([measurement.samples(role) for role in ROLES])
    rows = rows[np.argsort(rows["test_time_second"], kind="stable")]
    hours, millivolts = _envelope(rows["test_time_second"] / 3600.0, rows["voltage_volt"] * 1e3)
    axes.plot(hours, millivolts, color=BLUE, lw=0.6)
    sound = [half.end_V for half in cycles if half.ending == "complete"]
    if sound:
        largest = 1.5e3 * max(sound)
        axes.set_ylim(-largest, largest)


def _draw_cycles(axes: Any, measurement: Measurement, cycles: Sequence[HalfCycle]) -> None:
    """Overlay an early, a middle and a late cycle."""
    axes.set(xlabel="Time in the cycle (h)", ylabel="Potential (mV)")
    numbers = sorted({half.cycle for half in cycles if half.ending == "complete"})
    if not numbers:
        return
    chosen = dict.fromkeys([numbers[min(1, len(numbers) - 1)], numbers[len(numbers) // 2], numbers[-1]])
    for number, colour in zip(chosen, (BLUE, ORANGE, GREEN), strict=False):
        rows = np.concatenate([measurement.samples(role) for role in ROLES])
        rows = rows[rows["cycle_count"] == number]
        rows = rows[np.argsort(rows["test_time_second"], kind="stable")]
        hours = (rows["test_time_second"] - rows["test_time_second"][0]) / 3600.0
        axes.plot(hours, rows["voltage_volt"] * 1e3, color=colour, label=f"cycle {number}")
    axes.axhline(0.0, color=GREY, lw=0.6)
    legend(axes, loc="upper right")


def _envelope(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return fewer points whose smallest and largest y are those of all."""
    if len(x) <= _MOST_POINTS:
        return x, y
    size = len(x) // (_MOST_POINTS // 2) + 1
    count = len(x) // size
    parts = y[: count * size].reshape(count, size)
    order = np.sort(np.stack([parts.argmin(axis=1), parts.argmax(axis=1)], axis=1), axis=1)
    places = (order + size * np.arange(count)[:, None]).ravel()
    return x[places], y[places]

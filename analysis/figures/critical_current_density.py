"""Potential and current density of a ramp against time, and the overpotential against the current."""

import numpy as np
from matplotlib.figure import Figure

from ..critical_current_density import MA_PER_CM2, CriticalCurrentDensityAnalysis
from ..half_cycles import failure
from ..measurement import Measurement
from .style import BLUE, GREY, ORANGE, VERMILION, legend, new_figure, rows_of, value_of
from .symmetric_cycling import draw_potential


def draw_critical_current_density(
    measurement: Measurement, analysis: CriticalCurrentDensityAnalysis
) -> Figure:
    """Draw potential with current density on a second axis and the short marked; overpotential."""
    figure, (course, ohmic) = new_figure(2, f"{measurement.cell.name} · critical current density")
    draw_potential(course, measurement, analysis.cycles)
    area_m2 = measurement.cell.area
    if area_m2 is None:
        return figure
    currents = course.twinx()
    currents.grid(visible=False)
    currents.spines["right"].set_visible(True)
    for half in analysis.cycles:
        density = half.current_A / area_m2 * MA_PER_CM2
        currents.plot([half.begin_h, half.end_h], [density, density], color=ORANGE, lw=1.5)
    largest = max((abs(half.current_A) for half in analysis.cycles), default=1.0) / area_m2 * MA_PER_CM2
    currents.set_ylim(-1.5 * largest, 1.5 * largest)
    currents.set_ylabel("Current density (mA/cm²)", color=ORANGE)
    failed = failure(list(analysis.cycles))
    if failed is not None:
        word = "contact lost" if failed.ending == "open" else "soft short" if failed.is_soft else "short"
        course.axvline(failed.failed_h, color=VERMILION, lw=1.2, label=word)
        legend(course, loc="upper left")
    rows = rows_of(analysis.results, "overpotential")
    done = None if rows is None else rows[rows["is_complete"] > 0]
    if done is not None:
        ohmic.plot(done["current_density"], done["overpotential"], "o", color=BLUE, ms=4)
    if analysis.line is not None and done is not None:
        ends = np.array([0.0, float(done["current_density"].max())])
        fitted = [analysis.line.at(float(end) / MA_PER_CM2) * 1e3 for end in ends]
        result = analysis.results["area_specific_resistance"]
        ohmic.plot(ends, fitted, color=GREY, ls="--", lw=1, label=f"{result}")
    value = value_of(analysis.results, "critical_current_density")
    if value is not None:
        ohmic.axvline(value, color=VERMILION, lw=1.2, label=f"critical: {value:.3g} mA/cm²")
    ohmic.set(xlabel="Current density (mA/cm²)", ylabel="Overpotential (mV)")
    ohmic.set_xlim(left=0.0)
    ohmic.set_ylim(bottom=0.0)
    legend(ohmic, loc="lower right")
    return figure

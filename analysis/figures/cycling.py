"""Capacity and efficiency against the cycle, and curves of chosen cycles."""

import numpy as np
from matplotlib.figure import Figure

from ..cycling import CyclingAnalysis
from ..measurement import Measurement
from .style import BLUE, GREY, ORANGE, cycles_on_x, legend, new_figure, ordered_colours, rows_of

_SHOWN = 5
_QUANTITIES = (("specific_capacity", "mAh/g"), ("areal_capacity", "mAh/cm²"), ("discharge_capacity", "mAh"))


def draw_cycling(measurement: Measurement, analysis: CyclingAnalysis) -> Figure:
    """Draw discharge capacity with efficiency on a second axis, and some curves."""
    figure, (course, curves) = new_figure(2, f"{measurement.cell.name} · cycling")
    rows = rows_of(analysis.results, "cycles")
    scale, unit = 1.0, "mAh"
    if rows is not None:
        name, unit, scale = capacity_of(rows)
        course.plot(rows["cycle"], rows[name], "o", ms=3, color=BLUE)
        course.set_ylim(0.0, 1.15 * float(rows[name].max()))
        efficiency = course.twinx()
        efficiency.grid(visible=False)
        efficiency.spines["right"].set_visible(True)
        efficiency.plot(rows["cycle"], rows["coulombic_efficiency"], "s", ms=2.5, mfc="none", color=ORANGE)
        efficiency.set_ylim(min(80.0, float(np.nanmin(rows["coulombic_efficiency"])) - 5.0), 102.0)
        efficiency.set_ylabel("Coulombic efficiency (%)", color=ORANGE)
        course.set_title(f"retention {analysis.results['capacity_retention']}", fontsize=8, color=GREY)
    cycles_on_x(course)
    course.set(ylabel=f"Discharge capacity ({unit})")
    numbers = sorted(analysis.curves)
    places = np.unique(np.linspace(0, len(numbers) - 1, _SHOWN).astype(int)) if numbers else []
    for place, colour in zip(places, ordered_colours(len(places)), strict=True):
        for index, (capacity, potential) in enumerate(analysis.curves[numbers[place]]):
            label = f"cycle {numbers[place]}" if index == 0 else None
            curves.plot(capacity * scale, potential, color=colour, label=label)
    curves.set(xlabel=f"Capacity ({unit})", ylabel="Potential (V)")
    legend(curves, loc="best")
    return figure


def capacity_of(rows: np.ndarray) -> tuple[str, str, float]:
    """Return the column of the capacity that papers show, its unit, and how much of it 1 mAh is."""
    name, unit = next((name, unit) for name, unit in _QUANTITIES if name in (rows.dtype.names or ()))
    return name, unit, float(np.median(rows[name] / rows["discharge_capacity"]))

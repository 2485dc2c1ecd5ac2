"""Potential during storage, and the discharges before, after it and after the next charge."""

from matplotlib.figure import Figure

from ..measurement import Measurement
from ..self_discharge import SelfDischargeAnalysis
from .style import BLUE, GREEN, GREY, VERMILION, legend, new_figure, value_of

_NAMES = {1: ("before storage", BLUE), 2: ("after storage", VERMILION), 3: ("after the next charge", GREEN)}


def draw_self_discharge(measurement: Measurement, analysis: SelfDischargeAnalysis) -> Figure:
    """Draw the potential at rest against time, and three discharge curves."""
    figure, (course, curves) = new_figure(2, f"{measurement.cell.name} · self-discharge")
    days = len(analysis.time_h) > 0 and analysis.time_h[-1] > 72
    course.plot(analysis.time_h / (24 if days else 1), analysis.potential_V, color=BLUE)
    course.set(xlabel="Storage (d)" if days else "Storage (h)", ylabel="Potential (V)")
    if value_of(analysis.results, "self_discharge_rate") is not None:
        course.set_title(f"loses {analysis.results['self_discharge_rate']}", fontsize=8, color=GREY)
    for cycle, (name, colour) in _NAMES.items():
        if cycle in analysis.curves:
            capacity, potential = analysis.curves[cycle][1]
            curves.plot(capacity, potential, color=colour, label=name)
    curves.set(xlabel="Discharge capacity (mAh)", ylabel="Potential (V)")
    legend(curves, loc="lower left")
    return figure

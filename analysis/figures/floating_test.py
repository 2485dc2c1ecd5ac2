"""Leakage current and the staircase of potentials against time."""

import numpy as np
from matplotlib.figure import Figure

from ...core.units import pretty_in
from ...protocols import FloatingTest
from ..floating_test import FloatingTestAnalysis
from ..measurement import Measurement
from .style import BLUE, GREY, ORANGE, VERMILION, legend, new_figure, potential_label, value_of

_UA_PER_CM2 = 100.0


def draw_floating_test(measurement: Measurement, analysis: FloatingTestAnalysis) -> Figure:
    """Draw current density and potential against time, and the leakage against the potential."""
    figure, (course, leakage) = new_figure(2, f"{measurement.cell.name} · floating test")
    protocol = measurement.protocol_as(FloatingTest)
    threshold = protocol.leakage_threshold * _UA_PER_CM2
    staircase = course.twinx()
    staircase.grid(visible=False)
    staircase.spines["right"].set_visible(True)
    begin_h = 0.0
    for hold in analysis.holds:
        hours = begin_h + hold.time_s / 3600.0
        course.semilogy(hours, np.abs(hold.density_A_per_m2) * _UA_PER_CM2, color=BLUE, lw=0.9)
        end_h = float(hours[-1])
        staircase.plot([begin_h, end_h], [hold.potential_V] * 2, color=ORANGE, lw=2)
        begin_h = end_h
    course.axhline(threshold, color=GREY, ls=":", lw=0.8)
    course.set(xlabel="Time (h)", ylabel="|Leakage| (µA/cm²)")
    course.yaxis.label.set_color(BLUE)
    staircase.set_ylabel(potential_label(measurement.cell), color=ORANGE)
    potentials = np.array([hold.potential_V for hold in analysis.holds])
    leakages = np.abs([hold.leakage_A_per_m2 for hold in analysis.holds]) * _UA_PER_CM2
    leakage.semilogy(potentials, leakages, "o-", color=BLUE, ms=4)
    name = pretty_in(protocol.leakage_threshold, "A/m²", "µA/cm²")
    leakage.axhline(threshold, color=GREY, ls=":", lw=0.8, label=f"threshold {name}")
    limit_V = value_of(analysis.results, "oxidation_limit")
    if limit_V is not None:
        leakage.axvline(limit_V, color=VERMILION, lw=1.2, label=f"stable up to {limit_V:.3g} V")
    leakage.set(xlabel=potential_label(measurement.cell), ylabel="Leakage at the end of the hold (µA/cm²)")
    legend(leakage, loc="upper left")
    return figure

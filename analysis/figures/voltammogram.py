"""Cyclic voltammograms and their peaks against the scan rate."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...core.units import pretty_in
from ..measurement import Measurement
from ..voltammogram import VoltammogramAnalysis
from .style import BLUE, VERMILION, density, legend, new_figure, ordered_colours, potential_label

_MOST_NAMED = 8


def draw_voltammogram(measurement: Measurement, analysis: VoltammogramAnalysis) -> Figure:
    """Draw all cycles, one colour a scan rate, and I_p against √rate where there are enough peaks."""
    columns = 2 if analysis.scalings else 1
    figure, (axes, *others) = new_figure(
        columns, f"{measurement.cell.name} · cyclic voltammetry", width_in=4.4 if columns == 1 else 3.6
    )
    axes.set_xlabel(potential_label(measurement.cell))
    largest = max((float(np.max(np.abs(sweep.current_A))) for sweep in analysis.sweeps), default=0.0)
    micro = largest < 2e-4
    rates = list(dict.fromkeys(sweep.rate_V_per_s for sweep in analysis.sweeps))
    colours = dict(zip(rates, ordered_colours(len(rates)), strict=True))
    named: set[float] = set()
    for sweep in analysis.sweeps:
        rate = sweep.rate_V_per_s
        shown, label = density(sweep.current_A, analysis.area_m2, micro)
        name = None if rate in named or len(rates) > _MOST_NAMED else pretty_in(rate, "V/s", "mV/s")
        named.add(rate)
        axes.plot(sweep.potential_V, shown, color=colours[rate], label=name)
        axes.set_ylabel(label)
        if sweep.peak:
            top = density(sweep.peak.current_A + sweep.peak.baseline_A, analysis.area_m2, micro)[0]
            axes.plot(sweep.peak.potential_V, top, "o", ms=3.5, color=VERMILION)
    legend(axes, loc="best")
    if others:
        _draw_scaling(others[0], analysis, micro)
    return figure


def _draw_scaling(axes: Any, analysis: VoltammogramAnalysis, micro: bool) -> None:
    for scaling, marker in zip(analysis.scalings, "os", strict=False):
        sweeps = [each for each in analysis.sweeps if each.direction == scaling.direction and each.peak]
        roots = np.sqrt([sweep.rate_V_per_s for sweep in sweeps])
        peaks = np.array([sweep.peak.current_A for sweep in sweeps if sweep.peak])
        shown, label = density(peaks, analysis.area_m2, micro)
        ends = np.array([0.0, roots.max() * 1.05])
        line = np.array([scaling.against_root.at(float(end)) for end in ends])
        word = "anodic" if scaling.direction > 0 else "cathodic"
        name = f"{word}: R² = {scaling.against_root.r_squared:.4f}, b = {scaling.b:.2f}"
        axes.plot(roots * 1e3**0.5, shown, marker, ms=4.5, color=VERMILION, label=name)
        axes.plot(ends * 1e3**0.5, density(line, analysis.area_m2, micro)[0], color=BLUE, lw=1, ls="--")
        axes.set_ylabel(label.replace("Current", "Peak current"))
    axes.set_xlabel("√(scan rate) (mV/s)$^{1/2}$")
    axes.set_xlim(left=0.0)
    axes.legend(loc="best")

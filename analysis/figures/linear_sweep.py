"""Current density against potential, with the onset in both constructions."""

import numpy as np
from matplotlib.figure import Figure

from ...core.units import pretty_in
from ...storage.results import Result
from ..linear_sweep import LinearSweepAnalysis
from ..measurement import Measurement
from .style import BLUE, GREEN, GREY, ORANGE, VERMILION, density, legend, new_figure, potential_label


def draw_linear_sweep(measurement: Measurement, analysis: LinearSweepAnalysis) -> Figure:
    """Draw the sweep with its tangents, and its logarithm with the threshold."""
    steps = measurement.steps_with("sweep")
    rate_V_per_s = float(steps[0].parameters.get("rate_V_per_s", np.nan)) if steps else np.nan
    rate = pretty_in(rate_V_per_s, "V/s", "mV/s")
    figure, (linear, logarithmic) = new_figure(2, f"{measurement.cell.name} · linear sweep at {rate}")
    for axes in (linear, logarithmic):
        axes.set_xlabel(potential_label(measurement.cell))
    sweep = analysis.sweep
    if sweep is None:
        linear.set_title("no sweep to show")
        return figure
    potential, current = sweep.x * sweep.direction, sweep.y * sweep.direction
    micro = bool(np.max(np.abs(current)) < 2e-4)
    shown, label = density(current, analysis.area_m2, micro)
    linear.plot(potential, shown, color=BLUE)
    linear.set_ylabel(label)
    limits = linear.get_ylim()
    onset = analysis.results["onset_potential_tangent"]
    if analysis.baseline and analysis.tangent and onset.value is not None:
        for line, colour in ((analysis.baseline, GREY), (analysis.tangent, ORANGE)):
            linear.plot(
                potential,
                density(line.current_A(potential), analysis.area_m2, micro)[0],
                color=colour,
                lw=0.9,
                ls="--",
            )
        at = density(analysis.baseline.current_A(onset.value), analysis.area_m2, micro)[0]
        linear.plot(onset.value, at, "o", color=VERMILION, ms=5, label=f"tangents: {_short(onset)}")
    linear.set_ylim(limits)
    legend(linear, loc="upper center")
    _draw_logarithm(logarithmic, analysis, potential, current)
    return figure


def _draw_logarithm(axes, analysis: LinearSweepAnalysis, potential, current) -> None:
    shown, label = density(np.abs(current), analysis.area_m2, True)
    axes.semilogy(potential, np.maximum(shown, 1e-12), ".", ms=1.5, color=BLUE)
    positive = shown[shown > 0]
    if len(positive):
        axes.set_ylim(np.percentile(positive, 2) / 3, positive.max() * 2)
    axes.set_ylabel(f"|{label[0].upper()}{label[1:]}".replace(" (", "| ("))
    crossing, onset = analysis.crossing, analysis.results["onset_potential"]
    if crossing is None or onset.value is None or analysis.area_m2 is None:
        axes.set_title(f"onset not determined: {onset.reason}", fontsize=7, wrap=True)
        return
    window = np.linspace(crossing.from_V, crossing.to_V, 100)
    threshold = density(abs(crossing.threshold_A), analysis.area_m2, True)[0]
    axes.axhline(threshold, color=GREY, lw=0.8, ls=":")
    fitted = density(np.abs(crossing.current_A(window)), analysis.area_m2, True)[0]
    axes.plot(window, fitted, color=GREEN, lw=2.5)
    axes.plot(
        onset.value,
        threshold,
        "o",
        color=VERMILION,
        ms=5,
        label=f"{threshold:.3g} µA/cm²: {_short(onset)}",
    )
    axes.legend(loc="upper left")


def _short(result: Result) -> str:
    return f"{result.value:.3f} V"

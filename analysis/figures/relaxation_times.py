"""Distribution of relaxation times with its credible band, and what its peaks are."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...core.units import pretty
from ...storage.results import Result
from ..measurement import Measurement
from ..relaxation_distribution import Peak, RelaxationDistribution
from ..spectrum import SpectrumAnalysis
from .style import BLUE, GREEN, GREY, ORANGE, VERMILION, new_figure

_COLOURS = (VERMILION, ORANGE, GREEN, BLUE)


def draw_relaxation_times(measurement: Measurement, analysis: SpectrumAnalysis) -> Figure:
    """Draw γ(ln τ) with its 95 % band, the peaks by name, and each of them with its uncertainty."""
    figure, (gamma, peaks) = new_figure(
        2, f"{measurement.cell.name} · distribution of relaxation times", width_in=4.4
    )
    gamma.set(xlabel="Time constant τ (s)", ylabel="γ(ln τ) (Ω)")
    peaks.set(xlabel="Time constant τ (s)", ylabel="Resistance of the process (Ω)")
    known = analysis.distribution
    if known is None:
        gamma.set_title("not determined: too few points", fontsize=7.5, color=GREY)
        return figure
    _draw_gamma(gamma, known)
    _draw_peaks(peaks, known)
    return figure


def _draw_gamma(axes: Any, known: RelaxationDistribution) -> None:
    axes.fill_between(
        known.time_s, known.low_ohm, known.high_ohm, color=BLUE, alpha=0.22, lw=0, label="95 % credible"
    )
    axes.semilogx(known.time_s, known.gamma_ohm, color=BLUE, label=f"λ = {known.strength:.2g}, by evidence")
    # The band of a sharp peak reaches far up; the curve decides the axis.
    top = 1.35 * max(float(known.gamma_ohm.max()), 1e-9)
    axes.set_ylim(0.0, top)
    for index, peak in enumerate(known.peaks):
        height = float(np.interp(peak.time_constant_s, known.time_s, known.gamma_ohm))
        axes.annotate(
            peak.name,
            (peak.time_constant_s, min(height, top)),
            textcoords="offset points",
            xytext=(0, 5),
            ha="center",
            color=_COLOURS[index % len(_COLOURS)],
            fontweight="bold",
        )
    frequency = axes.secondary_xaxis("top", functions=(_other, _other))
    frequency.set_xlabel("Frequency 1/(2πτ) (Hz)", fontsize=7.5, color=GREY)
    frequency.tick_params(labelsize=7, colors=GREY)
    axes.legend(loc="upper right", fontsize=7)


def _draw_peaks(axes: Any, known: RelaxationDistribution) -> None:
    axes.set_xscale("log")
    axes.set_xlim(float(known.time_s[0]), float(known.time_s[-1]))
    for index, peak in enumerate(known.peaks):
        axes.errorbar(
            peak.time_constant_s,
            peak.resistance_ohm,
            xerr=min(2 * peak.time_constant_uncertainty_s, 0.9 * peak.time_constant_s),
            yerr=2 * peak.resistance_uncertainty_ohm,
            fmt="o",
            capsize=3,
            color=_COLOURS[index % len(_COLOURS)],
            label=_told(peak),
        )
    if known.peaks:
        axes.set_ylim(0.0, 1.6 * max(peak.resistance_ohm for peak in known.peaks))
        axes.legend(loc="upper left", fontsize=7, title="± 95 %", title_fontsize=7)
    else:
        axes.set_title("nothing relaxes within the band", fontsize=7.5, color=GREY)


def _told(peak: Peak) -> str:
    resistance = Result(peak.resistance_ohm, "Ω", 2 * peak.resistance_uncertainty_ohm)
    return (
        f"{peak.name}: {resistance}, τ = {pretty(peak.time_constant_s, 's', 3)}, "
        f"C = {pretty(peak.capacitance_F, 'F', 3)}"
    )


def _other(values: Any) -> Any:
    """Turn time constants into frequencies, and back."""
    with np.errstate(divide="ignore"):
        return 1.0 / (2.0 * np.pi * np.asarray(values, dtype=float))

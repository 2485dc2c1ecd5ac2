"""Current of a polarization against time, and the spectra before and after it."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..measurement import Measurement
from ..polarization import PolarizationAnalysis
from ..spectrum import SpectrumAnalysis
from .style import BLUE, GREEN, GREY, ORANGE, VERMILION, legend, new_figure, value_of


def draw_polarization(measurement: Measurement, analysis: PolarizationAnalysis) -> Figure:
    """Draw the decay, its beginning against √t, and both Nyquist plots."""
    figure, (course, beginning, nyquist) = new_figure(3, f"{measurement.cell.name} · polarization")
    results = analysis.results
    factor = 1e6
    initial, steady = (
        getattr(results[name], "value", None) for name in ("initial_current", "steady_current")
    )
    if len(analysis.time_s):
        later = analysis.time_s > 0.1
        course.plot(analysis.time_s[later] / 60, analysis.current_A[later] * factor, color=BLUE)
    for value, name, colour in ((initial, "$I_0$", VERMILION), (steady, r"$I_\mathrm{ss}$", GREEN)):
        if value is not None:
            course.axhline(
                value * factor, color=colour, lw=1, ls="--", label=f"{name} = {value * factor:.4g} µA"
            )
    name = "transference_number_bruce_vincent_evans"
    if value_of(results, name) is not None:
        course.set_title(f"t₊ = {results[name]}", color=GREY, fontsize=8)
    course.set(xlabel="Time (min)", ylabel="Current (µA)")
    legend(course, loc="center right")
    _draw_beginning(beginning, analysis, factor)
    for spectrum, colour, name in ((analysis.before, BLUE, "before"), (analysis.after, ORANGE, "after")):
        _draw_nyquist(nyquist, spectrum, colour, name)
    nyquist.set_aspect("equal", adjustable="datalim")
    nyquist.set(xlabel="Re Z (Ω)", ylabel="−Im Z (Ω)")
    legend(nyquist, loc="best")
    return figure


def _draw_beginning(axes: Any, analysis: PolarizationAnalysis, factor: float) -> None:
    axes.set(xlabel="√(time) (s$^{1/2}$)", ylabel="Current (µA)")
    line = analysis.initial
    if line is None:
        return
    shown = analysis.time_s <= (2.5 * line.to_x) ** 2
    axes.plot(np.sqrt(analysis.time_s[shown]), analysis.current_A[shown] * factor, ".", ms=3, color=BLUE)
    ends = np.array([0.0, line.to_x])
    axes.plot(
        ends, [line.at(float(end)) * factor for end in ends], color=VERMILION, label="extrapolated to $I_0$"
    )
    values = analysis.current_A[shown & (analysis.time_s >= line.from_x**2)] * factor
    span = max(float(np.ptp(values)), 0.02 * abs(line.at(0.0) * factor))
    centre = line.at(0.0) * factor
    low, high = sorted((centre + np.sign(centre) * 0.4 * span, centre - np.sign(centre) * 1.4 * span))
    axes.set_ylim(low, high)
    legend(axes, loc="best")


def _draw_nyquist(axes: Any, spectrum: SpectrumAnalysis, colour: str, name: str) -> None:
    impedance = spectrum.impedance_ohm
    axes.plot(impedance.real, -impedance.imag, "o", ms=2.5, color=colour, label=name)
    if spectrum.fit is not None:
        frequency = np.geomspace(spectrum.frequency_Hz.min(), spectrum.frequency_Hz.max(), 300)
        fitted = spectrum.fit.circuit.impedance(frequency, spectrum.fit.values.tolist())
        axes.plot(fitted.real, -fitted.imag, color=colour, lw=0.9)

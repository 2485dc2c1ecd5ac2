"""Nyquist and Bode plots with the fitted circuit, and the Kramers–Kronig residuals."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...core.units import pretty
from ..circuit import Complex
from ..measurement import Measurement
from ..spectrum import SpectrumAnalysis
from .style import BLUE, GREY, ORANGE, VERMILION, legend, new_figure, value_of

_TAIL = 3.0
_SHOWN_BEYOND_ARCS = 1.6
_SYMBOLS = {
    "bulk_resistance": (r"$R_\mathrm{b}$", "Ω"),
    "interfacial_resistance": (r"$R_\mathrm{i}$", "Ω"),
    "double_layer_capacitance": (r"$C_\mathrm{dl}$", "F"),
}


def draw_spectrum(measurement: Measurement, analysis: SpectrumAnalysis) -> Figure:
    """Draw a spectrum in the complex plane (equal axes), against frequency, and how consistent it is."""
    circuit = f" · {analysis.fit.circuit.text}" if analysis.fit else ""
    figure, (nyquist, bode, relaxations, residuals) = new_figure(
        4, f"{measurement.cell.name} · impedance{circuit}", width_in=3.3
    )
    factor, unit = _scale(analysis)
    _draw_nyquist(nyquist, analysis, factor, unit)
    _draw_bode(bode, analysis, factor, unit)
    _draw_relaxations(relaxations, analysis)
    residuals.set(xlabel="Frequency (Hz)", ylabel="Kramers–Kronig residual (%)")
    if analysis.test is not None:
        test = analysis.test
        for values, colour, name in ((test.real, BLUE, "real"), (test.imaginary, ORANGE, "imaginary")):
            residuals.semilogx(test.frequency_Hz, values * 100, "o", ms=2.5, color=colour, label=name)
        largest = max(1.0, 115 * float(test.largest.max()))
        residuals.set_ylim(-largest, largest)
        residuals.axhspan(-1, 1, color=GREY, alpha=0.12, lw=0)
        legend(residuals, loc="lower right", ncols=2)
    return figure


def _scale(analysis: SpectrumAnalysis) -> tuple[float, str]:
    """Return the factor and the unit in which the axes have short numbers."""
    magnitude = float(np.median(np.abs(analysis.impedance_ohm))) if len(analysis.impedance_ohm) else 1.0
    if magnitude >= 2e6:
        return 1e-6, "MΩ"
    return (1e-3, "kΩ") if magnitude >= 2e3 else (1.0, "Ω")


def _draw_nyquist(axes: Any, analysis: SpectrumAnalysis, factor: float, unit: str) -> None:
    measured = analysis.impedance_ohm * factor
    axes.plot(measured.real, -measured.imag, "o", ms=3, color=BLUE, label="measured")
    if analysis.fit is not None:
        frequency = np.geomspace(analysis.frequency_Hz.min(), analysis.frequency_Hz.max(), 400)
        fitted = analysis.fit.circuit.impedance(frequency, analysis.fit.values.tolist()) * factor
        axes.plot(fitted.real, -fitted.imag, color=VERMILION, lw=1, label="fit")
    axes.set_aspect("equal", adjustable="box")
    axes.set(xlabel=f"Re Z ({unit})", ylabel=f"−Im Z ({unit})")
    reach = _arcs_end(analysis)
    if reach is not None and len(measured) and float(np.max(-measured.imag)) > _TAIL * reach * factor:
        # A blocking electrode's tail would shrink the arcs to nothing; the Bode plot shows all of it.
        end = _SHOWN_BEYOND_ARCS * reach * factor
        axes.set(xlim=(0.0, end), ylim=(-0.05 * end, 0.95 * end))
        axes.set_title("the tail goes on beyond the axes", fontsize=7.5, color=GREY)
    elif len(measured):
        _square(axes, measured)
    legend(axes, loc="best")


def _square(axes: Any, measured: Complex) -> None:
    """Give both axes the same length, from 0 where the points are far from it only a little."""
    low = min(0.0, float(measured.real.min()))
    width = max(float(measured.real.max()) - low, float(np.ptp(measured.imag)), 1e-12) * 1.08
    bottom = min(0.0, float((-measured.imag).min())) - 0.05 * width
    axes.set(xlim=(low, low + width), ylim=(bottom, bottom + width))


def _arcs_end(analysis: SpectrumAnalysis) -> float | None:
    """Return the sum of the resistances in Ω, where a spectrum would end without a tail."""
    known = [value_of(analysis.results, name) for name in ("bulk_resistance", "interfacial_resistance")]
    values = [value for value in known if value is not None]
    return sum(values) if values else None


def _draw_bode(axes: Any, analysis: SpectrumAnalysis, factor: float, unit: str) -> None:
    frequency, impedance = analysis.frequency_Hz, analysis.impedance_ohm
    axes.set(xlabel="Frequency (Hz)", ylabel=f"|Z| ({unit})")
    axes.loglog(frequency, np.abs(impedance) * factor, "o", ms=3, color=BLUE)
    axes.yaxis.label.set_color(BLUE)
    phase = axes.twinx()
    phase.grid(visible=False)
    phase.spines["right"].set_visible(True)
    phase.semilogx(frequency, -np.degrees(np.angle(impedance)), "^", ms=3, color=ORANGE)
    phase.set_ylabel("−phase (°)", color=ORANGE)
    phase.set_yticks(range(-90, 91, 30))
    low = float(np.min(-np.degrees(np.angle(impedance)), initial=0.0))
    phase.set_ylim(-92 if low < -30 else min(low - 3, -3), 92)
    if analysis.fit is None:
        return
    smooth = np.geomspace(frequency.min(), frequency.max(), 400)
    fitted = analysis.fit.circuit.impedance(smooth, analysis.fit.values.tolist())
    axes.plot(smooth, np.abs(fitted) * factor, color=VERMILION, lw=1)
    phase.plot(smooth, -np.degrees(np.angle(fitted)), color=VERMILION, lw=1)
    axes.set_title(_summary(analysis), fontsize=7.5, color=GREY)


def _draw_relaxations(axes: Any, analysis: SpectrumAnalysis) -> None:
    axes.set(xlabel="Time constant (s)", ylabel="γ (Ω)")
    known = analysis.distribution
    if known is None:
        return
    axes.semilogx(known.time_s, known.gamma_ohm, color=BLUE)
    axes.fill_between(known.time_s, known.gamma_ohm, color=BLUE, alpha=0.15, lw=0)
    axes.set_ylim(0.0, 1.25 * max(float(known.gamma_ohm.max()), 1e-9))
    for peak in known.peaks:
        top = float(np.interp(peak.time_constant_s, known.time_s, known.gamma_ohm))
        axes.annotate(
            f"{peak.name}: {pretty(peak.resistance_ohm, 'Ω', 3)}",
            (peak.time_constant_s, top),
            textcoords="offset points",
            xytext=(0, 4),
            ha="center",
            fontsize=7.5,
        )
    axes.set_title("distribution of relaxation times", fontsize=7.5, color=GREY)


def _summary(analysis: SpectrumAnalysis) -> str:
    texts = []
    for name, (symbol, unit) in _SYMBOLS.items():
        value = value_of(analysis.results, name)
        if value is not None:
            texts.append(f"{symbol} = {pretty(value, unit, 4)}")
    return ",  ".join(texts)

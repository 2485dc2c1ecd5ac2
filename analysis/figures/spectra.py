"""The spectra of a run in one picture, and their resistances against cycle, time or temperature."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..measurement import Measurement
from ..spectra import SpectraAnalysis
from .style import (
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    cycles_on_x,
    legend,
    new_figure,
    ordered_colours,
    rows_of,
)

AXES = {"cycle": "Cycle", "time": "Time (h)", "temperature": "Temperature (°C)"}
_MOST_DRAWN = 7
_UNCERTAIN = 1.0
_TAIL = 2.5
_NAMES = {
    "bulk_resistance": (r"$R_\mathrm{b}$ bulk", BLUE, "o"),
    "interfacial_resistance": (r"$R_\mathrm{i}$ interfaces", VERMILION, "s"),
}


def draw_spectra(measurement: Measurement, analysis: SpectraAnalysis) -> Figure:
    """Draw several of the spectra with their fits, the resistances of all, and how good the fits are."""
    circuit = f" · {analysis.circuit.text}" if analysis.circuit else ""
    title = f"{measurement.cell.name} · {len(analysis.spectra)} spectra{circuit}"
    figure, (nyquist, resistances, quality) = new_figure(3, title, width_in=3.9)
    rows = rows_of(analysis.results, "spectra")
    _draw_nyquist(nyquist, analysis)
    if rows is None:
        return figure
    x = rows[analysis.against]
    _draw_resistances(resistances, x, rows)
    quality.semilogy(x, rows["chi_squared"], "o-", ms=3, color=BLUE)
    known = rows["chi_squared"][np.isfinite(rows["chi_squared"])]
    if len(known):
        # Over decades, so that scatter does not look like a trend.
        quality.set_ylim(float(known.min()) / 5.0, float(known.max()) * 5.0)
    quality.set_ylabel("χ² = Σ|ΔZ|²/|Z|²", color=BLUE)
    residual = quality.twinx()
    residual.grid(visible=False)
    residual.spines["right"].set_visible(True)
    residual.plot(x, rows["kramers_kronig_residual"], "^-", ms=3, lw=0.8, color=ORANGE)
    residual.axhspan(0, 1, color=GREY, alpha=0.08, lw=0)
    residual.set_ylim(0.0, max(1.3, 1.3 * float(np.nanmax(rows["kramers_kronig_residual"], initial=0.0))))
    residual.set_ylabel("Kramers–Kronig residual (%)", color=ORANGE)
    for axes in (resistances, quality):
        if analysis.against == "cycle":
            cycles_on_x(axes)
        axes.set_xlabel(AXES[analysis.against])
    return figure


def _draw_resistances(axes: Any, x: Any, rows: Any) -> None:
    values = []
    for name, (label, colour, marker) in _NAMES.items():
        value, uncertainty = rows[name], rows[f"{name}_uncertainty"]
        known = np.isfinite(value) & (uncertainty < _UNCERTAIN * value)
        if not known.any():
            continue
        values.append(value[known])
        axes.errorbar(
            x[known],
            value[known],
            yerr=2 * uncertainty[known],
            fmt=f"{marker}-",
            ms=3.5,
            lw=0.9,
            capsize=2,
            color=colour,
            label=label,
        )
    axes.set_ylabel("Resistance (Ω), ± 95 %")
    if not values:
        return
    together = np.concatenate(values)
    if together.max() > 8.0 * together.min():
        axes.set_yscale("log")
        axes.set_ylim(together.min() / 2.0, together.max() * 3.0)
    else:
        axes.set_ylim(0.0, 1.35 * together.max())
    legend(axes, loc="upper left", ncols=2)


def _draw_nyquist(axes: Any, analysis: SpectraAnalysis) -> None:
    spectra = [each for each in analysis.spectra if len(each.frequency_Hz)]
    places = np.unique(np.linspace(0, max(len(spectra) - 1, 0), _MOST_DRAWN).round().astype(int)).tolist()
    chosen = [spectra[place] for place in places if place < len(spectra)]
    axes.set(xlabel="Re Z (Ω)", ylabel="−Im Z (Ω)")
    for each, colour in zip(chosen, ordered_colours(len(chosen)), strict=True):
        impedance = each.impedance_ohm
        label = {
            "cycle": f"cycle {each.cycle}",
            "time": f"{each.time_h:.3g} h",
            "temperature": f"{each.temperature_degC:.0f} °C",
        }[analysis.against]
        axes.plot(impedance.real, -impedance.imag, "o", ms=2.5, color=colour, label=label)
        if each.fit is not None:
            frequency = np.geomspace(each.frequency_Hz.min(), each.frequency_Hz.max(), 300)
            fitted = each.fit.circuit.impedance(frequency, each.fit.values.tolist())
            axes.plot(fitted.real, -fitted.imag, color=colour, lw=0.8)
    if not chosen:
        return
    end = 1.05 * max(float(each.impedance_ohm.real.max()) for each in chosen)
    highest = max(float(-each.impedance_ohm.imag.min()) for each in chosen)
    if highest > _TAIL * end:
        axes.set_title("the tail goes on beyond the axes", fontsize=7.5, color=GREY)
    axes.set_aspect("equal", adjustable="box")
    axes.set(xlim=(0.0, end), ylim=(-0.05 * end, 0.95 * end))
    legend(axes, loc="upper left", fontsize=7)

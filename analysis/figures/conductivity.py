"""Arrhenius plot with both laws, and the spectra it rests on."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from ..conductivity import ZERO_CELSIUS_K, ConductivityAnalysis
from ..measurement import Measurement
from .style import BLUE, GREEN, GREY, VERMILION, legend, new_figure, ordered_colours, value_of

_SHOWN = 3.0


def draw_conductivity(measurement: Measurement, analysis: ConductivityAnalysis) -> Figure:
    """Draw σ on a logarithmic axis against 1000/T, and the Nyquist plots at all temperatures."""
    figure, (arrhenius, nyquist) = new_figure(2, f"{measurement.cell.name} · ionic conductivity")
    rows = analysis.rows
    if len(rows):
        kelvin = rows["temperature"] + ZERO_CELSIUS_K
        arrhenius.semilogy(1e3 / kelvin, rows["ionic_conductivity"] * 1e3, "o", ms=4, color=BLUE)
        smooth = np.linspace(kelvin.min() - 2, kelvin.max() + 2, 200)
        for fit, colour, dashes in zip(analysis.fits, (VERMILION, GREEN), ("-", "--"), strict=False):
            name = f"{fit.law}: $E_\\mathrm{{a}}$ = {fit.energy_eV:.3g} eV"
            sigma = fit.conductivity_S_per_cm(smooth) * 1e3
            arrhenius.plot(1e3 / smooth, sigma, color=colour, ls=dashes, lw=1, label=name)
        arrhenius.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        arrhenius.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        arrhenius.yaxis.set_minor_formatter(NullFormatter())
        celsius = arrhenius.secondary_xaxis("top", functions=(_celsius, _thousand_per_kelvin))
        celsius.set_xlabel("Temperature (°C)", fontsize=8)
        celsius.set_xticks(np.round(rows["temperature"]))
        celsius.tick_params(labelsize=7)
    arrhenius.set(xlabel="1000/T (K$^{-1}$)", ylabel="Ionic conductivity (mS/cm)")
    legend(arrhenius, loc="lower left")
    _draw_nyquist(nyquist, analysis)
    return figure


def _draw_nyquist(axes, analysis: ConductivityAnalysis) -> None:
    ends: list[float] = []
    spectra = sorted(analysis.spectra, key=lambda item: item[0])
    for (temperature_degC, spectrum), colour in zip(spectra, ordered_colours(len(spectra)), strict=True):
        z = spectrum.impedance_ohm
        axes.plot(z.real, -z.imag, "o-", ms=2, lw=0.6, color=colour, label=f"{temperature_degC:.0f} °C")
        ends.append(value_of(spectrum.results, "bulk_resistance") or 0.0)
    axes.set_aspect("equal", adjustable="box")
    axes.set(xlabel="Re Z (Ω)", ylabel="−Im Z (Ω)")
    if ends and max(ends) > 0:
        end = _SHOWN * max(ends)
        axes.set(xlim=(0, end), ylim=(-0.05 * end, 0.95 * end))
        axes.set_title("the spectra go on beyond the axes", fontsize=7.5, color=GREY)
    legend(axes, loc="best", ncols=2, fontsize=7)


def _celsius(thousand_per_kelvin):
    with np.errstate(divide="ignore"):
        return 1e3 / np.asarray(thousand_per_kelvin, float) - ZERO_CELSIUS_K


def _thousand_per_kelvin(celsius):
    with np.errstate(divide="ignore"):
        return 1e3 / (np.asarray(celsius, float) + ZERO_CELSIUS_K)

"""Logarithm of the current density against the overpotential, with both fits."""

import numpy as np
from matplotlib.figure import Figure

from ..measurement import Measurement
from ..tafel import TafelAnalysis
from .style import BLUE, GREY, ORANGE, VERMILION, density, new_figure, value_of


def draw_tafel(measurement: Measurement, analysis: TafelAnalysis) -> Figure:
    """Draw log|j| against η with the fitted branches, what they are without ohmic loss, and i_0."""
    figure, (axes,) = new_figure(1, f"{measurement.cell.name} · Tafel plot", width_in=4.6, height_in=3.4)
    area_m2 = analysis.area_m2
    shown, label = density(np.abs(analysis.current_A), area_m2, micro=False)
    positive = shown > 0
    axes.semilogy(
        analysis.overpotential_V[positive] * 1e3, shown[positive], ".", ms=2.5, color=BLUE, label="measured"
    )
    for branch in analysis.branches:
        largest = float(np.max(np.abs(analysis.current_A)))
        current = np.geomspace(branch.exchange_A / 50, largest, 200)
        kinetic = analysis.scale_V * np.arcsinh(current / (2 * branch.exchange_A))
        name = branch is analysis.branches[0]
        fitted = density(current, area_m2, micro=False)[0]
        axes.plot(
            (kinetic + current * branch.ohm) * branch.direction * 1e3,
            fitted,
            color=VERMILION,
            lw=1,
            label="fit" if name else None,
        )
        axes.plot(
            kinetic * branch.direction * 1e3,
            fitted,
            color=ORANGE,
            lw=0.9,
            ls="--",
            label="without ohmic loss" if name else None,
        )
    value = value_of(analysis.results, "exchange_current_density")
    if value is not None:
        result = analysis.results["exchange_current_density"]
        axes.axhline(value, color=GREY, lw=0.8, ls=":", label=f"$i_0$ = {result}")
    if len(shown[positive]):
        axes.set_ylim(float(shown.max()) / 1e3, float(shown.max()) * 2)
        reach = 1.1e3 * float(np.max(np.abs(analysis.overpotential_V)))
        axes.set_xlim(-reach, reach)
    axes.set(xlabel="Overpotential (mV)", ylabel=f"|{label[0].upper()}{label[1:]}".replace(" (", "| ("))
    figure.legend(loc="outside lower center", ncols=2)
    return figure

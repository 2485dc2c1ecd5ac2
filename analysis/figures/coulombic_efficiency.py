"""Plating and stripping curves, and the efficiency of every cycle."""

import numpy as np
from matplotlib.figure import Figure

from ...protocols import CoulombicEfficiency
from ..coulombic_efficiency import CoulombicEfficiencyAnalysis
from ..measurement import Measurement
from .style import (
    BLUE,
    GREY,
    VERMILION,
    cycles_on_x,
    legend,
    new_figure,
    ordered_colours,
    potential_label,
    rows_of,
)

_SHOWN = 5


def draw_coulombic_efficiency(measurement: Measurement, analysis: CoulombicEfficiencyAnalysis) -> Figure:
    """Draw potential against capacity for some cycles, and efficiency against cycle where each has one."""
    rows = rows_of(analysis.results, "coulombic_efficiency")
    figure, (curves, *others) = new_figure(
        1 if rows is None else 2, f"{measurement.cell.name} · coulombic efficiency"
    )
    numbers = sorted({cycle for _, cycle, _, _ in analysis.curves})
    chosen = (
        sorted({numbers[int(place)] for place in np.linspace(0, len(numbers) - 1, _SHOWN)}) if numbers else []
    )
    for number, colour in zip(chosen, ordered_colours(len(chosen)), strict=True):
        name = f"cycle {number}" if number else "reservoir"
        for index, (_, cycle, capacity, potential) in enumerate(analysis.curves):
            if cycle == number:
                known = any(curve[1] == number for curve in analysis.curves[:index])
                curves.plot(capacity, potential, color=colour, label=None if known else name)
    curves.set(xlabel="Capacity (mAh/cm²)", ylabel=potential_label(measurement.cell))
    # What one sample overshoots the cut-off by says nothing.
    protocol = measurement.protocol_as(CoulombicEfficiency)
    lowest = min((float(potential.min()) for _, _, _, potential in analysis.curves), default=0.0)
    curves.set_ylim(1.2 * max(lowest, protocol.plate_to) - 0.02, 1.05 * protocol.strip_to)
    average = analysis.results["average_coulombic_efficiency"]
    curves.set_title(f"average {average}", fontsize=8, color=GREY)
    legend(curves, loc="best")
    if rows is not None:
        others[0].plot(rows["cycle"], rows["coulombic_efficiency"], "o-", color=BLUE, ms=4)
        others[0].axhline(100.0, color=VERMILION, lw=0.8, ls=":")
        cycles_on_x(others[0])
        others[0].set(ylabel="Coulombic efficiency (%)")
        others[0].set_ylim(top=max(101.0, float(rows["coulombic_efficiency"].max()) + 1.0))
    return figure

"""The staircase of capacities, and a curve of each rate."""

import numpy as np
from matplotlib.figure import Figure

from ..measurement import Measurement
from ..rate import RateAnalysis
from .cycling import capacity_of
from .style import BLUE, cycles_on_x, legend, new_figure, ordered_colours, rows_of


def draw_rate(measurement: Measurement, analysis: RateAnalysis) -> Figure:
    """Draw discharge capacity against the cycle with the rate beside it, and discharge curves."""
    figure, (course, curves) = new_figure(2, f"{measurement.cell.name} · rate test")
    rows, rates = rows_of(analysis.results, "cycles"), rows_of(analysis.results, "rate_capacity")
    unit = "mAh"
    if rows is not None and rates is not None:
        name, unit, scale = capacity_of(rows)
        course.plot(rows["cycle"], rows[name], "o", ms=3.5, color=BLUE)
        course.set_ylim(0.0, 1.2 * float(rows[name].max()))
        per_rate = len(rows) / len(rates)
        colours = ordered_colours(len(rates))
        for index, rate in enumerate(rates):
            text = f"{rate['rate']:.3g}C" if "rate" in rates.dtype.names else f"{rate['current']:.3g} mA"
            cycle = int(rows["cycle"][min(int((index + 0.5) * per_rate), len(rows) - 1)])
            course.annotate(
                text,
                (cycle, rate["discharge_capacity"] * scale),
                textcoords="offset points",
                xytext=(0, 7),
                ha="center",
                fontsize=7.5,
            )
            last = int(rows["cycle"][min(round((index + 1) * per_rate), len(rows)) - 1])
            capacity, potential = analysis.curves[last][1]
            is_repeat = (
                index == len(rates) - 1 and np.isclose(rate["current"], rates["current"][0]) and index > 0
            )
            if not is_repeat:
                curves.plot(capacity * scale, potential, color=colours[index], label=text)
    cycles_on_x(course)
    course.set(ylabel=f"Discharge capacity ({unit})")
    curves.set(xlabel=f"Capacity ({unit})", ylabel="Potential (V)")
    legend(curves, loc="lower left")
    return figure

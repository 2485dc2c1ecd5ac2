"""Resistance from pulses against the state of the cell."""

from matplotlib.figure import Figure

from ..measurement import Measurement
from ..pulse_resistance import PulseResistanceAnalysis
from .style import BLUE, GREEN, ORANGE, legend, new_figure

_MOMENTS = (
    ("resistance_0s", "at once", BLUE),
    ("resistance_1s", "1 s", GREEN),
    ("resistance_10s", "10 s", ORANGE),
)


def draw_pulse_resistance(measurement: Measurement, analysis: PulseResistanceAnalysis) -> Figure:
    """Draw the resistance at the three moments, for charge and discharge pulses."""
    figure, (axes,) = new_figure(
        1, f"{measurement.cell.name} · pulse resistance", width_in=4.6, height_in=3.4
    )
    for direction, marker, name in ((-1.0, "s", "discharge"), (1.0, "o", "charge")):
        rows = analysis.rows[analysis.rows["direction"] == direction]
        for column, moment, colour in _MOMENTS:
            axes.plot(
                rows["depth_of_discharge"],
                rows[column],
                marker + ("-" if direction < 0 else "--"),
                ms=3.5,
                lw=0.8,
                mfc=colour if direction < 0 else "none",
                color=colour,
                label=f"{name}, {moment}",
            )
    axes.set(xlabel="Discharged (mAh)", ylabel="Resistance (Ω)")
    axes.set_ylim(bottom=0)
    legend(axes, loc="best", ncols=2, fontsize=7)
    return figure

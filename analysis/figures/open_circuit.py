"""Potential at rest against time."""

from matplotlib.figure import Figure

from ..measurement import Measurement
from ..open_circuit import OpenCircuitAnalysis
from .style import BLUE, ORANGE, legend, new_figure, potential_label

_FEWEST_mV = 1.0


def draw_open_circuit(measurement: Measurement, analysis: OpenCircuitAnalysis) -> Figure:
    """Draw the potential with the line its end was read from."""
    figure, (axes,) = new_figure(1, f"{measurement.cell.name} · open circuit", width_in=4.2)
    hours = len(analysis.time_s) > 0 and analysis.time_s[-1] > 2 * 3600
    factor, unit = (3600.0, "h") if hours else (60.0, "min")
    axes.plot(analysis.time_s / factor, analysis.potential_V, color=BLUE)
    if analysis.line is not None:
        ends = [analysis.line.from_x, analysis.line.to_x]
        result = analysis.results["open_circuit_drift"]
        axes.plot(
            [end / factor for end in ends],
            [analysis.line.at(end) for end in ends],
            color=ORANGE,
            lw=2.5,
            label=f"E = {analysis.results['open_circuit_potential'].value:.4f} V, {result}",
        )
    low, high = axes.get_ylim()
    # A rest that is flat within a millivolt looks flat.
    spare = max(_FEWEST_mV * 1e-3 - (high - low), 0.0) / 2.0
    axes.set_ylim(low - spare, high + spare)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set(xlabel=f"Time ({unit})", ylabel=potential_label(measurement.cell))
    legend(axes, loc="best")
    return figure

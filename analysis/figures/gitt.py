"""Equilibrium potential, resistance and diffusion along a titration, and a pulse against √t."""

import numpy as np
from matplotlib.figure import Figure

from ..gitt import GITTAnalysis
from ..measurement import Measurement
from .style import BLUE, GREY, ORANGE, VERMILION, legend, new_figure, ordered_colours

_SHOWN = 4


def draw_gitt(measurement: Measurement, analysis: GITTAnalysis) -> Figure:
    """Draw E at rest with the pulses, some pulses against √t with their lines, and D."""
    figure, (potential, pulses, diffusion) = new_figure(3, f"{measurement.cell.name} · GITT")
    samples = measurement.run.samples
    hours = samples["test_time_second"] / 3600.0
    minutes = bool(len(hours)) and hours[-1] < 2.0
    potential.plot(hours * (60 if minutes else 1), samples["voltage_volt"], color=BLUE, lw=0.7)
    potential.set(xlabel="Time (min)" if minutes else "Time (h)", ylabel="Potential (V)")
    rows = analysis.rows
    has_length = "diffusion_coefficient" in (rows.dtype.names or ())
    quantity = "diffusion_coefficient" if has_length else "diffusion_rate"
    diffusion.set_ylabel("$D$ (cm²/s)" if has_length else "$D/L^2$ (1/s)", color=BLUE)
    for direction, marker in ((1.0, "o"), (-1.0, "s")):
        chosen = rows[rows["direction"] == direction]
        if not len(chosen):
            continue
        name = "charge" if direction > 0 else "discharge"
        diffusion.semilogy(
            chosen["equilibrium_potential"], chosen[quantity], marker, ms=3.5, color=BLUE, label=name
        )
    _draw_resistance(diffusion, rows)
    diffusion.set_xlabel("Equilibrium potential (V)")
    legend(diffusion, loc="best")
    _draw_pulses(pulses, analysis)
    return figure


def _draw_resistance(diffusion, rows: np.ndarray) -> None:
    resistance = diffusion.twinx()
    resistance.grid(visible=False)
    resistance.spines["right"].set_visible(True)
    milli = len(rows) > 0 and float(np.nanmedian(rows["resistance"])) < 1.0
    resistance.plot(
        rows["equilibrium_potential"],
        rows["resistance"] * (1e3 if milli else 1.0),
        "x",
        ms=3.5,
        color=ORANGE,
    )
    resistance.set_ylim(bottom=0)
    resistance.set_ylabel("Resistance (mΩ)" if milli else "Resistance (Ω)", color=ORANGE)


def _draw_pulses(axes, analysis: GITTAnalysis) -> None:
    numbers = (
        np.unique(np.linspace(0, len(analysis.pulses) - 1, _SHOWN).astype(int)) if analysis.pulses else []
    )
    for number, colour in zip(numbers, ordered_colours(len(numbers)), strict=True):
        pulse = analysis.pulses[number]
        shift = float(pulse.potential_V[0])
        axes.plot(
            np.sqrt(pulse.time_s),
            (pulse.potential_V - shift) * 1e3,
            ".",
            ms=2.5,
            color=colour,
            label=f"pulse {number + 1}",
        )
        if pulse.line is not None:
            ends = np.array([pulse.line.from_x, pulse.line.to_x])
            values = [(pulse.line.at(float(end)) - shift) * 1e3 for end in ends]
            axes.plot(ends, values, color=VERMILION, lw=1.2)
    axes.set(xlabel="√(time) (s$^{1/2}$)", ylabel="E − E at the first sample (mV)")
    axes.set_title("line: where D is read", fontsize=7.5, color=GREY)
    legend(axes, loc="best")

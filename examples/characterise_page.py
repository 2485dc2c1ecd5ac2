"""The page that `characterise.py` makes: six pictures and a table on one sheet of A4."""

from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from faradaic.analysis.figures.style import BLUE, GREEN, GREY, ORANGE, VERMILION, styled
from faradaic.storage import Result, Run

AREA_uA = 1e6


def draw_page(runs: dict[str, Run], found: dict[str, Result]) -> Figure:
    """Draw the page."""
    with styled():
        page = Figure(figsize=(8.27, 11.69), layout="constrained")
        page.get_layout_engine().set(h_pad=0.09, w_pad=0.08, rect=(0.02, 0.01, 0.96, 0.96))
        page.suptitle(f"Electrolyte “{runs['sweep'].attributes['cell']}”", fontsize=13, fontweight="bold")
        grid = page.add_gridspec(4, 2, height_ratios=(1, 1, 1, 1.05))
        drawings = (_conductivity, _polarization, _sweep, _floating, _tafel, _critical)
        for place, draw in enumerate(drawings):
            draw(page.add_subplot(grid[place // 2, place % 2]), runs, found)
        _table(page.add_subplot(grid[3, :]), found)
    return page


def _conductivity(axes: Any, runs: dict[str, Run], found: dict[str, Result]) -> None:
    rows = runs["conductivity"].results["conductivities"].rows
    kelvin, sigma = rows["temperature"] + 273.15, rows["ionic_conductivity"]
    slope, start = np.polyfit(1 / kelvin, np.log(sigma), 1)
    axes.errorbar(1000 / kelvin, sigma * 1e3, 2e3 * rows["uncertainty"], fmt="o", ms=4, color=BLUE)
    axes.plot(1000 / kelvin, np.exp(start + slope / kelvin) * 1e3, color=VERMILION)
    axes.set(yscale="log", xlabel="1000/T (1/K)", ylabel="σ (mS/cm)")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(f"Arrhenius: $E_a$ = {found['activation energy']}")


def _polarization(axes: Any, runs: dict[str, Run], found: dict[str, Result]) -> None:
    held = _samples(runs["polarization"], "hold")
    hours = (held["test_time_second"] - held["test_time_second"][0]) / 3600
    axes.plot(hours[hours > 1e-4], held["current_ampere"][hours > 1e-4] * AREA_uA, color=BLUE)
    axes.set(xlabel="Time (h)", ylabel="Current (µA)")
    axes.set_title(f"Polarization, 10 mV: $t_+$ = {found['t₊, Bruce–Vincent–Evans']}")
    inset = axes.inset_axes((0.48, 0.4, 0.5, 0.45))
    points = runs["spectrum"].impedance
    inset.plot(points["real_impedance_ohm"], -points["imaginary_impedance_ohm"], ".", ms=2.5, color=ORANGE)
    inset.set_aspect("equal", adjustable="datalim")
    inset.set_title("spectrum to 1 mHz (Ω)", fontsize=7)
    inset.tick_params(labelsize=6)


def _sweep(axes: Any, runs: dict[str, Run], found: dict[str, Result]) -> None:
    rows = _samples(runs["sweep"], "sweep")
    axes.plot(rows["voltage_volt"], rows["current_ampere"] * AREA_uA, color=BLUE)
    onset = found["oxidation onset, sweep"]
    axes.axvline(onset.value, color=VERMILION, ls="--")
    axes.set(xlabel="Potential vs. Li (V)", ylabel="j (µA/cm²)", ylim=(-2, 60), xlim=(3, None))
    axes.set_title(f"Sweep, 0.1 mV/s: 10 µA/cm² at {onset}")


def _floating(axes: Any, runs: dict[str, Run], found: dict[str, Result]) -> None:
    rows = runs["floating"].results["leakage_current_density"].rows
    axes.semilogy(rows["potential"], rows["leakage"], "o-", ms=4, color=BLUE)
    axes.axhline(5.0, color=GREY, ls=":")
    axes.axvline(found["oxidation limit, floating"].value, color=VERMILION, ls="--")
    axes.set(xlabel="Held potential vs. Li (V)", ylabel="Leakage (µA/cm²)")
    axes.set_title(f"Floating, 10 h each: below 5 µA/cm² to {found['oxidation limit, floating'].value:.1f} V")


def _tafel(axes: Any, runs: dict[str, Run], found: dict[str, Result]) -> None:
    rows = _samples(runs["tafel"], "tafel")
    axes.semilogy(rows["voltage_volt"] * 1e3, np.abs(rows["current_ampere"]) * 1e3, ".", ms=1.5, color=BLUE)
    axes.axhline(found["exchange current, Tafel"].value, color=VERMILION, ls="--")
    axes.set(xlabel="Overpotential of both electrodes (mV)", ylabel="|j| (mA/cm²)", ylim=(1e-3, None))
    axes.set_title(f"Tafel: $i_0$ = {found['exchange current, Tafel']}")


def _critical(axes: Any, runs: dict[str, Run], found: dict[str, Result]) -> None:
    rows = runs["critical"].samples
    hours = rows["test_time_second"] / 3600
    axes.plot(hours, rows["voltage_volt"] * 1e3, color=BLUE, lw=0.8)
    axes.set(xlabel="Time (h)", ylabel="Potential (mV)")
    densities = axes.twinx()
    densities.grid(visible=False)
    densities.plot(hours, np.abs(rows["current_ampere"]) * 1e3, color=GREEN, lw=0.8)
    densities.set_ylabel("|j| (mA/cm²)", color=GREEN)
    axes.set_title(f"CCD: {found['critical current density'].value:.2f} mA/cm²")


def _table(axes: Any, found: dict[str, Result]) -> None:
    axes.axis("off")
    lines = [
        (name, str(result), shorten(result.method, 66, placeholder=" …")) for name, result in found.items()
    ]
    table = axes.table(
        lines,
        colLabels=("quantity", "value ± standard uncertainty", "how"),
        colWidths=(0.27, 0.28, 0.45),
        cellLoc="left",
        edges="horizontal",
        bbox=(0, 0.06, 1, 0.94),
    )
    table.auto_set_font_size(False)
    for (row, column), each in table.get_celld().items():
        each.set_edgecolor("#cccccc")
        each.get_text().set_fontsize(6 if column == 2 and row else 7.6)
        each.get_text().set_fontweight("bold" if row == 0 else "normal")
    axes.text(
        0, 0, "Fresh cells for every experiment; areal values per geometric area.", fontsize=7, color=GREY
    )


def _samples(measured: Run, role: str) -> Any:
    return np.concatenate([measured.samples[step.samples] for step in measured.steps if step.role == role])

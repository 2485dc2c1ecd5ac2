"""The style that all figures share."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...protocols import Cell
from ...storage.results import Result, Results, Table

# Okabe and Ito's palette, told apart with every kind of colour vision.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
GREY = "#666666"
_ORDERED = LinearSegmentedColormap.from_list("ordered", ["#003f5c", BLUE, "#56B4E9"])

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    # The same run gives the same file; text in it stays text.
    "svg.hashsalt": "faradaic",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


def styled() -> Any:
    """Return a context in which figures are drawn and saved."""
    return rc_context(dict(_SETTINGS))


def new_figure(columns: int, title: str, width_in: float = 3.6, height_in: float = 3.1) -> tuple[Figure, Any]:
    """Return a figure with axes side by side, an array also where it is one."""
    figure = Figure(figsize=(width_in * columns, height_in), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, fontweight="bold")
    return figure, axes


def cycles_on_x(axes: Axes) -> None:
    """Let the x-axis count cycles: there is no half of one."""
    axes.set_xlabel("Cycle")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the file's ending."""
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, metadata=undated.get(path.suffix))


def ordered_colours(count: int) -> list[Any]:
    """Return colours for curves that have an order, such as scan rates, from dark to light."""
    return [_ORDERED(value) for value in np.linspace(0.0, 1.0, max(count, 2))][:count]


def potential_label(cell: Cell) -> str:
    """Return the label of a potential axis, with the electrode it is measured against."""
    against = cell.reference_electrode or cell.counter_electrode
    return f"Potential vs. {against} (V)" if against else "Potential (V)"


def density(current_A: Any, area_m2: float | None, micro: bool) -> tuple[Any, str]:
    """Return a current as density where the area is known, and the label of its axis."""
    prefix, factor = ("µ", 1e6) if micro else ("m", 1e3)
    if area_m2 is None:
        return current_A * factor, f"Current ({prefix}A)"
    return current_A * factor / (area_m2 * 1e4), f"Current density ({prefix}A/cm²)"


def value_of(results: Results, name: str) -> float | None:
    """Return the value of a result; None where it was not determined."""
    found = results.get(name)
    return found.value if isinstance(found, Result) else None


def rows_of(results: Results, name: str) -> Any:
    """Return the rows of a table; None where there are none."""
    found = results.get(name)
    return found.rows if isinstance(found, Table) and len(found.rows) else None


def legend(axes: Axes, **options: Any) -> None:
    """Draw a legend where there is something to explain."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(**options)

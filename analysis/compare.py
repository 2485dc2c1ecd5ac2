"""Several runs side by side: figures with a curve of each, and their results in one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..storage import Run, StorageError
from ..storage.exporting import safe_name
from ..storage.results import Result
from .figures.overlay import OVERLAYS
from .figures.style import BLUE, GREEN, GREY, ORANGE, VERMILION, new_figure, save, styled
from .measurement import Measurement
from .report import checked_formats
from .run_results import analyses

_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, "#CC79A7", "#56B4E9", "#000000", GREY)
_MOST_IN_LEGEND = 12


def draw_comparison(runs: Sequence[Run], folder: Path, formats: Sequence[str]) -> list[Path]:
    """Draw one figure for every kind of measurement that two or more of the runs hold.

    Parameters
    ----------
    runs : sequence of Run
        At least two.
    folder : Path
        Where the files go.
    formats : sequence of {"png", "svg", "pdf"}
        Of each figure.

    Raises
    ------
    ValueError
        There is nothing to compare, or a format is not known.
    StorageError
        A file cannot be written.
    """
    checked_formats(formats)
    found: dict[type, list[tuple[Run, Measurement, Any]]] = {}
    for run in runs:
        for measurement, analysis in analyses(run):
            found.setdefault(type(analysis), []).append((run, measurement, analysis))
    shared = {kind: items for kind, items in found.items() if len({id(run) for run, _, _ in items}) > 1}
    if not shared:
        raise ValueError("these runs have no kind of measurement in common.")
    files = []
    with styled():
        for kind, items in shared.items():
            name, draw = OVERLAYS[kind]
            figure, (axes,) = new_figure(1, f"comparison · {name}", width_in=5.6, height_in=3.8)
            for index, (run, measurement, analysis) in enumerate(items):
                style = {"color": _COLOURS[index % len(_COLOURS)], "label": _label(run, runs, measurement)}
                draw(axes, measurement, analysis, style)
            if len(items) <= _MOST_IN_LEGEND and axes.get_legend_handles_labels()[1]:
                figure.legend(loc="outside lower center", ncols=min(len(items), 3))
            for each in formats:
                files.append(folder / f"comparison-{safe_name(name.lower())}.{each}")
                try:
                    save(figure, files[-1])
                except OSError as error:
                    raise StorageError(f"{files[-1]} cannot be written: {error.strerror}.") from error
    return files


def results_side_by_side(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """Return every single-valued result that one of the runs has: name, and the text of each run."""
    names = dict.fromkeys(
        name for run in runs for name, result in run.results.items() if isinstance(result, Result)
    )
    return [(name, [_text(run, name) for run in runs]) for name in names]


def run_labels(runs: Sequence[Run]) -> list[str]:
    """Return a short name of each run: the cell, and the file where cells share a name."""
    cells = [str(run.attributes["cell"]) for run in runs]
    return [
        cell if cells.count(cell) == 1 else f"{cell} ({run.path.stem})"
        for cell, run in zip(cells, runs, strict=True)
    ]


def _label(run: Run, runs: Sequence[Run], measurement: Measurement) -> str:
    label = run_labels(runs)[[id(each) for each in runs].index(id(run))]
    return f"{label}, part {measurement.part}" if measurement.part else label


def _text(run: Run, name: str) -> str:
    result = run.results.get(name)
    if not isinstance(result, Result) or result.value is None:
        return "–"
    return str(result)

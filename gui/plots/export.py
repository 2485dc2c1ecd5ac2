"""A plot as a picture, as numbers, or on the clipboard; its runs in formats of other programs."""

from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor, QGuiApplication, QPainter
from PySide6.QtSvg import QSvgGenerator

from .graphics import exporters
from .plot import Plot
from .source import Source

_WIDTH = 2000
FILTERS = "Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)"


def export(plot: Plot, path: Path) -> None:
    """Write what a plot shows as PNG, SVG or CSV, by the ending of the path.

    Raises
    ------
    ValueError
        The ending is none of these.
    OSError
        The file cannot be written.
    """
    match path.suffix.lower():
        case ".png":
            exporter = exporters.ImageExporter(plot.canvas.scene())
            exporter.parameters()["width"] = _WIDTH
            if not exporter.export(toBytes=True).save(str(path)):
                raise OSError(f"{path} cannot be written.")
        case ".svg":
            _draw_svg(plot, path)
        case ".csv":
            _write_samples(path, [each for each in plot.sources if each not in plot.hidden])
        case other:
            raise ValueError(f"{other or 'no ending'} is no kind of export; use .png, .svg or .csv.")


def _draw_svg(plot: Plot, path: Path) -> None:
    scene = plot.canvas.scene()
    drawing = QSvgGenerator()
    drawing.setFileName(str(path))
    drawing.setViewBox(scene.sceneRect())
    drawing.setTitle(plot.sources[0].label if plot.sources else "faradaic")
    painter = QPainter()
    if not painter.begin(drawing):
        raise OSError(f"{path} cannot be written.")
    painter.fillRect(scene.sceneRect(), QColor(plot.theme.panel))
    scene.render(painter, scene.sceneRect(), scene.sceneRect())
    painter.end()


def export_runs(paths: list[Path], folder: Path, file_format: str) -> list[Path]:
    """Write runs in a format of other programs and return the files; may take long.

    Raises
    ------
    StorageError
        A run cannot be read, or the files cannot be written.
    """
    from ...storage import Run  # noqa: PLC0415  the window is there before HDF5 is loaded
    from ...storage.exporting import export_run  # noqa: PLC0415

    written = []
    for path in paths:
        with Run.open(path) as run:
            written += export_run(run, folder, file_format)
    return written


def copy(plot: Plot) -> None:
    """Put the picture of a plot on the clipboard."""
    exporter = exporters.ImageExporter(plot.canvas.scene())
    QGuiApplication.clipboard().setImage(exporter.export(toBytes=True))


def _write_samples(path: Path, sources: list[Source]) -> None:
    """Write every sample of every source, whether it is seen or not."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for source in sources:
            for rows in (source.samples, source.impedance):
                if not len(rows):
                    continue
                names = rows.dtype.names or ()
                file.write(f"# {source.label}\n{','.join(names)}\n")
                columns = [rows[name] for name in names]
                np.savetxt(file, np.column_stack(columns), fmt="%.10g", delimiter=",")

"""A plot as a picture, as numbers, or on the clipboard; its runs in formats of other programs."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from .plot import Plot
from .source import Source

_WIDTH = 2000
_LINE = 1.5
"""How wide curves are drawn for a page, in pixels of the screen."""
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
            if not _picture(plot).save(str(path)):
                raise OSError(f"{path} cannot be written.")
        case ".svg":
            _draw_svg(plot, path)
        case ".csv":
            _write_samples(path, [each for each in plot.sources if each not in plot.hidden])
        case other:
            raise ValueError(f"{other or 'no ending'} is no kind of export; use .png, .svg or .csv.")


def _picture(plot: Plot) -> QImage:
    """Return what a plot shows, sharp enough for a page."""
    area = QRectF(plot.canvas.rect())
    scale = _WIDTH / area.width()
    image = QImage(_WIDTH, round(area.height() * scale), QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(scale)
    _draw(plot, QPainter(image), _LINE * scale)
    return image


def _draw_svg(plot: Plot, path: Path) -> None:
    drawing = QSvgGenerator()
    drawing.setFileName(str(path))
    # The axes are recordings for the screen: at any other resolution they are drawn at another scale.
    drawing.setResolution(plot.canvas.logicalDpiX())
    drawing.setSize(plot.canvas.size())
    drawing.setViewBox(QRectF(plot.canvas.rect()))
    drawing.setTitle(plot.sources[0].label if plot.sources else "faradaic")
    painter = QPainter()
    if not painter.begin(drawing):
        raise OSError(f"{path} cannot be written.")
    _draw(plot, painter, _LINE)


def _draw(plot: Plot, painter: QPainter, line: float) -> None:
    area = QRectF(plot.canvas.rect())
    painter.fillRect(area, QColor(plot.theme.panel))
    with plot.lines_of(line):
        plot.canvas.scene().render(painter, area, area)
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
    QGuiApplication.clipboard().setImage(_picture(plot))


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

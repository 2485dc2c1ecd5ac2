"""Pictures of plots: what is saved is what is seen."""

import numpy as np
import pytest

pytest.importorskip(
    "PySide6.QtWidgets", reason="the window needs the system's libraries libegl1, libgl1 and libxkbcommon"
)
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from faradaic.core.samples import SAMPLE
from faradaic.gui.plots.export import export
from faradaic.gui.plots.panel import PlotPanel
from faradaic.gui.plots.source import Source
from faradaic.gui.plots.turns import Turns
from faradaic.gui.theme import theme_named
from faradaic.protocols import Cell

THEME = theme_named("light")


@pytest.fixture
def plot(qtbot):
    """A plot of a potential and a current over the time, seen on the screen."""
    source = Source("A1 · R-1", Cell(), "OpenCircuit", None)
    rows = np.zeros(500, SAMPLE)
    rows["test_time_second"] = np.arange(500) * 0.1
    rows["voltage_volt"] = np.sin(np.arange(500) / 7)
    rows["current_ampere"] = 1e-7 * np.cos(np.arange(500) / 7)
    source.append(rows)
    panel = PlotPanel(THEME, source, Turns())
    qtbot.addWidget(panel)
    panel.resize(650, 450)
    panel.show()
    return panel.plot


def drawn(path):
    """Return a saved picture as grey values, as wide as any other."""
    if path.suffix == ".png":
        image = QImage(str(path))
    else:
        drawing = QSvgRenderer(str(path))
        size = drawing.defaultSize()
        image = QImage(2000, round(2000 * size.height() / size.width()), QImage.Format.Format_ARGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        drawing.render(painter)
        painter.end()
    image = image.convertToFormat(QImage.Format.Format_Grayscale8)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return values[:, : image.width()].astype(float)


def axes_of(values):
    """Return where the two time axes are, where the axes of values, and from where to where: pixels."""
    ink = values < values.max() - 20
    rows = np.flatnonzero(ink.mean(axis=1) > 0.7)[[0, -1]]
    columns = np.flatnonzero(ink.mean(axis=0) > 0.8)[[0, -1]]
    return np.concatenate([rows, columns, np.flatnonzero(ink[rows[0]])[[0, -1]]])


def test_a_picture_and_a_drawing_show_the_axes_at_the_same_places(plot, tmp_path):
    """A drawing whose axes do not fit its curves says wrong numbers."""
    for name in ("plot.png", "plot.svg"):
        export(plot, tmp_path / name)
    picture, drawing = drawn(tmp_path / "plot.png"), drawn(tmp_path / "plot.svg")
    np.testing.assert_allclose(axes_of(picture), axes_of(drawing), atol=6)


@pytest.mark.parametrize("potential_V", [-0.9, -0.1, 0.1, 0.9])
def test_the_name_of_a_marked_potential_stays_inside_a_narrow_plot(plot, qtbot, potential_V):
    plot.set_view("I over E")
    plot.set_marks({"onset at 10 µA/cm²: 4.52 V": potential_V})
    plot.window().resize(350, 450)
    qtbot.wait(100)
    box = plot.plots[0].vb
    (name,) = (each.label for each in plot.plots[0].items if getattr(each, "label", None))
    inside = box.mapRectFromItem(name, name.boundingRect())
    assert inside.left() >= -0.5
    assert inside.right() <= box.width() + 0.5


def test_a_picture_shows_what_the_screen_shows(plot, tmp_path):
    export(plot, tmp_path / "plot.png")
    plot.canvas.grab().toImage().scaledToWidth(2000).save(str(tmp_path / "seen.png"))
    picture, seen = drawn(tmp_path / "plot.png"), drawn(tmp_path / "seen.png")
    np.testing.assert_allclose(axes_of(picture), axes_of(seen), atol=6)

"""Icons, drawn for this window, in the colours of its theme."""

from importlib.resources import files

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_SIZES = (16, 24, 32, 64)


def icon(name: str, colour: str, faint: str) -> QIcon:
    """Return an icon of the folder ``icons`` in a colour, and in a fainter one where it is disabled."""
    text = (files(__package__ or "faradaic.gui") / "icons" / f"{name}.svg").read_text("utf-8")
    made = QIcon()
    for shade, mode in ((colour, QIcon.Mode.Normal), (faint, QIcon.Mode.Disabled)):
        renderer = QSvgRenderer(QByteArray(text.replace("#000", shade).encode()))
        for size in _SIZES:
            pixmap = QPixmap(QSize(size, size))
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter)
            painter.end()
            made.addPixmap(pixmap, mode)
    return made

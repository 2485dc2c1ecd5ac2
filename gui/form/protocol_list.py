"""All protocols to choose from, with a picture and what each is for."""

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ...protocols import Cell, Protocol, preview, protocol_types
from ..naming import title_of
from ..theme import Theme
from ..widgets import search_line

_MADE_OF_OTHERS = ("Sequence", "Repeat")
_PICTURE = QSize(52, 34)
_NAME = Qt.ItemDataRole.UserRole
_EXAMPLE = {"vertex_1": "1 V", "vertex_2": "-1 V"}


class ProtocolList(QWidget):
    """A searchable list of protocols.

    Attributes
    ----------
    chosen : Signal(str)
        The name of another protocol.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = search_line("Find a protocol …")
        self.search.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setIconSize(_PICTURE)
        self.list.setWordWrap(True)
        self.list.setAccessibleName("Protocols")
        self._types = {name: kind for name, kind in protocol_types().items() if name not in _MADE_OF_OTHERS}
        for name, kind in self._types.items():
            item = QListWidgetItem(f"{title_of(name)}\n{kind.purpose()}")
            item.setData(_NAME, name)
            item.setToolTip(kind.purpose())
            self.list.addItem(item)
        self.list.currentItemChanged.connect(lambda now, _: now and self.chosen.emit(now.data(_NAME)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._draw_next)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw the pictures in other colours."""
        self._theme = theme
        self._waiting = list(range(self.list.count()))
        self._timer.start(0)

    def choose(self, name: str) -> None:
        """Choose a protocol."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_NAME) == name:
                self.list.setCurrentRow(row)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for row in range(self.list.count()):
            item = self.list.item(row)
            said = f"{item.text()} {item.data(_NAME)}".lower()
            item.setHidden(not all(word in said for word in words))

    def _draw_next(self) -> None:
        """Draw one picture after the other, so that the window does not wait for all of them."""
        if not self._waiting:
            self._timer.stop()
            return
        item = self.list.item(self._waiting.pop(0))
        item.setIcon(_picture(self._types[item.data(_NAME)], self._theme))


def _picture(kind: type[Protocol], theme: Theme) -> QIcon:
    """Return what a protocol programs by default, as a small picture."""
    pixmap = QPixmap(_PICTURE)
    pixmap.fill(QColor(theme.window))
    cell = Cell.model_validate({"area": "1 cm²", "active_mass": "5 mg", "nominal_capacity": "1 mAh"})
    needed = {name: text for name, text in _EXAMPLE.items() if name in kind.model_fields}
    try:
        course = preview(kind.model_validate(needed), cell)
    except Exception:  # noqa: BLE001  a user's own protocol may raise anything; it has no picture then
        return QIcon(pixmap)
    potential, current = np.asarray(course.potential_V, float), np.asarray(course.current_A, float)
    values = potential if np.isfinite(potential).sum() >= np.isfinite(current).sum() else current
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.accent), 1.6))
    painter.drawPolyline(_polygon(np.asarray(course.time_s, float), values))
    painter.end()
    return QIcon(pixmap)


def _polygon(time_s: np.ndarray, values: np.ndarray) -> QPolygonF:
    shown = np.isfinite(values)
    x, y = time_s[shown], values[shown]
    if len(x) < 2:
        return QPolygonF()
    many = max(len(x) // 300, 1)
    x, y = x[::many], y[::many]
    wide, high = _PICTURE.width() - 8, _PICTURE.height() - 10
    span_x, span_y = (x[-1] - x[0]) or 1.0, (y.max() - y.min()) or 1.0
    return QPolygonF(
        [
            QPointF(4 + (each - x[0]) / span_x * wide, 5 + high - (value - y.min()) / span_y * high)
            for each, value in zip(x, y, strict=True)
        ]
    )

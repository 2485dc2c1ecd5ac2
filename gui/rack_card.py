"""A channel as a card: state, cell, live values, progress, and how its current went."""

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ..core.units import pretty_duration
from ..engine.bench import StationStatus
from .bench import BenchState
from .naming import title_of
from .numbers import live
from .rack_model import STATUS
from .theme import Theme, colour_of, is_under_way, symbol_of

SIZE = QSize(236, 96)
_PAD = 10


class CardDelegate(QStyledItemDelegate):
    """Paints a channel as a card.

    Parameters
    ----------
    bench : BenchState
        Knows the channels.
    theme : Theme
        The colours.
    """

    def __init__(self, bench: BenchState, theme: Theme, parent: Any = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._bench = bench

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        """Return the size of a card."""
        return SIZE

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one card."""
        status: StationStatus = index.data(STATUS)
        theme, colour = self.theme, colour_of(status.state, self.theme)
        box: QRect = option.rect.adjusted(3, 3, -3, -3)  # pyright: ignore[reportAttributeAccessIssue]
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # pyright: ignore[reportAttributeAccessIssue]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.accent if chosen else theme.line), 2 if chosen else 1))
        painter.setBrush(QColor(theme.panel))
        painter.drawRoundedRect(QRectF(box), 6, 6)
        painter.fillRect(box.left() + 1, box.top() + 6, 4, box.height() - 12, colour)
        inside = box.adjusted(_PAD + 4, 6, -_PAD, -6)
        self._draw_texts(painter, inside, status, colour)
        self._draw_spark(painter, inside, status)
        if is_under_way(status.state):
            bar = QRectF(inside.left(), box.bottom() - 5, inside.width(), 3)
            painter.fillRect(bar, QColor(theme.line))
            painter.fillRect(QRectF(bar.topLeft(), bar.size()).adjusted(
                0, 0, -bar.width() * (1 - min(max(status.fraction, 0.0), 1.0)), 0), colour)  # fmt: skip
        painter.restore()

    def _draw_texts(self, painter: QPainter, inside: QRect, status: StationStatus, colour: QColor) -> None:
        theme = self.theme
        font = QFont(painter.font())
        bold = QFont(font)
        bold.setBold(True)
        line = painter.fontMetrics().height() + 2
        row = QRect(inside.left(), inside.top(), inside.width(), line)
        painter.setFont(bold)
        painter.setPen(QColor(theme.text))
        name_width = painter.fontMetrics().horizontalAdvance(status.channel) + 8
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, status.channel)
        painter.setPen(colour)
        state = f"{symbol_of(status.state)} {status.state}"
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, state)
        state_width = painter.fontMetrics().horizontalAdvance(state) + 8
        painter.setFont(font)
        painter.setPen(QColor(theme.faint))
        between = row.adjusted(name_width, 0, -state_width, 0)
        painter.drawText(between, Qt.AlignmentFlag.AlignLeft, _cut(painter, status.cell, between.width()))
        row.translate(0, line)
        runs = is_under_way(status.state)
        what = " · ".join(
            each
            for each in (
                (status.step or title_of(status.protocol)) if runs else status.detail,
                f"cycle {status.cycle}" if runs and status.cycle else "",
            )
            if each
        )
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, _cut(painter, what, row.width()))
        row.translate(0, line)
        painter.setPen(QColor(theme.text))
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, live(status.potential_V, "V"))
        row.translate(0, line)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, live(status.current_A, "A"))
        if runs:
            painter.setPen(QColor(theme.faint))
            left = f"{pretty_duration(status.remaining_s)} left"
            painter.drawText(row, Qt.AlignmentFlag.AlignRight, left)
        elif status.queue:
            painter.setPen(QColor(theme.faint))
            held = ", held" if status.is_held else ""
            painter.drawText(row, Qt.AlignmentFlag.AlignRight, f"{len(status.queue)} waiting{held}")

    def _draw_spark(self, painter: QPainter, inside: QRect, status: StationStatus) -> None:
        values = self._bench.sparks.get(status.channel)
        if not values or len(values) < 2:
            return
        line = painter.fontMetrics().height() + 2
        box = QRectF(inside.right() - 92, inside.top() + 2 * line, 90, line - 6)
        low, high = min(values), max(values)
        across, down = box.width() / (len(values) - 1), box.height() / (high - low or 1.0)
        left, bottom = box.left(), box.bottom()
        points = [
            QPointF(left + index * across, bottom - (value - low) * down)
            for index, value in enumerate(values)
        ]
        # Hundreds are drawn: smooth lines, and such wider than a pixel, take several times as long.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(QColor(self.theme.accent))
        painter.drawPolyline(points)


def _cut(painter: QPainter, text: str, width: int) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0))

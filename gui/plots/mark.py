"""Marked potentials: a dashed line across the plot, with a name that stays inside."""

from PySide6.QtCore import QPointF, Qt

from ..theme import Theme
from .graphics import LINE_PX, InfiniteLine, pg

_HIGHEST, _APART = 0.92, 0.08


def mark(name: str, potential_V: float, number: int, theme: Theme) -> InfiniteLine:
    """Return the line for a potential; names of those with other numbers are at other heights."""
    pen = pg.mkPen(theme.curves[1], width=LINE_PX, style=Qt.PenStyle.DashLine)
    line = pg.InfiniteLine(potential_V, pen=pen)
    line.label = _Name(line, name, position=_HIGHEST - _APART * number, color=theme.text, fill=theme.panel)
    return line


class _Name(pg.InfLineLabel):
    def updatePosition(self) -> None:
        """Write beside the line where there is room, and over it where there is not."""
        super().updatePosition()
        box, width = self.line.getViewBox(), self.boundingRect().width()
        if not isinstance(box, pg.ViewBox) or not width:
            return
        left = box.mapFromView(QPointF(self.line.value(), 0.0)).x()
        right = box.width() - left
        is_leftwards = left > right
        beside = min(left / width, 1.0) if is_leftwards else max(1.0 - right / width, 0.0)
        self.setAnchor((beside, 0.5))

"""The button that puts all cells at rest: held down for a moment, so that nobody presses it by accident."""

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QWidget

HOLD_MS = 700
_TICK_MS = 20


class EmergencyStop(QPushButton):
    """Acts after it has been held down for 0.7 s, with the mouse or with the space bar.

    Attributes
    ----------
    stopped : Signal
        It was held down long enough.
    """

    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("EMERGENCY STOP", parent)
        self.setToolTip("Hold for 0.7 s: all cells are put at rest at once, and all queues wait")
        self.setAccessibleDescription(self.toolTip())
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setStyleSheet(
            "QPushButton { background: #b3261e; color: white; font-weight: 700; border: none;"
            " padding: 8px 16px; border-radius: 5px; }"
            " QPushButton:disabled { background: #7d5a57; color: #d8cfce; }"
            " QPushButton:pressed { background: #7d1712; }"
            " QPushButton:focus { outline: 2px solid #ffb4a9; }"
        )
        self._held = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to count."""
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go before the time: nothing happens."""
        super().mouseReleaseEvent(event)
        self._end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Count while the space bar is held down."""
        super().keyPressEvent(event)
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._begin()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Let go before the time: nothing happens."""
        super().keyReleaseEvent(event)
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._end()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show how much longer it has to be held."""
        super().paintEvent(event)
        if self._timer.isActive():
            share = min(self._held.elapsed() / HOLD_MS, 1.0)
            painter = QPainter(self)
            painter.fillRect(0, self.height() - 4, int(self.width() * share), 4, QColor("white"))

    def _begin(self) -> None:
        self._held.start()
        self._timer.start(_TICK_MS)

    def _end(self) -> None:
        self._timer.stop()
        self.update()

    def _tick(self) -> None:
        if self._held.elapsed() >= HOLD_MS:
            self._end()
            self.stopped.emit()
        self.update()

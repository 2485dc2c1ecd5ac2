"""Plots are drawn one after another, with rests: the window is never busy for all of them at once."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

_LEAST_REST_MS = 50
_RESTS = 5
"""A rest is so many times as long as what was drawn before it took: a sixth of a core goes to plots."""


class Turns(QObject):
    """Whose turn it is to be drawn."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[QWidget, Callable[[], None]] = {}
        self._begun = 0.0
        self._rest = self._timer(self._take)
        self._painted = self._timer(self._measure)

    def ask(self, widget: QWidget, draw: Callable[[], None]) -> None:
        """Call `draw` when it is the turn of a widget, if it is seen then; once, however often it asks."""
        self._waiting[widget] = draw
        if not (self._rest.isActive() or self._painted.isActive()):
            self._rest.start(0)

    def _timer(self, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(call)
        return timer

    def _take(self) -> None:
        while self._waiting:
            widget = next(iter(self._waiting))
            draw = self._waiting.pop(widget)
            # Plots are closed, and put behind others, while they wait.
            if isValid(widget) and widget.isVisible():
                self._begun = time.perf_counter()
                draw()
                self._painted.start(0)
                return

    def _measure(self) -> None:
        """Rest for as long as it suits; what was drawn is painted before timers are served."""
        took_ms = (time.perf_counter() - self._begun) * 1e3
        self._rest.start(max(_LEAST_REST_MS, int(_RESTS * took_ms)))

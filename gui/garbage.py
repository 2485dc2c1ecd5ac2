"""Cyclic garbage is collected in the window's thread only.

Python collects it in whichever thread happens to make objects; what belongs to Qt and is deleted
in another thread than the window's takes the program down.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_LOOK_MS = 1000
_LIMITS = gc.get_threshold()


class Collector(QObject):
    """Collects now and then, in the thread in which it was made, and nowhere else any more."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(self._look)
        timer.start(_LOOK_MS)

    def _look(self) -> None:
        young, middle, old = gc.get_count()
        if old > _LIMITS[2] and middle > _LIMITS[1]:
            gc.collect(2)
        elif middle > _LIMITS[1]:
            gc.collect(1)
        elif young > _LIMITS[0]:
            gc.collect(0)

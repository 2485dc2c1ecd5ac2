"""Short messages at the edge of the window, which take no focus and go by themselves."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from .theme import Theme
from .widgets import label, tool

_SHOWN_MS = {"info": 5000, "warning": 10_000, "error": 15_000}
_SYMBOLS = {"info": "✓", "warning": "!", "error": "✕"}
_MOST = 4
_WIDTH = 380


class Toasts(QWidget):
    """Messages in the lower right corner of a window."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self.theme = theme
        self.texts: list[str] = []
        """What is shown now."""
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 12, 34)
        self._layout.addStretch()
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        parent.installEventFilter(self)
        self.hide()

    def say(self, severity: str, sentence: str) -> None:
        """Show a message: "info", "warning" or "error"."""
        if sentence in self.texts:
            return
        toast = QFrame()
        edge = {"info": self.theme.accent, "warning": "#E69F00"}.get(severity, self.theme.danger)
        toast.setStyleSheet(
            f"QFrame {{ background: {self.theme.panel}; border: 1px solid {self.theme.line};"
            f" border-left: 4px solid {edge};  border-radius: 4px; }}"
            f" QLabel {{ border: none; color: {self.theme.text}; }}"
        )
        text = label(f"{_SYMBOLS.get(severity, '')}  {sentence}", wraps=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(toast)
        row.addWidget(text, 1)
        close = tool("×", "Close this message", lambda: self._drop(toast, sentence))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addWidget(close)
        self._layout.addWidget(toast)
        self.texts.append(sentence)
        if self._layout.count() > _MOST + 1:
            item = self._layout.itemAt(1)
            oldest = item.widget() if item is not None else None
            if oldest is not None:
                self._drop(oldest, self.texts[0])
        QTimer.singleShot(_SHOWN_MS.get(severity, 5000), toast, lambda: self._drop(toast, sentence))
        self._place()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _drop(self, toast: QWidget, sentence: str) -> None:
        if sentence in self.texts:
            self.texts.remove(sentence)
            self._layout.removeWidget(toast)
            toast.deleteLater()
        if self.texts:
            self._place()
        else:
            self.hide()

    def _place(self) -> None:
        window = self._window
        self.setFixedWidth(_WIDTH)
        height = min(self.sizeHint().height(), window.height())
        self.setGeometry(window.width() - _WIDTH, window.height() - height, _WIDTH, height)

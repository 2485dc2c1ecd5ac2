"""The first screen, where there is no bench yet: three ways to get one."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from .widgets import button, label


class Welcome(QWidget):
    """Says what to do first.

    Attributes
    ----------
    trying, scanning, opening : Signal
        A person wants a simulated bench, to look for instruments, or to open a bench file.
    """

    trying = Signal()
    scanning = Signal()
    opening = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = label("", "faint", wraps=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setMinimumHeight(60)
        title = label("Welcome to faradaic", "title")
        lines = label(
            "No bench is connected yet. A bench is the list of your instruments, with the names and "
            "the safety limits of their channels. Runs belong to an engine that works on when this "
            "window is closed.",
            "faint",
            wraps=True,
        )
        for each in (title, lines):
            each.setAlignment(Qt.AlignmentFlag.AlignCenter)
        lines.setMinimumSize(540, 64)
        self.try_button = button(
            "Try a simulated bench", "It needs no hardware", self.trying.emit, primary=True
        )
        self.scan_button = button(
            "Find instruments …", "Look at the ports of this computer", self.scanning.emit
        )
        self.open_button = button(
            "Open a bench file …", "A file that names your instruments", self.opening.emit
        )
        row = QHBoxLayout()
        row.addStretch()
        for each in (self.try_button, self.scan_button, self.open_button):
            each.setMinimumHeight(38)
            row.addWidget(each)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.setSpacing(18)
        layout.addStretch(2)
        layout.addWidget(title)
        layout.addWidget(lines, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addLayout(row)
        layout.addWidget(self.message)
        layout.addStretch(3)

    def wait(self, sentence: str) -> None:
        """Say what is under way; "" when nothing is any more."""
        self.message.setText(sentence)
        for each in (self.try_button, self.scan_button, self.open_button):
            each.setEnabled(not sentence)

    def fail(self, sentence: str) -> None:
        """Say what did not work."""
        self.wait("")
        self.message.setText(f"✕ {sentence}")

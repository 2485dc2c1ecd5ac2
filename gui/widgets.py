"""Small parts that all panels are made of, each with what a screen reader needs."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolBar, QToolButton, QVBoxLayout, QWidget

Role = Literal["", "title", "faint", "fault", "number"]


def label(text: str = "", role: Role = "", *, wraps: bool = False, is_rich: bool = False) -> QLabel:
    """Return a text, in the look of its role; only a rich one takes HTML."""
    made = QLabel(text)
    # What people call their cells is never taken for HTML.
    made.setTextFormat(Qt.TextFormat.RichText if is_rich else Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wraps)
    return made


def button(
    text: str, tip: str, act: Callable[[], object] | None = None, *, primary: bool = False
) -> QPushButton:
    """Return a button; the primary one of a panel stands out."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setProperty("primary", primary)
    if act is not None:
        made.clicked.connect(lambda *_: act())
    return made


def tool(
    text: str, tip: str, act: Callable[[], object] | None = None, *, checkable: bool = False
) -> QToolButton:
    """Return a small button of a toolbar."""
    made = QToolButton()
    made.setText(text)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setCheckable(checkable)
    if act is not None:
        made.clicked.connect(lambda *_: act())
    return made


def tool_row(name: str, *parts: QWidget) -> QToolBar:
    """Return parts in a row that keeps behind an arrow what has no space."""
    made = QToolBar()
    made.setAccessibleName(name)
    for part in parts:
        made.addWidget(part)
    return made


def search_line(placeholder: str) -> QLineEdit:
    """Return a line in which people type what they look for."""
    made = QLineEdit()
    made.setPlaceholderText(placeholder)
    made.setAccessibleName(placeholder.rstrip(" …"))
    made.setClearButtonEnabled(True)
    return made


def column(*parts: QWidget, margin: int = 0) -> QWidget:
    """Return parts one below the other."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(margin, margin, margin, margin)
    for part in parts:
        layout.addWidget(part)
    return made

"""Colours of the window, light and dark; states have a colour, a symbol and a word."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """The colours of one scheme, as ``#rrggbb``."""

    name: Scheme
    window: str
    panel: str
    field: str
    text: str
    faint: str
    line: str
    accent: str
    danger: str
    curves: tuple[str, ...]
    """Okabe and Ito's palette, with the strongest contrast first."""


LIGHT = Theme(
    name="light", window="#f3f4f6", panel="#ffffff", field="#ffffff", text="#1a1d21", faint="#5c636b",
    line="#d5d9de", accent="#0067a3", danger="#b3401a",
    curves=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8a8f00"),
)  # fmt: skip
DARK = Theme(
    name="dark", window="#1b1e22", panel="#23272c", field="#2a2f35", text="#e8eaed", faint="#a3abb4",
    line="#3a4047", accent="#56B4E9", danger="#ff8a5c",
    curves=("#56B4E9", "#E69F00", "#2fc79a", "#D68FB6", "#F0E442", "#4c9be0", "#ffffff", "#ff8a5c"),
)  # fmt: skip

_IDLE, _BUSY, _WAITING, _GOOD, _BAD, _GONE = range(6)
_LOOKS = {
    "idle": ("○", _IDLE),
    "starting": ("▶", _BUSY),
    "running": ("▶", _BUSY),
    "resuming": ("▶", _BUSY),
    "ending": ("▶", _BUSY),
    "paused": ("‖", _WAITING),
    "holding": ("‖", _WAITING),
    "finished": ("✓", _GOOD),
    "stopped": ("■", _WAITING),
    "interrupted": ("!", _WAITING),
    "failed": ("✕", _BAD),
    "unsafe": ("!", _BAD),
    "offline": ("⚡", _GONE),
}
"""Symbol and kind of a state, by its first word."""
_COLOURS = {
    "light": ("#5c636b", "#0067a3", "#8a5a00", "#00734f", "#b3401a", "#454b52"),
    "dark": ("#a3abb4", "#56B4E9", "#E69F00", "#2fc79a", "#ff8a5c", "#8b939c"),
}
_UNDER_WAY = ("starting", "running", "resuming", "paused", "holding", "ending")


def word_of(state: str) -> str:
    """Return the first word of a state: "failed" of "failed: limit"."""
    return state.partition(":")[0].partition(" ")[0]


def is_under_way(state: str) -> bool:
    """Whether a run is under way in this state."""
    return word_of(state) in _UNDER_WAY


def symbol_of(state: str) -> str:
    """Return the symbol of a state."""
    return _LOOKS.get(word_of(state), ("?", _IDLE))[0]


def colour_of(state: str, theme: Theme) -> QColor:
    """Return the colour of a state."""
    return QColor(_COLOURS[theme.name][_LOOKS.get(word_of(state), ("?", _IDLE))[1]])


def system_scheme() -> Scheme:
    """Return whether the desktop is light or dark."""
    is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return "dark" if is_dark else "light"


def theme_named(scheme: Scheme) -> Theme:
    """Return the colours of a scheme."""
    return DARK if scheme == "dark" else LIGHT


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give all windows the colours of a theme."""
    application.setStyle("Fusion")
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: theme.window,
        roles.WindowText: theme.text,
        roles.Base: theme.field,
        roles.AlternateBase: theme.window,
        roles.Text: theme.text,
        roles.Button: theme.panel,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.danger,
        roles.ToolTipBase: theme.panel,
        roles.ToolTipText: theme.text,
        roles.PlaceholderText: theme.faint,
        roles.Highlight: theme.accent,
        roles.HighlightedText: "#ffffff" if theme.name == "light" else "#101214",
        roles.Link: theme.accent,
        roles.Mid: theme.line,
        roles.Light: theme.panel,
        roles.Dark: theme.line,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faint))
    application.setPalette(palette)
    application.setStyleSheet(_sheet(theme))


def _sheet(theme: Theme) -> str:
    return f"""
    #qt_toolbar_ext_button {{ padding: 0; min-width: 16px; }}
    QToolBar {{ border: none; border-bottom: 1px solid {theme.line}; spacing: 6px; padding: 4px; }}
    QToolButton, QPushButton {{ padding: 5px 10px; border: 1px solid {theme.line}; border-radius: 5px;
        background: {theme.panel}; }}
    QToolButton:hover, QPushButton:hover {{ border-color: {theme.accent}; }}
    QToolButton:disabled, QPushButton:disabled {{ background: {theme.window}; color: {theme.faint}; }}
    QPushButton[primary="true"]:enabled {{ background: {theme.accent}; border-color: {theme.accent};
        color: {"#ffffff" if theme.name == "light" else "#101214"}; font-weight: 600; }}
    QDockWidget::title {{ padding: 6px 8px; background: {theme.window}; font-weight: 600; }}
    QAbstractSpinBox[fault="true"], QComboBox[fault="true"] {{ color: {theme.danger}; font-weight: 600; }}
    QLabel[role="fault"] {{ color: {theme.danger}; }}
    QLabel[role="faint"] {{ color: {theme.faint}; }}
    QLabel[role="title"] {{ font-size: 15px; font-weight: 600; }}
    QLabel[role="number"] {{ font-size: 18px; font-weight: 600; }}
    QListView, QTableView, QTreeView {{ border: 1px solid {theme.line}; border-radius: 4px;
        background: {theme.panel}; }}
    QHeaderView::section {{ background: {theme.window}; border: none; border-bottom: 1px solid {theme.line};
        padding: 4px 6px; }}
    QTabBar::tab {{ padding: 6px 12px; }}
    QScrollArea {{ border: none; }}
    QToolTip {{ border: 1px solid {theme.line}; padding: 4px; }}
    QStatusBar {{ border-top: 1px solid {theme.line}; }}
    """

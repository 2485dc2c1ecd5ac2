"""The channels of the bench as a list, for cards and rows alike."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
)

from ..core.units import pretty_duration
from ..engine.bench import StationStatus
from .bench import BenchState
from .naming import title_of
from .numbers import live
from .theme import colour_of, is_under_way, symbol_of, theme_named, word_of

COLUMNS = ("Channel", "State", "Cell", "Protocol", "Step", "Cycle", "E", "I", "Left", "Queue")
STATUS = Qt.ItemDataRole.UserRole
_SORTS_BY = STATUS + 1
_DISPLAY, _ALIGNMENT, _FOREGROUND, _TOOL_TIP = map(
    int,
    (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.ToolTipRole,
    ),
)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LOOK_MS = 1000
_NUMBERS: dict[str, Callable[[StationStatus], float | None]] = {
    "Cycle": lambda status: status.cycle,
    "E": lambda status: status.potential_V,
    "I": lambda status: status.current_A,
    "Left": lambda status: status.remaining_s,
    "Queue": lambda status: len(status.queue),
}
_ORDER = ("unsafe", "failed", "interrupted", "running", "paused", "holding", "stopped", "finished", "idle")
_Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()


class RackModel(QAbstractTableModel):
    """One row a channel."""

    def __init__(self, bench: BenchState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bench = bench
        self.theme = theme_named("light")
        self._names = list(bench.statuses)
        self._rows = {name: row for row, name in enumerate(self._names)}
        self._texts: dict[str, tuple[str, ...]] = {}
        bench.changed.connect(self._take)

    def rowCount(self, parent: _Index = _NONE) -> int:
        """Return how many channels there are."""
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: _Index = _NONE) -> int:
        """Return how many things are said of each."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return the heads of the columns."""
        is_head = orientation == Qt.Orientation.Horizontal
        return COLUMNS[section] if is_head and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = 0) -> Any:
        """Return what is said of a channel."""
        # Asked several times for every cell that is painted: as little as can be is done for each.
        name, column = self._names[index.row()], index.column()
        if role == _DISPLAY:
            return self._text(name)[column]
        if role == _ALIGNMENT:
            return _RIGHT if COLUMNS[column] in _NUMBERS else _LEFT
        status = self.bench.statuses[name]
        if role == STATUS:
            return status
        return self._others(status, COLUMNS[column], role)

    def _others(self, status: StationStatus, column: str, role: int) -> Any:
        if role == _FOREGROUND and column == "State":
            return colour_of(status.state, self.theme)
        if role == _SORTS_BY:
            return _sort_key(status, column, self._text(status.channel))
        if role == _TOOL_TIP:
            return status.detail or f"{status.channel}, {status.instrument}"
        return None

    def name(self, row: int) -> str:
        """Return the name of a channel."""
        return self._names[row]

    def _text(self, name: str) -> tuple[str, ...]:
        known = self._texts.get(name)
        if known is None:
            known = self._texts[name] = _texts(self.bench.statuses[name])
        return known

    def _take(self, names: set[str]) -> None:
        for name in names:
            self._texts.pop(name, None)
        if names - self._rows.keys():
            self.beginResetModel()
            self._names = list(self.bench.statuses)
            self._rows = {name: row for row, name in enumerate(self._names)}
            self.endResetModel()
            return
        # One signal for each: a view of rows paints those only, and only where they can be seen.
        for row in sorted(self._rows[name] for name in names):
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))


class RackFilter(QSortFilterProxyModel):
    """Shows the channels that contain all the words of a text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self.setSortRole(_SORTS_BY)
        # Not at every sample: once a second is soon enough for eyes.
        self.setDynamicSortFilter(False)
        timer = QTimer(self)
        timer.timeout.connect(self._look_again)
        timer.start(_LOOK_MS)

    def set_words(self, text: str) -> None:
        """Show only what contains all the words."""
        self._words = text.lower().split()
        self.invalidate()

    def _look_again(self) -> None:
        if self._words or self.sortColumn() >= 0:
            self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:  # noqa: ARG002
        """Return whether a channel is shown."""
        model = self.sourceModel()
        assert isinstance(model, RackModel)  # noqa: S101  for the types
        status = model.bench.statuses[model.name(source_row)]
        said = " ".join(
            (status.channel, status.state, status.cell, status.protocol, status.instrument, status.step)
        ).lower()
        return all(word in said for word in self._words)


def _texts(status: StationStatus) -> tuple[str, ...]:
    """Return what is said of a channel, in the order of the columns."""
    runs = is_under_way(status.state)
    held = " held" if status.is_held else ""
    return (
        status.channel,
        f"{symbol_of(status.state)} {status.state}",
        status.cell,
        title_of(status.protocol) if status.protocol else "",
        status.step if runs else status.detail,
        str(status.cycle or ""),
        live(status.potential_V, "V"),
        live(status.current_A, "A"),
        pretty_duration(status.remaining_s) if runs else "",
        f"{len(status.queue)}{held}" if status.queue else "",
    )


def _sort_key(status: StationStatus, column: str, texts: tuple[str, ...]) -> Any:
    if column in _NUMBERS:
        number = _NUMBERS[column](status)
        return float("-inf") if number is None else number
    if column == "State":
        word = word_of(status.state)
        return _ORDER.index(word) if word in _ORDER else len(_ORDER)
    return texts[COLUMNS.index(column)].lower()

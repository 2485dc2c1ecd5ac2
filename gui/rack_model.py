"""The channels of the bench as a list, for cards and rows alike."""

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
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LOOK_MS = 1000
_NUMBERS = ("Cycle", "E", "I", "Left", "Queue")
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
        status = self.bench.statuses[self._names[index.row()]]
        column = COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(status, column)
        if role == STATUS:
            return status
        if role == _SORTS_BY:
            return _sort_key(status, column)
        others = {
            Qt.ItemDataRole.ForegroundRole: colour_of(status.state, self.theme)
            if column == "State"
            else None,
            Qt.ItemDataRole.TextAlignmentRole: _RIGHT if column in _NUMBERS else _LEFT,
            Qt.ItemDataRole.ToolTipRole: status.detail or f"{status.channel}, {status.instrument}",
        }
        return others.get(Qt.ItemDataRole(role)) if role < STATUS else None

    def name(self, row: int) -> str:
        """Return the name of a channel."""
        return self._names[row]

    def _take(self, names: set[str]) -> None:
        if names - self._rows.keys():
            self.beginResetModel()
            self._names = list(self.bench.statuses)
            self._rows = {name: row for row, name in enumerate(self._names)}
            self.endResetModel()
            return
        rows = sorted(self._rows[name] for name in names)
        # One signal for all of them: views paint only what can be seen.
        self.dataChanged.emit(self.index(rows[0], 0), self.index(rows[-1], len(COLUMNS) - 1))


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


def _text(status: StationStatus, column: str) -> str:
    runs = is_under_way(status.state)
    held = " held" if status.is_held else ""
    return {
        "Channel": status.channel,
        "State": f"{symbol_of(status.state)} {status.state}",
        "Cell": status.cell,
        "Protocol": title_of(status.protocol) if status.protocol else "",
        "Step": status.step if runs else status.detail,
        "Cycle": str(status.cycle or ""),
        "E": live(status.potential_V, "V"),
        "I": live(status.current_A, "A"),
        "Left": pretty_duration(status.remaining_s) if runs else "",
        "Queue": f"{len(status.queue)}{held}" if status.queue else "",
    }[column]


def _sort_key(status: StationStatus, column: str) -> Any:
    numbers = {
        "Cycle": status.cycle,
        "E": status.potential_V,
        "I": status.current_A,
        "Left": status.remaining_s,
        "Queue": len(status.queue),
    }
    if column in numbers:
        return float("-inf") if numbers[column] is None else numbers[column]
    if column == "State":
        word = word_of(status.state)
        return _ORDER.index(word) if word in _ORDER else len(_ORDER)
    return _text(status, column).lower()

"""The runs in the data folder: find, look into, compare, report, run again."""

import time
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QTableView,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ..core.units import pretty_duration
from .asking import Asking
from .bench import BenchState
from .commanding import run_command
from .naming import title_of
from .numbers import bytes_text
from .run_reading import RunDetails, RunFacts, read_details, read_facts
from .theme import Theme, colour_of, symbol_of
from .widgets import button, search_line, tool_row

_COLUMNS = ("Begun", "Cell", "Protocol", "State", "Size", "File")
_FACTS = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()


class _RunsModel(QAbstractTableModel):
    """One row a run file."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.rows: list[RunFacts] = []

    def show(self, rows: list[RunFacts]) -> None:
        if rows == self.rows:
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NONE) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        is_head = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return _COLUMNS[section] if is_head else None

    def data(self, index: _Index, role: int = 0) -> Any:
        facts, column = self.rows[index.row()], _COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return {
                "Begun": facts.created[:19].replace("T", " ")
                or time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(facts.changed)),
                "Cell": facts.cell,
                "Protocol": title_of(facts.protocol) if facts.protocol else "",
                "State": f"{symbol_of(facts.state)} {facts.state}",
                "Size": bytes_text(facts.bytes),
                "File": facts.path.name,
            }[column]
        if role == Qt.ItemDataRole.ForegroundRole and column == "State":
            return colour_of(facts.state, self.theme)
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(facts.path)
        return facts if role == _FACTS else None


class Runs(QWidget):
    """All runs, and what the chosen one has come to.

    Attributes
    ----------
    opened : Signal(list)
        Paths of runs that a person wants to see in one plot.
    again : Signal(dict, dict)
        Protocol and cell of a run that a person wants to do again.
    figures : Signal(list)
        Paths of pictures that were drawn.
    said : Signal(str, str)
        Something to tell: "info" or "error", and a sentence.
    """

    opened = Signal(list)
    again = Signal(dict, dict)
    figures = Signal(list)
    said = Signal(str, str)

    def __init__(
        self, bench: BenchState, asking: Asking, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bench, self._asking = bench, asking
        self._details: RunDetails | None = None
        self._is_reading = False
        self._model = _RunsModel(theme, self)
        self._filter = QSortFilterProxyModel(self)
        self._filter.setSourceModel(self._model)
        self._filter.setFilterKeyColumn(-1)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = search_line("Find runs: cell, protocol, date, state …")
        self.search.textChanged.connect(self._filter.setFilterFixedString)
        self.table = QTableView()
        self.table.setModel(self._filter)
        self.table.setAccessibleName("Runs")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        for column, width in enumerate((140, 110, 150, 120, 70)):
            self.table.setColumnWidth(column, width)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._look())
        self.table.doubleClicked.connect(lambda _: self._open())
        self.text = QTextBrowser()
        self.text.setAccessibleName("The chosen run")
        self.buttons = {
            text: button(text, tip, act)
            for text, tip, act in (
                ("Open", "Plot the chosen runs over each other", self._open),
                ("Figures", "Draw the figures of the analysis", self._draw),
                ("Compare", "Draw two or more runs in one figure, and list their results", self._compare),
                ("Report …", "Write results and figures into a folder", self._report),
                ("Run again …", "Plan a run with the same, or changed, parameters", self._again),
                (
                    "Use its capacity …",
                    "Plan a run of this cell whose C-rates refer to the capacity of its last cycle",
                    self._use_capacity,
                ),
                (
                    "Recover",
                    "Complete the file of a run whose program ended without closing it",
                    self._recover,
                ),
                ("Folder", "Open the folder of the chosen run", self._folder),
                ("Refresh", "Look into the data folder again", self.refresh),
            )
        }
        self._lay_out()
        self._look()

    @property
    def paths(self) -> list[Path]:
        """The files of the chosen runs."""
        rows = self.table.selectionModel().selectedRows()
        return [row.data(_FACTS).path for row in rows]

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._model.theme = theme

    def refresh(self) -> None:
        """Look into the data folder again."""
        if self._is_reading:
            return
        self._is_reading = True
        client, folder = self._bench.client, Path(self._bench.engine.folder)
        known = {each.path: each for each in self._model.rows}
        self._asking.do(
            lambda: read_facts(folder, client.runs(), known),
            self._show,
            lambda sentence: self._show(None, sentence),
        )

    def look_again(self, path: Path) -> None:
        """Show a run anew, where it is the one that is shown: its file has changed."""
        if self.paths == [path]:
            self._look()

    def _show(self, rows: list[RunFacts] | None, sentence: str = "") -> None:
        self._is_reading = False
        if rows is None:
            self.said.emit("error", sentence)
            return
        chosen = self.paths
        self._model.show(rows)
        for row in range(self._filter.rowCount()):
            if self._filter.index(row, 0).data(_FACTS).path in chosen:
                self.table.selectRow(row)

    def _look(self) -> None:
        """Show what the chosen run has come to."""
        paths = self.paths
        for name, each in self.buttons.items():
            each.setEnabled(
                name == "Refresh" or len(paths) == 1 or (bool(paths) and name in ("Open", "Compare"))
            )
        self.buttons["Compare"].setEnabled(len(paths) > 1)
        self._details = None
        self.buttons["Use its capacity …"].setEnabled(False)
        if len(paths) != 1:
            self.text.setHtml("<p>Choose a run to see its results; double click to plot it.</p>")
            return
        self._asking.do(
            lambda: read_details(paths[0]),
            lambda details: self._show_details(details) if paths == self.paths else None,
            self.text.setPlainText,
        )

    def _show_details(self, details: RunDetails) -> None:
        self._details = details
        self.buttons["Use its capacity …"].setEnabled(bool(details.capacity))
        facts = "".join(
            f"<tr><td>{name}&nbsp;&nbsp;</td><td>{escape(text)}</td></tr>"
            for name, text in details.facts.items()
        )
        results = "".join(
            f"<tr><td>{escape(name.replace('_', ' '))}&nbsp;&nbsp;</td><td>{escape(text)}</td></tr>"
            for name, text in details.results.items()
        )
        events = "".join(
            f"<tr><td>{pretty_duration(max(at_s, 0))}&nbsp;&nbsp;</td><td>{severity}&nbsp;&nbsp;</td>"
            f"<td>{escape(text)}</td></tr>"
            for at_s, severity, text in details.events
        )
        none = "<p>There are no results in the file yet.</p>"
        self.text.setHtml(
            f"<h3>Results</h3>{f'<table>{results}</table>' if results else none}"
            f"<h3>Run</h3><table>{facts}</table><h3>Events</h3><table>{events}</table>"
        )

    def _open(self) -> None:
        if self.paths:
            self.opened.emit(self.paths)

    def _again(self) -> None:
        if self._details is None:
            return
        if self._details.facts.get("Protocol") == "Imported":
            self.said.emit("info", "An imported run cannot be repeated: what was programmed is not known.")
            return
        self.again.emit(self._details.protocol, self._details.cell)

    def _use_capacity(self) -> None:
        if self._details is not None:
            cell = {**self._details.cell, "nominal_capacity": self._details.capacity}
            self.again.emit(self._details.protocol, cell)

    def _folder(self) -> None:
        if self.paths:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.paths[0].parent)))

    def _recover(self) -> None:
        self._do("recover", self.paths, [], None)

    def _draw(self) -> None:
        folder = self._figure_folder()
        self._do("report", self.paths, ["--out", str(folder), "--format", "png"], folder)

    def _compare(self) -> None:
        folder = self._figure_folder()
        self._do("compare", self.paths, ["--out", str(folder), "--format", "png"], folder)

    def _report(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Write the report into", str(self.paths[0].parent))
        if name:
            self._do("report", self.paths, ["--out", name], Path(name))

    def _figure_folder(self) -> Path:
        folder = self.paths[0].parent / "figures"
        folder.mkdir(exist_ok=True)
        return folder

    def _do(self, command: str, paths: list[Path], more: list[str], folder: Path | None) -> None:
        """Let the command line do it, in a process of its own: fits take seconds of computing."""
        begun = time.time() - 1.0

        def end(code: int, said: str) -> None:
            if code != 0:
                self.said.emit(
                    "error", said.strip().removeprefix("faradaic: ")[-400:] or f"{command} did not work."
                )
                return
            drawn = sorted(folder.glob("*.png")) if folder is not None else []
            self.figures.emit([path for path in drawn if path.stat().st_mtime >= begun])
            done = {
                "report": "The figures are drawn.",
                "compare": "The runs are compared.",
                "recover": "The file is whole.",
            }
            self.said.emit("info", done[command])
            self.refresh()
            self._look()

        run_command(self, [command, *map(str, paths), *more], end)

    def _lay_out(self) -> None:
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.search)
        layout.addWidget(self.table)
        layout.addWidget(tool_row("What can be done with runs", *self.buttons.values()))
        parts = QSplitter()
        parts.addWidget(left)
        parts.addWidget(self.text)
        parts.setSizes([700, 400])
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(parts)

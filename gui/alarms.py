"""Alarms, and the log of the bench."""

import time
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..engine.service.client import Client
from .asking import Asking
from .bench import BenchState
from .widgets import button

_ENTRIES = 300


class AlarmsAndLog(QWidget):
    """What has happened on the bench, the latest first.

    Attributes
    ----------
    asked : Signal(object, str)
        Something to do with the service, as a function of its client, and a sentence for when it is done.
    """

    asked = Signal(object, str)

    def __init__(self, bench: BenchState, asking: Asking, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._asking = bench, asking
        self.alarms = _table("When", "Channel", "What", "Seen by")
        self.log = _table("When", "Who", "Channel", "What")
        tabs = QTabWidget()
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.alarms)
        self.seen = button("Seen", "Note that you have seen the chosen alarms", self._acknowledge)
        below = QHBoxLayout()
        below.addStretch()
        below.addWidget(self.seen)
        layout.addLayout(below)
        tabs.addTab(page, "Alarms")
        tabs.addTab(self.log, "Log")
        tabs.currentChanged.connect(lambda index: index == 1 and self.refresh_log())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(4, 4, 4, 4)
        outer.addWidget(tabs)
        bench.alarmed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the alarms as they are now."""
        self.alarms.setRowCount(len(self._bench.alarms))
        for row, alarm in enumerate(self._bench.alarms):
            _fill(self.alarms, row, _when(alarm.time), alarm.channel, alarm.text, alarm.acknowledged_by)

    def refresh_log(self) -> None:
        """Show the log as it is now."""
        client = self._bench.client
        self._asking.do(lambda: client.log(_ENTRIES), self._show_log)

    def _show_log(self, entries: list[dict[str, Any]]) -> None:
        self.log.setRowCount(len(entries))
        for row, entry in enumerate(reversed(entries)):
            when = str(entry.get("time", ""))[:19].replace("T", " ")
            _fill(
                self.log,
                row,
                when,
                str(entry.get("by", "")),
                str(entry.get("channel", "")),
                str(entry.get("text", "")),
            )

    def _acknowledge(self) -> None:
        rows = {index.row() for index in self.alarms.selectedIndexes()} or range(self.alarms.rowCount())
        ids = [self._bench.alarms[row].id for row in rows]

        def acknowledge(client: Client) -> None:
            for each in ids:
                client.acknowledge(each)

        if ids:
            self.asked.emit(acknowledge, "")


def _table(*heads: str) -> QTableWidget:
    made = QTableWidget(0, len(heads))
    made.setHorizontalHeaderLabels(list(heads))
    made.verticalHeader().hide()
    made.setShowGrid(False)
    made.setWordWrap(False)
    made.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    what = heads.index("What")
    made.horizontalHeader().setSectionResizeMode(what, QHeaderView.ResizeMode.Stretch)
    made.setColumnWidth(0, 140)
    return made


def _fill(table: QTableWidget, row: int, *texts: str) -> None:
    for column, text in enumerate(texts):
        item = QTableWidgetItem(text)
        item.setToolTip(text)
        table.setItem(row, column, item)


def _when(unix_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_s))

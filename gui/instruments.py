"""The instruments of the bench: find, name, test."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .bench import BenchState
from .commanding import run_command
from .theme import Theme, colour_of, symbol_of
from .widgets import button, label

RESISTOR_TEST = {
    "protocol": "LinearSweep",
    "start": "0 V",
    "stop": "0.1 V",
    "rate": "10 mV/s",
    "rest_before": "1 s",
}
"""A sweep whose slope is a resistance."""


def ask_bench_file(parent: QWidget) -> Path | None:
    """Ask a person for a bench file; None where there is none after all."""
    name, _ = QFileDialog.getOpenFileName(parent, "Open a bench file", "", "Bench files (*.yaml *.yml)")
    return Path(name) if name else None


class Instruments(QWidget):
    """What stands on the bench, and what is connected besides.

    Attributes
    ----------
    tested : Signal(str)
        A person wants to measure a resistor on this channel.
    served : Signal(object)
        Path of a bench file that a person wants to work with.
    trying : Signal
        A person wants a simulated bench.
    said : Signal(str, str)
        Something to tell: "info" or "error", and a sentence.
    """

    tested = Signal(str)
    served = Signal(object)
    trying = Signal()
    said = Signal(str, str)

    def __init__(self, bench: BenchState | None, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench, self._theme = bench, theme
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Instrument and channels", "State", "What to know"])
        self.tree.setColumnWidth(0, 340)
        self.tree.setAccessibleName("Instruments")
        self.address = QLineEdit()
        self.address.setPlaceholderText(
            "Also look at: a host name, socket://host:port, or a port such as COM5"
        )
        self.found = QPlainTextEdit()
        self.found.setReadOnly(True)
        self.found.setPlaceholderText(
            "What a scan finds, and the bench file that it proposes, is shown here."
        )
        self.scan_button = button(
            "Scan", "Look at serial ports, VISA resources and the address given", self.scan
        )
        self.save_button = button(
            "Save as bench file …", "Keep what was found; name the channels in the file", self._save
        )
        self.save_button.setEnabled(False)
        self.add_button = button(
            "Add to this bench",
            "Add what was found to the bench file, with numbers for names that are taken",
            self._add,
        )
        self.add_button.hide()
        self.bench_file: Path | None = None
        """To what a person may add instruments; None where the bench is none of this user's."""
        self.test_button = button(
            "Measure a resistor",
            "Sweep 0 to 0.1 V on the chosen channel: its slope is the resistance",
            self._test,
        )
        self.open_button = button(
            "Open a bench file …", "Work with the instruments of a bench file", self._open
        )
        self.try_button = button(
            "Try a simulated bench",
            "Five simulated cells, to try everything without hardware",
            self.trying.emit,
        )
        self._proposal = ""
        self._besides: list[str] = []
        self._tops: dict[str, QTreeWidgetItem] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._lay_out()
        if bench is not None:
            bench.changed.connect(self.refresh)
            self.refresh(bench.statuses)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.tree.clear()
        self._tops.clear()
        self._items.clear()
        if self._bench is not None:
            self.refresh(self._bench.statuses)

    def refresh(self, channels: Iterable[str]) -> None:
        """Show how channels stand, and their instruments."""
        assert self._bench is not None  # noqa: S101  for the types
        for status in map(self._bench.statuses.__getitem__, channels):
            name, _, what = status.instrument.partition(": ")
            top, item = self._items_of(name, status.channel)
            if what and top.text(2) != what:
                top.setText(2, what)
            state = f"{symbol_of(status.state)} {status.state}"
            if item.text(1) != state:
                item.setText(1, state)
                item.setForeground(1, colour_of(status.state, self._theme))
            if item.text(2) != status.detail:
                item.setText(2, status.detail)

    def scan(self) -> None:
        """Look for instruments, in a process of its own; nothing is changed at them."""
        self.scan_button.setEnabled(False)
        self.found.setPlainText("Looking …")
        self._besides = self.address.text().split()
        run_command(self, ["instruments", *self._besides], self._scanned)

    def _scanned(self, _code: int, said: str) -> None:
        self.scan_button.setEnabled(True)
        self.found.setPlainText(said)
        _, mark, proposal = said.partition("(write it with --write bench.yaml):\n\n")
        self._proposal = proposal if mark else ""
        self.save_button.setEnabled(bool(self._proposal))
        self.add_button.setVisible(bool(self._proposal) and self.bench_file is not None)

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the bench file", "bench.yaml", "Bench files (*.yaml)"
        )
        if not name:
            return
        try:
            Path(name).write_text(self._proposal, encoding="utf-8")
        except OSError as error:
            self.said.emit("error", f"{name} was not saved: {error.strerror}.")
            return
        self.served.emit(Path(name))

    def _add(self) -> None:
        self.add_button.setEnabled(False)
        run_command(self, ["instruments", *self._besides, "--add", str(self.bench_file)], self._added)

    def _added(self, code: int, said: str) -> None:
        self.add_button.setEnabled(True)
        sentence = (said.strip().splitlines() or [""])[-1].removeprefix("faradaic: ")
        if code:
            self.said.emit("error", sentence)
        elif self._bench is not None and self._bench.running:
            wait = "Runs are under way: open the bench file again when they have ended."
            self.said.emit("info", f"{sentence} {wait}")
        else:
            self.said.emit("info", sentence)
            self.served.emit(self.bench_file)

    def _open(self) -> None:
        bench = ask_bench_file(self)
        if bench is not None:
            self.served.emit(bench)

    def _test(self) -> None:
        item = self.tree.currentItem()
        if item is None or item.parent() is None:
            self.said.emit("info", "Choose a channel in the list, connect a resistor to it, and try again.")
            return
        self.tested.emit(item.text(0))

    def _items_of(self, instrument: str, channel: str) -> tuple[QTreeWidgetItem, QTreeWidgetItem]:
        """Return the items of an instrument and of a channel of it, made where there are none."""
        if instrument not in self._tops:
            self._tops[instrument] = QTreeWidgetItem(self.tree.invisibleRootItem(), [instrument])
            self._tops[instrument].setExpanded(True)
        top = self._tops[instrument]
        if channel not in self._items:
            self._items[channel] = QTreeWidgetItem(top, [channel])
        return top, self._items[channel]

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        for each in (self.test_button, self.open_button, self.try_button):
            top.addWidget(each)
        top.addStretch()
        search = QHBoxLayout()
        for each in (self.address, self.scan_button, self.add_button, self.save_button):
            search.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(top)
        layout.addWidget(self.tree, 2)
        layout.addWidget(label("Find instruments", "title"))
        layout.addLayout(search)
        layout.addWidget(self.found, 1)

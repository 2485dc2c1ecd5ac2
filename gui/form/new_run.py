"""Planning a run: protocol, parameters, cell, limits, and what will come of it."""

import itertools
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...protocols import Cell, Protocol, ProtocolError, SafetyLimits, load_protocol, protocol_types
from ...protocols.files import cell_from_file, read_yaml
from ...protocols.interchange import PROTOCOL_SUFFIXES, read_protocol_file
from ...protocols.quantities import split_list
from ..asking import Asking
from ..bench import BenchState
from ..naming import title_of
from ..places import save_cell, save_yaml, saved_cells
from ..theme import Theme, is_under_way, symbol_of
from ..widgets import button, column, label
from .form import Form
from .preview import Outlook, PreviewPane, look_ahead
from .protocol_list import ProtocolList
from .sequence import SequenceEditor

_TYPING_MS = 250
_UNCHECKED = "It is still being checked."
_YAML = "Descriptions (*.yaml *.yml)"
_PROTOCOLS = "Descriptions (*.yaml *.yml *.json *.txt)"
_YAML_SUFFIXES = (".yaml", ".yml")
_NAME = Qt.ItemDataRole.UserRole
_MOST_AT_ONCE = 100
_FORM_WIDTH = 290


class NewRun(QWidget):
    """Everything that is needed to begin a run.

    Attributes
    ----------
    added : Signal(list)
        Runs were put into the queues of these channels.
    said : Signal(str, str)
        Something to tell: "info" or "error", and a sentence.
    """

    added = Signal(list)
    said = Signal(str, str)

    def __init__(
        self, bench: BenchState, asking: Asking, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bench, self._asking = bench, asking
        self._forms: dict[str, Form] = {}
        self._name = ""
        self._problems: tuple[str, ...] = ()
        self._is_looking = False
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.timeout.connect(self.look)
        self.protocols = ProtocolList(theme)
        self.protocols.chosen.connect(self._choose)
        self.sequence = SequenceEditor()
        self.sequence.wanted.connect(self._add_to_sequence)
        self.sequence.opened.connect(self.load)
        self.sequence.changed.connect(self._changed)
        self.title = label(role="title")
        self.purpose = label(role="faint", wraps=True)
        self._parameters = QVBoxLayout()
        self.cell = Form(Cell)
        self.limits = Form(SafetyLimits)
        for form in (self.cell, self.limits):
            form.changed.connect(self._changed)
        self.tabs = QTabWidget()
        self.preview = PreviewPane(theme)
        self.channels = QListWidget()
        self.channels.setAccessibleName("Channels")
        self.channels.setMaximumHeight(130)
        self.channels.itemChanged.connect(lambda _: self._changed())
        self.run_button = button("▶ Run", "", self.start, primary=True)
        self.check_button = button("Check", "Explain every problem with what is set", self.look)
        self._lay_out()
        self.setAcceptDrops(True)
        self.update_channels()
        bench.changed.connect(lambda _: self.update_channels())
        self.protocols.choose("LinearSweep")

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.preview.set_theme(theme)
        self.protocols.set_theme(theme)
        self.look()

    # What is set

    @property
    def form(self) -> Form:
        """The form of the protocol that is shown."""
        return self._forms[self._name]

    @property
    def chosen_channels(self) -> list[str]:
        """The channels that are ticked."""
        items = [self.channels.item(row) for row in range(self.channels.count())]
        return [item.data(_NAME) for item in items if item.checkState() == Qt.CheckState.Checked]

    def choose_channels(self, names: list[str]) -> None:
        """Tick these channels, and no others."""
        for row in range(self.channels.count()):
            item = self.channels.item(row)
            state = Qt.CheckState.Checked if item.data(_NAME) in names else Qt.CheckState.Unchecked
            item.setCheckState(state)

    def descriptions(self) -> list[dict[str, Any]]:
        """Return what is to be run, one after the other: lists such as "20, 50 mV/s" make several runs."""
        if self.sequence.parts:
            return [{"protocol": "Sequence", "protocols": self.sequence.parts}]
        values = self.form.values
        choices: dict[str, Any] = {}
        for name, value in values.items():
            field = self.form.fields[name]
            choices[name] = split_list(value) if isinstance(value, str) and field.takes_lists else [value]
        many = itertools.islice(itertools.product(*choices.values()), _MOST_AT_ONCE)
        return [{"protocol": self._name, **dict(zip(choices, each, strict=True))} for each in many]

    def load(self, description: dict[str, Any]) -> None:
        """Show a protocol's description, such as one from a file or of an earlier run."""
        name = str(description.get("protocol", ""))
        if name in ("Sequence", "Repeat"):
            self.sequence.load([description] if name == "Repeat" else list(description.get("protocols", ())))
            return
        self.protocols.choose(name)
        if name in self._forms:
            self.form.set_values({key: value for key, value in description.items() if key != "protocol"})
        self.limits.set_values(dict(description.get("limits") or {}))

    def load_cell(self, cell: Cell) -> None:
        """Show a cell."""
        self.cell.set_values(cell.model_dump(mode="json", exclude_none=True))

    def update_channels(self) -> None:
        """Show the channels of the bench with their states."""
        self.channels.blockSignals(True)
        known = {self.channels.item(row).data(_NAME): row for row in range(self.channels.count())}
        for name, status in self._bench.statuses.items():
            if name in known:
                item = self.channels.item(known[name])
            else:
                item = QListWidgetItem()
                item.setData(_NAME, name)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                first = self.channels.count() == 0
                item.setCheckState(Qt.CheckState.Checked if first else Qt.CheckState.Unchecked)
                self.channels.addItem(item)
            text = f"{name}   {symbol_of(status.state)} {status.state}"
            if item.text() != text:
                item.setText(text)
        self.channels.blockSignals(False)
        self._update_button()

    # Looking ahead

    def look(self) -> None:
        """Check everything, and find out what would come of it."""
        is_whole = self.cell.check() and self.limits.check() and self._check_protocol()
        self._mark_tabs()
        self._update_button()
        if not is_whole:
            self.preview.show_outlook(Outlook(problems=("Mend the fields that are marked.",)), 1)
            return
        try:
            protocols = [load_protocol(each) for each in self.descriptions()]
        except ProtocolError as error:
            self.preview.show_outlook(Outlook(problems=(str(error),)), 1)
            return
        if self._is_looking:
            self._typing.start(_TYPING_MS)
            return
        self._is_looking = True
        cell = Cell.model_validate(self.cell.values)
        client = self._bench.client
        channels, limits = self.chosen_channels, self.limits.values
        self._asking.do(
            lambda: look_ahead(client, channels, protocols, cell, limits),
            lambda outlook: self._looked(outlook, len(protocols)),
            lambda sentence: self._looked(Outlook(problems=(sentence,)), len(protocols)),
        )

    def _looked(self, outlook: Outlook, count: int) -> None:
        self._is_looking = False
        self.preview.show_outlook(outlook, count)
        self._problems = outlook.problems
        self._update_button()

    def _check_protocol(self) -> bool:
        """Check the form; where a field holds a list, its first part stands for it."""
        description = self.descriptions()[0]
        if description["protocol"] == "Sequence":
            return True
        faults_of = {name: value for name, value in description.items() if name != "protocol"}
        return self.form.check(faults_of)

    def _mark_tabs(self) -> None:
        for index, (name, form) in enumerate(
            (("Parameters", self.form), ("Cell", self.cell), ("Limits", self.limits))
        ):
            has_fault = form.fault.text() or any(field.fault.text() for field in form.fields.values())
            self.tabs.setTabText(index, f"{name} ✕" if has_fault else name)

    def _changed(self) -> None:
        self._problems = (_UNCHECKED,)
        self._update_button()
        self._typing.start(_TYPING_MS)

    def _update_button(self) -> None:
        reason = self._reason()
        self.run_button.setEnabled(not reason)
        waits = [name for name in self.chosen_channels if self._is_busy(name)]
        self.run_button.setText("▶ Add to queue" if waits else "▶ Run")
        says = "Waits for its turn on " + ", ".join(waits) if waits else "Begin on the ticked channels (F5)"
        self.run_button.setToolTip(reason or says)

    def _is_busy(self, name: str) -> bool:
        status = self._bench.statuses.get(name)
        return status is not None and (is_under_way(status.state) or bool(status.queue))

    def _reason(self) -> str:
        """Return why nothing can be begun; "" where it can."""
        if not self.chosen_channels:
            return "Tick a channel."
        return " ".join(self._problems)

    # Doing

    def start(self) -> None:
        """Put what is set into the queues of the ticked channels."""
        if self._reason():
            return
        client, channels = self._bench.client, self.chosen_channels
        protocols = [load_protocol(each) for each in self.descriptions()]
        cell, limits = Cell.model_validate(self.cell.values), self.limits.values

        def add() -> list[str]:
            for channel in channels:
                for protocol in protocols:
                    client.add(channel, protocol, cell, limits=limits)
            return channels

        self._asking.do(add, self.added.emit)

    def _add_to_sequence(self) -> None:
        if self.form.check():
            self.sequence.add({"protocol": self._name, **self.form.values})

    # Files

    def open_file(self, path: Path) -> None:
        """Show the protocol, or the cell, of a YAML file."""
        try:
            if path.suffix.lower() not in _YAML_SUFFIXES or "protocol" in read_yaml(path):
                incoming = read_protocol_file(path)
                self.load(incoming.protocol.to_dict())
                if incoming.cell:
                    self.cell.set_values({**incoming.cell, **self.cell.values})
                for note in incoming.notes:
                    self.said.emit("info", f"{path.name}: {note}")
            else:
                self.load_cell(cell_from_file(path))
                self.tabs.setCurrentIndex(1)
        except ProtocolError as error:
            self.said.emit("error", str(error))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files of protocols and cells."""
        if _described_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files that were dropped."""
        for path in _described_files(event.mimeData()):
            self.open_file(path)

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a protocol or a cell", "", _PROTOCOLS)
        if name:
            self.open_file(Path(name))

    def _save_protocol(self) -> None:
        description = self.descriptions()[0]
        proposed = f"{description['protocol']}.yaml"
        name, _ = QFileDialog.getSaveFileName(self, "Save the protocol", proposed, _YAML)
        if not name:
            return
        try:
            limits = self.limits.values
            save_yaml(Path(name), {**description, **({"limits": limits} if limits else {})})
        except OSError as error:
            self.said.emit("error", f"{name} was not saved: {error.strerror}.")

    def _save_cell(self) -> None:
        if not self.cell.check():
            return
        try:
            save_cell(Cell.model_validate(self.cell.values))
        except OSError as error:
            self.said.emit("error", f"The cell was not saved: {error.strerror}.")
            return
        self._fill_saved()
        self.said.emit("info", "The cell is saved.")

    def _fill_saved(self) -> None:
        self.saved.blockSignals(True)
        self.saved.clear()
        self.saved.addItem("Saved cells …", None)
        for name, path in saved_cells().items():
            self.saved.addItem(name, path)
        self.saved.blockSignals(False)

    def _open_saved(self, index: int) -> None:
        path = self.saved.itemData(index)
        if path is not None:
            self.open_file(path)

    # Making it

    def _choose(self, name: str) -> None:
        kind: type[Protocol] = protocol_types()[name]
        if name not in self._forms:
            form = Form(kind)
            form.changed.connect(self._changed)
            self._forms[name] = form
            self._parameters.insertWidget(2, form)
        self._name = name
        for each, form in self._forms.items():
            form.setVisible(each == name)
        self.title.setText(title_of(name))
        self.purpose.setText(kind.purpose())
        self._changed()

    def _lay_out(self) -> None:
        self._problems = (_UNCHECKED,)
        page = QWidget()
        page.setLayout(self._parameters)
        self._parameters.addWidget(self.title)
        self._parameters.addWidget(self.purpose)
        self._parameters.addStretch()
        self.saved = QComboBox()
        self.saved.setAccessibleName("Saved cells")
        self.saved.activated.connect(self._open_saved)
        self._fill_saved()
        save = button("Save cell", "Keep this cell under its name", self._save_cell)
        self.tabs.addTab(_scrolled(page), "Parameters")
        self.tabs.addTab(_scrolled(column(_row(self.saved, save), self.cell, margin=6)), "Cell")
        hint = label("A sample beyond a limit puts the cell at rest and ends the run.", "faint", wraps=True)
        self.tabs.addTab(_scrolled(column(hint, self.limits, margin=6)), "Limits")
        files = _row(
            button(
                "Open …",
                "Open a protocol or a cell from a file; files may also be dropped here",
                self._ask_file,
            ),
            button(
                "Save …", "Save the protocol or the sequence as the command line runs it", self._save_protocol
            ),
        )
        left = column(self.protocols, self.sequence, files)
        right = column(
            self.preview, label("Channels", "title"), self.channels, _row(self.check_button, self.run_button)
        )
        self.tabs.setMinimumWidth(_FORM_WIDTH)
        parts = QSplitter()
        for part in (left, self.tabs, right):
            parts.addWidget(part)
        parts.setSizes([270, 380, 380])
        parts.setChildrenCollapsible(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        # On a small screen everything can still be reached.
        whole = _scrolled(parts)
        whole.setFrameShape(QFrame.Shape.NoFrame)
        layout.addWidget(whole)


def _row(*parts: QWidget) -> QWidget:
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)
    return made


def _scrolled(part: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(part)
    area.setWidgetResizable(True)
    return area


def _described_files(data: QMimeData) -> list[Path]:
    paths = [Path(url.toLocalFile()) for url in data.urls()]
    return [path for path in paths if path.suffix.lower() in PROTOCOL_SUFFIXES]

"""The chosen channel: live values, step, queue, limits to change in flight, results."""

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..core.units import pretty_duration
from ..engine.bench import StationStatus
from ..engine.service.client import Client
from ..protocols import EndConditions, SafetyLimits
from ..protocols.texts import parameter_texts
from .bench import BenchState
from .form.form import Form
from .naming import title_of
from .numbers import live
from .theme import Theme, colour_of, is_under_way, symbol_of
from .widgets import button, label

_JOB = Qt.ItemDataRole.UserRole


class Inspector(QScrollArea):
    """Shows one channel, and lets its run be changed.

    Attributes
    ----------
    asked : Signal(object, str)
        Something to do with the service, as a function of its client, and a sentence for when it is done.
    """

    asked = Signal(object, str)

    def __init__(self, bench: BenchState, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.channel = ""
        self._bench = bench
        self.title, self.state = label(role="title"), label()
        self.detail = label(role="fault", wraps=True)
        self.potential, self.current, self.charge = (label(role="number") for _ in range(3))
        self.facts = QFormLayout()
        self._facts = {
            name: label(wraps=True) for name in ("Cell", "Protocol", "Step", "Cycle", "Time", "File")
        }
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(6)
        self.queue = QListWidget()
        self.queue.setAccessibleName("Queue")
        self.queue.setMaximumHeight(110)
        self.limits = Form(SafetyLimits)
        self.until = Form(EndConditions)
        self.results = label(wraps=True, is_rich=True)
        self.results.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._page = QWidget()
        self._known_queue: list[str] = []
        self._known_step: tuple[object, ...] = ()
        self._lay_out()
        bench.changed.connect(lambda names: self.channel in names and self.update_values())

    def minimumSizeHint(self) -> QSize:
        """Be as wide as what is shown: it is scrolled down, never aside."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._page.minimumSizeHint().width() + bar + 2 * self.frameWidth(), 200)

    def show_channel(self, name: str) -> None:
        """Show another channel."""
        if name == self.channel:
            return
        self.channel = name
        self.limits.set_values({})
        self.show_results({})
        self.update_values()

    def show_results(self, results: Mapping[str, Any]) -> None:
        """Show what a run has come to, by name."""
        lines = [f"<b>{escape(name.replace('_', ' '))}</b>: {escape(text)}" for name, text in results.items()]
        self.results.setText("<br>".join(lines) or "Results come when the run has ended.")

    def update_values(self) -> None:
        """Show how the channel stands now."""
        status = self._bench.statuses.get(self.channel)
        if status is None:
            return
        runs = is_under_way(status.state)
        self.title.setText(f"Channel {status.channel}")
        self.state.setText(f"{symbol_of(status.state)} {status.state}")
        self.state.setStyleSheet(f"color: {colour_of(status.state, self.theme).name()}; font-weight: 600;")
        self.detail.setText(status.detail)
        self.detail.setVisible(bool(status.detail))
        self.potential.setText(f"E  {live(status.potential_V, 'V')}")
        self.current.setText(f"I  {live(status.current_A, 'A')}")
        self.charge.setText(f"Q  {live(status.net_charge_Ah, 'Ah')}")
        self._facts["Cell"].setText(status.cell)
        self._facts["Protocol"].setText(title_of(status.protocol) if status.protocol else "")
        self._facts["Step"].setText(status.step if runs else "")
        self._facts["Cycle"].setText(str(status.cycle or ""))
        times = f"{pretty_duration(status.elapsed_s)} passed, {pretty_duration(status.remaining_s)} left"
        self._facts["Time"].setText(times if runs else "")
        self._facts["File"].setText(status.file and _below(status.file, self._bench.engine.folder))
        self._facts["File"].setToolTip(status.file)
        for value in self._facts.values():
            self.facts.setRowVisible(value, bool(value.text()))
        self.progress.setValue(round(100 * status.fraction))
        self.progress.setVisible(runs)
        self._show_queue(status)
        self._show_end_conditions(status)
        for each in (self.change, self.change_until):
            each.setEnabled(runs)

    def _show_end_conditions(self, status: StationStatus) -> None:
        """Show those of the step under way, once: what a person writes there stays."""
        step = (status.channel, status.run, status.step, status.cycle, status.until)
        if step == self._known_step:
            return
        self._known_step = step
        now = {} if status.until is None else parameter_texts(EndConditions.of(status.until))
        self.until.set_values(now)
        self.until.show_faults({})

    def _show_queue(self, status: StationStatus) -> None:
        ids = [job.id for job in status.queue]
        if ids != self._known_queue:
            self._known_queue = ids
            self.queue.clear()
            for job in status.queue:
                item = QListWidgetItem(f"{title_of(job.title.split(' on ')[0])} · {job.by}")
                item.setToolTip(job.title)
                item.setData(_JOB, job.id)
                self.queue.addItem(item)
        self.waits.setVisible(bool(ids))
        held = " It waits for a person: Continue." if status.is_held else ""
        self.waits.setTitle(f"Queue ({len(ids)}){held}")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self._page)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch()
        head.addWidget(self.state)
        layout.addLayout(head)
        for each in (self.detail, self.potential, self.current, self.charge, self.progress):
            layout.addWidget(each)
        for name, value in self._facts.items():
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.facts.addRow(label(name, "faint"), value)
        layout.addLayout(self.facts)
        self.waits = _group(
            "Queue",
            self.queue,
            button("First", "Let the chosen job be the next", self._first),
            button("Remove", "Take the chosen job out of the queue", self._remove),
        )
        layout.addWidget(self.waits)
        layout.addWidget(_group("Results", self.results))
        self.change = button("Change limits", "The run goes on within these limits", self._change_limits)
        limits = _group("Limits of this run", self.limits, self.change)
        limits.setToolTip("Those of the protocol and of the channel stay; the tightest hold.")
        layout.addWidget(limits)
        self.change_until = button(
            "Change end conditions",
            "The step under way ends at whichever is met first; what it has done already counts",
            self._change_until,
        )
        layout.addWidget(_group("End of this step", self.until, self.change_until))
        layout.addStretch()
        self.setWidget(self._page)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _change_limits(self) -> None:
        if self.limits.check():
            self._ask(
                lambda client, name=self.channel, limits=self.limits.values: client.change_limits(
                    name, **limits
                ),
                f"The limits on {self.channel} are changed.",
            )

    def _change_until(self) -> None:
        if self.until.check():
            self._ask(
                lambda client, name=self.channel, until=self.until.values: client.change_until(name, **until),
                f"The step under way on {self.channel} has other end conditions.",
            )

    def _first(self) -> None:
        chosen = self._chosen_job()
        if chosen:
            order = [chosen, *(each for each in self._known_queue if each != chosen)]
            self._ask(lambda client, name=self.channel: client.reorder(name, order), "")

    def _remove(self) -> None:
        chosen = self._chosen_job()
        if chosen:
            self._ask(lambda client, name=self.channel: client.remove(name, chosen), "")

    def _chosen_job(self) -> str:
        item = self.queue.currentItem()
        return item.data(_JOB) if item is not None else ""

    def _ask(self, what: Callable[[Client], object], done: str) -> None:
        self.asked.emit(what, done)


def _group(title: str, *parts: QWidget) -> QGroupBox:
    made = QGroupBox(title)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    layout = QVBoxLayout(made)
    for part in parts:
        layout.addWidget(part)
    return made


def _below(file: str, folder: str) -> str:
    """Return the path of a file from the data folder on, which the status bar tells."""
    path = Path(file)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else file

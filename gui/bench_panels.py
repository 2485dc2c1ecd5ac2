"""The panels of one bench, put together: what belongs to the bench goes when another one comes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ..core.units import pretty
from ..engine.bench import Record
from ..engine.service.client import Client
from ..engine.service.requests import EngineStatus
from ..protocols import Cell
from .alarms import AlarmsAndLog
from .asking import Asking
from .bench import BenchState
from .inspector import Inspector
from .instruments import RESISTOR_TEST, Instruments
from .live_sources import LiveSources
from .naming import title_of
from .rack import Rack
from .run_reading import read_results
from .runs import Runs
from .theme import Theme, is_under_way
from .workspace import Workspace

if TYPE_CHECKING:
    from .form.new_run import NewRun
    from .plots.panel import PlotPanel

_RESULTS_EVERY_MS = 1000
_RESULTS_TRIES = 60
_RESISTOR = "test resistor"


class BenchPanels(QObject):
    """All panels of a bench, and what goes on between them.

    Parameters
    ----------
    client : Client
        Of the service.
    first : EngineStatus
        How the bench stands.
    theme : Theme
        The colours.

    Attributes
    ----------
    said : Signal(str, str)
        Something to tell: "info", "warning" or "error", and a sentence.
    """

    said = Signal(str, str)

    def __init__(
        self, client: Client, first: EngineStatus, theme: Theme, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.theme = theme
        # Its own: what is still under way when the bench goes finds nobody any more.
        self._asking = asking = Asking(self)
        asking.refused.connect(lambda sentence: self.said.emit("error", sentence))
        self.bench = BenchState(client, first, self)
        self.sources = LiveSources(self.bench, asking, self)
        self.rack = Rack(self.bench, theme)
        self.inspector = Inspector(self.bench, theme)
        self.workspace = Workspace(asking, theme)
        self.runs = Runs(self.bench, asking, theme)
        self.instruments = Instruments(self.bench, theme)
        self.alarms = AlarmsAndLog(self.bench, asking)
        self._new_run: NewRun | None = None
        self._told: set[str] = {each.id for each in first.alarms}
        self.rack.chosen.connect(self._show_chosen)
        self.rack.opened.connect(self.show_plot)
        self.inspector.asked.connect(self.ask)
        self.alarms.asked.connect(self.ask)
        self.workspace.said.connect(self.said)
        self.workspace.overlay_wanted.connect(self._overlay_chosen)
        self.runs.opened.connect(self.workspace.open_runs)
        self.runs.again.connect(self._run_again)
        self.runs.figures.connect(self._show_figures)
        self.runs.said.connect(self.said)
        self.instruments.tested.connect(self._measure_resistor)
        self.instruments.said.connect(self.said)
        self.bench.recorded.connect(self._take)
        self.bench.alarmed.connect(self._tell_alarms)
        self._show_chosen()
        self.runs.refresh()

    def show_first(self) -> None:
        """Show a run that is under way, or else the plan of one."""
        names = [name for name, each in self.bench.statuses.items() if is_under_way(each.state)]
        if names:
            self.rack.select(names[:1])
            self.show_plot(names[0])
        elif self._new_run is None:
            self.new_run()

    def close(self) -> None:
        """Let go of the bench; its runs go on."""
        self._asking.close()
        self.bench.close()

    def ask(self, what: Callable[[Client], object], done: str = "") -> None:
        """Do something with the service, and say so when it is done."""
        client = self.bench.client
        self._asking.do(
            lambda: what(client),
            lambda _: self.said.emit("info", done) if done else None,
        )

    def command(self, name: str, channels: Sequence[str] | None = None) -> None:
        """Pause, hold, resume, skip, stop or give up what runs on channels; by default on the chosen ones."""
        names = self.rack.names if channels is None else channels
        acts: dict[str, Callable[[Client, str], object]] = {
            "pause": lambda client, channel: client.pause(channel),
            "hold": lambda client, channel: client.pause(channel, "hold"),
            "resume": lambda client, channel: client.resume(channel),
            "skip": lambda client, channel: client.skip(channel),
            "stop": lambda client, channel: client.stop(channel),
            "give_up": lambda client, channel: client.give_up(channel),
        }
        for channel in names:
            self.ask(lambda client, each=channel: acts[name](client, each))

    def states(self) -> set[str]:
        """Return the states of the chosen channels."""
        return {self.bench.statuses[each].state for each in self.rack.names if each in self.bench.statuses}

    def emergency_stop(self) -> None:
        """Put all cells at rest at once."""
        client = self.bench.client

        def tell(sentences: list[str]) -> None:
            bad = [each for each in sentences if not each.endswith("is at rest.")]
            for sentence in bad:
                self.said.emit("error", sentence)
            if not bad:
                self.said.emit("warning", "All cells are at rest. The queues wait until you let them go on.")

        self._asking.do_at_once(client.emergency_stop, tell)

    def new_run(self) -> "NewRun":
        """Show the plan of a run, for the chosen channels."""
        from .form.new_run import NewRun  # noqa: PLC0415  the rack is there before plots are loaded

        if self._new_run is None or not self.workspace.bring(self._new_run):
            self._new_run = NewRun(self.bench, self._asking, self.theme)
            self._new_run.said.connect(self.said)
            self._new_run.added.connect(self._show_added)
            self._new_run.destroyed.connect(self._forget_new_run)
            self.workspace.put(self._new_run, "New run")
        if self.rack.names:
            self._new_run.choose_channels(self.rack.names)
        return self._new_run

    def start_planned(self) -> None:
        """Begin what is planned, on the channels that are ticked there."""
        if self._new_run is not None:
            self._new_run.start()

    @property
    def is_planning(self) -> bool:
        """Whether the plan of a run is in front."""
        window = self.workspace.activeSubWindow()
        return window is not None and window.widget() is self._new_run is not None

    def show_plot(self, channel: str) -> "PlotPanel":
        """Show the plot of a channel's run."""
        return self.workspace.plot(self.sources.of(channel), channel)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        self.rack.set_theme(theme)
        self.runs.set_theme(theme)
        self.instruments.set_theme(theme)
        self.workspace.set_theme(theme)
        self.inspector.theme = theme
        self.inspector.update_values()
        if self._new_run is not None:
            self._new_run.set_theme(theme)

    def _forget_new_run(self) -> None:
        self._new_run = None

    def _show_chosen(self) -> None:
        names = self.rack.names
        if not names or names[0] == self.inspector.channel:
            return
        self.inspector.show_channel(names[0])
        status = self.bench.statuses[names[0]]
        if status.file and not is_under_way(status.state):
            self._fetch_results(status.channel, status.run, Path(status.file), 0)

    def _show_added(self, channels: list[str]) -> None:
        self.rack.select(channels)
        self.show_plot(channels[0])
        many = f"{len(channels)} channels" if len(channels) > 1 else channels[0]
        self.said.emit("info", f"Added to {many}.")

    def _run_again(self, protocol: dict[str, Any], cell: dict[str, Any]) -> None:
        plan = self.new_run()
        plan.load_cell(Cell.model_validate(cell))
        plan.load(protocol)

    def _overlay_chosen(self, panel: "PlotPanel") -> None:
        paths = self.runs.paths
        if not paths:
            self.said.emit("info", "Choose runs in the list of runs, then overlay them.")
            return
        for path in paths:
            self.workspace.overlay(panel, path)

    def _show_figures(self, paths: list[Path]) -> None:
        for path in paths:
            self.workspace.show_picture(path)

    def _measure_resistor(self, channel: str) -> None:
        cell = {"name": _RESISTOR}
        self.ask(lambda client: client.add(channel, RESISTOR_TEST, cell), f"Measuring on {channel} …")
        self.show_plot(channel)

    def _take(self, record: Record) -> None:
        if record.kind in ("run_started", "run_ended"):
            QTimer.singleShot(300, self, self.runs.refresh)
        if record.kind != "run_ended":
            return
        status = self.bench.statuses.get(record.channel)
        if status is None:
            return
        state = str(record.data["state"])
        severity = "info" if state == "finished" else "warning" if state == "stopped" else "error"
        self.said.emit(
            severity, f"{record.channel}: {title_of(status.protocol)} on {status.cell} is {state}."
        )
        if status.cell == _RESISTOR and state == "finished":
            QTimer.singleShot(300, self, lambda: self._tell_resistance(record.channel))
        if status.file:
            self._fetch_results(record.channel, record.run, Path(status.file), _RESULTS_TRIES)

    def _tell_resistance(self, channel: str) -> None:
        samples = self.sources.of(channel).samples
        potential_V, current_A = samples["voltage_volt"], samples["current_ampere"]
        moved = np.abs(current_A) > 0
        if moved.sum() < 3:
            self.said.emit("error", f"No current flows on {channel}: is the resistor connected?")
            return
        slope = np.polyfit(current_A[moved], potential_V[moved], 1)[0]
        self.said.emit("info", f"The resistor on {channel} has {pretty(float(slope), 'Ω')}.")

    def _fetch_results(self, channel: str, run: str, path: Path, tries: int) -> None:
        """Show the results of a run as soon as they are in its file."""

        def show(found: tuple[dict[str, str], dict[str, float]]) -> None:
            status = self.bench.statuses.get(channel)
            if status is None or status.run != run:
                return
            results, onsets = found
            if not results:
                try_again()
                return
            if self.inspector.channel == channel:
                self.inspector.show_results(results)
            self.runs.look_again(path)
            for panel in self.workspace.panels:
                if panel.source.path == path:
                    panel.plot.set_marks(onsets)

        def try_again(_: str = "") -> None:
            if tries > 0:
                QTimer.singleShot(
                    _RESULTS_EVERY_MS, self, lambda: self._fetch_results(channel, run, path, tries - 1)
                )

        self._asking.do(lambda: read_results(path), show, try_again)

    def _tell_alarms(self) -> None:
        for alarm in self.bench.alarms:
            if alarm.id not in self._told and not alarm.acknowledged_by and time.time() - alarm.time < 60:
                self.said.emit(alarm.severity, alarm.text)
            self._told.add(alarm.id)

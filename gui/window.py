"""The window: toolbar, docks around plots, status bar."""

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMessageBox,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from .. import __version__
from ..engine.service.client import Client
from ..engine.service.own import own_bench
from ..engine.service.requests import EngineStatus
from ..engine.service.starting import changed_over
from .actions import help_text, make_actions
from .asking import Asking
from .bench_panels import BenchPanels
from .drawn import icon
from .emergency import EmergencyStop
from .garbage import Collector
from .importing import Importer, dropped_files
from .instruments import Instruments, ask_bench_file
from .numbers import bytes_text
from .palette import CommandPalette
from .places import data_folder, own_folder
from .theme import Scheme, apply_theme, is_under_way, system_scheme, theme_named
from .toasts import Toasts
from .trying import end_trying, start_trying
from .welcome import Welcome
from .widgets import label

_CLOCK_MS = 1000
_ICONS = ("new_run", "run", "pause", "skip", "stop", "rows", "tile", "theme", "palette")
_LEFT, _RIGHT, _BELOW = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class Window(QMainWindow):
    """The main window: without a bench a welcome, with one its rack, plots and runs.

    Parameters
    ----------
    data : Path, optional
        Where run files go when the window itself starts an engine.

    Attributes
    ----------
    complained : Signal(str)
        Something went wrong somewhere in the program; may be emitted in any thread.
    """

    complained = Signal(str)

    def __init__(self, data: Path | None = None) -> None:
        super().__init__()
        self.setWindowTitle("faradaic")
        self.resize(1440, 900)
        self._data = data or data_folder()
        self.settings = QSettings(str(own_folder() / "window.ini"), QSettings.Format.IniFormat)
        kept = str(self.settings.value("theme", ""))
        scheme: Scheme = "dark" if (kept or system_scheme()) == "dark" else "light"
        self.theme = theme_named(scheme)
        self.asking = Asking(self)
        self.panels: BenchPanels | None = None
        self.docks: dict[str, QDockWidget] = {}
        self._is_trying = False
        self.actions_by_name = make_actions(self, self.act)
        self.emergency = EmergencyStop()
        self.emergency.stopped.connect(self._emergency_stop)
        self._engine = label()
        self._make_toolbar()
        self._draw_icons()
        Collector(self)
        self.welcome = Welcome()
        self.welcome.trying.connect(self.try_simulated)
        self.welcome.scanning.connect(self._scan)
        self.welcome.opening.connect(self._open_bench)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self.setCentralWidget(self._pages)
        self.setDockNestingEnabled(True)
        self._status: dict[str, QLabel] = {}
        for name in ("bench", "disk", "alarms", "clock"):
            self._status[name] = label()
            self.statusBar().addPermanentWidget(self._status[name])
        self.toasts = Toasts(self.theme, self)
        self.asking.refused.connect(lambda sentence: self.toasts.say("error", sentence))
        self.complained.connect(lambda sentence: self.toasts.say("error", sentence))
        self.setAcceptDrops(True)
        self._importer = Importer(self)
        self._importer.said.connect(self.toasts.say)
        self._importer.imported.connect(self._show_imported)
        self._clock = QTimer(self)
        self._clock.timeout.connect(self.update_status)
        self._clock.start(_CLOCK_MS)
        for number in range(1, 10):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda index=number - 1: self._choose(index))
        self._allow()
        self.update_status()

    # Benches

    def attach(self, client: Client, first: EngineStatus, *, is_trying: bool = False) -> None:
        """Show a bench; `is_trying` says that it is the simulated one, which ends with the window."""
        self.detach()
        self._is_trying = is_trying
        panels = BenchPanels(client, first, self.theme, self)
        self.panels = panels
        panels.said.connect(self.toasts.say)
        panels.rack.chosen.connect(self._allow)
        panels.bench.changed.connect(lambda _: self._allow())
        panels.bench.link_changed.connect(self._tell_link)
        panels.instruments.trying.connect(self.try_simulated)
        panels.instruments.served.connect(self.serve)
        panels.instruments.bench_file = None if is_trying else _own_bench()
        panels.rack.set_menu(
            [
                self.actions_by_name[name]
                for name in ("new_run", "show_plot", "run", "pause", "hold", "skip", "stop", "give_up")
            ]
        )
        self._pages.addWidget(panels.workspace)
        self._pages.setCurrentWidget(panels.workspace)
        self._dock("rack", "Rack", panels.rack, _LEFT)
        self._dock("inspector", "Channel", panels.inspector, _RIGHT)
        self._dock("runs", "Runs", panels.runs, _BELOW)
        self._dock("instruments", "Instruments", panels.instruments, _BELOW)
        self._dock("alarms", "Log and alarms", panels.alarms, _BELOW)
        self.reset_layout()
        kept = self.settings.value("layout")
        if isinstance(kept, QByteArray):
            self.restoreState(kept)
        panels.rack.shows_rows = self.settings.value("rack_rows", "false") == "true"
        # When the rack has been drawn: plots take half a second to load.
        QTimer.singleShot(0, panels, panels.show_first)
        self._allow()
        self.update_status()

    def detach(self) -> None:
        """Let go of the bench that is shown; its runs go on."""
        if self.panels is None:
            return
        self._keep_layout()
        for dock in self.docks.values():
            self.removeDockWidget(dock)
            dock.deleteLater()
        self.docks.clear()
        self._pages.removeWidget(self.panels.workspace)
        self.panels.workspace.deleteLater()
        self.panels.close()
        self.panels.deleteLater()
        self.panels = None

    def find_bench(self) -> None:
        """Show this user's bench, where an engine runs already."""
        self.welcome.wait("Looking for your bench …")
        self.asking.do(
            lambda: _asked(Client.own()), lambda made: self.attach(*made), lambda _: self.welcome.wait("")
        )

    def try_simulated(self) -> None:
        """Show the simulated bench; it is started where that is needed."""
        folder = self._data.parent / "faradaic simulated data"
        sentence = "Starting five simulated cells and an engine …"
        self._start_engine(sentence, lambda: start_trying(folder), is_trying=True)

    def serve(self, bench: Path) -> None:
        """Work with the instruments of a bench file."""
        self._start_engine(f"Starting an engine for {bench.name} …", lambda: changed_over(bench, self._data))

    def _start_engine(self, sentence: str, start: Callable[[], Client], *, is_trying: bool = False) -> None:
        self.welcome.wait(sentence)
        self.asking.do(
            lambda: _asked(start()),
            lambda made: self.attach(*made, is_trying=is_trying),
            self._tell_failure,
        )
        QTimer.singleShot(0, self, _load_plots)

    def _tell_failure(self, sentence: str) -> None:
        self.welcome.fail(sentence)
        self.toasts.say("error", sentence)

    def _scan(self) -> None:
        finder = Instruments(None, self.theme)
        finder.trying.connect(self.try_simulated)
        finder.served.connect(self.serve)
        finder.said.connect(self.toasts.say)
        self._pages.addWidget(finder)
        self._pages.setCurrentWidget(finder)
        finder.scan()

    def _open_bench(self) -> None:
        bench = ask_bench_file(self)
        if bench is not None:
            self.serve(bench)

    # Deeds

    def act(self, name: str) -> None:
        """Do one of the `DEEDS`."""
        panels = self.panels
        plain: dict[str, Any] = {
            "theme": self._switch_theme,
            "palette": self._show_palette,
            "help": lambda: self._tell("Keys", help_text()),
            "about": lambda: self._tell("About", _about()),
            "reset_layout": self.reset_layout,
        }
        if name in plain:
            plain[name]()
        elif panels is not None:
            self._act_on_bench(name, panels)

    def _act_on_bench(self, name: str, panels: BenchPanels) -> None:
        acts: dict[str, Any] = {
            "new_run": panels.new_run,
            "run": lambda: self._run(panels),
            "pause": lambda: panels.command("resume" if panels.states() & {"paused", "holding"} else "pause"),
            "show_plot": lambda: [panels.show_plot(each) for each in panels.rack.names[:16]],
            "show_runs": lambda: self._raise("runs"),
            "show_instruments": lambda: self._raise("instruments"),
            "show_alarms": lambda: self._raise("alarms"),
            "filter": panels.rack.search.setFocus,
            "rows": lambda: setattr(panels.rack, "shows_rows", not panels.rack.shows_rows),
            "tile": lambda: panels.workspace.tile(tiled=not panels.workspace.is_tiled),
            "end_trying": self._end_trying,
        }
        if name in acts:
            acts[name]()
        else:
            panels.command(name)

    def _run(self, panels: BenchPanels) -> None:
        """Begin what is planned; otherwise let what waits on the chosen channels go on."""
        if panels.is_planning:
            panels.start_planned()
            return
        waiting = [
            status.channel
            for status in (panels.bench.statuses[each] for each in panels.rack.names)
            if status.state in ("paused", "holding", "interrupted") or status.is_held
        ]
        if waiting:
            panels.command("resume", waiting)
        else:
            panels.new_run()

    def reset_layout(self) -> None:
        """Put all panels where they were at first."""
        if not self.docks:
            return
        for dock in self.docks.values():
            dock.setFloating(False)
            dock.show()
        self.addDockWidget(_LEFT, self.docks["rack"])
        self.addDockWidget(_RIGHT, self.docks["inspector"])
        for name in ("runs", "instruments", "alarms"):
            self.addDockWidget(_BELOW, self.docks[name])
        self.tabifyDockWidget(self.docks["runs"], self.docks["instruments"])
        self.tabifyDockWidget(self.docks["instruments"], self.docks["alarms"])
        self.docks["runs"].raise_()
        for corner, area in (
            (Qt.Corner.BottomLeftCorner, _LEFT),
            (Qt.Corner.BottomRightCorner, _RIGHT),
        ):
            self.setCorner(corner, area)
        self.resizeDocks([self.docks["rack"], self.docks["inspector"]], [268, 300], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["runs"]], [min(230, self.height() // 4)], Qt.Orientation.Vertical)

    def update_status(self) -> None:
        """Show how engine, disk and alarms stand."""
        self._status["clock"].setText(f"{datetime.datetime.now(datetime.UTC):%H:%M:%S} UTC")
        if self.panels is None:
            self._engine.setText("no engine")
            return
        bench = self.panels.bench
        where = "engine" if bench.is_linked else "engine does not answer:"
        self._engine.setText(f"{'●' if bench.is_linked else '⚡'} {where} {bench.running} running")
        self._status["bench"].setText(f"{bench.engine.bench} · {bench.engine.folder}")
        self._status["disk"].setText(f"{bytes_text(bench.engine.free_bytes)} free")
        unseen = sum(not each.acknowledged_by for each in bench.alarms)
        self._status["alarms"].setText(
            f"{unseen} unseen alarm{'s' * (unseen != 1)}" if unseen else "no alarms"
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take runs, and recordings of other programs."""
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show the runs that were dropped; import what other programs recorded."""
        folder = self._data if self.panels is None else Path(self.panels.bench.engine.folder)
        self._importer.take(dropped_files(event.mimeData()), folder)
        event.acceptProposedAction()

    def _show_imported(self, path: Path) -> None:
        if self.panels is None:
            self.toasts.say("info", f"The run is in {path}; open a bench to see it.")
            return
        self.panels.runs.refresh()
        self.panels.workspace.open_runs([path])

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close the window only: runs go on in the engine, and a message says so."""
        running = self.panels.bench.running if self.panels is not None else 0
        if running and not self.settings.value("close_told"):
            box = QMessageBox(self)
            box.setWindowTitle("Runs go on")
            go = "runs go" if running > 1 else "run goes"
            box.setText(f"{running} {go} on in the engine while the window is closed.")
            box.setInformativeText(
                "Open the window again at any time to see them. To end them, stop them first."
            )
            close = box.addButton("Close the window", QMessageBox.ButtonRole.AcceptRole)
            box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
            not_again = QCheckBox("Do not say this again", box)
            box.setCheckBox(not_again)
            box.exec()
            if box.clickedButton() is not close:
                event.ignore()
                return
            if not_again.isChecked():
                self.settings.setValue("close_told", "true")
        self._keep_layout()
        # Ending a simulated bench takes a while: nobody is to look at a window that does not answer.
        self.hide()
        is_trying = self.panels is not None and self._is_trying
        self._clock.stop()
        self.detach()
        self.asking.close()
        if is_trying and not running:
            # Nothing of a first try stays behind.
            end_trying()
        event.accept()

    # Parts

    def _make_toolbar(self) -> None:
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.setIconSize(QSize(18, 18))
        for name in ("new_run", "run", "pause", "skip", "stop"):
            bar.addAction(self.actions_by_name[name])
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        for name in ("rows", "tile", "theme", "palette"):
            bar.addAction(self.actions_by_name[name])
            made = bar.widgetForAction(self.actions_by_name[name])
            if isinstance(made, QToolButton):
                made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        bar.addWidget(self._engine)
        bar.addWidget(self.emergency)
        self.addToolBar(bar)

    def _draw_icons(self) -> None:
        for name in _ICONS:
            self.actions_by_name[name].setIcon(icon(name, self.theme.text, self.theme.faint))

    def _dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        self.docks[name] = dock

    def _raise(self, name: str) -> None:
        self.docks[name].show()
        self.docks[name].raise_()
        self.docks[name].widget().setFocus()

    def _choose(self, index: int) -> None:
        if self.panels is not None and index < len(self.panels.bench.statuses):
            self.panels.rack.select([list(self.panels.bench.statuses)[index]])

    def _allow(self) -> None:
        """Let only be done what can be done with the chosen channels."""
        panels = self.panels
        states = panels.states() if panels is not None else set()
        runs = any(is_under_way(state) for state in states)
        allowed = {
            "pause": bool(states & {"running", "paused", "holding"}),
            "hold": "running" in states,
            "skip": runs,
            "stop": runs,
            "give_up": "interrupted" in states,
            "end_trying": self._is_trying,
        }
        everywhere = ("theme", "palette", "help", "about")
        for name, action in self.actions_by_name.items():
            wanted = allowed.get(name, panels is not None or name in everywhere)
            if action.isEnabled() != wanted:
                action.setEnabled(wanted)
        text = "Continue" if states & {"paused", "holding"} else "Pause"
        if self.actions_by_name["pause"].text() != text:
            self.actions_by_name["pause"].setText(text)
        self.emergency.setEnabled(panels is not None)

    def _emergency_stop(self) -> None:
        if self.panels is not None:
            self.panels.emergency_stop()

    def _tell_link(self, is_linked: bool) -> None:
        if is_linked:
            self.toasts.say("info", "The engine answers again.")
        else:
            self.toasts.say(
                "error",
                "The engine does not answer; what is shown may be old. It is asked again.",
            )
        self.update_status()

    def _switch_theme(self) -> None:
        self.set_scheme("light" if self.theme.name == "dark" else "dark")

    def set_scheme(self, scheme: Scheme) -> None:
        """Show the window light or dark, from now on."""
        self.theme = theme_named(scheme)
        self.settings.setValue("theme", scheme)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, self.theme)
        self.toasts.theme = self.theme
        self._draw_icons()
        if self.panels is not None:
            self.panels.set_theme(self.theme)

    def _show_palette(self) -> None:
        palette = CommandPalette(list(self.actions_by_name.values()), self)
        place = self.mapToGlobal(self.rect().center())
        palette.move(place.x() - palette.width() // 2, self.mapToGlobal(self.rect().topLeft()).y() + 60)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.show()
        palette.line.setFocus()

    def _tell(self, title: str, text: str) -> None:
        box = QMessageBox(self)
        box.setWindowTitle(title)
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setText(text)
        # Nothing waits for it to be closed.
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.show()

    def _keep_layout(self) -> None:
        if self.panels is not None:
            self.settings.setValue("layout", self.saveState())
            self.settings.setValue("rack_rows", "true" if self.panels.rack.shows_rows else "false")
            self.settings.sync()

    def _end_trying(self) -> None:
        if self.panels is not None:
            self.detach()
            self._pages.setCurrentWidget(self.welcome)
            self.welcome.wait("Ending the simulated bench …")
            self.asking.do(end_trying, lambda _: self.welcome.wait(""))


def _asked(client: Client) -> tuple[Client, EngineStatus]:
    """Return a client with how its bench stands."""
    return client, client.status()


def _own_bench() -> Path | None:
    try:
        return own_bench()
    except OSError:
        return None


def _load_plots() -> None:
    """Load what the first panel needs, a third of a second, while an engine is being started."""
    from .form import course, new_run  # noqa: F401, PLC0415


def _about() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    parts = ", ".join(
        f"{name} {version(name)}" for name in ("PySide6-Essentials", "pyqtgraph", "numpy", "h5py")
    )
    return f"<h3>faradaic {__version__}</h3><p>Python {sys.version.split()[0]}, {parts}</p>"

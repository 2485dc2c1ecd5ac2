"""Everything that the window can do, as actions with their keys."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True)
class Deed:
    """One thing that the window can do.

    Parameters
    ----------
    name : str
        What it is called in the program.
    text : str
        What people read.
    keys : str
        Its keys, such as "Ctrl+N"; "" for none.
    tip : str
        One sentence about it.
    """

    name: str
    text: str
    keys: str
    tip: str


DEEDS = (
    Deed("new_run", "New run …", "Ctrl+N", "Plan a run"),
    Deed("run", "Run", "F5", "Begin what is planned, or let a queue or an interrupted run go on"),
    Deed("pause", "Pause", "F6", "Interrupt the step with the cell at rest; again: go on"),
    Deed("hold", "Pause and hold", "", "Interrupt the step with the cell held at its potential"),
    Deed("skip", "Skip step", "F8", "End the step under way, and go on with the next one"),
    Deed("stop", "Stop", "Shift+F5", "End the run on the chosen channels, with the cells at rest"),
    Deed("give_up", "Give the interrupted run up", "", "Leave an interrupted run as it is"),
    Deed("show_plot", "Show plot", "Ctrl+P", "Plot the runs of the chosen channels"),
    Deed("show_runs", "Show runs", "Ctrl+R", "Look for recorded runs"),
    Deed("show_instruments", "Show instruments", "Ctrl+I", "Look at the instruments, find and test them"),
    Deed("show_alarms", "Show log and alarms", "Ctrl+L", "Look at what has happened"),
    Deed("filter", "Filter channels", "Ctrl+F", "Type a part of a name, a cell, or a state"),
    Deed("rows", "Rack as rows or as cards", "Ctrl+T", "Show the channels the other way"),
    Deed("tile", "Tile plots, or show them as tabs", "Ctrl+G", "Show several plots at once"),
    Deed("theme", "Light or dark", "Ctrl+D", "Change the colours of the window"),
    Deed("reset_layout", "Reset layout", "", "Put all panels where they were at first"),
    Deed("palette", "Commands …", "Ctrl+K", "Do anything by typing a part of its name"),
    Deed(
        "end_trying",
        "End the simulated bench",
        "",
        "End the engine and the instruments of the simulated bench",
    ),
    Deed("help", "Keys and help", "F1", "List all keys"),
    Deed("about", "About faradaic", "", "Versions of the program and of its parts"),
)


def make_actions(window: QMainWindow, act: Callable[[str], None]) -> dict[str, QAction]:
    """Return an action for every deed; each calls `act` with its name."""
    actions: dict[str, QAction] = {}
    for deed in DEEDS:
        action = QAction(deed.text, window)
        action.setObjectName(deed.name)
        action.setShortcut(QKeySequence(deed.keys))
        action.setToolTip(f"{deed.tip} ({deed.keys})" if deed.keys else deed.tip)
        action.setStatusTip(deed.tip)
        action.triggered.connect(lambda *_, name=deed.name: act(name))
        window.addAction(action)
        actions[deed.name] = action
    return actions


def help_text() -> str:
    """Return all keys and what they do, as HTML."""
    rows = "".join(
        f"<tr><td><b>{deed.keys}</b>&nbsp;&nbsp;</td><td>{deed.text}&nbsp;&nbsp;</td><td>{deed.tip}</td></tr>"
        for deed in DEEDS
        if deed.keys
    )
    more = (
        "<tr><td><b>Ctrl+1 … 9</b>&nbsp;&nbsp;</td><td>Channel 1 … 9</td><td>Choose a channel</td></tr>"
        "<tr><td><b>Wheel, drag</b>&nbsp;&nbsp;</td><td>Zoom, move</td>"
        "<td>In a plot; double click: follow the data</td></tr>"
    )
    return f"<h3>Keys</h3><table>{rows}{more}</table>"

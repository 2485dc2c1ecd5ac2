"""Takes the pictures for the documentation: ``python docs/screenshots.py`` on a screen.

It uses the simulated bench in a private folder of its own, and ends it again.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

IMAGES = Path(__file__).parent / "images"
CELL = {"name": "IGE-2", "area": "1 cm²", "electrolyte": "IGE-2 ionogel"}
RUNS = {
    "Steel 1": {"protocol": "LinearSweep", "stop": "5.5 V", "rate": "0.2 mV/s"},
    "Steel 2": {"protocol": "FloatingTest", "start": "4 V", "stop": "4.4 V", "hold": "2 h"},
    "Symmetric": {"protocol": "SymmetricCycling"},
    "Full cell": {"protocol": "OpenCircuit", "duration": "10 d", "sample_every": "10 s"},
}


def until(condition: Callable[[], object], wait_s: float = 120.0) -> None:
    """Let the window go on until a condition holds."""
    deadline = time.monotonic() + wait_s
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("a picture could not be taken in time")
        QTest.qWait(30)


def draw_figure(folder: Path) -> None:
    """Draw the figure of the tutorial, of the same sweep."""
    from faradaic.analysis.report import draw_report
    from faradaic.engine import run
    from faradaic.protocols import Cell, LinearSweep
    from faradaic.simulators import published_cell, simulated

    with simulated("emstat4-hr", published_cell("SS|IGE-2|Li")) as instrument:
        sweep, cell = LinearSweep(stop="5.5 V", rate="0.2 mV/s"), Cell(name="IGE-2 no. 7", area="1 cm²")
        measured = run(sweep, instrument.channels[0], cell=cell, out=folder / "lsv.h5")
    (drawn,) = draw_report(measured, folder, formats=["png"])
    shutil.copyfile(drawn, IMAGES / "tutorial-linear-sweep.png")


def main() -> None:
    """Take all pictures, in both themes."""
    with tempfile.TemporaryDirectory(prefix="faradaic-") as folder:
        os.environ["XDG_CONFIG_HOME"] = folder
        draw_figure(Path(folder))
        from faradaic.gui.theme import apply_theme
        from faradaic.gui.window import Window

        application = QApplication([])
        window = Window(Path(folder) / "data")
        apply_theme(application, window.theme)
        window.show()

        def take(name: str) -> None:
            for scheme in ("light", "dark"):
                window.set_scheme(scheme)
                QTest.qWait(700)
                window.grab().save(str(IMAGES / f"window-{name}-{scheme}.png"))

        take("welcome")
        window.try_simulated()
        until(lambda: window.panels is not None)
        panels = window.panels
        assert panels is not None
        plan = panels.new_run()
        plan.cell.set_values(CELL)
        until(plan.run_button.isEnabled)
        take("new-run")
        client = panels.bench.client
        for channel, protocol in RUNS.items():
            client.add(channel, protocol, {**CELL, "nominal_capacity": "1 mAh"})
        until(lambda: panels.bench.running == len(RUNS))
        for channel in ("Symmetric", "Steel 2"):
            panels.show_plot(channel)
        panels.show_plot("Steel 1")
        panels.rack.select(["Steel 1"])
        until(lambda: panels.bench.statuses["Steel 1"].state == "finished", 200)
        until(lambda: "onset" in panels.inspector.results.text())
        panels.runs.refresh()
        until(lambda: panels.runs.table.model().rowCount() >= len(RUNS))
        take("result")
        panels.workspace.tile(tiled=True)
        panels.rack.shows_rows = True
        window.resizeDocks([window.docks["rack"]], [560], Qt.Orientation.Horizontal)
        take("tiled")
        panels.rack.shows_rows = False
        window.reset_layout()
        panels.workspace.tile(tiled=False)
        window.act("show_instruments")
        take("instruments")
        window.act("show_alarms")
        client.stop("Full cell")
        take("log")
        window.settings.setValue("close_told", True)
        window.close()
        from faradaic.gui.trying import end_trying

        end_trying()


if __name__ == "__main__":
    main()

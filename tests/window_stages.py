"""A window on a real screen, in a process of its own that can be killed: ``python window_stages.py STAGE …``."""

import os
import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faradaic.gui.app import take_apart
from faradaic.gui.theme import apply_theme
from faradaic.gui.window import Window

SWEEP = {"start": "0 V", "stop": "0.5 V", "rate": "0.05 mV/s"}


def until(condition, wait_s=60.0):
    deadline = time.monotonic() + wait_s
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("it did not come about in time")
        QTest.qWait(20)


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def first(window):
    """Open a first window, begin a sweep on the simulated bench, pause it, go on; then die."""
    until(lambda: window.welcome.try_button.isEnabled())
    click(window.welcome.try_button)
    until(lambda: window.panels is not None)
    plan = window.panels.new_run()
    plan.choose_channels(["Resistor"])
    plan.form.set_values(SWEEP)
    plan.cell.set_values({"name": "R", "area": "1 cm²"})
    until(plan.run_button.isEnabled)
    click(plan.run_button)
    status = lambda: window.panels.bench.statuses["Resistor"]  # noqa: E731
    until(lambda: status().state == "running" and status().elapsed_s > 100)
    window.panels.rack.select(["Resistor"])
    until(window.actions_by_name["pause"].isEnabled)
    QTest.keyClick(window, Qt.Key.Key_F6)
    until(lambda: status().state == "paused")
    until(lambda: window.actions_by_name["pause"].text() == "Continue")
    QTest.keyClick(window, Qt.Key.Key_F6)
    until(lambda: status().state == "running")
    sys.stdout.write(status().run)
    sys.stdout.flush()
    os._exit(9)


def second(window, out):
    """Open a window again: the run goes on, is plotted from its beginning, ends; its figure is saved."""
    until(lambda: window.panels is not None)
    status = lambda: window.panels.bench.statuses["Resistor"]  # noqa: E731
    assert status().state == "running", status().state
    until(lambda: window.panels.workspace.panels)
    (panel,) = window.panels.workspace.panels
    until(lambda: len(panel.source.samples) > 10)
    assert panel.source.samples["test_time_second"][0] < 60
    run = status().run
    until(lambda: status().state == "finished", 120)
    until(lambda: "onset" in window.panels.inspector.results.text(), 60)
    panel.export_to(Path(out))
    window.grab().save(str(Path(out).with_name("window.png")))
    sys.stdout.write(run)
    sys.stdout.flush()
    window.close()


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    assert application.platformName() == "xcb", application.platformName()
    opened = Window(Path(sys.argv[2]))
    apply_theme(application, opened.theme)
    opened.show()
    if sys.argv[1] == "first":
        opened.find_bench()
        first(opened)
    else:
        opened.try_simulated()
        second(opened, sys.argv[3])
        take_apart(opened)

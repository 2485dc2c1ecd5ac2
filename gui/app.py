"""Starting the window."""

import gc
import logging
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from .crash import report_crashes
from .theme import apply_theme
from .window import Window


def open_window(*, demo: bool = False, bench: Path | None = None, data: Path | None = None) -> int:
    """Open the window and wait until it is closed; return the exit code.

    Parameters
    ----------
    demo : bool
        Whether to show the simulated bench.
    bench : Path, optional
        The bench file to work with.
    data : Path, optional
        Where run files go when the window starts an engine.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)  # noqa: S101  for the types
    application.setApplicationName("faradaic")
    application.setApplicationDisplayName("faradaic")
    logging.basicConfig(level=logging.WARNING)
    # Ctrl+C in the terminal closes the window.
    signal.signal(signal.SIGINT, lambda *_: application.quit())
    window = Window(data)
    report_crashes(window.complained.emit)
    apply_theme(application, window.theme)
    window.show()
    # When the window is there, so that a person sees at once that something happens.
    if demo:
        QTimer.singleShot(0, window, window.try_simulated)
    elif bench is not None:
        QTimer.singleShot(0, window, lambda: window.serve(bench))
    else:
        QTimer.singleShot(0, window, window.find_bench)
    code = application.exec()
    take_apart(window)
    return code


def take_apart(window: Window) -> None:
    """Delete a closed window while there is an application.

    At the end of Python its parts would be deleted in any order; plots do not survive that.
    """
    delete(window)
    gc.collect()

"""Letting the command line do what takes long, in a process of its own."""

import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QProcess


def run_command(parent: QObject, arguments: Sequence[str], then: Callable[[int, str], None]) -> None:
    """Run a command of ours; `then` gets its exit code and what it said."""
    process = QProcess(parent)
    process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)

    def end(code: int, _: object) -> None:
        said = bytes(process.readAll().data()).decode("utf-8", "replace")
        process.deleteLater()
        then(code, said)

    process.finished.connect(end)
    process.start(sys.executable, ["-m", "faradaic", *arguments])

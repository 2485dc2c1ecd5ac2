"""The process that builds HDF5 files from journals while runs go on.

It is a process of its own, so that nothing that happens to HDF5 (a blocked disk, a crash, a
full disk) can stop an acquisition: ``python -m faradaic.storage.writer``. It takes commands as
JSON lines and answers each ``finish`` with one::

    {"open": "/data/run.h5"}
    {"finish": "/data/run.h5"}   ->   {"path": "/data/run.h5", "error": null}

When its input ends, because the program that started it has ended, it brings all files up to
date and ends too; their journals stay for `Run.open` to recover.
"""

import json
import logging
import queue
import sys
import threading
import time
from pathlib import Path

from ..core.helpers import leave_ending_to_the_parent
from .builder import RunFileBuilder
from .errors import DiskFull, StorageError
from .journal import JournalReader, journal_path

INTERVAL_S = 0.25
"""Time between looks at the journals: what readers of a live file lag behind."""
_REST = 19
"""With many files the looks become rarer, so that they take a twentieth of a core at most."""

log = logging.getLogger(__name__)


class LiveFile:
    """One run's HDF5 file, kept up to date with its journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: Exception | None = None
        self._journal: JournalReader | None = None
        self._builder = RunFileBuilder(path)

    def catch_up(self) -> None:
        """Write what the journal has gained; a failure is kept and ends the writing."""
        if self.failure is not None:
            return
        try:
            if self._journal is None:
                self._journal = JournalReader(journal_path(self.path))
            if not self._builder.has_space():
                return
            for frame in self._journal.frames():
                self._builder.apply(frame)
            if self._builder.has_space():
                self._builder.flush()
        except Exception as error:
            log.debug("the file %s cannot be written", self.path, exc_info=True)
            self.failure = error

    def finish(self) -> None:
        """Complete the file, verify it and remove its journal.

        Raises
        ------
        StorageError
            The file is not complete; its journal stays.
        """
        self.catch_up()
        if self.failure is not None or self._journal is None:
            raise StorageError(f"{self.path} cannot be written: {self.failure}")
        if not self._builder.has_space():
            raise DiskFull(f"the disk of {self.path.parent} is full")
        self._builder.finish()
        self._journal.close()
        journal_path(self.path).unlink()

    def abandon(self) -> None:
        """Bring the file up to date and let go of it; its journal stays."""
        self.catch_up()
        if self.failure is None and self._builder.has_space():
            self._builder.close()


def main() -> None:
    """Serve commands from standard input until it ends."""
    leave_ending_to_the_parent()
    commands: queue.Queue[dict[str, str] | None] = queue.Queue()
    threading.Thread(target=_read_commands, args=(commands,), daemon=True).start()
    files: dict[str, LiveFile] = {}
    next_look_at = 0.0
    while True:
        try:
            wait_s = max(0.0, next_look_at - time.monotonic())
            command = commands.get(timeout=wait_s if files else None)
        except queue.Empty:
            begun = time.monotonic()
            for file in files.values():
                file.catch_up()
            ended = time.monotonic()
            next_look_at = ended + max(INTERVAL_S, _REST * (ended - begun))
            continue
        if command is None:
            break
        if "open" in command:
            files[command["open"]] = LiveFile(Path(command["open"]))
        elif "finish" in command:
            _answer(command["finish"], _finish(files.pop(command["finish"], None)))
    for file in files.values():
        file.abandon()


def _read_commands(commands: "queue.Queue[dict[str, str] | None]") -> None:
    for line in sys.stdin:
        commands.put(json.loads(line))
    commands.put(None)


def _finish(file: LiveFile | None) -> str | None:
    if file is None:
        return "the file was not being written"
    try:
        file.finish()
    except Exception as error:  # noqa: BLE001  the other side is told, and the journal stays
        return str(error)
    return None


def _answer(path: str, error: str | None) -> None:
    sys.stdout.write(json.dumps({"path": path, "error": error}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

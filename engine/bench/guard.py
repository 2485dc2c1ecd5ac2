"""The engine's side of the watchdog process (`engine.bench.watchdog`)."""

import contextlib
import json
import logging
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from filelock import FileLock
from filelock import Timeout as Locked

from ...core.helpers import start_helper

TICK_S = 0.5
"""How often the engine says that it lives."""
READY = "ready"
_AT_WORK_S = 30.0

log = logging.getLogger(__name__)


def watchdog_lock(folder: Path) -> FileLock:
    """Return the lock that the watchdog holds while it puts instruments at rest."""
    return FileLock(folder / "watchdog.lock", is_singleton=False, thread_local=False)


class Guard:
    """Starts the watchdog, tells it that the engine lives, and which instruments may be on.

    Parameters
    ----------
    folder : Path
        Where the bench keeps its log.

    Raises
    ------
    TimeoutError
        The watchdog of an earlier engine is still putting instruments at rest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._watched: dict[str, dict[str, str]] = {}
        self._process: subprocess.Popen[str] | None = None
        self._ended = threading.Event()
        try:
            watchdog_lock(folder).acquire(timeout=_AT_WORK_S).lock.release()
        except Locked:
            raise TimeoutError("The watchdog of an earlier engine is still at work; try again.") from None
        self._start()
        self._thread = threading.Thread(target=self._beat, name="guard", daemon=True)
        self._thread.start()

    def watch(self, name: str, driver: str, address: str) -> None:
        """Have an instrument put at rest, should the engine die from now on."""
        with self._lock:
            self._watched[name] = {"watch": name, "driver": driver, "address": address}
            self._tell(self._watched[name])

    def forget(self, name: str) -> None:
        """Say that an instrument is at rest."""
        with self._lock:
            self._watched.pop(name, None)
            self._tell({"forget": name})

    def close(self) -> None:
        """Let the watchdog end; idempotent."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        with self._lock:
            self._tell({"end": True})
            process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError), process:
                process.stdin.close()

    def _start(self) -> None:
        self._process = start_helper(
            "faradaic.engine.bench.watchdog",
            str(self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        # No cell is connected before somebody looks after it.
        if self._process.stdout is None or self._process.stdout.readline().strip() != READY:
            log.error("the watchdog process does not start")
        self._tell({"engine": os.getpid()})
        for watch in self._watched.values():
            self._tell(watch)

    def _beat(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._lock:
                if self._process is not None and self._process.poll() is not None:
                    log.warning("the watchdog process has ended; another one takes over")
                    self._start()
                self._tell({})

    def _tell(self, line: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()

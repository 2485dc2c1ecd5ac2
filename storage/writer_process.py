"""The acquiring program's side of the HDF5 writer process (`storage.writer`)."""

import atexit
import contextlib
import json
import logging
import queue
import subprocess
import threading
from pathlib import Path

from ..core.helpers import start_helper
from .errors import StorageError

_FINISH_WAIT_S = 60.0

log = logging.getLogger(__name__)


class WriterProcess:
    """Starts the writer process when it is first needed, and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._open: set[str] = set()
        self._lock = threading.Lock()
        self._answers: dict[str, queue.SimpleQueue[str | None]] = {}

    def open(self, path: Path) -> None:
        """Have a run's HDF5 file built from its journal from now on; never raises."""
        with self._lock:
            self._tell({"open": str(path)})
            self._open.add(str(path))

    def finish(self, path: Path, wait_s: float = _FINISH_WAIT_S) -> None:
        """Have the file completed and its journal removed.

        Raises
        ------
        StorageError
            That did not succeed; everything is still in the journal.
        """
        answer: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with self._lock:
            self._answers[str(path)] = answer
            self._tell({"finish": str(path)})
            self._open.discard(str(path))
        try:
            error = answer.get(timeout=wait_s)
        except queue.Empty:
            error = f"the file was not complete after {wait_s:g} s"
        if error is not None:
            raise StorageError(error)

    def stop(self) -> None:
        """Let the process end; files that are still open are brought up to date first."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait(timeout=_FINISH_WAIT_S)

    def _tell(self, command: dict[str, str]) -> None:
        process = self._running()
        try:
            if process is not None and process.stdin is not None:
                process.stdin.write(json.dumps(command) + "\n")
                process.stdin.flush()
        except OSError:
            # It has just ended; `_watch` starts another one, and the journal keeps everything.
            log.warning("the HDF5 writer process does not listen")

    def _running(self) -> subprocess.Popen[str] | None:
        if self._process is not None and self._process.poll() is None:
            return self._process
        try:
            self._process = start_helper(
                "faradaic.storage.writer", stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError:
            log.exception("the HDF5 writer process cannot be started")
            return None
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()
        return self._process

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """Pass the answers on until the process ends; start another where that was not asked for."""
        for line in process.stdout or ():
            answer = json.loads(line)
            waiting = self._answers.pop(answer["path"], None)
            if waiting is not None:
                waiting.put(answer["error"])
        for path in list(self._answers):
            self._answers.pop(path).put("the HDF5 writer process has ended")
        with self._lock:
            if self._process is not process:
                return
            log.warning("the HDF5 writer process has ended; another one takes over")
            self._process = None
            for path in sorted(self._open):
                # What the dead process left half written; this program holds the run's lock.
                with contextlib.suppress(OSError):
                    Path(path).unlink(missing_ok=True)
                self._tell({"open": path})


writer = WriterProcess()
"""The one writer process of this program."""

atexit.register(writer.stop)

"""Writing a journal in another thread, so that no disk can hold up an acquisition."""

import contextlib
import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from .errors import DiskFull, StorageError
from .journal import MAGIC, Kind, frame
from .journal_thread import journal_thread

MOST_PENDING_BYTES = 16 * 2**20
"""What is kept in memory while the disk takes nothing: three days at a sample a second."""
RESERVE_BYTES = MOST_PENDING_BYTES + 4 * 2**20
"""Space that runs leave free, so that one can still be closed properly on a disk that they filled up."""
CLOSE_PATIENCE_S = 10.0
_HAND_OVER_S = 0.02
"""So long a frame is waited for; a disk that takes longer is not waited for again until it has caught up."""
_RETRY_S = 0.5
_BLOCKED_S = 5.0
_AT_ONCE_BYTES = 2**20
"""A disk is looked at before each such piece, so that a fast run does not fill it unseen."""


class JournalWriter:
    """Appends frames to a journal, and has them on the disk within a second.

    A disk that is full, blocked or gone stops nothing: frames wait in memory, `trouble` says why,
    and they are written when the disk takes them again. A journal that somebody deletes while it
    is written is put back.

    Parameters
    ----------
    path : Path
        Must not exist yet.
    built_from_it : Path, optional
        The file that is built from the journal: what that one still lacks is kept free as well.
    goes_on : bool
        The journal exists, and is continued.
    sync_interval_s : float
        The longest time that a frame is only in the operating system's memory.

    Raises
    ------
    StorageError
        The file cannot be created.
    """

    def __init__(
        self,
        path: Path,
        *,
        built_from_it: Path | None = None,
        goes_on: bool = False,
        sync_interval_s: float = 1.0,
    ) -> None:
        self.path = path
        self._built_from_it = built_from_it
        self._sync_interval_s = sync_interval_s
        try:
            self._thread = journal_thread(path.parent)
            self._file = os.open(path, _flags(new=not goes_on))
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
        self._size = self._checked_size = path.stat().st_size
        self._trouble: str | None = None
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._waiting_since: float | None = None
        self._lock = threading.Lock()
        self._written, self._closing, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._synced_at, self._is_synced = 0.0, True
        self._syncing_since: float | None = None
        self._sync_error: OSError | None = None
        self._is_whole = False
        """The disk has everything, and nothing will follow."""
        if not goes_on:
            self._add(MAGIC)

    @property
    def is_written(self) -> bool:
        """Whether all that was appended survives the end of this program."""
        return self._waiting_since is None

    @property
    def trouble(self) -> str | None:
        """Why frames are waiting in memory, in a sentence; None while the disk takes them."""
        since = self._waiting_since or self._syncing_since
        if self._trouble is None and since is not None and time.monotonic() - since > _BLOCKED_S:
            return f"The disk of {self.path.parent} takes no data at the moment."
        return self._trouble

    def append(self, kind: Kind, payload: bytes | memoryview) -> None:
        """Append a frame; it is written at once, or as soon as the disk takes it.

        Raises
        ------
        StorageError
            More is waiting already than should be kept in memory.
        """
        if self._pending_bytes > MOST_PENDING_BYTES and kind is not Kind.END:
            sentence = self.trouble or f"The disk of {self.path.parent} is too slow."
            raise DiskFull(f"{sentence} No more can be kept in memory.")
        self._written.clear()
        if self._add(frame(kind, payload)):
            # What has been appended survives the end of this program.
            self._written.wait(_HAND_OVER_S)

    def append_json(self, kind: Kind, content: dict[str, Any]) -> None:
        """Append a frame of JSON; see `append`."""
        self.append(kind, json.dumps(content, ensure_ascii=False).encode())

    def check_space(self) -> None:
        """Raise `DiskFull` where so little space is left that no run should begin."""
        self._checked_size = self._size
        free = shutil.disk_usage(self.path.parent).free
        if free < RESERVE_BYTES + self._bytes_behind():
            raise DiskFull(
                f"The disk of {self.path.parent} is full: {free / 1e6:.1f} MB are left. Free some space."
            )

    def flush(self, patience_s: float = CLOSE_PATIENCE_S) -> bool:
        """Wait until everything is written; return whether it is."""
        deadline = time.monotonic() + patience_s
        while self._waiting_since is not None and time.monotonic() < deadline:
            self._written.clear()
            self._thread.ask(self._turn)
            self._written.wait(_RETRY_S)
        return self._waiting_since is None

    def close(self, patience_s: float = CLOSE_PATIENCE_S) -> None:
        """Have everything on the disk and let go of the file; idempotent.

        Raises
        ------
        StorageError
            The disk did not take everything in that time; it is tried on as long as the program runs.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        took_all = self.flush(patience_s)
        self._thread.ask(self._turn)
        # A disk that is blocked keeps the file.
        self._closed.wait(patience_s if took_all else _RETRY_S)
        if not took_all:
            raise StorageError(
                f"{self.trouble or f'{self.path} takes no data.'} The last {self._pending_bytes} bytes "
                "of the run are in memory only, and are written if it takes them before the program ends."
            )

    def _add(self, data: bytes) -> bool:
        """Have data written; return whether nothing else is waiting for that."""
        with self._lock:
            self._pending.append(data)
            self._pending_bytes += len(data)
            is_first = self._waiting_since is None
            if is_first:
                self._waiting_since = time.monotonic()
        if is_first:
            self._thread.ask(self._turn)
        return is_first

    def _turn(self) -> float | None:
        """Do what is due; return after how many seconds something is due again."""
        if self._is_whole:
            self._let_go()
            return None
        is_closing = self._closing.is_set()
        is_due = is_closing or time.monotonic() - self._synced_at >= self._sync_interval_s
        try:
            self._raise_sync_error()
            if not is_closing and (is_due or self._trouble):
                self.check_space()
            if self._write_pending():
                self._is_synced = False
            # One after the other: behind a disk that blocks for hours, many would pile up.
            if is_due and self._syncing_since is None:
                self._put_back_if_deleted()
                self._synced_at = self._syncing_since = time.monotonic()
                self._is_synced = True
                self._thread.ask_to_sync(self._sync)
        except (OSError, StorageError) as error:
            self._is_synced = False
            self._trouble = _sentence(error, self.path)
            self._written.set()
            self._open_again()
            return _RETRY_S
        return None if self._is_synced else self._sync_interval_s

    def _sync(self) -> None:
        """Have the disk take what was written; a slow one holds up no frame on its way to the system."""
        with self._lock:
            is_last = self._closing.is_set() and not self._pending
        try:
            self._sync_file()
            self._is_whole = is_last
        except OSError as error:
            self._sync_error = error
        finally:
            self._syncing_since = None
        if self._closing.is_set() or self._sync_error is not None:
            self._thread.ask(self._turn)

    def _sync_file(self) -> None:
        with self._lock:
            # Its own handle: the other one may be replaced meanwhile.
            file = os.dup(self._file)
        try:
            getattr(os, "fdatasync", os.fsync)(file)
        finally:
            os.close(file)

    def _let_go(self) -> None:
        with self._lock:
            if not self._closed.is_set():
                self._closed.set()
                os.close(self._file)

    def _raise_sync_error(self) -> None:
        error, self._sync_error = self._sync_error, None
        if error is not None:
            raise error

    def _write_pending(self) -> bool:
        """Write what waits; return whether there was any."""
        wrote = False
        while self._pending:
            if self._size - self._checked_size >= _AT_ONCE_BYTES and not self._closing.is_set():
                self.check_space()
            data = self._joined()
            count = os.write(self._file, data[:_AT_ONCE_BYTES])
            self._size += count
            wrote = True
            with self._lock:
                # What a disk that is nearly full did not take stays first in line.
                self._pending[0] = data[count:]
                if count == len(data):
                    del self._pending[0]
                self._pending_bytes -= count
                self._trouble = None
                self._waiting_since = time.monotonic() if self._pending else None
        self._written.set()
        return wrote

    def _joined(self) -> bytes:
        with self._lock:
            self._pending = [b"".join(self._pending)]
            return self._pending[0]

    def _put_back_if_deleted(self) -> None:
        if os.fstat(self._file).st_nlink > 0:
            return
        copy = os.open(self.path, _flags(new=True))
        os.lseek(self._file, 0, os.SEEK_SET)
        while part := os.read(self._file, _AT_ONCE_BYTES):
            os.write(copy, part)
        self._replace_file(copy)

    def _open_again(self) -> None:
        """Open the file again: a network drive that was away leaves a handle that no longer works."""
        with contextlib.suppress(OSError):
            again = os.open(self.path, _flags(new=False))
            if os.fstat(again).st_size != self._size:
                os.close(again)
                return
            self._replace_file(again)

    def _replace_file(self, file: int) -> None:
        with self._lock:
            self._file, old = file, self._file
            os.close(old)

    def _bytes_behind(self) -> int:
        if self._built_from_it is None:
            return 0
        try:
            return max(0, self._size - self._built_from_it.stat().st_size)
        except OSError:
            return self._size


def _flags(*, new: bool) -> int:
    return os.O_RDWR | os.O_APPEND | (os.O_CREAT | os.O_EXCL if new else 0) | getattr(os, "O_BINARY", 0)


def _sentence(error: Exception, path: Path) -> str:
    if isinstance(error, OSError):
        return f"{path} takes no data: {error.strerror or error}."
    return str(error)

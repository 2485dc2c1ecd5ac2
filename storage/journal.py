"""The journal: the first copy of everything a run records, append-only and checked.

A journal is the line ``faradaic journal 1`` followed by frames. A frame is a header of nine
bytes, little-endian (payload length, CRC-32 of kind and payload, kind), and the payload. A
journal that was cut off anywhere is good up to its last whole frame.
"""

import contextlib
import enum
import json
import os
import shutil
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import DiskFull, NotARunFile, StorageError

MAGIC = b"faradaic journal 1\n"
_HEADER = struct.Struct("<IIB")
_LONGEST_PAYLOAD = 2**30
RESERVE_BYTES = 4 * 2**20
"""Space that is left free, so that a run can still be closed properly on a disk that fills up."""
_CHECK_SPACE_EVERY_BYTES = 2**20


class Kind(enum.IntEnum):
    """What a frame holds."""

    RUN = 1
    """JSON: the metadata of the run; always the first frame, and only there."""
    SAMPLES = 2
    """Rows of `SAMPLE`, as they are in memory."""
    IMPEDANCE = 3
    """Rows of `IMPEDANCE`, as they are in memory."""
    STEP_BEGUN = 4
    """JSON: a step that begins."""
    STEP_ENDED = 5
    """JSON: how the step that began last ended."""
    EVENT = 6
    """JSON: something that happened."""
    END = 7
    """JSON: the run was closed, in which state."""


@dataclass(frozen=True)
class Frame:
    """One frame of a journal."""

    kind: Kind
    payload: bytes

    def json(self) -> dict[str, Any]:
        """Return the payload of a JSON frame."""
        return json.loads(self.payload)


class JournalWriter:
    """Appends frames to a new journal and has them on the disk within a second.

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
        self._size = 0
        self._checked_at = 0
        self._failure: OSError | None = None
        try:
            creation = 0 if goes_on else os.O_CREAT | os.O_EXCL
            self._file = os.open(path, creation | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
        if goes_on:
            self._size = path.stat().st_size
        else:
            self._write(MAGIC)
        self._unsynced = True
        self._closing = threading.Event()
        self._syncer = threading.Thread(
            target=self._sync_regularly, args=(sync_interval_s,), name="journal sync", daemon=True
        )
        self._syncer.start()

    def append(self, kind: Kind, payload: bytes | memoryview) -> None:
        """Append a frame: whole, or not at all.

        Raises
        ------
        DiskFull
            There is no space for it, or hardly any is left.
        StorageError
            The disk refuses it for another reason.
        """
        if self._failure is not None:
            raise StorageError(f"{self.path} cannot be written: {self._failure.strerror}.")
        crc = zlib.crc32(payload, zlib.crc32(bytes([kind])))
        if kind is not Kind.END and self._size - self._checked_at >= _CHECK_SPACE_EVERY_BYTES:
            self.check_space()
        self._write(_HEADER.pack(len(payload), crc, kind) + payload)
        self._unsynced = True

    def append_json(self, kind: Kind, content: dict[str, Any]) -> None:
        """Append a frame of JSON; see `append`."""
        self.append(kind, json.dumps(content, ensure_ascii=False).encode())

    def check_space(self) -> None:
        """Raise `DiskFull` where so little space is left that the run should be closed."""
        self._checked_at = self._size
        free = shutil.disk_usage(self.path.parent).free
        if free < RESERVE_BYTES + self._bytes_behind():
            raise DiskFull(
                f"The disk of {self.path.parent} is full: {free / 1e6:.1f} MB are left. "
                "Free some space before the next run."
            )

    def _bytes_behind(self) -> int:
        if self._built_from_it is None:
            return 0
        try:
            return max(0, self._size - self._built_from_it.stat().st_size)
        except OSError:
            return self._size

    def close(self) -> None:
        """Have everything on the disk and let go of the file; idempotent."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._syncer.join()
        with contextlib.suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._file, data)
        except OSError as error:
            raise self._full(error) from error
        if written < len(data):
            # A full disk takes a part: without the rest it is worthless.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise self._full(OSError(0, "No space left on device"))
        self._size += written

    def _full(self, error: OSError) -> StorageError:
        return DiskFull(f"{self.path} cannot take more data: {error.strerror}.")

    def _sync_regularly(self, interval_s: float) -> None:
        flush = getattr(os, "fdatasync", os.fsync)
        while not self._closing.wait(interval_s):
            if not self._unsynced:
                continue
            self._unsynced = False
            try:
                flush(self._file)
            except OSError as error:
                self._failure = error
                return


class JournalReader:
    """Reads the whole frames of a journal, also of one that is still being written.

    Raises
    ------
    NotARunFile
        The file is not a journal, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        self.position = len(MAGIC)
        start = self._file.read(len(MAGIC))
        if start != MAGIC and not MAGIC.startswith(start):
            self._file.close()
            raise NotARunFile(f"{path} is not a journal of this version of faradaic.")

    def frames(self) -> Iterator[Frame]:
        """Yield the whole frames after those that were read before."""
        while True:
            self._file.seek(self.position)
            header = self._file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return
            length, crc, kind = _HEADER.unpack(header)
            if length > _LONGEST_PAYLOAD:
                return
            payload = self._file.read(length)
            if len(payload) < length or zlib.crc32(payload, zlib.crc32(header[-1:])) != crc:
                return
            self.position += _HEADER.size + length
            yield Frame(Kind(kind), payload)

    @property
    def bytes_left(self) -> int:
        """How many bytes follow the last whole frame: the remains of one that was cut off."""
        return max(0, os.fstat(self._file.fileno()).st_size - self.position)

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._file.close()


def journal_path(run_path: Path) -> Path:
    """Return where the journal of a run file lies."""
    return run_path.with_name(run_path.name + ".journal")

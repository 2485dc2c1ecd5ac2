"""The journal: the first copy of everything a run records, append-only and checked.

A journal is the line ``faradaic journal 1`` followed by frames. A frame is a header of nine
bytes, little-endian (payload length, CRC-32 of kind and payload, kind), and the payload. A
journal that was cut off anywhere is good up to its last whole frame.
"""

import enum
import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import NotARunFile

MAGIC = b"faradaic journal 1\n"
_HEADER = struct.Struct("<IIB")
_LONGEST_PAYLOAD = 2**30


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


_KINDS = frozenset(Kind)


@dataclass(frozen=True)
class Frame:
    """One frame of a journal."""

    kind: Kind
    payload: bytes

    def json(self) -> dict[str, Any]:
        """Return the payload of a JSON frame."""
        return json.loads(self.payload)


def frame(kind: Kind, payload: bytes | memoryview) -> bytes:
    """Return a frame as it stands in the journal."""
    crc = zlib.crc32(payload, zlib.crc32(bytes([kind])))
    return _HEADER.pack(len(payload), crc, kind) + payload


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
        """Yield the whole frames after those that were read before.

        Raises
        ------
        NotARunFile
            A whole frame is of a kind that this version does not know.
        """
        self._follow()
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
            if kind not in _KINDS:
                raise NotARunFile(
                    f"{self.path} holds a record of kind {kind}, which this version of faradaic does not "
                    "know: a newer one has written it. Open it with that."
                )
            self.position += _HEADER.size + length
            yield Frame(Kind(kind), payload)

    def _follow(self) -> None:
        """Go over to the copy that the writer made of a journal which somebody deleted."""
        try:
            if os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
                return
            other = self.path.open("rb")
        except OSError:
            return
        self._file.close()
        self._file = other

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

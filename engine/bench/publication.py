"""What a bench publishes: numbered, versioned records that any transport can carry unchanged.

A record on its way is a frame: two unsigned 32-bit integers, little-endian (length of the head,
length of the rows), the head as UTF-8 JSON, and the rows as they are in memory. The head holds

=============== ================================================================================
``v``           version of this format: 1
``seq``         number of the record, from 1, without a gap since the engine's start
``engine``      identifies the engine's start: numbers count from 1 again after another one
``time``        Unix time in seconds when it was published
``channel``     the channel's name; empty for what concerns the bench
``run``         the run's id; empty where there is none
``kind``        ``run_started``, ``step_started``, ``samples``, ``impedance``, ``step_ended``,
                ``cycle``, ``event``, ``run_ended``, ``state``, ``alarm``, or ``missed`` (in place
                of records that were left out for a reader who was too slow)
``data``        what is to be said, by kind
=============== ================================================================================

Rows are those of `core.samples.SAMPLE` or `IMPEDANCE`, little-endian.
"""

import json
import struct
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from pydantic_core import to_json

from ...core.samples import IMPEDANCE, SAMPLE, Block

VERSION = 1
_LENGTHS = struct.Struct("<II")
_PAGE_BYTES, _PAGES = 2**20, 32
"""How much is kept for readers who come back after a while."""
_HEAD_BYTES = 1000
_ROWS = {"samples": SAMPLE, "impedance": IMPEDANCE}


@dataclass(frozen=True)
class Record:
    """One record; the module says what the fields mean."""

    seq: int
    engine: str
    time: float
    channel: str
    run: str
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    rows: Block | None = None

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return _HEAD_BYTES + (0 if self.rows is None else self.rows.nbytes)

    @cached_property
    def frame(self) -> bytes:
        """The record as a frame."""
        head = {
            "v": VERSION,
            "seq": self.seq,
            "engine": self.engine,
            "time": self.time,
            "channel": self.channel,
            "run": self.run,
            "kind": self.kind,
            "data": self.data,
        }
        # NaN becomes null, which every reader of JSON knows.
        text = to_json(head, inf_nan_mode="null")
        rows = b"" if self.rows is None else self.rows.tobytes()
        return _LENGTHS.pack(len(text), len(rows)) + text + rows


def decode(frames: bytes) -> Iterator[Record]:
    """Yield the records of some frames, one after the other.

    Raises
    ------
    ValueError
        The frames are damaged, or of a newer version.
    """
    position = 0
    while position < len(frames):
        if len(frames) - position < _LENGTHS.size:
            raise ValueError("a frame is cut off")
        head_bytes, row_bytes = _LENGTHS.unpack_from(frames, position)
        begin = position + _LENGTHS.size
        position = begin + head_bytes + row_bytes
        if position > len(frames):
            raise ValueError("a frame is cut off")
        head = json.loads(frames[begin : begin + head_bytes])
        if not isinstance(head, dict) or head.pop("v", None) != VERSION:
            raise ValueError("the records are of another version")
        rows = None
        if head["kind"] in _ROWS:
            rows = np.frombuffer(frames[begin + head_bytes : position], _ROWS[head["kind"]])
        yield Record(**head, rows=rows)


class _Kept:
    """The latest records, as frames one behind the other in a few large pieces of memory.

    Hundreds of thousands of small objects that come and go for months, each kept for a while,
    would leave holes everywhere in the memory of the process, which grows by that.
    """

    def __init__(self) -> None:
        self._pages: deque[tuple[int, bytearray]] = deque()

    def add(self, record: Record) -> None:
        """Keep a record, and forget the oldest where there are too many."""
        if not self._pages or len(self._pages[-1][1]) >= _PAGE_BYTES:
            self._pages.append((record.seq, bytearray()))
            if len(self._pages) > _PAGES:
                self._pages.popleft()
        self._pages[-1][1].extend(record.frame)

    def after(self, seq: int) -> Iterator[Record]:
        """Yield the records after a number, as far as they are kept."""
        for number, (_, page) in enumerate(self._pages):
            is_last = number == len(self._pages) - 1
            if is_last or self._pages[number + 1][0] > seq + 1:
                yield from (record for record in decode(bytes(page)) if record.seq > seq)


class Publisher:
    """Numbers records, keeps the latest, and hands them to whoever listens."""

    def __init__(self) -> None:
        self.engine = uuid.uuid4().hex[:8]
        self._lock = threading.Lock()
        self._seq = 0
        self._kept = _Kept()
        self._listeners: list[Callable[[Record], None]] = []

    @property
    def seq(self) -> int:
        """The number of the last record."""
        return self._seq

    def publish(
        self, kind: str, channel: str = "", *, run: str = "", rows: Block | None = None, **data: Any
    ) -> None:
        """Publish a record, from any thread."""
        with self._lock:
            self._seq += 1
            record = Record(self._seq, self.engine, time.time(), channel, run, kind, data, rows)
            self._kept.add(record)
            listeners = tuple(self._listeners)
            for listener in listeners:
                listener(record)

    def listen(self, listener: Callable[[Record], None], since: int | None = None) -> Callable[[], None]:
        """Hand every record from now on to `listener`; return what ends that.

        Parameters
        ----------
        listener : callable
            Called in the thread that publishes: it must not wait, and must not raise.
        since : int, optional
            The last number that is known already: what came after it is handed over first, as far
            as it is kept.
        """
        with self._lock:
            if since is not None:
                for record in self._kept.after(since):
                    listener(record)
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return stop

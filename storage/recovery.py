"""Completing the file of a run whose program ended without closing it."""

import json
import time
from pathlib import Path

import numpy as np

from ..core.samples import SAMPLE
from .builder import RunFileBuilder
from .errors import StorageError
from .journal import Frame, JournalReader, Kind, journal_path

INTERRUPTED = "interrupted"
"""The state of a run that was never closed."""


def recover(path: Path) -> None:
    """Rebuild a run file from its journal, say so in its events, and remove the journal.

    The caller holds the run's lock.

    Raises
    ------
    StorageError
        There is no journal, or no space for the file; nothing is changed then.
    """
    temporary = path.with_name(path.name + ".recovering")
    temporary.unlink(missing_ok=True)
    builder = RunFileBuilder(temporary)
    try:
        _replay(journal_path(path), builder, is_recovery=True)
        if not builder.has_space():
            raise StorageError(f"{path} cannot be recovered: the disk of {path.parent} is full.")
        builder.finish()
        temporary.replace(path)
    finally:
        if temporary.exists():
            builder.discard()
            temporary.unlink()
    journal_path(path).unlink()


def snapshot(path: Path, *, is_recovery: bool) -> RunFileBuilder:
    """Return the run that a journal holds, built in memory; nothing on the disk is changed."""
    builder = RunFileBuilder(None)
    _replay(journal_path(path), builder, is_recovery=is_recovery)
    builder.flush()
    builder.file.attrs["state"] = builder.state
    return builder


def _replay(journal: Path, builder: RunFileBuilder, *, is_recovery: bool) -> None:
    try:
        reader = JournalReader(journal)
    except OSError as error:
        raise StorageError(f"{journal} cannot be read: {error.strerror}.") from error
    try:
        last = {"test_time_second": 0.0, "unix_time_second": 0.0}
        for frame in reader.frames():
            builder.apply(frame)
            _note_time(frame, last)
        if is_recovery and builder.state == "running":
            builder.state = INTERRUPTED
            builder.apply(_interruption(last, reader.bytes_left))
    finally:
        reader.close()


def _note_time(frame: Frame, last: dict[str, float]) -> None:
    if frame.kind is Kind.SAMPLES and frame.payload:
        sample = np.frombuffer(frame.payload, SAMPLE)[-1]
        last.update({name: float(sample[name]) for name in last})
    elif frame.kind is Kind.EVENT:
        event = frame.json()
        last.update({name: max(last[name], event.get(name, 0.0)) for name in last})


def _interruption(last: dict[str, float], bytes_left: int) -> Frame:
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(last["unix_time_second"]))
    text = f"The program that recorded this run ended without closing it; the record is whole up to {when}."
    if bytes_left:
        text += f" {bytes_left} bytes of an unfinished record after that are left out."
    event = {
        "test_time_second": last["test_time_second"],
        "unix_time_second": time.time(),
        "severity": "warning",
        "source": "recovery",
        "text": text,
    }
    return Frame(Kind.EVENT, json.dumps(event, ensure_ascii=False).encode())

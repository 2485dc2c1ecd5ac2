import errno
import os
import struct
import subprocess
import sys
import threading
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.core.samples import SAMPLE
from faradaic.storage import DiskFull, NotARunFile, Run, StorageError
from faradaic.storage.journal import MAGIC, JournalReader, Kind, journal_path
from faradaic.storage.journal_writer import MOST_PENDING_BYTES, JournalWriter
from faradaic.storage.recovery import recover

METADATA = {
    "run": {
        "run_id": "0123456789abcdef",
        "created": "2026-01-01T00:00:00Z",
        "software": "test",
        "protocol": "P",
        "cell": "c",
    },
    "protocol": {"protocol": "P"},
    "cell": {"name": "c"},
    "instrument": {},
    "environment": {},
}


def rows(start, count):
    block = np.zeros(count, SAMPLE)
    block["test_time_second"] = np.arange(start, start + count)
    block["unix_time_second"] = block["test_time_second"] + 1.7e9
    block["voltage_volt"] = 3.7
    return block


def write_journal(path, blocks=5, rows_each=3):
    writer = JournalWriter(path)
    writer.append_json(Kind.RUN, METADATA)
    writer.append_json(Kind.STEP_BEGUN, {"step_count": 1, "kind": "rest", "label": "ruhig ✓"})
    for index in range(blocks):
        writer.append(Kind.SAMPLES, rows(index * rows_each, rows_each).tobytes())
    writer.close()


@given(st.lists(st.tuples(st.sampled_from([Kind.SAMPLES, Kind.EVENT]), st.binary(max_size=300)), max_size=20))
def test_what_is_appended_is_read_back(tmp_path_factory, frames):
    path = tmp_path_factory.mktemp("journal") / "a.journal"
    writer = JournalWriter(path)
    for kind, payload in frames:
        writer.append(kind, payload)
    writer.close()
    reader = JournalReader(path)
    assert [(frame.kind, frame.payload) for frame in reader.frames()] == frames
    assert reader.bytes_left == 0
    reader.close()


def test_the_format_is_what_the_documentation_says(tmp_path):
    path = tmp_path / "a.journal"
    writer = JournalWriter(path)
    writer.append(Kind.EVENT, b"{}")
    writer.close()
    crc = zlib.crc32(b"\x06{}")
    assert path.read_bytes() == b"faradaic journal 1\n" + struct.pack("<IIB", 2, crc, 6) + b"{}"


def test_a_journal_can_be_followed_while_it_is_written(tmp_path):
    path = tmp_path / "a.journal"
    writer = JournalWriter(path)
    reader = JournalReader(path)
    assert list(reader.frames()) == []
    writer.append(Kind.EVENT, b"one")
    assert writer.flush()
    assert [frame.payload for frame in reader.frames()] == [b"one"]
    writer.append(Kind.EVENT, b"two")
    writer.append(Kind.EVENT, b"three")
    assert writer.flush()
    assert [frame.payload for frame in reader.frames()] == [b"two", b"three"]
    writer.close()
    reader.close()


def test_a_journal_cut_off_at_any_byte_is_recovered_to_its_last_whole_frame(tmp_path):
    whole = tmp_path / "whole.h5.journal"
    write_journal(whole)
    data = whole.read_bytes()
    frame_bytes = 9 + 3 * SAMPLE.itemsize
    first_sample_frame = len(data) - 5 * frame_bytes
    for length in range(first_sample_frame, len(data) + 1):
        path = tmp_path / "cut.h5"
        journal_path(path).write_bytes(data[:length])
        with Run.open(path) as run:
            whole_frames = (length - first_sample_frame) // frame_bytes
            assert len(run.samples) == 3 * whole_frames
            assert run.samples.tobytes() == rows(0, 3 * whole_frames).tobytes()
            assert run.state == "interrupted"
            (event,) = run.events
            assert "ended without closing it" in event.text
            damaged = (length - first_sample_frame) % frame_bytes
            assert (f"{damaged} bytes" in event.text) == (damaged > 0)
            assert run.steps[0].samples == slice(0, 3 * whole_frames)
        assert not journal_path(path).exists()
        path.unlink()


@pytest.mark.parametrize("length", [0, 5, len(MAGIC), len(MAGIC) + 4, len(MAGIC) + 30])
def test_a_journal_cut_off_before_its_first_frame_is_refused_in_a_sentence(tmp_path, length):
    whole = tmp_path / "whole.journal"
    write_journal(whole)
    path = tmp_path / "cut.h5"
    journal_path(path).write_bytes(whole.read_bytes()[:length])
    with pytest.raises(StorageError):
        Run.open(path)
    assert journal_path(path).exists()  # nothing is thrown away


@given(st.data())
@settings(max_examples=60)
def test_a_flipped_bit_never_gives_a_wrong_sample(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("flip")
    write_journal(folder / "a.h5.journal")
    content = bytearray((folder / "a.h5.journal").read_bytes())
    position = data.draw(st.integers(len(MAGIC), len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    (folder / "a.h5.journal").write_bytes(content)
    try:
        with Run.open(folder / "a.h5") as run:
            assert run.samples.tobytes() == rows(0, len(run.samples)).tobytes()
    except StorageError:
        pass


def test_something_else_is_not_taken_for_a_journal(tmp_path):
    path = tmp_path / "a.h5"
    journal_path(path).write_bytes(b"Dear diary, today ...")
    with pytest.raises(NotARunFile, match="is not a journal"):
        Run.open(path)


def test_a_record_of_an_unknown_kind_is_refused_in_a_sentence_and_nothing_is_thrown_away(tmp_path):
    path = tmp_path / "a.h5"
    write_journal(journal_path(path))
    whole = journal_path(path).read_bytes()
    journal_path(path).write_bytes(whole + struct.pack("<IIB", 2, zlib.crc32(b"\x09{}"), 9) + b"{}")
    with pytest.raises(NotARunFile, match="kind 9, which this version of faradaic does not know"):
        Run.open(path)
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".lock"] == ["a.h5.journal"]
    reader = JournalReader(journal_path(path))
    with pytest.raises(NotARunFile, match="kind 9"):
        list(reader.frames())
    assert reader.position == len(whole)
    reader.close()


def test_recovery_that_is_interrupted_can_be_repeated(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    write_journal(journal_path(path))
    monkeypatch.setattr("faradaic.storage.builder.RunFileBuilder.finish", _raise_os_error)
    with pytest.raises(OSError, match="cut"):
        recover(path)
    monkeypatch.undo()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.h5.journal"]
    with Run.open(path) as run:
        assert len(run.samples) == 15


def _raise_os_error(self):
    raise OSError("power cut")


def test_frames_reach_the_disk_without_further_ado(tmp_path, monkeypatch):
    synced = threading.Event()
    flush = getattr(os, "fdatasync", os.fsync)
    monkeypatch.setattr(os, flush.__name__, lambda fd: (flush(fd), synced.set()))
    writer = JournalWriter(tmp_path / "a.journal", sync_interval_s=0.05)
    writer.append(Kind.EVENT, b"{}")
    assert synced.wait(1.0)
    writer.close()


def test_a_disk_that_is_slow_to_sync_holds_up_no_frame(tmp_path, monkeypatch):
    # What was appended must survive kill -9, and that does not take the disk: the system has it.
    flush, syncing, go_on = getattr(os, "fdatasync", os.fsync), threading.Event(), threading.Event()
    begun = []
    monkeypatch.setattr(
        os, flush.__name__, lambda fd: (begun.append(fd), syncing.set(), go_on.wait(), flush(fd))
    )
    monkeypatch.setattr("faradaic.storage.journal_writer._BLOCKED_S", 0.05)
    path = tmp_path / "a.journal"
    writer = JournalWriter(path, sync_interval_s=0.02)
    writer.append(Kind.EVENT, b"0")
    assert syncing.wait(10.0)
    for number in range(1, 100):
        writer.append(Kind.EVENT, str(number).encode())
    assert writer.flush()
    assert [int(frame.payload) for frame in JournalReader(path).frames()] == [*range(100)]
    deadline = time.monotonic() + 10.0
    while writer.trouble is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert writer.trouble == f"The disk of {tmp_path} takes no data at the moment."
    # However long it is blocked, what waits for it does not pile up.
    assert len(begun) == 1
    go_on.set()
    writer.close()


def test_a_disk_that_fails_to_sync_is_told_and_tried_again(tmp_path, monkeypatch):
    flush, fails, synced = getattr(os, "fdatasync", os.fsync), threading.Event(), threading.Event()

    def sync(file):
        if fails.is_set():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        flush(file)
        synced.set()

    fails.set()
    monkeypatch.setattr(os, flush.__name__, sync)
    writer = JournalWriter(tmp_path / "a.journal", sync_interval_s=0.02)
    writer.append(Kind.EVENT, b"{}")
    deadline = time.monotonic() + 10.0
    while writer.trouble is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert writer.trouble == f"{tmp_path / 'a.journal'} takes no data: {os.strerror(errno.EIO)}."
    fails.clear()
    assert synced.wait(10.0)
    writer.close()


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no limit on file sizes to stand in for a full disk"
)
def test_what_a_full_disk_does_not_take_is_written_when_it_does(tmp_path):
    # A limit on the size of files behaves like a disk that is full in the middle of a frame.
    script = f"""
import resource, signal, time
from pathlib import Path
from faradaic.storage.journal import Kind
from faradaic.storage.journal_writer import JournalWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JournalWriter(Path({str(tmp_path / "a.journal")!r}))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
for number in range(100):
    writer.append(Kind.EVENT, bytes([number] * 90))
print(writer.flush(0.2), writer.trouble)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(writer.flush(), writer.trouble)
writer.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    full, recovered = done.stdout.splitlines()
    assert full == f"False {tmp_path / 'a.journal'} takes no data: File too large."
    assert recovered == "True None"
    reader = JournalReader(tmp_path / "a.journal")
    assert [frame.payload for frame in reader.frames()] == [bytes([number] * 90) for number in range(100)]
    assert reader.bytes_left == 0
    reader.close()


def free(monkeypatch, count):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": count})())


def test_the_last_space_of_a_disk_is_kept_for_closing(tmp_path, monkeypatch):
    free(monkeypatch, 2**20)
    writer = JournalWriter(tmp_path / "a.journal")
    writer.append(Kind.SAMPLES, bytes(1000))
    assert not writer.flush(0.2)
    assert "1.0 MB are left" in writer.trouble
    writer.close()
    assert [len(frame.payload) for frame in JournalReader(tmp_path / "a.journal").frames()] == [1000]


def test_no_more_than_a_bounded_amount_is_kept_in_memory(tmp_path, monkeypatch):
    free(monkeypatch, 0)
    writer = JournalWriter(tmp_path / "a.journal")
    with pytest.raises(DiskFull, match="No more can be kept in memory"):
        for _ in range(MOST_PENDING_BYTES // 10**6 + 10):
            writer.append(Kind.SAMPLES, bytes(10**6))
    writer.append(Kind.END, b"{}")  # closing is always possible
    writer.close()


def test_a_blocked_disk_holds_nothing_up_and_loses_nothing(tmp_path, monkeypatch):
    free_again, write = threading.Event(), os.write

    def blocked(file, data):
        free_again.wait()
        return write(file, data)

    monkeypatch.setattr(os, "write", blocked)
    monkeypatch.setattr("faradaic.storage.journal_writer._BLOCKED_S", 0.1)
    writer = JournalWriter(tmp_path / "a.journal")
    for number in range(1000):
        writer.append(Kind.EVENT, str(number).encode())
    assert not writer.flush(0.2)
    assert writer.trouble == f"The disk of {tmp_path} takes no data at the moment."
    free_again.set()
    writer.close()
    assert [int(frame.payload) for frame in JournalReader(tmp_path / "a.journal").frames()] == [*range(1000)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not let a file be deleted that is in use")
def test_a_journal_that_is_deleted_while_it_is_written_is_put_back(tmp_path):
    path = tmp_path / "a.journal"
    writer = JournalWriter(path, sync_interval_s=0.05)
    reader = JournalReader(path)
    writer.append(Kind.EVENT, b"one")
    assert writer.flush()
    assert [frame.payload for frame in reader.frames()] == [b"one"]
    path.unlink()
    writer.append(Kind.EVENT, b"two")
    writer.close()
    assert [frame.payload for frame in reader.frames()] == [b"two"]
    assert [frame.payload for frame in JournalReader(path).frames()] == [b"one", b"two"]

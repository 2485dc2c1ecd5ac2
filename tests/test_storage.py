import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.core.samples import IMPEDANCE
from faradaic.storage import NotARunFile, Recorder, Result, Run, StorageError, Table
from faradaic.storage.builder import RunFileBuilder
from faradaic.storage.exporting import safe_name
from faradaic.storage.journal import Frame, JournalReader, Kind, journal_path
from faradaic.storage.journal_writer import RESERVE_BYTES
from faradaic.storage.schema import FORMAT_VERSION
from faradaic.storage.writer import LiveFile
from faradaic.storage.writer_process import writer

from test_journal import METADATA, rows, write_journal


def record(path, blocks=3, **more):
    recorder = Recorder(path, METADATA)
    recorder.step_begun(
        {"step_count": 1, "kind": "rest", "label": "Open circuit", "role": "ocv", "parameters": "{}"}
    )
    for index in range(blocks):
        recorder.samples(rows(10 * index, 10))
    recorder.step_ended({"end_reason": "duration_s", "charge_ampere_hour": 0.5, "result": '{"samples": 30}'})
    recorder.step_begun({"step_count": 2, "kind": "impedance", "cycle_count": 1})
    recorder.impedance(np.zeros(4, IMPEDANCE))
    recorder.step_ended({"end_reason": "completed"})
    recorder.event({"severity": "info", "source": "me", "text": "Größe ✓", "test_time_second": 1.0})
    return recorder


def test_a_run_is_read_as_it_was_recorded(tmp_path):
    record(tmp_path / "a.h5").close("finished")
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]
    with Run.open(tmp_path / "a.h5") as run:
        assert run.state == "finished"
        assert not run.is_live
        assert run.samples.tobytes() == rows(0, 30).tobytes()
        assert len(run.impedance) == 4
        first, second = run.steps
        assert (first.kind, first.label, first.role, first.end_reason) == (
            "rest",
            "Open circuit",
            "ocv",
            "duration_s",
        )
        assert (first.samples, first.impedance, first.charge_Ah) == (slice(0, 30), slice(0, 0), 0.5)
        assert (second.samples, second.impedance, second.cycle_count) == (slice(30, 30), slice(0, 4), 1)
        assert first.result == {"samples": 30}
        assert [(event.severity, event.source, event.text) for event in run.events] == [
            ("info", "me", "Größe ✓")
        ]
        assert run.protocol == {"protocol": "P"}


def test_the_file_needs_nothing_of_ours_to_be_read(tmp_path):
    record(tmp_path / "a.h5").close("finished")
    with h5py.File(tmp_path / "a.h5", "r") as file:
        assert file.attrs["format"] == "faradaic run"
        assert file.attrs["state"] == "finished"
        assert file["samples"]["voltage_volt"][0] == 3.7
        assert file["samples"].dtype.names[:4] == (
            "test_time_second",
            "unix_time_second",
            "voltage_volt",
            "current_ampere",
        )
        assert json.loads(file["protocol"][()]) == {"protocol": "P"}


def test_a_run_can_be_read_while_it_is_recorded(tmp_path):
    recorder = record(tmp_path / "a.h5")
    with Run.open(tmp_path / "a.h5") as run:
        assert run.is_live
        assert run.state == "running"
        recorder.step_begun({"step_count": 3, "kind": "rest"})
        recorder.samples(rows(30, 5))
        deadline = time.monotonic() + 5
        while len(run.samples) < 35 and time.monotonic() < deadline:
            time.sleep(0.05)
            run.refresh()
        assert run.samples.tobytes() == rows(0, 35).tobytes()
        assert run.steps[2].samples == slice(30, 35)
        with pytest.raises(StorageError, match="still being recorded"):
            run.write_results({})
        recorder.close("stopped")
        run.refresh()
        assert (run.is_live, run.state) == (False, "stopped")


def test_a_second_writer_is_refused(tmp_path):
    recorder = record(tmp_path / "a.h5")
    with pytest.raises(StorageError, match="exists already"):
        Recorder(tmp_path / "a.h5", METADATA)
    recorder.close("finished")
    with pytest.raises(StorageError, match="exists already"):
        Recorder(tmp_path / "a.h5", METADATA)


@pytest.mark.parametrize("name", ["no/folder/a.h5", "a" * 300 + ".h5"])
def test_a_path_that_cannot_be_written_is_refused_in_a_sentence(tmp_path, name):
    with pytest.raises(StorageError, match="cannot be written") as refusal:
        Recorder(tmp_path / name, METADATA)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_space_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(StorageError, match="is full"):
        Recorder(tmp_path / "a.h5", METADATA)
    assert list(tmp_path.iterdir()) == []


def test_the_writer_process_may_be_killed_at_any_time(tmp_path):
    recorder = record(tmp_path / "a.h5")
    time.sleep(0.3)
    writer._process.kill()
    writer._process.wait()
    recorder.step_begun({"step_count": 3, "kind": "rest"})
    recorder.samples(rows(30, 5))
    time.sleep(0.3)
    recorder.close("finished")
    with Run.open(tmp_path / "a.h5") as run:
        assert run.state == "finished"
        assert run.samples.tobytes() == rows(0, 35).tobytes()


def test_without_a_writer_process_the_journal_is_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "open", lambda path: None)
    recorder = record(tmp_path / "a.h5")
    with Run.open(tmp_path / "a.h5") as live:
        assert live.is_live
        assert len(live.samples) == 30
    with pytest.raises(StorageError):
        recorder.close("finished")
    with Run.open(tmp_path / "a.h5") as run:
        assert run.state == "finished"
        assert run.samples.tobytes() == rows(0, 30).tobytes()
    assert not journal_path(tmp_path / "a.h5").exists()


def test_results_are_written_and_replaced(tmp_path):
    record(tmp_path / "a.h5").close("finished")
    peaks = np.array([(0.5, 1.0)], dtype=[("potential", "f8"), ("current", "f8")])
    results = {
        "onset_potential": Result(4.8, "V", 0.003, "threshold 10 µA/cm²", ("noisy",)),
        "onset_potential_tangent": Result(None, "V", reason="too few points"),
        "0.1/peaks": Table(peaks, {"potential": "V", "current": "A"}, "baseline"),
    }
    with Run.open(tmp_path / "a.h5") as run:
        run.write_results({"old": Result(1.0, "1")})
        run.write_results(results)
        assert set(run.results) == set(results)
        assert run.results["onset_potential"] == results["onset_potential"]
        assert run.results["onset_potential_tangent"] == results["onset_potential_tangent"]
        assert run.results["0.1/peaks"].rows.tobytes() == peaks.tobytes()
        assert len(run.samples) == 30


def test_results_are_shown_with_their_uncertainty():
    assert str(Result(4.80123, "V", 0.0034)) == "4.8012 ± 0.0034 V"
    assert str(Result(1234.5, "Ω", 56.0)) == "1234 ± 56 Ω"
    assert str(Result(9.9975e-6, "F", 5.7e-9)) == "9.9975 ± 0.0057 µF"
    assert str(Result(0.0034, "V")) == "0.0034 V"
    assert str(Result(0.74, "1")) == "0.74"
    assert str(Result(None, "V", reason="no onset")) == "not determined: no onset"
    with pytest.raises(ValueError, match="why"):
        Result(None, "V")
    with pytest.raises(ValueError, match="finite"):
        Result(float("nan"), "V")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(1000)])
def test_a_file_that_is_no_run_is_refused_in_a_sentence(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(NotARunFile, match="is not a run file"):
        Run.open(tmp_path / "a.h5")


def test_hdf5_files_of_others_and_of_newer_versions_are_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = 1
    with pytest.raises(NotARunFile, match="not a run file"):
        Run.open(tmp_path / "other.h5")
    record(tmp_path / "a.h5").close("finished")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(NotARunFile, match="version 99; this program reads 1"):
        Run.open(tmp_path / "a.h5")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(StorageError, match="There is no file"):
        Run.open(tmp_path / "a.h5")


def test_a_truncated_run_file_is_refused_in_a_sentence(tmp_path):
    record(tmp_path / "a.h5").close("finished")
    data = (tmp_path / "a.h5").read_bytes()
    for length in range(0, len(data), len(data) // 20):
        (tmp_path / "cut.h5").write_bytes(data[:length])
        with pytest.raises(NotARunFile):
            Run.open(tmp_path / "cut.h5")


def test_pandas_gets_the_samples_with_their_names(tmp_path):
    record(tmp_path / "a.h5").close("finished")
    with Run.open(tmp_path / "a.h5") as run:
        frame = run.to_pandas()
        assert len(frame) == 30
        assert frame["voltage_volt"].iloc[0] == 3.7


def test_a_writer_that_comes_too_late_leaves_the_recovered_file_alone(tmp_path):
    # The writer process of a killed program may be about to create the file that is recovered meanwhile.
    path = tmp_path / "a.h5"
    write_journal(journal_path(path))
    late = LiveFile(path)
    late._journal = JournalReader(journal_path(path))
    Run.open(path).close()
    recovered = path.read_bytes()
    late.catch_up()
    late.abandon()
    assert path.read_bytes() == recovered


@settings(max_examples=60)
@given(flushed_after=st.sets(st.integers(0, 12)))
def test_the_file_does_not_depend_on_when_it_was_flushed(tmp_path_factory, flushed_after):
    path = tmp_path_factory.mktemp("flushed") / "a.h5"
    builder = RunFileBuilder(path)
    frames = [Frame(Kind.RUN, json.dumps(METADATA).encode())]
    for step in (1, 2, 3):
        frames += [
            Frame(Kind.STEP_BEGUN, json.dumps({"step_count": step, "kind": "rest"}).encode()),
            Frame(Kind.SAMPLES, rows(10 * step, step).tobytes()),
            Frame(Kind.SAMPLES, rows(10 * step + step, 1).tobytes()),
            Frame(Kind.STEP_ENDED, json.dumps({"end_reason": f"reason {step}"}).encode()),
        ]
    for index, frame in enumerate(frames):
        builder.apply(frame)
        if index in flushed_after:
            builder.flush()
    builder.finish()
    with Run.open(path) as run:
        assert [step.end_reason for step in run.steps] == ["reason 1", "reason 2", "reason 3"]
        assert [step.samples for step in run.steps] == [slice(0, 2), slice(2, 5), slice(5, 9)]
        assert len(run.samples) == 9


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import METADATA, rows
from faradaic.storage import Recorder
recorder = Recorder(Path({path!r}), METADATA)
recorder.step_begun({{"step_count": 1, "kind": "rest"}})
for index in range(10**9):
    recorder.samples(rows(10 * index, 10))
    if index % 20 == 0 and recorder.is_written:
        print(index, flush=True)
    time.sleep(0.0005)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
@pytest.mark.parametrize("delay_ms", [0, 30, 60, 120, 250, 400])
def test_a_killed_run_opens_with_every_acknowledged_sample(tmp_path, delay_ms):
    path = tmp_path / "a.h5"
    tests = os.path.dirname(__file__)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(tests=tests, path=str(path))], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    time.sleep(delay_ms / 1000)
    process.kill()
    acknowledged = [int(line) for line in process.stdout.read().split()]
    process.wait()
    with Run.open(path) as run:
        assert run.state == "interrupted"
        assert run.events[-1].source == "recovery"
        assert len(run.samples) >= 10 * (max(acknowledged, default=-1) + 1)
        assert run.samples.tobytes() == rows(0, len(run.samples)).tobytes()
    assert not journal_path(path).exists()


FULL = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import METADATA, rows
from faradaic.storage import Recorder, StorageError, Run
path = Path({path!r})
recorder = Recorder(path, METADATA)
count = 0
try:
    while True:
        recorder.samples(rows(100 * count, 100))
        count += 1
        if count == {hog_at}:
            recorder._journal.flush()
            with open(path.parent / "hog", "wb") as hog:
                try:
                    while True:
                        hog.write(bytes(65536)); hog.flush()
                except OSError:
                    pass
except StorageError as error:
    print(error)
try:
    recorder.close("failed: storage")
except StorageError as error:
    print("not closed:", error)
with Run.open(path) as run:
    assert rows(0, 100 * count).tobytes().startswith(run.samples.tobytes())
    assert len(run.samples) >= (100 * count if {hog_at} < 0 else 100 * {hog_at}), len(run.samples)
    print(run.state)
"""


@pytest.mark.skipif(
    shutil.which("mount") is None or os.geteuid() != 0, reason="making a small disk needs root"
)
@pytest.mark.parametrize("hog_at", [-1, 50], ids=["filled by the run", "filled by another program"])
def test_a_disk_that_stays_full_ends_the_run_with_what_it_took_readable(tmp_path, hog_at):
    size = RESERVE_BYTES + 6 * 2**20
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(tmp_path)], check=True)
    try:
        script = FULL.format(tests=os.path.dirname(__file__), path=str(tmp_path / "a.h5"), hog_at=hog_at)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "full" in done.stdout
        # Runs leave each other the space to be closed; another program does not.
        assert done.stdout.split("\n")[-2] == ("failed: storage" if hog_at < 0 else "interrupted")
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("IGE-2", "IGE-2"),
        ("../../etc/x", "etc-x"),
        ("a|b:c*?", "a-b-c"),
        ("", "unnamed"),
        ("电解质", "电解质"),
        ("x" * 500, "x" * 60),
    ],
)
def test_names_from_people_are_made_safe_for_files(text, safe):
    assert safe_name(text) == safe


@pytest.mark.parametrize("version", range(1, FORMAT_VERSION + 1))
def test_run_files_of_every_version_are_read(tmp_path, version):
    # One file of each version lies here for good: a new version of the format comes with another one.
    kept = Path(__file__).parent / "data" / "run-files" / f"version-{version}.h5.gz"
    path = tmp_path / "old.h5"
    path.write_bytes(gzip.decompress(kept.read_bytes()))
    with Run.open(path) as run:
        assert (run.state, run.protocol["protocol"], run.cell["area"]) == ("finished", "Sequence", "1.13 cm²")
        assert [step.role for step in run.steps] == ["ocv", "spectrum", "ocv", "sweep"]
        assert run.steps[-1].samples == slice(22, 2723)
        assert len(run.samples) == 2723
        assert run.samples["current_ampere"].sum() == 0.40655015277780004
        assert len(run.impedance) == 26
        assert run.impedance["real_impedance_ohm"][0] == 5.269751
        assert run.results["onset_potential"].value == pytest.approx(4.78305, abs=1e-5)
        assert len(run.events) == 2
        assert analyse(run)["onset_potential"].value == pytest.approx(4.783, abs=0.005)

"""What can happen to the computer while a run goes on: full disks, deleted files, sleep, clocks, memory."""

import errno
import os
import sys
import threading
import time

import numpy as np
import pytest

from faradaic.core.clock import VirtualClock
from faradaic.core.samples import MEASUREMENT, Flag
from faradaic.engine import Runner
from faradaic.engine.contact import contact_fault
from faradaic.protocols import Cell, ConstantPotential, Limits, PotentialSweep, Record, Until
from faradaic.simulators import Resistor
from faradaic.storage import Run
from faradaic.storage.journal import JournalReader, Kind
from faradaic.storage.journal_writer import JournalWriter

from bench import Steps, connected
from benches import until
from fakes import FakeChannel, resistor


def hold(duration_s=100.0, interval_s=1.0):
    return ConstantPotential(
        potential_V=0.5, until=Until(duration_s=duration_s), record=Record(interval_s=interval_s)
    )


def runner(tmp_path, *steps, channel=None, **more):
    channel = channel or FakeChannel()
    return Runner(Steps(given=steps), channel, cell=Cell(), out=tmp_path / "run.h5", **more)


def usage(count):
    return lambda path: type("Usage", (), {"free": count})()


class Slow(FakeChannel):
    """Gives a block and then waits for a moment of real time."""

    def run(self, step):
        for block in super().run(step):
            yield block
            time.sleep(0.02)


def test_a_full_disk_stops_nothing_and_loses_nothing(tmp_path, monkeypatch):
    said = []
    running = runner(tmp_path, hold(3000.0), channel=Slow(), subscribers=[said.append])
    thread = threading.Thread(target=running.run)
    thread.start()
    time.sleep(0.3)
    monkeypatch.setattr("shutil.disk_usage", usage(2**20))
    until(lambda: "The disk of" in str(said))
    monkeypatch.undo()
    until(lambda: "takes data again" in str(said))
    thread.join()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.state == "finished"
        assert len(run.samples) == 3000
        texts = [event.text for event in run.events if event.source == "storage"]
        assert "1.0 MB are left" in texts[0]
        assert "kept in memory" in texts[0]
        assert texts[1] == "The disk takes data again; nothing is missing."


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not let a file be deleted that is in use")
@pytest.mark.parametrize("deleted", ["run.h5", "run.h5.journal", "both"])
def test_files_that_are_deleted_under_us_are_there_in_the_end(tmp_path, deleted):
    running = runner(tmp_path, hold(2000.0), channel=Slow())
    thread = threading.Thread(target=running.run)
    thread.start()
    until((tmp_path / "run.h5").exists)
    time.sleep(0.5)
    for name in ("run.h5", "run.h5.journal") if deleted == "both" else (deleted,):
        (tmp_path / name).unlink()
    thread.join()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.state == "finished"
        assert len(run.samples) == 2000


@pytest.mark.parametrize(
    "error", [errno.EIO, errno.ESTALE if hasattr(errno, "ESTALE") else errno.EIO, errno.EACCES]
)
def test_a_network_drive_that_goes_and_comes_back_gets_everything(tmp_path, monkeypatch, error):
    is_away, write = threading.Event(), os.write

    def written(file, data):
        if is_away.is_set():
            raise OSError(error, os.strerror(error))
        return write(file, data)

    monkeypatch.setattr(os, "write", written)
    writer = JournalWriter(tmp_path / "a.journal")
    for number in range(30):
        if number == 10:
            assert writer.flush()
            is_away.set()
        writer.append(Kind.EVENT, str(number).encode())
    assert not writer.flush(0.3)
    assert os.strerror(error) in writer.trouble
    is_away.clear()
    writer.close()
    assert [int(frame.payload) for frame in JournalReader(tmp_path / "a.journal").frames()] == [*range(30)]


def asleep_for(clock, seconds, after, blocks):
    """Let time pass at once after so many samples, as when the computer sleeps."""
    count = 0
    for block in blocks:
        yield block
        count += len(block)
        if count >= after > 0:
            after = 0
            clock.wait(seconds)


def test_after_sleep_a_hold_goes_on_with_its_gap_and_without_a_burst(tmp_path):
    clock = VirtualClock()
    with connected("keithley-2450", Resistor(1e3), clock) as (instrument, _):
        blocks = asleep_for(clock, 3600.0, 20, instrument.channels[0].run(hold(7200.0, 10.0)))
        rows = np.concatenate([block for block in blocks if len(block)])
    steps_s = np.diff(rows["time_s"])
    assert np.count_nonzero(steps_s > 20.0) == 1
    assert steps_s.max() == pytest.approx(3600.0, abs=30.0)
    assert steps_s[1:].min() > 1.0
    assert np.flatnonzero(rows["flags"] & Flag.AFTER_GAP).tolist() == [int(steps_s.argmax()) + 1]
    assert rows["time_s"][-1] == pytest.approx(7200.0, abs=1.0)


def test_after_sleep_a_sweep_goes_on_at_its_rate(tmp_path):
    clock = VirtualClock()
    # Steps that do not divide the path are timed by the computer.
    step = PotentialSweep(path_V=(0.0, 0.305), rate_V_per_s=1e-3, sample_every_V=0.01)
    with connected("keithley-2450", Resistor(1e3), clock) as (instrument, _):
        blocks = asleep_for(clock, 3600.0, 10, instrument.channels[0].run(step))
        rows = np.concatenate([block for block in blocks if len(block)])
    steps_s = np.diff(rows["time_s"])
    assert np.count_nonzero(steps_s > 15.0) == 1
    assert np.abs(np.diff(rows["potential_V"])).max() < 0.0155
    assert np.delete(steps_s, steps_s.argmax()).min() > 9.0
    assert np.count_nonzero(rows["flags"] & Flag.AFTER_GAP) == 1


def test_a_wall_clock_that_jumps_changes_no_time_in_the_file(tmp_path):
    class Jumping(VirtualClock):
        def utc(self):
            return super().utc() + (3600.0 if int(self.now()) // 50 % 2 else -3600.0)

    runner(tmp_path, hold(), hold(), channel=FakeChannel(clock=Jumping(start_utc=1.7e9))).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert np.all(np.diff(run.samples["test_time_second"]) > 0)
        for step in run.steps:
            rows = run.samples[step.samples]
            assert np.ptp(rows["unix_time_second"] - rows["test_time_second"]) < 1e-3


def test_without_memory_the_cell_is_at_rest_and_the_file_is_closed(tmp_path):
    class Hungry(FakeChannel):
        def run(self, step):
            yield next(super().run(step))
            raise MemoryError

    channel = Hungry()
    with pytest.raises(MemoryError):
        runner(tmp_path, hold(), channel=channel).run()
    assert channel.rests > 0
    with Run.open(tmp_path / "run.h5") as run:
        assert (run.state, len(run.samples)) == ("failed: error", 10)


def test_thousands_of_events_are_all_there(tmp_path):
    class Chatty(FakeChannel):
        def run(self, step):
            for block in super().run(step):
                self.notices += [f"Notice {index}." for index in range(1000)]
                yield block

    runner(tmp_path, hold(), channel=Chatty()).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.state == "finished"
        assert sum(event.text.startswith("Notice") for event in run.events) == 10_000


def test_a_channel_that_falls_silent_is_noticed_and_can_be_put_at_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("faradaic.engine.runner._SILENT_S", 0.2)
    ended = threading.Event()

    class Silent(FakeChannel):
        def run(self, step):
            yield next(super().run(step))
            ended.wait(20.0)

        def rest(self):
            super().rest()
            ended.set()

    channel = Silent()
    running = runner(tmp_path, hold(interval_s=0.01), channel=channel)
    thread = threading.Thread(target=running.run)
    thread.start()
    until(lambda: running.has_fallen_silent)
    running.commands.stop("the watch")
    channel.rest()
    thread.join(10.0)
    assert running.state == "stopped"


def reading(potential_V, flags=0):
    row = np.zeros(1, MEASUREMENT)
    row["potential_V"], row["flags"] = potential_V, flags
    return row


@pytest.mark.parametrize(
    ("potential_V", "expected", "limits", "says"),
    [
        (3.7, "3.7 V", Limits(), None),
        (0.0, None, Limits(), None),
        (0.0, "0 V", Limits(), None),
        (-3.7, "3.7 V", Limits(), "Check its polarity"),
        (0.001, "3.7 V", Limits(), "not shorted"),
        (float("nan"), None, Limits(), "all its leads"),
        (5.2, None, Limits(potential_max_V=4.5), "beyond its upper limit potential_max of 4.5 V"),
        (-2.0, None, Limits(potential_min_V=0.0), "beyond its lower limit potential_min of 0 V"),
        (4.55, None, Limits(potential_max_V=4.5), None),
    ],
)
def test_a_cell_is_looked_at_before_anything_is_applied(tmp_path, potential_V, expected, limits, says):
    cell = Cell(expected_open_circuit=expected)
    fault = contact_fault(reading(potential_V), cell, limits)
    assert (fault is None) if says is None else (says in fault)

    class Connected(FakeChannel):
        def read(self):
            return reading(potential_V)

    channel = Connected(resistor(1000.0))
    started = Runner(Steps(given=(hold(),)), channel, cell=cell, out=tmp_path / "run.h5")
    if says is not None and limits == Limits():
        assert started.run() == "failed: contact"
        assert channel.steps == []

"""The engine of a bench: queues, commands, what happens when things go away and come back."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest
import yaml

from faradaic.core.clock import ScaledClock
from faradaic.engine.bench import BenchEngine, NoSuchChannel, Refused
from faradaic.instruments import OutOfRange
from faradaic.instruments.bench_file import Bench
from faradaic.protocols import OpenCircuit, ProtocolError
from faradaic.simulators import Resistor, TcpServer, device_kind
from faradaic.simulators.faults import FaultyLink
from faradaic.simulators.serving import serve_bench
from faradaic.storage import Run, StorageError

from benches import CELL, HOLD, REST, asked, bench_of, engine_of, state, until


def add(engine, protocol, name="A1", by="Ada", **more):
    return engine.add(name, asked(protocol, **more), by, time.time())


def events(status):
    with Run.open(status.file) as run:
        return [(event.source, event.text) for event in run.events]


def test_jobs_run_one_after_the_other_each_into_its_own_file(tmp_path):
    with engine_of(bench_of("emstat4-hr", speed=200.0), tmp_path) as (engine, _):
        short = {**REST, "duration": "20 s"}
        for _ in range(3):
            add(engine, short, cell={"name": "../../etc/x Größe"})
        folder = tmp_path / "-..-etc-x Größe"
        until(lambda: len([*folder.glob("*.h5")]) == 3 and state(engine) == "finished")
        files = sorted(folder.glob("*.h5"))
        for file in files:
            with Run.open(file) as run:
                assert run.state == "finished"
                assert len(run.samples) >= 20
                assert run.environment["operator"] == "Ada"


def test_who_looks_or_listens_knows_a_run_from_its_beginning(tmp_path):
    with engine_of(bench_of("emstat4-hr", speed=50.0), tmp_path) as (engine, _):
        station, heard = engine.station("A1"), []
        engine.publisher.listen(lambda record: heard.append((record, station.status().file)))
        add(engine, HOLD)
        until(lambda: any(record.kind == "step_started" for record, _ in heard))
    kinds = [record.kind for record, _ in heard]
    begun = kinds.index("run_started")
    assert kinds.index("state", begun) < kinds.index("step_started")
    (started, looked), (told, _) = heard[begun], heard[kinds.index("state", begun)]
    assert looked == told.data["file"] == started.data["file"]
    assert told.run == started.run


def test_a_person_pauses_holds_changes_skips_and_stops_and_the_file_says_who(tmp_path):
    with engine_of(bench_of("emstat4-hr"), tmp_path) as (engine, devices):
        add(engine, HOLD)
        until(lambda: engine.station("A1").status().current_A is not None)
        engine.pause("A1", "rest", "Ada")
        until(lambda: state(engine) == "paused")
        assert not devices["i1"].cell_is_on
        engine.resume("A1", "Ben")
        until(lambda: state(engine) == "running" and devices["i1"].cell_is_on)
        engine.change_limits("A1", {"potential_max": "2 V"}, "Ada")
        with pytest.raises(ValueError, match="potential above 9 V at 0.4 V"):
            engine.change_until("A1", {"potential_above": "9 V"}, "Ada")
        with pytest.raises(ValueError, match="at least one end condition"):
            engine.change_until("A1", {}, "Ada")
        engine.change_until("A1", {"duration": "2 h"}, "Ada")
        until(lambda: any("end conditions" in text for _, text in events(engine.station("A1").status())))
        engine.pause("A1", "hold", "Ada")
        until(lambda: state(engine) == "holding")
        engine.skip_step("A1", "Cy")
        until(lambda: state(engine) in ("finished", "running"))
        if state(engine) == "running":
            engine.stop("A1", "Ada")
        until(lambda: state(engine) in ("finished", "stopped"))
        said = events(engine.station("A1").status())
        assert ("Ben", "Resume.") in said
        assert ("Cy", "Skip this step.") in said
        assert any(by == "Ada" and "potential max 2 V" in text for by, text in said)
        assert {"Ada", "Ben", "Cy"} <= {entry["by"] for entry in engine.log.tail(50)}


def test_after_a_stop_the_queue_waits_for_a_person(tmp_path):
    with engine_of(bench_of("emstat4-hr", speed=200.0), tmp_path) as (engine, devices):
        add(engine, HOLD)
        add(engine, {**REST, "duration": "5 s"})
        until(lambda: state(engine) == "running")
        engine.stop("A1", "Ada")
        until(lambda: state(engine) == "stopped")
        assert engine.station("A1").status().is_held
        assert not devices["i1"].cell_is_on
        engine.resume("A1", "Ada")
        until(lambda: state(engine) == "finished")


def test_the_queue_can_be_changed(tmp_path):
    with engine_of(bench_of("emstat4-hr"), tmp_path) as (engine, _):
        add(engine, HOLD)
        until(lambda: state(engine) == "running")
        jobs = [add(engine, REST), add(engine, REST), add(engine, REST)]
        engine.reorder("A1", [jobs[2].id, jobs[0].id, jobs[1].id], "Ada")
        engine.remove("A1", jobs[0].id, "Ada")
        assert [job.id for job in engine.station("A1").status().queue] == [jobs[2].id, jobs[1].id]
        with pytest.raises(Refused, match="no job"):
            engine.remove("A1", jobs[0].id, "Ada")
        with pytest.raises(Refused, match="every job"):
            engine.reorder("A1", [jobs[1].id], "Ada")


@pytest.mark.parametrize(
    ("protocol", "cell", "message"),
    [
        ({"protocol": "LinearSweeep"}, {}, "did you mean LinearSweep"),
        ({"protocol": "LinearSweep", "stop": "5.5 A"}, {}, "stop: 'A' is not a unit"),
        ({"protocol": "OpenCircuit", "duration": "nan s"}, {}, "duration"),
        ({"protocol": "OpenCircuit", "duration": "-5 s"}, {}, "duration"),
        ({"protocol": "LinearSweep", "stop": "50 V"}, {}, "50 V"),
        (HOLD, {"name": "R"}, "area"),
        ({"protocol": "OpenCircuit"}, {"colour": "red"}, "colour is not a parameter of Cell"),
        ({"protocol": "OpenCircuit", "duration": "80000 h", "sample_every": "1 ms"}, {}, "GB"),
    ],
)
def test_what_cannot_be_run_is_refused_before_it_is_in_the_queue(tmp_path, protocol, cell, message):
    with engine_of(bench_of("emstat4-hr"), tmp_path) as (engine, _):
        with pytest.raises((ValueError, StorageError, OutOfRange), match=message):
            add(engine, protocol, cell=cell)
        assert engine.station("A1").status().queue == []
        with pytest.raises(NoSuchChannel, match="there are A1"):
            add(engine, REST, name="B7")


def test_an_emergency_stop_puts_every_cell_at_rest_and_holds_every_queue(tmp_path):
    with engine_of(bench_of("emstat4-hr", "keithley-2450"), tmp_path) as (engine, devices):
        for name in ("A1", "A2"):
            add(engine, HOLD, name=name)
            add(engine, REST, name=name)
        until(lambda: all(device.cell_is_on for device in devices.values()))
        begun = time.monotonic()
        sentences = engine.emergency_stop("Ada")
        assert time.monotonic() - begun < 3.0
        assert sentences == ["A1 is at rest.", "A2 is at rest."]
        assert not any(device.cell_is_on for device in devices.values())
        until(lambda: [each.state for each in engine.statuses()] == ["stopped", "stopped"])
        assert all(each.is_held for each in engine.statuses())
        assert "Emergency stop by Ada." in [alarm.text for alarm in engine.alarms.standing()]


def test_an_instrument_that_is_away_is_offline_and_comes_back_by_itself(tmp_path):
    bench = bench_of("emstat4-hr")
    with BenchEngine(bench, tmp_path) as engine:
        until(lambda: "Nothing answers" in engine.station("A1").status().detail)
        assert state(engine) == "offline"
        with pytest.raises(Refused, match="A1 is offline"):
            add(engine, REST)
        with serve_bench(bench):
            until(lambda: state(engine) == "idle")


def test_an_instrument_that_is_lost_while_idle_raises_one_alarm_and_tells_when_it_is_back(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("faradaic.engine.bench.station._LOOK_S", 0.2)
    monkeypatch.setattr("faradaic.engine.bench.keeper._RETRY_S", 0.1)
    bench = bench_of("keithley-2450")

    def told():
        return [(alarm.severity, alarm.text.split(".")[0]) for alarm in reversed(engine.alarms.standing())]

    with BenchEngine(bench, tmp_path) as engine:
        until(lambda: "Nothing answers" in engine.station("A1").status().detail)
        with serve_bench(bench):
            until(lambda: state(engine) == "idle")
        # A bench that is started before its instruments is no alarm.
        assert told() == []
        lost, back = ("warning", "i1 (A1) does not answer any more"), ("warning", "i1 (A1) answers again")
        until(lambda: told() == [lost])
        until(lambda: "Nothing answers" in engine.station("A1").status().detail)
        with serve_bench(bench):
            until(lambda: told() == [lost, back])
            assert state(engine) == "idle"


def test_an_interrupted_run_is_offered_and_goes_on_with_its_gap_recorded(tmp_path):
    bench = bench_of("emstat4-hr")
    with serve_bench(bench):
        with BenchEngine(bench, tmp_path) as engine:
            until(lambda: state(engine) == "idle")
            add(engine, HOLD)
            add(engine, {**REST, "duration": "5 s"})
            until(lambda: engine.station("A1").status().current_A is not None)
            file = engine.station("A1").status().file
        with BenchEngine(bench, tmp_path) as engine:
            until(lambda: state(engine) == "interrupted")
            assert len(engine.station("A1").status().queue) == 1
            with pytest.raises(Refused, match="interrupted"):
                engine.station("A1").release()
            engine.resume("A1", "Ada")
            until(lambda: state(engine) == "running" and engine.station("A1").status().current_A is not None)
            assert engine.station("A1").status().file == file
            engine.stop("A1", "Ada")
            until(lambda: state(engine) == "stopped")
    with Run.open(file) as run:
        assert any(event.text.startswith("Go on") for event in run.events)
        assert len({step.program_index for step in run.steps if step.segment}) == 1


def test_an_interrupted_run_can_be_given_up(tmp_path):
    bench = bench_of("emstat4-hr")
    with serve_bench(bench):
        with BenchEngine(bench, tmp_path) as engine:
            until(lambda: state(engine) == "idle")
            add(engine, HOLD)
            until(lambda: state(engine) == "running")
        with BenchEngine(bench, tmp_path) as engine:
            until(lambda: state(engine) == "interrupted")
            engine.give_up("A1", "Ada")
            until(lambda: state(engine) == "idle")


def test_a_second_engine_is_refused(tmp_path):
    bench = bench_of("emstat4-hr")
    with BenchEngine(bench, tmp_path), pytest.raises(StorageError, match="Another engine works in"):
        BenchEngine(bench, tmp_path)


@pytest.mark.parametrize("level", ["instrument", "channel", "run", "protocol"])
def test_a_breached_limit_fails_the_run_raises_an_alarm_and_holds_the_queue(tmp_path, level):
    bench = bench_of("emstat4-hr")
    described = bench.model_dump(exclude_none=True)
    tight, wide = {"current_max": "0.2 mA"}, {"current_max": "3 mA"}
    limits = {each: tight if each == level else wide for each in ("instrument", "channel", "run", "protocol")}
    instrument = described["instruments"]["i1"]
    instrument |= {"limits": limits["instrument"]}
    instrument["channels"] = {"1": {"name": "A1", "limits": limits["channel"]}}
    with engine_of(type(bench).model_validate(described), tmp_path) as (engine, devices):
        add(engine, {**HOLD, "limits": limits["protocol"]}, limits=limits["run"])
        add(engine, REST)
        until(lambda: state(engine) == "failed: limit")
        assert not devices["i1"].cell_is_on
        assert engine.station("A1").status().is_held
        (alarm,) = engine.alarms.standing()
        assert "200 µA" in alarm.text
        assert engine.alarms.acknowledge(alarm.id, "Ada").acknowledged_by == "Ada"


def test_a_cell_that_reached_a_limit_is_recorded_at_rest_until_a_person_looks(tmp_path):
    bench = bench_of("emstat4-hr", speed=2000.0)
    with engine_of(bench, tmp_path) as (engine, devices):
        add(engine, {**HOLD, "limits": {"current_max": "0.2 mA"}})
        add(engine, REST)
        until(lambda: state(engine) == "failed: limit")
        until(lambda: list(tmp_path.rglob("*AfterLimit*.h5")))
        (path,) = tmp_path.rglob("*AfterLimit*.h5")
        assert not devices["i1"].cell_is_on
        # The cell has 0 V at rest: with 2000-fold time an hour passes in under two seconds.
        until(lambda: len(rows_of(path)) >= 3)
        rows = rows_of(path)
        assert np.all(rows["current_ampere"] == 0)
        assert np.diff(rows["test_time_second"]).max() == pytest.approx(3600, rel=0.02)
        assert state(engine) == "failed: limit"
        engine.station("A1").release()
        until(lambda: state(engine) == "running")
        with Run.open(path) as run:
            assert "has ended at a limit" in run.environment["notes"]


def rows_of(path):
    with Run.open(path) as run:
        return run.samples


def test_a_cell_the_wrong_way_round_is_not_touched(tmp_path):
    with engine_of(bench_of("emstat4-hr"), tmp_path) as (engine, devices):
        add(engine, HOLD, cell={**CELL, "expected_open_circuit": "3.7 V"})
        until(lambda: state(engine) == "failed: contact")
        assert "not shorted" in engine.station("A1").status().detail
        assert not devices["i1"].cell_is_on


KILLED = """
import sys, time
from pathlib import Path
from faradaic.engine.bench import BenchEngine, JobRequest
from faradaic.instruments.bench_file import read_bench
if __name__ == "__main__":
    engine = BenchEngine(read_bench(Path(sys.argv[1])), Path(sys.argv[2]))
    time.sleep(0.5)
    while engine.station("A1").connection is None:
        time.sleep(0.1)
    engine.add("A1", JobRequest.model_validate_json(sys.argv[3]), "Ada", time.time())
    while engine.station("A1").status().current_A is None:
        time.sleep(0.05)
    print(engine.station("A1").status().file, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", ["killed", "hung"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that kill or halt a program")
def test_when_the_engine_dies_the_watchdog_puts_a_source_meter_at_rest(tmp_path, how):
    bench = bench_of("keithley-2450", resume="automatic", speed=1.0)
    path = tmp_path / "bench.yaml"
    path.write_text(yaml.safe_dump(json.loads(bench.model_dump_json(exclude_none=True))))
    with serve_bench(bench) as servers:
        device = servers["i1"].device
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                KILLED,
                str(path),
                str(tmp_path),
                asked({**HOLD, "sample_every": "0.1 s"}).model_dump_json(),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        file = process.stdout.readline().strip()
        assert device.cell_is_on
        os.kill(process.pid, signal.SIGKILL if how == "killed" else signal.SIGSTOP)
        begun = time.monotonic()
        until(lambda: not device.cell_is_on)
        # A process that hangs is given ten seconds, one that has ended none.
        assert time.monotonic() - begun < (2.0 if how == "killed" else 20.0)
        process.wait()
        with BenchEngine(bench, tmp_path) as engine:
            until(lambda: state(engine) == "running" and device.cell_is_on)
            said = [entry["text"] for entry in engine.log.tail(20)]
            assert "The engine has ended without notice; A1 was put at rest." in said
            assert engine.station("A1").status().file == file


def test_a_damaged_queue_is_refused_in_a_sentence(tmp_path):
    (tmp_path / ".faradaic").mkdir()
    (tmp_path / ".faradaic" / "queue A1.json").write_text('{"running": null, "queue": [{"id"')
    with pytest.raises(StorageError, match="Move it away"):
        BenchEngine(bench_of("emstat4-hr"), tmp_path)


def test_a_protocol_that_loops_for_ever_is_refused(tmp_path, monkeypatch):
    def steps(self, cell):
        while True:
            pass
        yield

    monkeypatch.setattr(OpenCircuit, "steps", steps)
    monkeypatch.setattr("faradaic.engine.bench.engine._CHECK_S", 0.5)
    with (
        engine_of(bench_of("emstat4-hr"), tmp_path) as (engine, _),
        pytest.raises(ProtocolError, match="does it ever end"),
    ):
        add(engine, REST)


@pytest.mark.parametrize(("model", "goes_on"), [("neware-bts", True), ("emstat4-hr", False)])
def test_a_silent_channel_is_put_at_rest_unless_its_instrument_goes_on_by_itself(
    tmp_path, monkeypatch, model, goes_on
):
    """A cycler whose network is away for minutes must not lose its run of months."""
    monkeypatch.setattr("faradaic.engine.runner._SILENT_S", 0.5)
    monkeypatch.setattr("faradaic.engine.bench.engine._WATCH_S", 0.1)
    speed, kind = 20.0, device_kind(model)
    with (
        closing(kind.make([Resistor(1000.0)], ScaledClock(speed), 1)) as device,
        TcpServer(device) as server,
        FaultyLink(server.address, away_s=1.0) as link,
    ):
        described = {
            "driver": kind.driver,
            "address": link.address,
            "channels": {kind.channels[0]: {"name": "A1"}},
        }
        bench = Bench.model_validate(
            {"speed": speed, "alarms": {"desktop": False}, "instruments": {"i": described}}
        )
        with BenchEngine(bench, tmp_path) as engine:
            until(lambda: state(engine) != "offline")
            engine.add("A1", asked({**HOLD, "hold": "4 min"}), "Ada", 0.0)
            until(lambda: engine.station("A1").status().elapsed_s > 10)
            link.inject("away")
            until(lambda: "A1 gives no samples any more" in str(engine.alarms.standing()))
            until(lambda: state(engine) not in ("running", "ending"), 60.0)
            assert (state(engine) == "finished") == goes_on, state(engine)
            told = [each.text for each in engine.alarms.standing() if "gives no samples" in each.text]
            assert len(told) == 1
            assert ("goes on with the program by itself" in told[0]) == goes_on
            with Run.open(engine.station("A1").status().file) as run:
                times_s = run.samples["test_time_second"]
            if goes_on:
                assert np.diff(times_s).max() < 1.5

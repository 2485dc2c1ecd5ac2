"""Neware: programs on board, read out without loss, and what an independent client makes of the server."""

import random
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import aurora_unicycler as unicycler
import numpy as np
import pytest
from aurora_neware import NewareAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.core.clock import ScaledClock, VirtualClock
from faradaic.engine import Runner, resumed, run
from faradaic.instruments import InstrumentFault, NotConnected, OutOfRange, Timeout, open_instrument
from faradaic.instruments.neware.step_file import on_board, step_file
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    FloatingTest,
    GalvanostaticCycling,
    Limits,
    LinearSweep,
    PotentialSweep,
    Record,
    Rest,
    SafetyLimits,
    Until,
    foreseen,
)
from faradaic.simulators import FullCell, Resistor, TcpServer, device_kind, published_cell, serve
from faradaic.simulators.devices.neware.step_file import read_step_file
from faradaic.storage import Run

from bench import Steps, connected

CELL = Cell.model_validate({"name": "test", "area": "1 cm²", "nominal_capacity": "2 mAh"})
FIRST = "21-1-1"


# The published client of the Swiss Federal Laboratories, on our server


@pytest.fixture
def server():
    clock = VirtualClock()
    device = device_kind("neware-bts").make([FullCell(charged=0.5, cathode="NCM")], clock, 1)
    with TcpServer(device) as serving:
        yield serving, clock


def client(serving):
    host, port = serving.address.removeprefix("socket://").split(":")
    return NewareAPI(host, int(port))


def unicycler_protocol():
    return unicycler.CyclingProtocol(
        sample=unicycler.SampleParams(name="one", capacity_mAh=2.0),
        record=unicycler.RecordParams(time_s=10.0),
        safety=unicycler.SafetyParams(
            max_voltage_V=4.6, min_voltage_V=2.0, max_current_mA=5, min_current_mA=-5
        ),
        method=[
            unicycler.OpenCircuitVoltage(until_time_s=60),
            unicycler.ConstantCurrent(current_mA=1.0, until_voltage_V=4.2, until_time_s=36_000),
            unicycler.ConstantVoltage(voltage_V=4.2, until_current_mA=0.1, until_time_s=36_000),
            unicycler.ConstantCurrent(current_mA=-1.0, until_voltage_V=3.0, until_time_s=36_000),
            unicycler.Loop(loop_to=2, cycle_count=2),
        ],
    )


def test_the_published_client_starts_watches_and_downloads_its_own_program(server, tmp_path):
    serving, clock = server
    path = tmp_path / "program.xml"
    unicycler_protocol().to_neware_xml(save_path=path)
    with client(serving) as bts:
        assert len(bts.channel_map) == 16
        assert bts.inquire(FIRST)[FIRST]["step_type"] is None
        assert bts.start(FIRST, "sample 1", path)[0]["start"] == "ok"
        clock.wait(30.0)
        found = bts.inquire(FIRST)[FIRST]
        assert (found["workstatus"], found["step_type"], found["barcode"]) == ("working", "rest", "sample 1")
        assert found["voltage"] == pytest.approx(3.7, abs=0.2)
        with pytest.raises(ValueError, match="blocked"):
            bts.start(FIRST, "again", path)
        clock.wait(200_000.0)
        assert bts.getchlstatus(FIRST)[FIRST]["status"] == "finish"
        data = bts.download(FIRST, last_n_points=0)
        layers = bts.get_steps(FIRST)
        assert bts.get_testid(FIRST)[FIRST]["test_id"] == 1
        assert [entry["log_code"] for entry in bts.downloadlog(FIRST)] == [100000, 100001]
        assert bts.light(FIRST)[0]["light"] == "ok"
        assert bts.clearflag(FIRST)[0]["clearflag"] == "ok"
    assert data["seqid"] == list(range(1, len(data["seqid"]) + 1))
    assert max(data["volt"]) == pytest.approx(4.2, abs=2e-3)
    assert min(data["volt"]) == pytest.approx(3.0, abs=5e-3)
    assert [layer["steptype"] for layer in layers] == ["rest", "cc", "cv", "dc", "cc", "cv", "dc"]
    assert [layer["cycleid"] for layer in layers] == [1, 1, 1, 1, 2, 2, 2]
    assert layers[2]["endcurr"] == pytest.approx(1e-4, rel=0.01)
    assert layers[3]["cap"] == pytest.approx(layers[3]["steptime"] / 3.6e6 * 1e-3, rel=1e-3)


def test_the_published_client_stops_a_test(server, tmp_path):
    serving, clock = server
    path = tmp_path / "program.xml"
    unicycler_protocol().to_neware_xml(save_path=path)
    with client(serving) as bts:
        bts.start(FIRST, "sample 1", path)
        clock.wait(1000.0)
        bts.stop(FIRST)
        assert bts.inquire(FIRST)[FIRST]["workstatus"] == "stop"
        assert bts.start("21-2-8", "open leads", path)[0]["start"] == "ok"


def test_what_is_no_step_file_is_refused(server, tmp_path):
    serving, _ = server
    for text in ("", "<root/>", '<!DOCTYPE x [<!ENTITY a "b">]><root>&a;</root>', "x" * 1000):
        path = tmp_path / "bad.xml"
        path.write_text(text)
        with client(serving) as bts:
            assert bts.start(FIRST, "sample 1", path)[0]["start"] == "false"
            assert bts.inquire(FIRST)[FIRST]["workstatus"] == "finish"


# Step files


def lines_of(text):
    """Return what a step file says, read by the simulator's own reader's eyes: plain XML."""
    config = ET.fromstring(text).find("config")
    return [
        (
            step.get("Step_Type"),
            {each.tag: float(each.get("Value")) for place in step.iterfind("Limit/*") for each in place},
        )
        for step in config.find("Step_Info")
    ]


def test_what_both_can_say_is_written_as_aurora_unicycler_writes_it():
    end = {"duration_s": 36_000.0}
    steps = [Rest(until=Until(duration_s=60.0))]
    for cycle in (1, 2):
        steps += [
            ConstantCurrent(current_A=1e-3, until=Until(potential_above_V=4.2, **end), cycle=cycle),
            ConstantPotential(potential_V=4.2, until=Until(current_below_A=1e-4, **end), cycle=cycle),
            ConstantCurrent(current_A=-1e-3, until=Until(potential_below_V=3.0, **end), cycle=cycle),
        ]
    limits = Limits(potential_max_V=4.6 - 1e-3, potential_min_V=2.0 + 1e-3, current_max_A=5e-3 / 1.001)
    record = Record(interval_s=10.0)
    steps = [step.model_copy(update={"limits": limits, "record": record}) for step in steps]
    assert on_board(steps) == steps
    ours, theirs = step_file(steps, "one", 3.7, 0.1), unicycler_protocol().to_neware_xml()
    assert lines_of(ours) == lines_of(theirs)
    for place in ("Protect", "Record"):
        both = [
            {
                each.tag: each.get("Value")
                for each in ET.fromstring(text).find(f"config/Whole_Prt/{place}").iter()
            }
            for text in (ours, theirs)
        ]
        assert both[0] == both[1]
    heads = [{each.tag for each in ET.fromstring(text).find("config/Head_Info")} for text in (ours, theirs)]
    assert heads[1] - heads[0] == {"MultCap"}


def test_a_sweep_is_written_as_aurora_unicycler_writes_it():
    ours = step_file([PotentialSweep(path_V=(3.0, 4.5), rate_V_per_s=1e-4)], "one", 3.0, 0.1)
    theirs = unicycler.CyclingProtocol(
        sample=unicycler.SampleParams(name="one"),
        record=unicycler.RecordParams(time_s=10.0),
        method=[unicycler.VoltageScan(start_voltage_V=3.0, end_voltage_V=4.5, scan_rate_mV_per_s=0.1)],
    ).to_neware_xml()
    slopes = [
        ET.fromstring(text).find("config/Step_Info/Step1/Slope/Slope1").attrib for text in (ours, theirs)
    ]
    assert {k: float(v) for k, v in slopes[0].items()} == {k: float(v) for k, v in slopes[1].items()}


def test_equal_cycles_are_written_once():
    protocol = GalvanostaticCycling(cycles=1000, formation_cycles=3, hold_until="C/20")
    steps = foreseen(protocol, CELL)
    assert len(steps) == 1 + 1003 * 5
    assert on_board(steps) == steps
    kinds = [kind for kind, _ in lines_of(step_file(steps, "one", 3.0, 0.1))]
    assert kinds == ["4", *"13424", "5", *"13424", "5", "6"]


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        (ConstantPotential(potential_V=4.2, until=Until(current_below_A=1e-4)), True),
        (ConstantPotential(potential_V=4.1, until=Until(current_below_A=1e-4)), False),
        (Rest(until=Until(duration_s=60.0)), True),
        (Rest(until=Until(duration_s=60.0, potential_rate_below_V_per_s=1e-6)), False),
        (ConstantCurrent(current_A=1e-3, until=Until(energy_J=1.0, duration_s=60.0)), False),
        (Rest(until=Until(duration_s=60.0), limits=Limits(potential_max_V=4.3)), False),
        (PotentialSweep(path_V=(4.2, 4.0), rate_V_per_s=1e-3), False),
    ],
)
def test_a_program_holds_only_what_the_cycler_can_decide_by_itself(second, fits):
    first = ConstantCurrent(current_A=1e-3, until=Until(potential_above_V=4.2, duration_s=3600.0))
    assert on_board([first, second]) == ([first, second] if fits else [first])


values = st.floats(1e-6, 0.1)
ends = st.builds(
    lambda duration, low, high: (Until(duration_s=duration, potential_above_V=high), low, high),
    st.floats(1.0, 1e6), st.floats(-4.9, 0.0), st.floats(0.1, 4.9),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.tuples(values, ends), min_size=1, max_size=5), st.floats(0.1, 3600.0))
def test_the_cycler_reads_in_a_step_file_what_was_meant(tmp_path_factory, parts, interval_s):
    steps = [
        ConstantCurrent(current_A=current_A, until=until, cycle=number, record=Record(interval_s=interval_s))
        for number, (current_A, (until, _, _)) in enumerate(parts)
    ]
    path = tmp_path_factory.mktemp("steps") / "a.xml"
    path.write_text(step_file(steps, 'a "name" & <more>', 3.0, 0.1), encoding="utf-8")
    found = read_step_file(path)
    unfolded = [step for step in found.steps[:-1] for _ in range(1) if step.kind == 1]
    assert found.record_s == pytest.approx(interval_s, abs=1e-6)
    distinct = [
        step for index, step in enumerate(steps) if not index or _shape(step) != _shape(steps[index - 1])
    ]
    assert len(unfolded) == len(distinct)
    for wanted, read in zip(distinct, unfolded, strict=True):
        assert read.current_A == pytest.approx(wanted.current_A, abs=1e-9)
        assert read.time_s == pytest.approx(wanted.until.duration_s, abs=1e-6)
        assert read.stop_V == pytest.approx(wanted.until.potential_above_V, abs=1e-9)


def _shape(step):
    return step.current_A, step.until


# Programs on board


def test_a_whole_protocol_runs_as_one_program_without_gaps(tmp_path):
    protocol = GalvanostaticCycling(
        upper="4.2 V", lower="2.8 V", cycles=3, formation_cycles=1, hold_until="C/20", rest="10 min"
    )
    with connected("neware-bts", FullCell(charged=0.1, cathode="NCM")) as (instrument, device):
        with run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "r.h5") as found:
            assert found.state == "finished"
            ends = [(step.begin_s, step.end_s) for step in found.steps]
            reasons = {step.label: step.end_reason for step in found.steps}
            results = found.results
        assert device._channels[0].testid == 1
    assert [begin for begin, _ in ends[1:]] == [end for _, end in ends[:-1]]
    assert reasons["Charge"] == "potential_above_V"
    assert reasons["Hold"] == "current_below_A"
    assert reasons["Discharge"] == "potential_below_V"
    assert len(results["cycles"].rows) == 4


def test_an_adaptive_protocol_runs_step_by_step(tmp_path):
    with connected("neware-bts", published_cell("SS|PE|Li")) as (instrument, device):
        protocol = FloatingTest(start="4.3 V", stop="4.7 V", hold="1 h")
        with run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "r.h5") as found:
            assert found.state == "finished"
            assert len(found.steps) > 2
        assert not device.cell_is_on


def test_a_sweep_on_the_cycler_finds_the_onset(tmp_path):
    with (
        connected("neware-bts", published_cell("SS|PE|Li")) as (instrument, _),
        run(
            LinearSweep(start="3.5 V", stop="5 V", rate="1 mV/s"),
            instrument.channels[0], cell=CELL, out=tmp_path / "r.h5",
        ) as found,
    ):  # fmt: skip
        assert found.results["onset_potential"].value == pytest.approx(4.6, abs=0.02)


def test_what_comes_after_a_sweep_is_not_its_last_leg(tmp_path):
    hold = ConstantPotential(potential_V=0.2, until=Until(duration_s=8.0), record=Record(interval_s=0.1))
    sweep = PotentialSweep(path_V=(0.0, 0.3, -0.1), rate_V_per_s=0.05, sample_every_V=5e-3)
    with connected("neware-bts", Resistor(1000.0)) as (instrument, device):
        protocol = Steps(given=(sweep, hold))
        with run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "r.h5") as found:
            assert [len(range(*step.samples.indices(10**6))) for step in found.steps] == [141, 81]
            assert found.samples[found.steps[1].samples]["voltage_volt"] == pytest.approx(0.2, abs=1e-3)
        assert device._channels[0].testid == 2


def test_an_operators_skip_stops_the_program_and_starts_the_rest_of_it(tmp_path):
    steps = [Rest(until=Until(duration_s=1000.0 + n), record=Record(interval_s=10.0)) for n in range(3)]
    with connected("neware-bts", Resistor(1000.0), ScaledClock(500)) as (instrument, device):
        seen = []

        def watch(message):
            seen.append(message)
            if len(seen) == 4:
                runner.commands.skip_step()

        runner = Runner(
            Steps(given=tuple(steps)),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "r.h5",
            subscribers=[watch],
        )
        assert runner.run() == "finished"
        assert device._channels[0].testid == 2
    with Run.open(tmp_path / "r.h5") as found:
        assert [step.end_reason for step in found.steps] == ["skipped", "duration_s", "duration_s"]


KILLED = """
import sys
from faradaic.engine import Runner
from faradaic.instruments import open_instrument
from faradaic.protocols import Cell, GalvanostaticCycling
instrument = open_instrument("neware", sys.argv[1] + "?folder=" + sys.argv[3])
seen = []
def watch(message):
    seen.append(message)
    if len(seen) == 4:
        print("go", flush=True)
cell = Cell(area="1 cm²", nominal_capacity="2 mAh")
protocol = GalvanostaticCycling(
    upper="4.2 V", lower="2.8 V", cycles=5, formation_cycles=0, charge_current="1C", discharge_current="1C"
)
Runner(protocol, instrument.channels[0], cell=cell, out=sys.argv[2], subscribers=[watch]).run()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
@pytest.mark.parametrize("away_s", [0.3, 8.0])
def test_after_kill_9_the_cycler_goes_on_and_nothing_is_missing(tmp_path, away_s):
    path = tmp_path / "run.h5"
    cell = FullCell(charged=0.1, cathode="NCM")
    # Hours of cycling in seconds: the longer absence outlasts the whole protocol.
    with serve("neware-bts", cell, clock=ScaledClock(5000), tcp_port=0) as serving:
        command = [sys.executable, "-c", KILLED, serving.address, str(path), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "go\n"
            time.sleep(random.Random(away_s).uniform(0.5, 1.0))
            process.kill()
        time.sleep(away_s)
        with open_instrument("neware", f"{serving.address}?folder={tmp_path}") as instrument:
            assert resumed(path, instrument.channels[0]).run() == "finished"
            assert serving.device._channels[0].testid == 1
    with Run.open(path) as found:
        events = [event.text for event in found.events]
        rows, steps = found.samples, found.steps
    assert any("went on by itself" in text for text in events)
    assert not np.any(rows["flags"])
    assert np.all(np.diff(rows["test_time_second"]) >= 0)
    assert np.diff(rows["test_time_second"]).max() < 1.01 * 30.0
    # Every half-cycle has its whole charge, the interrupted one in two pieces.
    charges = {}
    for step in steps:
        lasted = np.array([step.charge_Ah * 3600.0, step.end_s - step.begin_s])
        charges[step.program_index] = charges.get(step.program_index, 0.0) + lasted
    moved = [(charge_C, lasted_s) for charge_C, lasted_s in charges.values() if charge_C]
    assert len(moved) == 10
    for charge_C, lasted_s in moved:
        assert abs(charge_C) == pytest.approx(2e-3 * lasted_s, rel=1e-3)


def test_the_protection_on_board_ends_what_goes_too_far_without_us(tmp_path):
    clock = VirtualClock()
    device = device_kind("neware-bts").make([FullCell(charged=0.9, cathode="NCM")], clock, 1)
    step = ConstantCurrent(current_A=1e-3, until=Until(duration_s=1e6), limits=Limits(potential_max_V=4.3))
    path = tmp_path / "program.xml"
    path.write_text(step_file([step], "one", 4.0, 0.1))
    with TcpServer(device) as serving:
        with client(serving) as bts:
            bts.start(FIRST, "one", path)
        # Nobody is connected any more.
        clock.wait(1e6)
        with client(serving) as bts:
            assert bts.inquire(FIRST)[FIRST]["workstatus"] == "protect"
            assert max(bts.download(FIRST, 0)["volt"]) == pytest.approx(4.301, abs=1e-3)


def test_a_limit_fails_the_run_in_words(tmp_path):
    with connected("neware-bts", FullCell(charged=0.9, cathode="NCM")) as (instrument, device):
        step = ConstantCurrent(current_A=1e-3, until=Until(duration_s=1e5), record=Record(interval_s=10.0))
        runner = Runner(
            Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "r.h5",
            limits=SafetyLimits(potential_max="4.3 V"),
        )  # fmt: skip
        assert runner.run() == "failed: limit"
        assert not device.cell_is_on
    with Run.open(tmp_path / "r.h5") as found:
        assert any("its limit is 4.3 V" in event.text for event in found.events)
        assert found.samples["voltage_volt"].max() == pytest.approx(4.301, abs=1e-3)


def test_a_start_whose_answer_was_lost_is_not_made_twice():
    with connected("neware-bts", Resistor(1000.0)) as (instrument, device):
        channel = instrument.channels[0]
        object.__setattr__(channel._terminals, "start", lost_after(channel._terminals.start))
        rows = [block for block in channel.run(Rest(until=Until(duration_s=5.0))) if len(block)]
        assert sum(map(len, rows)) == 6
        assert device._channels[0].testid == 1


def test_a_program_of_which_nobody_knows_whether_it_started_is_stopped(monkeypatch):
    monkeypatch.setattr("faradaic.instruments.insisting.INSIST_S", 0.0)
    with connected("neware-bts", Resistor(1000.0), ScaledClock(1)) as (instrument, device):
        channel = instrument.channels[0]
        object.__setattr__(channel._terminals, "start", lost_after(channel._terminals.start))
        with pytest.raises(Timeout, match="did not confirm that it started"):
            list(channel.run(Rest(until=Until(duration_s=1e5))))
        assert device.cell_is_on
        channel.rest()
        assert not device.cell_is_on


def lost_after(call):
    """Return a call that is carried out, and whose answer never comes the first time."""
    calls = []

    def carried_out(*given):
        answer = call(*given)
        calls.append(given)
        if len(calls) == 1:
            raise Timeout("nothing came")
        return answer

    return carried_out


# What is not ours


def test_a_test_that_was_started_elsewhere_is_left_alone(tmp_path):
    with connected("neware-bts", Resistor(1000.0)) as (instrument, device):
        path = tmp_path / "other.xml"
        path.write_text(step_file([Rest(until=Until(duration_s=1e6))], "other", 0.0, 0.1))
        device._channels[0].start(read_step_file(path), "somebody's", 0.0)
        with pytest.raises(
            InstrumentFault, match='busy with the test "somebody\'s", which was not started here'
        ):
            list(instrument.channels[0].run(Rest(until=Until(duration_s=5.0))))
        instrument.close()
        assert device.cell_is_on


def test_a_test_that_is_stopped_at_the_cycler_fails_the_run_in_words(tmp_path):
    with connected("neware-bts", Resistor(1000.0), ScaledClock(20)) as (instrument, device):
        seen = []

        def watch(message):
            seen.append(message)
            if len(seen) == 4:
                device._channels[0].test.stop()

        step = Rest(until=Until(duration_s=1e5), record=Record(interval_s=1.0))
        runner = Runner(
            Steps(given=(step,)),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "r.h5",
            subscribers=[watch],
        )
        assert runner.run() == "failed: instrument"
    with Run.open(tmp_path / "r.h5") as found:
        assert any("ended by somebody at the BTS" in event.text for event in found.events)


def test_without_a_shared_folder_nothing_is_started_on_another_computer(monkeypatch):
    with connected("neware-bts", Resistor(1000.0)) as (instrument, device):
        monkeypatch.setattr(instrument._folder, "_written_to", None)
        with pytest.raises(OutOfRange, match="with folder= and seen_as="):
            list(instrument.channels[0].run(Rest(until=Until(duration_s=5.0))))
        assert not device.cell_is_on


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("?max_A=lots", ValueError, "max_A: 'lots' is not a number"),
        ("?colour=red", ValueError, "colour is not an option of a BTS address; it has min_V"),
        ("?folder=/no/such/folder", ValueError, "is not a folder"),
        ("?user=eve", NotConnected, "refuses the user 'eve'"),
    ],
)
def test_a_wrong_address_is_refused_in_a_sentence(query, error, says):
    with serve("neware-bts", Resistor(1.0), tcp_port=0) as serving, pytest.raises(error, match=says):
        open_instrument("neware", serving.address + query)


def test_a_step_that_only_this_computer_could_end_is_refused():
    with connected("neware-bts", Resistor(1000.0)) as (instrument, _):
        step = ConstantPotential(potential_V=0.5, until=Until(current_above_A=1e-3))
        with pytest.raises(OutOfRange, match="would go on for ever if this computer failed"):
            instrument.channels[0].check(step)

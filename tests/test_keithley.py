"""The Keithley driver and its simulated instrument: dialogue, safety, faults of the link, other clients."""

import socket
import threading
import time
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymeasure.instruments.keithley import Keithley2450
from typer.testing import CliRunner

from faradaic.cli.app import app
from faradaic.core.clock import ScaledClock, SystemClock, VirtualClock
from faradaic.core.samples import Flag
from faradaic.engine import Runner
from faradaic.instruments import BadReply, InstrumentFault, NotConnected, OutOfRange, open_instrument
from faradaic.instruments.bench_channel import open_place
from faradaic.instruments.bench_file import Bench
from faradaic.instruments.keithley.staircase import staircases
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    Limits,
    PotentialSweep,
    Record,
    Rest,
    Until,
)
from faradaic.simulators import FullCell, KeithleyDevice, Resistor, TcpServer
from faradaic.simulators.devices.scpi import Header, ScpiError, split_message
from faradaic.simulators.faults import FaultyLink
from faradaic.storage import Run

from bench import Steps, connected


class Host:
    """Talks to a device without a socket."""

    def __init__(self, cell=None, model="2450"):
        self.clock = VirtualClock()
        self.device = KeithleyDevice(model, cell or Resistor(1000.0), self.clock)
        self.said = []
        self.device.attach(self.said.append)

    def __call__(self, *lines):
        self.said.clear()
        for line in lines:
            self.device.receive(line.encode() + b"\n")
        return b"".join(self.said).decode().strip()

    def errors(self):
        found = []
        while not (reply := self(":SYST:ERR?")).startswith("0,"):
            found.append(int(reply.split(",")[0]))
        return found


# The language


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("SOUR:VOLT", True), ("SOURCE:VOLTAGE", True), ("SOUR1:VOLT:LEV", True), ("SOUR:VOLT:LEVEL:IMM:AMPL", True),
        ("SOUR:VOLT:IMM", True), ("SOURC:VOLT", False), ("SOUR:VOLTA", False), ("SOUR", False), ("SOUR2:VOLT", False),
        ("SOUR:VOLT:RANG", False),
    ],
)  # fmt: skip
def test_headers_have_short_and_long_forms_and_optional_nodes(text, matches):
    header = Header(":SOURce[1]:VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    assert header.matches(text.split(":")) is matches


def test_units_go_on_where_the_one_before_was():
    units = split_message(':SOUR:VOLT 1;CURR 2;:SENS:FUNC "CURR";*CLS;VOLT:NPLC?')
    assert [unit.nodes for unit in units] == [
        ("SOUR", "VOLT"), ("SOUR", "CURR"), ("SENS", "FUNC"), ("*CLS",), ("SENS", "VOLT", "NPLC"),
    ]  # fmt: skip
    assert units[2].arguments == ("CURR",)
    assert units[4].is_query


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_no_line_brings_the_instrument_down(text):
    host = Host()
    host(text.replace("\n", " "))
    host("*CLS")
    assert host("*IDN?").startswith("KEITHLEY INSTRUMENTS,MODEL 2450,")


def test_errors_queue_up_with_their_numbers():
    host = Host()
    assert (
        host(
            "BLAH:BLAH 3",
            ":SOUR:VOLT 999",
            ":SOUR:VOLT",
            ":SOUR:VOLT abc",
            ":SOUR:FUNC FOO",
            ':SENS:FUNC "CURR',
        )
        == ""
    )
    assert host(":SYST:ERR:COUN?") == "6"
    assert host.errors() == [-113, -222, -109, -104, -224, -151]
    assert host(":SYST:ERR?") == '0,"No error;0;0 0"'


def test_an_error_ends_its_message():
    host = Host()
    host(":SOUR:VOLT 1;:NONSENSE;:SOUR:VOLT 2")
    assert float(host(":SOUR:VOLT?")) == 1.0


def test_it_measures_only_with_its_output_on():
    host = Host()
    assert host(":READ?") == ""
    assert host.errors() == [5076]
    assert (
        host(":SOUR:VOLT 0.5;:SOUR:VOLT:ILIM 0.1", ":OUTP ON", ':READ? "defbuffer1",SOUR,READ,REL').count(",")
        == 2
    )


def test_the_compliance_holds_the_output_and_says_so():
    host = Host(Resistor(10.0))
    host(":SOUR:VOLT:ILIM 0.01;:SOUR:VOLT 5;:OUTP ON")
    volt, ampere = map(float, host(':READ? "defbuffer1",SOUR,READ').split(","))
    assert ampere == pytest.approx(0.01, rel=0.01)
    assert volt == pytest.approx(0.1, rel=0.01)
    assert host(":SOUR:VOLT:ILIM:TRIP?") == "1"


def test_a_fixed_range_overflows():
    host = Host(Resistor(10.0))
    host(":SENS:CURR:RANG 1e-3;:SOUR:VOLT:ILIM 1;:SOUR:VOLT 1;:OUTP ON")
    assert float(host(":READ?")) > 9e37


def test_the_normal_off_state_discharges_a_cell_and_high_impedance_does_not():
    for state, discharges in (("NORM", True), ("HIMP", False)):
        host = Host(FullCell(charged=0.5, capacity_mAh=1e-3))
        host(f":OUTP:SMOD {state};:SOUR:VOLT:ILIM 1")
        before_V = host.device.cell.potential_V
        host.clock.wait(3600.0)
        assert (host.device.cell.potential_V < before_V - 0.1) is discharges


def test_a_sweep_is_timed_by_the_instrument():
    host = Host(Resistor(1000.0))
    host(":SOUR:VOLT:ILIM 0.1;:SENS:CURR:NPLC 0.1;:SOUR:SWE:VOLT:LIN 0,1,11,0.5", ":INIT")
    assert host(":TRIG:STAT?").startswith("RUNNING")
    host.clock.wait(3.0)
    assert 4 <= int(host(":TRAC:ACT?")) <= 7
    host.clock.wait(10.0)
    assert host(":TRIG:STAT?").startswith("IDLE")
    values = np.array(
        [float(x) for x in host(':TRAC:DATA? 1,11,"defbuffer1",SOUR,READ,REL').split(",")]
    ).reshape(11, 3)
    assert values[:, 0] == pytest.approx(np.linspace(0, 1, 11), abs=1e-3)
    assert values[:, 1] == pytest.approx(np.linspace(0, 1e-3, 11), abs=2e-6)
    assert np.diff(values[:, 2]) == pytest.approx(0.5028, abs=1e-3)


def test_changing_the_terminals_switches_the_output_off():
    host = Host()
    host(":OUTP ON;:ROUT:TERM REAR")
    assert host(":OUTP?") == "0"


# Somebody else's driver


def test_pymeasure_drives_the_simulated_instrument():
    device = KeithleyDevice("2450", Resistor(470.0), SystemClock())
    with TcpServer(device) as server:
        host, port = server.address.removeprefix("socket://").split(":")
        theirs = Keithley2450(
            f"TCPIP::{host}::{port}::SOCKET",
            visa_library="@py",
            read_termination="\n",
            write_termination="\n",
        )
        try:
            assert "MODEL 2450" in theirs.id
            theirs.reset()
            theirs.apply_voltage(compliance_current=0.05)
            theirs.source_voltage = 2.0
            theirs.measure_current(nplc=0.1)
            theirs.enable_source()
            assert theirs.current == pytest.approx(2.0 / 470.0, rel=2e-3)
            theirs.apply_current(compliance_voltage=10.0)
            theirs.source_current = 1e-3
            theirs.measure_voltage(nplc=0.1)
            assert theirs.voltage == pytest.approx(0.47, rel=2e-3)
            assert theirs.compliance_voltage == pytest.approx(10.0)
            theirs.disable_source()
            assert not theirs.source_enabled
            assert not device.cell_is_on
        finally:
            theirs.adapter.close()


# The driver


def hold(duration_s=2.0, **fields):
    return ConstantPotential(
        potential_V=0.5, until=Until(duration_s=duration_s), record=Record(interval_s=0.1), **fields
    )


def test_the_output_off_state_is_high_impedance_before_anything_else():
    with connected("keithley-2450", Resistor(1e3)) as (_, device):
        assert (device._values["off_voltage"], device._values["off_current"]) == ("HIMP", "HIMP")


def test_the_compliance_is_a_little_above_the_limit():
    with connected("keithley-2450", Resistor(1e3)) as (instrument, device):
        blocks = instrument.channels[0].run(hold(limits=Limits(current_max_A=2e-3)))
        next(block for block in blocks if len(block))
        assert device._values["current_limit"] == pytest.approx(2.1e-3)
        assert device._values["sense_current_remote"] == 1.0
        blocks.close()
        step = ConstantCurrent(
            current_A=1e-4,
            until=Until(duration_s=1.0),
            limits=Limits(potential_max_V=4.2, potential_min_V=-1.0),
        )
        blocks = instrument.channels[0].run(step)
        next(block for block in blocks if len(block))
        assert device._values["voltage_limit"] == pytest.approx(4.22)
        blocks.close()


def test_a_step_never_starts_on_a_setting_that_was_not_taken(monkeypatch):
    with connected("keithley-2450", Resistor(1e3)) as (instrument, device):
        change = KeithleyDevice._change

        def deaf(self, setting, arguments):
            if setting.name != "current_limit":
                change(self, setting, arguments)

        monkeypatch.setattr(KeithleyDevice, "_change", deaf)
        with pytest.raises(InstrumentFault, match="was told ':SOUR:VOLT:ILIM .*Check the instrument"):
            list(instrument.channels[0].run(hold(limits=Limits(current_max_A=1e-3))))
        assert not device.cell_is_on


def test_what_the_instrument_complains_of_is_told(monkeypatch):
    with connected("keithley-2450", Resistor(1e3)) as (instrument, device):
        monkeypatch.setattr(device, "_carry_out", _refusing(device, ("SOUR", "VOLT", "RANG")))
        with pytest.raises(InstrumentFault, match="Parameter data out of range"):
            list(instrument.channels[0].run(hold()))
        assert not device.cell_is_on


def _refusing(device, nodes):
    carry_out = type(device)._carry_out

    def work(unit):
        if unit.nodes == nodes:
            raise ScpiError(-222, "Parameter data out of range")
        return carry_out(device, unit)

    return work


def test_a_held_compliance_is_flagged_and_the_values_are_real():
    with connected("keithley-2450", Resistor(10.0)) as (instrument, _):
        step = hold(limits=Limits(current_max_A=0.01))
        rows = np.concatenate([block for block in instrument.channels[0].run(step) if len(block)])
        assert np.all(rows["flags"] & Flag.COMPLIANCE)
        assert rows["potential_V"] == pytest.approx(0.105, rel=0.01)


def test_an_overflow_is_no_number():
    with connected("keithley-2450", Resistor(1e3)) as (instrument, device):
        channel = instrument.channels[0]
        blocks = channel.run(hold())
        next(block for block in blocks if len(block))
        device._values["sense_current_auto"], device._values["sense_current_range"] = 0.0, 1e-8
        block = next(block for block in blocks if len(block))
        assert np.isnan(block["current_A"][0])
        assert block["flags"][0] & Flag.OVERLOAD
        blocks.close()


def test_deadlines_are_absolute():
    with connected("keithley-2450", Resistor(1e3)) as (instrument, _):
        step = hold(duration_s=600.0)
        rows = np.concatenate([block for block in instrument.channels[0].run(step) if len(block)])
        # A reading takes 3 ms; it adds up to nothing.
        inner = rows["time_s"][1:-1]
        assert np.abs(inner - np.round(inner, 1)).max() < 5e-3
        assert len(rows) == pytest.approx(6000, abs=2)


def test_a_sweep_of_several_scans_is_counted():
    step = PotentialSweep(path_V=(0.0, 0.1, 0.0), rate_V_per_s=0.01, sample_every_V=0.01, scans=3)
    with connected("keithley-2450", Resistor(1e3)) as (instrument, _):
        rows = np.concatenate([block for block in instrument.channels[0].run(step) if len(block)])
        assert len(rows) == 61
        assert rows["scan"].tolist() == [max(index - 1, 0) // 20 for index in range(61)]
        assert rows["potential_V"] == pytest.approx(
            [0.01 * (10 - abs(index % 20 - 10)) for index in range(61)], abs=1e-3
        )


def test_a_sweep_is_climbed_by_the_instrument_itself_and_kept_while_the_link_is_away():
    step = PotentialSweep(path_V=(0.0, 0.3, -0.1), rate_V_per_s=0.1, sample_every_V=5e-3)
    clock = ScaledClock(2.0)
    with (
        closing(KeithleyDevice("2450", Resistor(1e3), clock)) as device,
        TcpServer(device) as server,
        FaultyLink(server.address, away_s=0.5) as link,
        open_instrument("keithley", link.address, clock) as instrument,
    ):
        blocks = []
        for block in instrument.channels[0].run(step):
            blocks.append(block)
            if len(blocks) == 10:
                link.inject("pull_idle")
        rows = np.concatenate([block for block in blocks if len(block)])
        notices = " ".join(instrument.channels[0].notices)
    assert link.done == ["pull_idle"]
    assert "It was back after" in notices
    # Nothing is missing, and the times are those of the instrument: 50 ms and what a measurement takes.
    assert len(rows) == 141
    within_legs = np.delete(np.diff(rows["time_s"]), 60)
    assert within_legs == pytest.approx(0.05, abs=0.01)
    assert np.abs(np.diff(rows["potential_V"])) == pytest.approx(5e-3, abs=1e-3)


def test_a_sweep_without_whole_steps_is_timed_by_the_computer():
    assert staircases(PotentialSweep(path_V=(0.0, 0.1), rate_V_per_s=0.01, sample_every_V=0.03)) is None
    assert [leg.points for leg in staircases(PotentialSweep(path_V=(0, 1, 0), rate_V_per_s=1))] == [
        1001,
        1000,
    ]


def test_a_rest_sources_nothing():
    with connected("keithley-2450", FullCell(charged=0.5)) as (instrument, device):
        before = device.cell._charge_C
        step = Rest(until=Until(duration_s=3600.0), record=Record(interval_s=60.0))
        rows = np.concatenate([block for block in instrument.channels[0].run(step) if len(block)])
        assert device.cell._charge_C == pytest.approx(before, abs=1e-6)
        assert rows["potential_V"][-1] == pytest.approx(3.42, abs=0.01)


def test_volts_that_no_cell_needs_are_refused():
    with (
        connected("keithley-2450", Resistor(1e3)) as (instrument, _),
        pytest.raises(OutOfRange, match="-20 V to 20 V"),
    ):
        instrument.channels[0].check(hold().model_copy(update={"potential_V": 60.0}))


def test_another_instrument_at_the_address_is_refused():
    device = KeithleyDevice("2450", Resistor(1.0))
    device.model = type(device.model)("9999", 1.0, 1.0, (1.0,), (1.0,))
    with (
        TcpServer(device) as server,
        pytest.raises(BadReply, match="is no Keithley 2450, 2460, 2461: it says"),
    ):
        open_instrument("keithley", server.address)


def test_nothing_at_the_address_is_said():
    with pytest.raises(NotConnected, match="127.0.0.1:9"):
        open_instrument("keithley", "socket://127.0.0.1:9")


def test_a_late_answer_is_never_taken_for_the_next_one(monkeypatch):
    monkeypatch.setattr("faradaic.instruments.scpi._TIMEOUT_S", 0.3)
    with connected("keithley-2450", Resistor(1e3), ScaledClock(1.0)) as (instrument, device):
        scpi = instrument._scpi
        scpi._session.timeout = 300
        send, late = device._send, []

        def delay(data):
            if late:
                threading.Timer(0.5, send, (data,)).start()
                late.clear()
            else:
                send(data)

        device._send = delay
        scpi.write(":SOUR:VOLT 3.21")
        late.append(True)
        assert float(scpi.query(":SOUR:VOLT?")) == pytest.approx(3.21)
        assert float(scpi.query(":SOUR:VOLT:ILIM?")) == pytest.approx(1.05e-4)


def test_the_output_goes_off_in_the_time_of_a_dialogue():
    with connected("keithley-2450", Resistor(1e3), SystemClock()) as (instrument, device):
        blocks = instrument.channels[0].run(hold(duration_s=60.0))
        next(block for block in blocks if len(block))
        begin = time.monotonic()
        instrument.channels[0].rest()
        assert not device.cell_is_on
        assert time.monotonic() - begin < 0.1
        assert not [block for block in blocks if len(block)]


# How the cell is wired


def sensing(address):
    """Return what the instrument says of its sense terminals, for current and for potential."""
    host, port = address.removeprefix("socket://").split(":")
    with (
        socket.create_connection((host, int(port)), 5) as other,
        other.makefile("rw", newline="\n") as dialogue,
    ):
        answers = []
        for measured in ("CURR", "VOLT"):
            dialogue.write(f":SENS:{measured}:RSEN?\n")
            dialogue.flush()
            answers.append(dialogue.readline().strip())
    return answers


@pytest.mark.parametrize(("wires", "said"), [(2, "0"), (4, "1"), (None, "1")])
def test_a_bench_file_says_over_how_many_wires_the_potential_is_sensed(tmp_path, wires, said):
    entry = {"driver": "keithley", "channels": {"1": {"name": "A1"}}} | ({"wires": wires} if wires else {})
    steps = [
        ConstantPotential(potential_V=0.5, until=Until(duration_s=0.2), record=Record(interval_s=0.1)),
        ConstantCurrent(current_A=1e-4, until=Until(duration_s=0.2), record=Record(interval_s=0.1)),
    ]
    with (
        closing(KeithleyDevice("2450", Resistor(1000.0), SystemClock())) as device,
        TcpServer(device) as server,
    ):
        bench = Bench.model_validate({"instruments": {"source": {**entry, "address": server.address}}})
        with open_place(bench, "A1") as place:
            runner = Runner(Steps(given=steps), place.channel, cell=Cell(), out=tmp_path / "a.h5")
            assert runner.run() == "finished"
        assert sensing(server.address) == [said, said]
    with Run.open(tmp_path / "a.h5") as run:
        assert run.instrument["wires"] == str(wires or 4)


def test_the_command_line_says_it_too_and_other_drivers_have_no_such_choice(tmp_path):
    with (
        closing(KeithleyDevice("2450", Resistor(1000.0), SystemClock())) as device,
        TcpServer(device) as server,
    ):
        asked = ["run", "OpenCircuit", "--instrument", server.address, "--wires", "2"]
        asked += ["--set", "duration=1 s", "--out", str(tmp_path / "a.h5")]
        refused = CliRunner().invoke(app, asked)
        assert refused.exit_code == 2
        assert "wires: 2 is not allowed with the driver 'emstat', which has no such choice" in refused.output
        done = CliRunner().invoke(app, [*asked, "--driver", "keithley"])
        assert done.exit_code == 0, done.output
        assert sensing(server.address)[1] == "0"

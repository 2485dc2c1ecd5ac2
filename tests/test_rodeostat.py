"""The Rodeostat driver and its simulated instrument: dialogue, tests of the firmware, other clients."""

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from potentiostat import Potentiostat

from faradaic.core.clock import ScaledClock, VirtualClock
from faradaic.instruments import BadReply, InstrumentFault, OutOfRange, Timeout, open_instrument
from faradaic.protocols import ConstantPotential, Limits, PotentialSweep, Record, Rest, Until
from faradaic.simulators import PtyServer, RandlesCell, Resistor, TcpServer
from faradaic.simulators.devices.rodeostat import RodeostatDevice

from bench import connected

VARIANT = "10V_microAmpV0.2"


class Host:
    """Talks to a device without a port."""

    def __init__(self, cell=None):
        self.device = RodeostatDevice(VARIANT, cell or Resistor(1e4), VirtualClock())
        self.said = b""
        self.device.attach(self._hear)

    def _hear(self, data):
        self.said += data

    def __call__(self, text):
        self.said = b""
        self.device.receive(text.encode() + b"\n")
        return [json.loads(line) for line in self.said.splitlines()]

    def ask(self, command, **arguments):
        (reply,) = self(json.dumps({"command": command, **arguments}))
        return reply


def test_the_replies_are_those_of_the_firmware():
    host = Host()
    assert host.ask("getVersion") == {
        "success": True,
        "response": {"command": "getVersion", "version": "FW0.1.0"},
    }
    assert host.said.endswith(b"}\r\n")
    assert host.ask("setVolt", v=0.5)["response"]["v"] == pytest.approx(0.499878, abs=1e-6)
    assert host.ask("setCurrRange", currRange="7uA") == {
        "success": False, "message": "currRange, 7uA, not found", "response": {},
    }  # fmt: skip
    assert host.ask("setVolt")["message"] == "json does not contain key: v"
    assert host.ask("dance")["message"] == "command, dance, not found"
    assert host("nonsense")[0]["message"] == "unable to parse json"
    assert "too large" in host.ask("setSamplePeriod", samplePeriod=1001)["message"]
    assert host.ask("setParam", test="waltz", param={})["message"] == "test not found"
    assert host.ask("setParam", test="constant", param={"quietTime": -1})["message"] == "quietTime not uint32"


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=60), st.dictionaries(st.sampled_from(["command", "test", "param", "v"]), st.one_of(
    st.none(), st.text(max_size=8), st.integers(), st.sampled_from(["setParam", "runTest", "setVolt", "close"])
)).map(json.dumps)))  # fmt: skip
def test_no_request_brings_the_instrument_down(text):
    host = Host()
    host(text.replace("\n", " "))
    assert host.ask("getVariant")["response"]["variant"] == VARIANT
    host.device.close()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no virtual serial ports")
def test_the_maker_s_own_library_drives_the_simulated_instrument():
    device = RodeostatDevice(VARIANT, Resistor(2e4), ScaledClock(20.0))
    with PtyServer(device) as server:
        theirs = Potentiostat(server.address)
        try:
            assert theirs.hardware_variant == VARIANT
            theirs.set_curr_range("100uA")
            theirs.set_sample_period(20)
            param = {
                "quietValue": 0.0,
                "quietTime": 100,
                "startValue": -0.5,
                "finalValue": 0.5,
                "duration": 2000,
            }
            time_s, volt, current = theirs.run_test("linearSweep", param=param, display=None)
            assert len(time_s) == 105
            assert np.array(current) == pytest.approx(np.array(volt) / 2e4 * 1e6, abs=0.1)
            assert volt[-1] == pytest.approx(0.5, abs=0.02)
            param = {"quietValue": 0.0, "quietTime": 0, "amplitude": 0.4, "offset": 0.1, "period": 1000,
                     "numCycles": 2, "shift": 0.0}  # fmt: skip
            _, volt, current = theirs.run_test("cyclic", param=param, display=None)
            assert max(volt) == pytest.approx(0.5, abs=0.02)
            assert min(volt) == pytest.approx(-0.3, abs=0.02)
        finally:
            theirs.close()
            device.close()


# The driver

MODEL = f"rodeostat-{VARIANT}"


def rows_of(blocks):
    return np.concatenate([block for block in blocks if len(block)])


def test_a_cyclic_voltammogram_is_run_by_the_firmware():
    step = PotentialSweep(path_V=(0.1, 0.5, -0.3, 0.1), rate_V_per_s=0.1, sample_every_V=0.01, scans=2)
    with connected(MODEL, Resistor(1e4)) as (instrument, device):
        rows = rows_of(instrument.channels[0].run(step))
        assert device._parameters["cyclic"]["numCycles"] == 2
        assert not device.cell_is_on
    assert len(rows) == pytest.approx(320, abs=2)
    assert rows["potential_V"][:5] == pytest.approx([0.1, 0.11, 0.12, 0.13, 0.14], abs=3e-3)
    assert rows["potential_V"].max() == pytest.approx(0.5, abs=0.01)
    assert rows["potential_V"].min() == pytest.approx(-0.3, abs=0.01)
    assert rows["current_A"] == pytest.approx(rows["potential_V"] / 1e4, abs=5e-8)
    assert set(rows["scan"]) == {0, 1}


def test_a_falling_start_is_a_phase():
    step = PotentialSweep(path_V=(0.5, -0.5, 0.5), rate_V_per_s=0.1, sample_every_V=0.01)
    with connected(MODEL, Resistor(1e4)) as (instrument, _):
        rows = rows_of(instrument.channels[0].run(step))
    assert rows["potential_V"][:3] == pytest.approx([0.5, 0.49, 0.48], abs=3e-3)


def test_legs_that_are_no_triangle_follow_each_other():
    step = PotentialSweep(path_V=(0.0, 0.3, -0.1, 0.2), rate_V_per_s=0.1, sample_every_V=0.01)
    with connected(MODEL, Resistor(1e4)) as (instrument, _):
        rows = rows_of(instrument.channels[0].run(step))
    assert np.all(np.diff(rows["time_s"]) > 0)
    assert rows["time_s"][-1] == pytest.approx(10.0, abs=0.1)
    assert rows["potential_V"].min() == pytest.approx(-0.1, abs=0.015)


def test_slow_samples_are_chosen_from_quicker_ones():
    step = ConstantPotential(potential_V=0.5, until=Until(duration_s=60.0), record=Record(interval_s=5.0))
    with connected(MODEL, Resistor(1e4)) as (instrument, device):
        rows = rows_of(instrument.channels[0].run(step))
        assert device._period_ms == 1000
    assert rows["time_s"].tolist() == pytest.approx(np.arange(5.0, 61.0, 5.0))


def test_the_range_covers_the_limit():
    step = ConstantPotential(
        potential_V=0.05,
        until=Until(duration_s=1.0),
        limits=Limits(current_max_A=5e-5),
        record=Record(interval_s=0.1),
    )
    with connected(MODEL, Resistor(1e4)) as (instrument, device):
        rows_of(instrument.channels[0].run(step))
        assert device._current_range == "100uA"
        with pytest.raises(OutOfRange, match="a limit of 0.01 A cannot be kept"):
            instrument.channels[0].check(step.model_copy(update={"limits": Limits(current_max_A=0.01)}))


def test_the_open_circuit_is_watched_with_the_counter_electrode_off():
    cell = RandlesCell()
    cell.hold_potential(0.3, 100.0)
    with connected(MODEL, cell) as (instrument, device):
        step = Rest(until=Until(duration_s=2.0), record=Record(interval_s=0.5))
        blocks = instrument.channels[0].run(step)
        first = next(block for block in blocks if len(block))
        assert not device.cell_is_on
        assert first["current_A"][0] == 0.0
        assert -0.01 < first["potential_V"][0] < 0.31
        blocks.close()


def test_a_parameter_that_was_not_taken_is_told(monkeypatch):
    step = ConstantPotential(potential_V=0.5, until=Until(duration_s=1.0), record=Record(interval_s=0.1))
    with connected(MODEL, Resistor(1e4)) as (instrument, device):
        monkeypatch.setattr(
            device, "_do_setParam", lambda request: {"test": "constant", "param": {"value": 9.0}}
        )
        with pytest.raises(InstrumentFault, match="but says"):
            list(instrument.channels[0].run(step))
        assert not device.cell_is_on


def test_another_variant_is_refused():
    device = RodeostatDevice(VARIANT, Resistor(1.0))
    device.variant = "femtoAmpV9"
    with TcpServer(device) as server, pytest.raises(BadReply, match="of the variant 'femtoAmpV9'"):
        open_instrument("rodeostat", server.address)


def test_silence_is_said(monkeypatch):
    monkeypatch.setattr("faradaic.instruments.rodeostat._REPLY_S", 0.2)
    device = RodeostatDevice(VARIANT, Resistor(1.0))
    device.receive = lambda data: None
    with TcpServer(device) as server, pytest.raises(Timeout, match="Check its cable and its power"):
        open_instrument("rodeostat", server.address)


def test_samples_that_come_with_the_reply_are_kept():
    # At once with the answer to runTest, as from an instrument behind a slow adapter.
    with connected(MODEL, Resistor(1e4)) as (instrument, device):
        say, held = device._send, []

        def bundle(data):
            held.append(data)
            if data == b"{}\r\n" or b"runTest" not in b"".join(held):
                say(b"".join(held))
                held.clear()

        device._send = bundle
        step = ConstantPotential(potential_V=0.5, until=Until(duration_s=2.0), record=Record(interval_s=0.1))
        rows = rows_of(instrument.channels[0].run(step))
        device._send = say
    assert rows["time_s"].tolist() == pytest.approx(np.arange(0.1, 2.01, 0.1))

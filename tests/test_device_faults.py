"""What instruments and cells do wrong by themselves: the cell is safe, the samples true, a person told."""

import contextlib
import threading
import time

import numpy as np
import pytest

from faradaic.core.clock import ScaledClock, VirtualClock
from faradaic.core.samples import Flag
from faradaic.engine import Runner
from faradaic.instruments import BadReply, InstrumentFault, Julabo
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    PotentialSweep,
    Record,
    SafetyLimits,
    Until,
)
from faradaic.simulators import BadlyConnected, FullCell, JulaboDevice, Resistor, TcpServer
from faradaic.storage import Run

from bench import Steps, connected

OHM = 1000.0
HOLD = ConstantPotential(potential_V=0.3, until=Until(duration_s=60.0), record=Record(interval_s=0.5))
SWEEP = PotentialSweep(path_V=(0.0, 0.5), rate_V_per_s=0.01, sample_every_V=5e-3)
CHARGE = ConstantCurrent(
    current_A=1e-3, until=Until(duration_s=600.0, potential_above_V=4.2), record=Record(interval_s=1.0)
)
WITH_CURRENTS = ("emstat4-hr", "keithley-2450", "neware-bts")


def run_and_disturb(folder, model, cell, step, disturb, *, after=4, speed=20.0, limits=None):
    """Run a step; after some messages let something happen to the device. Return state, events and rows."""
    with connected(model, cell, ScaledClock(speed) if speed else VirtualClock()) as (instrument, device):
        seen = []

        def watch(message):
            seen.append(message)
            if len(seen) == after:
                disturb(device)

        runner = Runner(
            Steps(given=(step,)), instrument.channels[0], cell=Cell(nominal_capacity="2 mAh"),
            out=folder / "r.h5", subscribers=[watch], limits=limits,
        )  # fmt: skip
        begun = time.monotonic()
        state = runner.run()
        assert time.monotonic() - begun < 60
        assert not device.cell_is_on
    with Run.open(folder / "r.h5") as run:
        return state, " ".join(event.text for event in run.events), run.samples


@pytest.mark.parametrize("step", [HOLD, SWEEP], ids=["hold", "sweep"])
@pytest.mark.parametrize(
    "model", ["emstat4-hr", "keithley-2450", "rodeostat-10V_24MilliAmpV0.2", "neware-bts"]
)
def test_an_instrument_that_starts_again_fails_the_run_with_the_cell_off(tmp_path, model, step, monkeypatch):
    monkeypatch.setattr("faradaic.instruments.emstat.script_run._GRACE_S", 1.0)
    state, texts, rows = run_and_disturb(
        tmp_path, model, Resistor(OHM), step, lambda device: device.suffer("reboot")
    )
    assert state in ("failed: instrument", "failed: link"), state
    assert any(word in texts for word in ("started again", "Check its cable"))
    valid = rows[rows["flags"] & Flag.OVERLOAD == 0]
    assert np.abs(valid["voltage_volt"] - valid["current_ampere"] * OHM).max() < 5e-3


@pytest.mark.parametrize("step", [HOLD, SWEEP], ids=["hold", "sweep"])
def test_an_output_that_trips_is_told(tmp_path, step):
    state, texts, _ = run_and_disturb(
        tmp_path, "keithley-2450", Resistor(OHM), step, lambda device: device.suffer("trip")
    )
    assert state == "failed: instrument"
    assert "its output was switched off, or it was started again. Check its display" in texts


def test_readings_beyond_every_range_are_no_numbers_and_too_many_of_them_end_the_run(tmp_path):
    state, texts, rows = run_and_disturb(
        tmp_path, "keithley-2450", Resistor(OHM), HOLD, lambda device: device.suffer("overflow")
    )
    assert state == "failed: limit"
    assert "no valid reading 5 times in a row" in texts
    beyond = rows[rows["flags"] & Flag.OVERLOAD != 0]
    assert len(beyond)
    assert np.isnan(beyond["current_ampere"]).all()
    assert np.nanmax(np.abs(rows["current_ampere"])) < 1.0


@pytest.mark.parametrize("model", ["emstat4-hr", "neware-bts"])
def test_a_program_that_is_refused_is_told_before_the_cell_is_on(model):
    with connected(model, Resistor(OHM)) as (instrument, device):
        device.suffer("refuse")
        with pytest.raises(InstrumentFault, match="reports error 0003|refused the program"):
            list(instrument.channels[0].run(HOLD))
        assert not device.cell_is_on
        assert len(np.concatenate([block for block in instrument.channels[0].run(HOLD) if len(block)])) > 50


def test_a_cycler_whose_clock_runs_backwards_is_told_and_nothing_is_out_of_order(tmp_path):
    def turn_back(device):
        channel = device._channels[0]
        for row in range(20, 30):
            channel.test.points._flat[row * 9 + 3] -= 8.0

    state, texts, rows = run_and_disturb(
        tmp_path, "neware-bts", Resistor(OHM), HOLD, turn_back, after=1, speed=None
    )
    assert state == "finished"
    assert np.all(np.diff(rows["test_time_second"]) >= 0)
    del texts


@pytest.mark.parametrize("step", [HOLD, SWEEP], ids=["hold", "sweep"])
@pytest.mark.parametrize("model", ["emstat4-hr", "keithley-2450"])
def test_a_reading_that_a_change_of_range_spoils_is_flagged_and_the_others_are_true(tmp_path, model, step):
    state, _, rows = run_and_disturb(
        tmp_path, model, Resistor(OHM), step, lambda device: device.suffer("artefact")
    )
    assert state == "finished"
    assert np.count_nonzero(rows["flags"] & Flag.OVERLOAD) == 1
    valid = rows[rows["flags"] & Flag.OVERLOAD == 0]
    assert np.abs(valid["voltage_volt"] - valid["current_ampere"] * OHM).max() < 5e-3


@pytest.mark.parametrize("fault", ["clock", "overrun"])
@pytest.mark.parametrize("step", [HOLD, SWEEP], ids=["hold", "sweep"])
@pytest.mark.parametrize("model", ["emstat4-hr", "keithley-2450", "rodeostat-10V_24MilliAmpV0.2"])
def test_a_clock_that_jumps_back_and_an_overrun_spoil_no_sample(tmp_path, model, step, fault):
    """Time never runs backwards; what is lost is told; every sample that is kept is true."""
    state, texts, rows = run_and_disturb(
        tmp_path, model, Resistor(OHM), step, lambda device: device.suffer(fault)
    )
    assert np.all(np.diff(rows["test_time_second"]) >= 0)
    assert np.abs(rows["voltage_volt"] - rows["current_ampere"] * OHM).max() < 5e-3
    if step is SWEEP:
        due_V = np.clip(SWEEP.rate_V_per_s * (rows["test_time_second"] - rows["test_time_second"][0]), 0, 0.5)
        # A clock that is 3 s behind is 0.03 V behind.
        assert np.abs(rows["voltage_volt"] - due_V).max() < (0.045 if fault == "clock" else 0.015)
    if model == "keithley-2450":
        # Holds are timed by the computer; sweeps are in the instrument's buffer.
        expected = {
            (SWEEP, "overrun"): ("failed: instrument", "has lost readings of the sweep"),
            (SWEEP, "clock"): ("finished", "jumped back by 3"),
        }.get((step, fault), ("finished", ""))
    else:
        expected = {
            "overrun": ("finished", "Nothing was measured for 20"),
            "clock": ("failed: instrument", "damaged or out of order"),
        }[fault]
        assert fault == "clock" or np.count_nonzero(rows["flags"] & Flag.AFTER_GAP) == 1
    assert state == expected[0]
    assert expected[1] in texts


@pytest.mark.parametrize("model", WITH_CURRENTS)
@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ("open_leads", "beyond its lower limit potential_min of 2 V"),
        ("reversed", "beyond its lower limit potential_min of 2 V"),
        ("shorted", "beyond its lower limit potential_min of 2 V"),
    ],
)
def test_nothing_is_applied_to_a_cell_that_is_badly_connected(tmp_path, model, connection, says):
    cell = BadlyConnected(FullCell(charged=0.5, cathode="NCM"), connection)
    step = CHARGE.model_copy(update={"until": Until(duration_s=600.0)})
    state, texts, rows = run_and_disturb(
        tmp_path, model, cell, step, lambda _: None,
        limits=SafetyLimits(potential_max="4.5 V", potential_min="2 V"),
    )  # fmt: skip
    assert state == "failed: contact"
    assert says in texts
    assert "Nothing was applied to it." in texts
    assert len(rows) == 0


@pytest.mark.parametrize("model", WITH_CURRENTS)
def test_leads_that_come_off_in_the_middle_of_a_charge_end_it(tmp_path, model):
    cell = BadlyConnected(FullCell(charged=0.5, cathode="NCM"))

    def pull(_):
        cell.connection = "open_leads"

    step = CHARGE.model_copy(update={"until": Until(duration_s=600.0)})
    state, texts, _ = run_and_disturb(
        tmp_path, model, cell, step, pull, limits=SafetyLimits(potential_max="4.5 V", potential_min="2 V")
    )
    assert state == "failed: limit"
    assert "its limit is 4.5 V" in texts


def test_a_short_in_a_hold_is_held_by_the_compliance_and_flagged(tmp_path):
    cell = BadlyConnected(Resistor(OHM))

    def short(_):
        cell.connection = "shorted"

    state, _, rows = run_and_disturb(
        tmp_path, "keithley-2450", cell, HOLD, short, limits=SafetyLimits(current_max="5 mA")
    )
    assert state == "failed: limit"
    assert np.abs(rows["current_ampere"]).max() < 5.5e-3


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("alarm", InstrumentFault, "reports the alarm '-01 LOW LEVEL ALARM'"),
        ("sensor_lost", BadReply, "which makes no sense"),
    ],
)
def test_a_circulator_that_is_not_well_is_told(fault, error, says):
    device = JulaboDevice([Resistor(1.0)])
    with TcpServer(device) as server, contextlib.ExitStack() as stack:
        chamber = stack.enter_context(Julabo(server.address))
        chamber.read()
        device.suffer(fault)
        with pytest.raises(error, match=says):
            chamber.read()
    assert threading.active_count() < 50

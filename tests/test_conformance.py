"""What every driver promises, on its simulated instrument."""

import threading
import time

import numpy as np
import pytest

from faradaic.core.clock import ScaledClock, VirtualClock
from faradaic.core.samples import IMPEDANCE_MEASUREMENT, MEASUREMENT, Flag
from faradaic.engine import Runner, run
from faradaic.engine.messages import Recorded
from faradaic.instruments import OutOfRange, open_instrument
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    LinearSweep,
    OpenCircuit,
    PotentialSweep,
    Record,
    Rest,
    SafetyLimits,
    TafelPlot,
    Until,
)
from faradaic.simulators import (
    FullCell,
    RandlesCell,
    Resistor,
    SymmetricCell,
    TcpServer,
    device_kind,
    published_cell,
)

from bench import EVERY_INSTRUMENT, Steps, connected

pytestmark = pytest.mark.parametrize("model", EVERY_INSTRUMENT)

OHM = 1000.0
STEPS = {
    "rest": Rest(until=Until(duration_s=5.0), record=Record(interval_s=0.5)),
    "constant_potential": ConstantPotential(
        potential_V=0.2, until=Until(duration_s=5.0), record=Record(interval_s=0.5)
    ),
    "constant_current": ConstantCurrent(
        current_A=-1e-4, until=Until(duration_s=5.0), record=Record(interval_s=0.5)
    ),
    "potential_sweep": PotentialSweep(path_V=(0.0, 0.2, -0.1), rate_V_per_s=0.02, sample_every_V=5e-3),
    "impedance": Impedance(
        frequency_max_Hz=1e4, frequency_min_Hz=100.0, points_per_decade=3, amplitude_V=0.01, bias_V=0.0
    ),
}


def measure(channel, step):
    blocks = list(channel.run(step))
    assert all(block.dtype in (MEASUREMENT, IMPEDANCE_MEASUREMENT) for block in blocks)
    return np.concatenate([block for block in blocks if len(block)])


def test_it_says_what_it_is(model):
    with connected(model, Resistor(OHM)) as (instrument, _):
        identity = instrument.identity
        assert identity.model
        assert identity.serial
        assert identity.address in str(instrument.channels[0])


def test_it_says_what_it_can(model):
    with connected(model, Resistor(OHM)) as (instrument, _):
        can = instrument.channels[0].capabilities
        assert can.kinds <= STEPS.keys()
        assert {"rest", "constant_potential", "potential_sweep"} <= can.kinds
        assert can.potential_min_V < 0 < can.potential_max_V
        assert can.current_max_A > 0
        assert 0 < can.shortest_interval_s <= 0.5
        assert ("impedance" in can.kinds) == (can.frequency_max_Hz > 0)


@pytest.mark.parametrize("kind", STEPS)
def test_a_resistor_obeys_ohm_in_every_step_it_claims(model, kind):
    with connected(model, Resistor(OHM)) as (instrument, device):
        channel = instrument.channels[0]
        step = STEPS[kind]
        if kind not in channel.capabilities.kinds:
            with pytest.raises(OutOfRange, match=f"cannot run a step of {kind.replace('_', ' ')}"):
                channel.check(step)
            return
        channel.check(step)
        rows = measure(channel, step)
        assert not device.cell_is_on
        if kind == "impedance":
            assert rows["real_ohm"] == pytest.approx(OHM, rel=0.01)
            assert np.all(np.diff(rows["frequency_Hz"]) < 0)
            return
        assert np.all(np.diff(rows["time_s"]) > 0)
        assert rows["time_s"][-1] == pytest.approx(25.0 if kind == "potential_sweep" else 5.0, abs=0.6)
        if kind == "rest":
            assert np.abs(rows["potential_V"]).max() < 2e-3
            return
        assert rows["potential_V"] == pytest.approx(rows["current_A"] * OHM, abs=2e-3)
        wanted = {"constant_potential": 0.2, "constant_current": -0.1}.get(kind)
        if wanted is not None:
            assert rows["potential_V"] == pytest.approx(wanted, abs=2e-3)
        else:
            assert rows["potential_V"].max() == pytest.approx(0.2, abs=3e-3)
            assert rows["potential_V"].min() == pytest.approx(-0.1, abs=8e-3)


def test_what_is_closed_early_leaves_the_cell_off(model):
    with connected(model, Resistor(OHM), ScaledClock(2.0)) as (instrument, device):
        blocks = instrument.channels[0].run(STEPS["constant_potential"])
        while not len(next(blocks)):
            pass
        assert device.cell_is_on
        blocks.close()
        assert not device.cell_is_on


def test_rest_from_another_thread_ends_a_step(model):
    clock = ScaledClock(5.0)
    with connected(model, Resistor(OHM), clock) as (instrument, device):
        channel = instrument.channels[0]
        step = ConstantPotential(potential_V=0.2, until=Until(duration_s=1e5), record=Record(interval_s=1.0))
        seen = threading.Event()
        rows = []

        def work():
            for block in channel.run(step):
                rows.append(block)
                if len(block):
                    seen.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert seen.wait(20)
        begin = time.monotonic()
        channel.rest()
        assert not device.cell_is_on
        thread.join(10)
        assert not thread.is_alive()
        assert time.monotonic() - begin < 5
        channel.rest()


def test_it_can_be_opened_again(model):
    clock, kind = VirtualClock(), device_kind(model)
    device = kind.make([Resistor(OHM)], clock, 1)
    with TcpServer(device) as server:
        for _ in range(2):
            with open_instrument(kind.driver, server.address, clock) as instrument:
                rows = measure(instrument.channels[0], STEPS["constant_potential"])
                assert rows["potential_V"] == pytest.approx(0.2, abs=2e-3)
            instrument.close()
            assert not device.cell_is_on
    device.close()


def test_a_current_beyond_its_range_is_flagged(model):
    with connected(model, Resistor(0.05)) as (instrument, _):
        step = ConstantPotential(potential_V=0.9, until=Until(duration_s=2.0), record=Record(interval_s=0.5))
        rows = measure(instrument.channels[0], step)
        beyond = int(Flag.OVERLOAD | Flag.COMPLIANCE | Flag.OVERLOAD_WARNING)
        assert np.all(rows["flags"] & beyond)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"potential_V": 500.0}, "its range is"),
        ({"record": Record(interval_s=1e-6)}, "its shortest interval is"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_range(model, change, says):
    with connected(model, Resistor(OHM)) as (instrument, device):
        step = STEPS["constant_potential"].model_copy(update=change)
        with pytest.raises(OutOfRange, match=says):
            instrument.channels[0].check(step)
        assert not device.cell_is_on


def test_an_end_that_it_never_reaches_is_refused(model):
    with connected(model, Resistor(OHM)) as (instrument, _):
        step = ConstantPotential(
            potential_V=0.5, until=Until(current_above_A=99.0), record=Record(interval_s=1.0)
        )
        with pytest.raises(OutOfRange, match="never reaches 99 A: its largest current is"):
            instrument.channels[0].check(step)
        # A sweep ends by itself.
        sweep = STEPS["potential_sweep"].model_copy(update={"until": Until(current_above_A=99.0)})
        instrument.channels[0].check(sweep)


def test_a_current_that_is_too_large_is_refused(model):
    with connected(model, Resistor(OHM)) as (instrument, _):
        channel = instrument.channels[0]
        if "constant_current" not in channel.capabilities.kinds:
            return
        with pytest.raises(OutOfRange, match="Lower the current or choose another instrument"):
            channel.check(ConstantCurrent(current_A=99.0, until=Until(duration_s=1.0)))


def test_a_cut_off_ends_a_charge_where_it_should(model, tmp_path):
    with connected(model, FullCell(charged=0.9, cathode="NCM")) as (instrument, device):
        channel = instrument.channels[0]
        if "constant_current" not in channel.capabilities.kinds or channel.capabilities.potential_max_V < 4.3:
            return
        step = ConstantCurrent(
            current_A=1e-3,
            until=Until(duration_s=7200.0, potential_above_V=4.2),
            record=Record(interval_s=1.0),
        )
        with run(Steps(given=(step,)), channel, cell=Cell(), out=tmp_path / "r.h5") as measured:
            assert measured.state == "finished"
            assert measured.steps[0].end_reason == "potential_above_V"
            assert measured.samples["voltage_volt"][-1] == pytest.approx(4.21, abs=0.02)
        assert not device.cell_is_on


def test_a_limit_puts_the_cell_at_rest_with_the_sample_that_exceeds_it(model, tmp_path):
    heard = []
    with connected(model, Resistor(OHM), ScaledClock(4.0)) as (instrument, device):
        step = PotentialSweep(path_V=(0.0, 1.0), rate_V_per_s=0.05, sample_every_V=0.01)
        runner = Runner(
            Steps(given=(step,)), instrument.channels[0], cell=Cell(), out=tmp_path / "r.h5",
            limits=SafetyLimits(current_max="0.505 mA"), subscribers=[heard.append],
        )  # fmt: skip
        assert runner.run() == "failed: limit"
        assert not device.cell_is_on
    # A computer that is held up hears several samples together: nothing is measured after them.
    # The sweep has points at 0.50 and at 0.51 mA.
    *before, last = (message.rows["current_ampere"] for message in heard if isinstance(message, Recorded))
    assert len(before) > 10
    assert max(current_A.max() for current_A in before) <= 0.505e-3 < last.max()


# The same cell on every instrument gives the same result


def result(tmp_path, model, protocol, cell, name, **metadata):
    with (
        connected(model, cell) as (instrument, _),
        run(
            protocol,
            instrument.channels[0],
            cell=Cell.model_validate({"area": "1 cm²", **metadata}),
            out=tmp_path / "r.h5",
        ) as measured,
    ):
        return measured.results[name].value


def test_open_circuit_is_the_same_everywhere(model, tmp_path):
    found = result(tmp_path, model, OpenCircuit(duration="60 s"), RandlesCell(), "open_circuit_potential")
    assert found == pytest.approx(0.0, abs=2e-3)


def test_the_oxidation_onset_is_the_same_everywhere(model, tmp_path):
    with connected(model, Resistor(1.0)) as (instrument, _):
        reach_V = instrument.channels[0].capabilities.potential_max_V
    if reach_V < 5.2:
        return
    found = result(
        tmp_path, model, LinearSweep(start="3.5 V", stop="5.2 V", rate="1 mV/s"), published_cell("SS|PE|Li"),
        "onset_potential",
    )  # fmt: skip
    assert found == pytest.approx(4.6, abs=0.02)


def test_the_exchange_current_is_the_same_everywhere(model, tmp_path):
    cell = SymmetricCell(exchange_current_density_mA_per_cm2=0.1, conductivity_S_per_cm=1e-3)
    found = result(
        tmp_path,
        model,
        TafelPlot(),
        cell,
        "exchange_current_density",
        temperature="25 °C",
        working_electrode="Li",
        counter_electrode="Li",
    )
    assert found == pytest.approx(0.1, rel=0.15)

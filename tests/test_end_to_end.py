"""Protocols through the real driver, the real wire format and the real storage, on simulated instruments."""

import cmath
import math
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from faradaic.core.clock import SystemClock
from faradaic.core.samples import Flag
from faradaic.engine import Recorded, Runner, run
from faradaic.instruments import OutOfRange, open_instrument
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    CyclicVoltammetry,
    ImpedanceSpectrum,
    Limits,
    LinearSweep,
    OpenCircuit,
    Record,
    SafetyLimits,
    Sequence,
    Until,
)
from faradaic.simulators import (
    EmStatDevice,
    RandlesCell,
    Resistor,
    TcpServer,
    published_cell,
    published_systems,
    simulated,
)
from faradaic.storage import Run

from bench import Steps

MODELS = ("emstat-pico", "emstat4-lr", "emstat4-hr", "nexus")
CELL = Cell(name="test", area="1 cm²")


@pytest.mark.parametrize("electrolyte", ["IGE-2", "PE", "PPLA", "PPL", "PL"])
def test_a_slow_sweep_finds_the_published_oxidation_limit(tmp_path, electrolyte):
    with simulated("emstat4-hr", published_cell(f"SS|{electrolyte}|Li"), seed=1) as instrument:
        result = run(
            LinearSweep(start="2.5 V", stop="6 V", rate="0.1 mV/s"),
            instrument.channels[0],
            cell=Cell(name=electrolyte, area="1 cm²"),
            out=tmp_path / "lsv.h5",
        )
    onset = result.results["onset_potential"]
    published_V = published_systems()["electrolytes"][electrolyte]["oxidation_limit_V"]
    assert result.state == "finished"
    assert onset.value == pytest.approx(published_V, abs=0.010)
    assert 0 < onset.uncertainty < 0.01
    tangent = result.results["onset_potential_tangent"]
    assert 0.0 < tangent.value - onset.value < 0.3
    assert 0.0 < tangent.uncertainty < 0.002
    assert len(result.samples) == 3501
    assert result.samples["test_time_second"][-1] == pytest.approx(35_010, abs=1)


@pytest.mark.parametrize("model", MODELS)
def test_the_spectrum_of_a_randles_cell_is_the_analytic_one(tmp_path, model):
    # A dummy cell of 100 Ω + (1 kΩ ∥ 1 µF), whose impedance is textbook.
    with simulated(model, RandlesCell(100.0, 1000.0, 1e-6), seed=3) as instrument:
        result = run(
            ImpedanceSpectrum(frequency_min="1 Hz", bias="0 V"),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "eis.h5",
        )
    rows = result.impedance
    omega = 2 * math.pi * rows["frequency_hertz"]
    analytic = 100 + 1000 / (1 + 1j * omega * 1000 * 1e-6)
    measured = rows["real_impedance_ohm"] + 1j * rows["imaginary_impedance_ohm"]
    assert np.abs(measured / analytic - 1).max() < 0.005
    assert rows["frequency_hertz"][0] == pytest.approx(1e6 if model == "nexus" else 2e5)
    assert result.results["bulk_resistance"].value == pytest.approx(100, rel=0.01)
    assert result.results["interfacial_resistance"].value == pytest.approx(1000, rel=0.01)
    assert result.results["double_layer_capacitance"].value == pytest.approx(1e-6, rel=0.01)
    assert result.results["kramers_kronig_residual"].value < 1
    assert result.results["kramers_kronig_residual"].warnings == ()


@pytest.mark.parametrize("model", [model for model in MODELS if model != "emstat-pico"])
def test_a_galvanostatic_spectrum_gives_the_same_impedance(tmp_path, model):
    with simulated(model, Resistor(1000.0), seed=3) as instrument:
        protocol = ImpedanceSpectrum(
            control="galvanostatic", current_amplitude="10 µA", frequency_max="10 kHz", frequency_min="10 Hz"
        )
        result = run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "eis.h5")
    assert result.impedance["real_impedance_ohm"] == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("resistance_ohm", [1e3, 1e5, 1e7])
def test_ohms_law_on_every_model_and_range(tmp_path, model, resistance_ohm):
    with simulated(model, Resistor(resistance_ohm), seed=5) as instrument:
        result = run(
            LinearSweep(start="-0.5 V", stop="0.5 V", rate="50 mV/s", sample_every="5 mV"),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "lsv.h5",
        )
    samples = result.samples
    slope, _ = np.polyfit(samples["voltage_volt"], samples["current_ampere"], 1)
    assert 1 / slope == pytest.approx(resistance_ohm, rel=0.01)
    assert not (samples["flags"] & Flag.OVERLOAD).any()


def test_an_rc_step_follows_its_closed_form(tmp_path):
    # 1 kΩ + (10 kΩ ∥ 100 µF): a current step of 10 µA charges with τ = 1 s.
    with simulated("emstat4-hr", RandlesCell(1e3, 1e4, 1e-4), seed=2) as instrument:
        step = ConstantCurrent(current_A=1e-5, until=Until(duration_s=5), record=Record(interval_s=0.05))
        result = run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "cp.h5")
    time_s = result.samples["test_time_second"] - result.steps[0].begin_s
    expected_V = 1e-5 * (1e3 + 1e4 * (1 - np.exp(-time_s)))
    assert result.samples["voltage_volt"] == pytest.approx(expected_V, abs=1.5e-3)
    assert result.steps[0].charge_Ah * 3600 == pytest.approx(5e-5, rel=1e-3)
    assert time_s[-1] == pytest.approx(5.0)


def test_a_50_hour_hold_takes_seconds(tmp_path):
    begin = time.monotonic()
    with simulated("emstat4-hr", published_cell("SS|IGE-2|Li"), seed=1) as instrument:
        step = ConstantPotential(
            potential_V=4.5, until=Until(duration_s=180_000), record=Record(interval_s=10)
        )
        result = run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "hold.h5")
    assert time.monotonic() - begin < 20
    assert result.state == "finished"
    assert result.steps[0].result["duration_s"] == pytest.approx(180_000, rel=1e-6)
    assert len(result.samples) == 18_001


@pytest.mark.parametrize("clock_speed", [None, 100])
def test_a_cut_off_on_board_and_the_engine_agree(tmp_path, clock_speed):
    with simulated("emstat4-hr", RandlesCell(1e3, 1e4, 1e-3), seed=2, speed=clock_speed) as instrument:
        step = ConstantCurrent(
            current_A=1e-5, until=Until(duration_s=100, potential_above_V=0.06), record=Record(interval_s=0.1)
        )
        result = run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "cp.h5")
    assert result.state == "finished"
    assert result.steps[0].end_reason == "potential_above_V"
    # 0.06 V = 10 µA (1 kΩ + 10 kΩ (1 - exp(-t/10 s))) at 6.93 s.
    # What the computer does before the step begins counts a hundred times at this speed.
    took_s = result.samples["test_time_second"][-1] - result.steps[0].begin_s
    assert took_s == pytest.approx(10 * math.log(2), abs=0.1)
    assert result.samples["voltage_volt"][:-1].max() < 0.06 <= result.samples["voltage_volt"][-1]


@pytest.mark.parametrize(
    ("until", "reason", "at_s"),
    [
        ({"charge_C": 1e-4}, "charge_C", 10.0),
        ({"energy_J": 1e-5}, "energy_J", 10.0),
        ({"current_above_A": 9e-6}, "current_above_A", 0.1),
    ],
)
def test_what_the_instrument_adds_up_ends_the_step(tmp_path, until, reason, at_s):
    with simulated("emstat4-hr", Resistor(1e4), seed=2) as instrument:
        step = ConstantPotential(
            potential_V=0.1, until=Until(duration_s=100, **until), record=Record(interval_s=0.1)
        )
        result = run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "ca.h5")
    assert (result.state, result.steps[0].end_reason) == ("finished", reason)
    assert result.samples["test_time_second"][-1] == pytest.approx(at_s, rel=0.02)


def test_an_open_circuit_ends_when_it_is_steady(tmp_path):
    with simulated("emstat4-hr", published_cell("SS|IGE-2|Li"), seed=2) as instrument:
        result = run(
            OpenCircuit(duration="100 h", stop_below="1 mV/h", sample_every="10 s"),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "ocv.h5",
        )
    assert result.state == "finished"
    assert result.results["open_circuit_potential"].value == pytest.approx(2.8, abs=0.3)
    if result.steps[0].end_reason != "duration_s":
        last = result.samples["voltage_volt"][-20:]
        assert abs(last[-1] - last[0]) < 1e-3


def test_limits_hold_under_a_current(tmp_path):
    with simulated("emstat4-hr", RandlesCell(1e3, 1e4, 1e-3), seed=2) as instrument:
        step = ConstantCurrent(current_A=1e-5, until=Until(duration_s=100), record=Record(interval_s=0.1))
        result = run(
            Steps(given=(step,)),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "cp.h5",
            limits=SafetyLimits(potential_max="50 mV"),
        )
    assert result.state == "failed: limit"
    assert result.samples["voltage_volt"].max() < 0.0525
    assert "its limit is 50 mV" in result.events[-1].text


def test_cycles_and_rates_of_a_voltammogram(tmp_path):
    with simulated("emstat4-hr", Resistor(1e4), seed=2) as instrument:
        protocol = CyclicVoltammetry(
            begin="0 V", vertex_1="0.1 V", vertex_2="-0.1 V", rates="10, 20 mV/s", cycles=3
        )
        result = run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "cv.h5")
    assert result.state == "finished"
    cycles, counts = np.unique(result.samples["cycle_count"], return_counts=True)
    assert cycles.tolist() == [1, 2, 3, 4, 5, 6]
    assert counts.tolist() == [400, 400, 401] * 2
    for cycle in cycles:
        potential = result.samples["voltage_volt"][result.samples["cycle_count"] == cycle]
        assert potential.max() == pytest.approx(0.1, abs=1e-3)
        assert potential.min() == pytest.approx(-0.1, abs=1e-3)


def test_the_flags_of_the_instrument_reach_the_file(tmp_path):
    with simulated("emstat4-hr", Resistor(10.0), seed=2) as instrument:
        step = ConstantPotential(potential_V=5.0, until=Until(duration_s=1), record=Record(interval_s=0.1))
        result = run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "ca.h5")
    assert (result.samples["flags"] & (Flag.OVERLOAD | Flag.OVERLOAD_WARNING)).any()


def stopped_within_s(out):
    with simulated("emstat4-hr", Resistor(1e4), clock=SystemClock()) as instrument:
        channel = instrument.channels[0]
        step = ConstantPotential(potential_V=1.0, until=Until(duration_s=1000), record=Record(interval_s=10))
        off_after_s = []
        asked_at = [0.0]
        original = channel.rest

        def rest():
            original()
            off_after_s.append(time.monotonic() - asked_at[0])

        channel.rest = rest
        runner = Runner(Steps(given=(step,)), channel, cell=CELL, out=out)

        def stop():
            asked_at[0] = time.monotonic()
            runner.commands.stop()

        threading.Timer(0.5, stop).start()
        assert runner.run() == "stopped"
    return off_after_s[0]


def test_stop_switches_off_within_100_ms(tmp_path):
    # What else the computer does may delay one of them.
    assert min(stopped_within_s(tmp_path / f"{attempt}.h5") for attempt in range(3)) < 0.1


def test_pause_and_resume_on_the_instrument(tmp_path):
    with simulated("emstat4-hr", Resistor(1e4), speed=200) as instrument:
        step = ConstantPotential(potential_V=0.5, until=Until(duration_s=60), record=Record(interval_s=1))

        def watch(message):
            if isinstance(message, Recorded) and not paused and runner.progress.elapsed_s > 20:
                paused.append(True)
                runner.commands.pause()
                threading.Timer(0.2, runner.commands.resume).start()

        paused = []
        runner = Runner(
            Steps(given=(step,)),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "a.h5",
            subscribers=[watch],
        )
        assert runner.run() == "finished"
    with Run.open(tmp_path / "a.h5") as result:
        first, pause, second = result.steps
        assert [each.end_reason for each in result.steps] == ["paused", "resumed", "duration_s"]
        measured_s = first.end_s - first.begin_s + second.end_s - second.begin_s
        assert measured_s == pytest.approx(60, abs=0.5)
        assert np.abs(result.samples["current_ampere"][pause.samples]).max() == 0
        assert second.result["charge_C"] == pytest.approx(60 * 0.5e-4, rel=0.01)


def test_a_sequence_has_its_results_by_part(tmp_path):
    protocol = Sequence(
        OpenCircuit(duration="30 s"),
        ImpedanceSpectrum(frequency_min="10 Hz", bias="0 V"),
        ImpedanceSpectrum(frequency_min="10 Hz", bias="0 V"),
        LinearSweep(start="0 V", stop="0.5 V", rate="50 mV/s", onset_threshold="10 µA/cm²"),
    )
    with simulated("emstat4-hr", RandlesCell(100.0, 10_000.0, 1e-6), seed=3) as instrument:
        result = run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "all.h5")
    assert result.state == "finished"
    for part in ("1", "2"):
        assert result.results[f"{part}/bulk_resistance"].value == pytest.approx(100, rel=0.01)
    assert result.results["onset_potential"].value == pytest.approx(0.101, abs=0.003)
    assert "open_circuit_potential" in result.results
    assert [step.part for step in result.steps] == ["0", "1", "2", "3"]


def test_refused_before_the_cell_is_on(tmp_path):
    with simulated("emstat-pico", Resistor(1e4)) as instrument:
        step = ConstantCurrent(current_A=1e-3, until=Until(duration_s=1))
        with pytest.raises(OutOfRange, match="EmStat Pico on .* cannot run a step of constant current"):
            run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "a.h5")
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_gives_the_same_numbers(tmp_path):
    def measure(name, seed):
        with simulated("emstat4-hr", published_cell("SS|PE|Li"), seed=seed) as instrument:
            protocol = LinearSweep(start="4 V", stop="5 V", rate="1 mV/s")
            return run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / name).samples[
                "current_ampere"
            ]

    first, again, other = measure("a.h5", 7), measure("b.h5", 7), measure("c.h5", 8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


KILLED = """
import os, sys, threading
from faradaic.engine import Recorded, Runner
from faradaic.instruments import open_instrument
from faradaic.protocols import *
class Hold(Protocol):
    def steps(self, cell):
        yield ConstantCurrent(current_A=1e-5, until=Until(duration_s=1e6), record=Record(interval_s=0.05),
                              limits=Limits(potential_max_V=0.08))
with open_instrument("emstat", {address!r}) as instrument:
    Runner(Hold(), instrument.channels[0], cell=Cell(), out={out!r},
           subscribers=[lambda m: print("go", flush=True) if isinstance(m, Recorded) else None]).run()
"""


def test_the_instrument_keeps_its_limits_when_our_program_is_killed(tmp_path):
    device = EmStatDevice(model="emstat4-hr", cell=RandlesCell(1e3, 1e4, 1e-4), clock=SystemClock(), seed=1)
    with TcpServer(device) as server:
        script = KILLED.format(address=server.address, out=str(tmp_path / "a.h5"))
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "go\n"
            process.kill()
        assert device.cell_is_on
        # 0.08 V is passed 1.2 s after the beginning; nobody but the instrument is there to see it.
        deadline = time.monotonic() + 5
        while device.cell_is_on and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not device.cell_is_on
        # A new program takes over and finds the instrument in a known state.
        with open_instrument("emstat", server.address) as instrument:
            assert instrument.identity.model == "EmStat4 HR"


def test_a_sine_through_the_time_domain_agrees_with_the_spectrum():
    # The cell that a spectrum is measured of, and the one that a sweep sees, are the same.
    cell = published_cell("SS|IGE-2|Li")
    cell.hold_potential(3.0, 1000.0)
    # The bulk charges the double layers within 4 µs, which the steps must resolve.
    frequency_Hz, amplitude_V, steps = 200.0, 1e-3, 20_000
    dt = 1 / frequency_Hz / steps
    current = [
        cell.hold_potential(3.0 + amplitude_V * math.sin(2 * math.pi * (index + 0.5) / steps), dt)
        for index in range(6 * steps)
    ]
    response = sum(
        value * cmath.exp(-2j * math.pi * (index + 1.0) / steps)
        for index, value in enumerate(current[-steps:])
    )
    stimulus = sum(
        amplitude_V
        * math.sin(2 * math.pi * (index + 0.5) / steps)
        * cmath.exp(-2j * math.pi * (index + 0.5) / steps)
        for index in range(steps)
    )
    assert abs(stimulus / response / cell.impedance(frequency_Hz) - 1) < 0.01


def test_limits_of_the_step_and_of_the_run_are_both_kept(tmp_path):
    with simulated("emstat4-hr", Resistor(1e3), seed=2) as instrument:
        step = ConstantPotential(
            potential_V=1.0,
            until=Until(duration_s=1),
            record=Record(interval_s=0.1),
            limits=Limits(current_max_A=2e-3),
        )
        loose = run(Steps(given=(step,)), instrument.channels[0], cell=CELL, out=tmp_path / "a.h5")
        tight = run(
            Steps(given=(step,)),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "b.h5",
            limits=SafetyLimits(current_max="0.5 mA"),
        )
    assert (loose.state, tight.state) == ("finished", "failed: limit")


def test_the_example_of_the_readme_works_as_written(tmp_path):
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    (example,) = re.findall(
        r"```python\n(from faradaic.protocols import Cell, LinearSweep\n.*?)```", readme, re.DOTALL
    )
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert re.fullmatch(r"finished 4\.79\d+ ± 0\.000\d+ V\n", done.stdout)
    assert (tmp_path / "lsv.h5").exists()

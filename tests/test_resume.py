"""Runs that were stopped, failed or killed go on where they were, in the same file."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from faradaic.analysis import analyse
from faradaic.core.clock import ScaledClock
from faradaic.engine import Recorded, Runner, resumed, run
from faradaic.instruments import open_instrument
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    CriticalCurrentDensity,
    FloatingTest,
    ImpedanceSpectrum,
    LinearSweep,
    OpenCircuit,
    Protocol,
    ProtocolError,
    SafetyLimits,
    Sequence,
    SymmetricCycling,
    Until,
)
from faradaic.simulators import RandlesCell, Resistor, SymmetricCell, published_cell, serve, simulated
from faradaic.storage import Recorder, Run, StorageError

CELL = Cell(name="test", area="1 cm²")


class StopAt:
    """Stops a run once so many samples were recorded."""

    def __init__(self, samples):
        self.samples = samples
        self.runner = None

    def __call__(self, message):
        if isinstance(message, Recorded) and self.runner:
            self.samples -= len(message.rows)
            if self.samples <= 0:
                self.runner.commands.stop()
                self.runner = None


def interrupted_and_resumed(path, protocol, channel, moments):
    """Run a protocol, stopped and resumed after each of some numbers of samples."""
    stop = StopAt(moments[0])
    runner = stop.runner = Runner(protocol, channel, cell=CELL, out=path, subscribers=[stop])
    state = runner.run()
    for samples in [*moments[1:], 10**9]:
        if state == "finished":
            break
        stop = StopAt(samples)
        runner = stop.runner = resumed(path, channel, subscribers=[stop])
        state = runner.run()
    assert state == "finished"
    return Run.open(path)


CASES = {
    "ramp": (lambda: CriticalCurrentDensity(stop="0.4 mA/cm²"), lambda: published_cell("Li|PE|Li")),
    "floating": (
        lambda: FloatingTest(start="4.3 V", stop="4.7 V", hold="1 h"),
        lambda: published_cell("SS|PE|Li"),
    ),
    "cycling": (
        lambda: SymmetricCycling(stages="0.2 mA/cm² x 0.2 mAh/cm² x 12"),
        lambda: SymmetricCell(life_h=19, life_current_density_mA_per_cm2=0.2),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(7))
def test_interrupted_at_random_points_the_results_are_those_of_an_undisturbed_run(tmp_path, case, seed):
    make_protocol, make_cell = CASES[case]
    with simulated("emstat4-hr", make_cell(), seed=1) as instrument:
        whole = run(make_protocol(), instrument.channels[0], cell=CELL, out=tmp_path / "a.h5")
    undisturbed = whole.results
    choose = random.Random(seed)
    moments = sorted(choose.randrange(1, int(0.8 * len(whole.samples))) for _ in range(3))
    whole.close()
    with simulated("emstat4-hr", make_cell(), seed=1) as instrument:
        disturbed = interrupted_and_resumed(
            tmp_path / "b.h5", make_protocol(), instrument.channels[0], np.diff([0, *moments]).tolist()
        )
        results = analyse(disturbed)
        goes_on = [event for event in disturbed.events if event.text.startswith("Go on")]
        samples_s = disturbed.samples["test_time_second"]
        disturbed.close()
    assert goes_on
    assert (np.diff(samples_s) >= 0).all()
    for name, expected in undisturbed.items():
        found = results[name]
        if not hasattr(expected, "value"):
            assert len(found.rows) == len(expected.rows)
        elif expected.value is None:
            assert found.value is None
        else:
            assert found.value == pytest.approx(expected.value, rel=0.03)


def test_a_sweep_and_a_spectrum_go_on_where_they_were(tmp_path):
    protocol = Sequence(
        OpenCircuit(duration="30 s"),
        LinearSweep(start="0 V", stop="1 V", rate="10 mV/s"),
        ImpedanceSpectrum(frequency_min="1 Hz", bias="0 V"),
    )
    # In time that passes, so that the sweep is really interrupted in its middle.
    with simulated("emstat4-hr", RandlesCell(100, 1000, 1e-6), seed=1, speed=100) as instrument:
        channel = instrument.channels[0]
        found = interrupted_and_resumed(tmp_path / "a.h5", protocol, channel, [20, 300])
        with found:
            sweep = [step for step in found.steps if step.role == "sweep"]
            potential = np.concatenate([found.samples["voltage_volt"][step.samples] for step in sweep])
            assert len(sweep) > 1
            assert potential.max() == pytest.approx(1.0, abs=2e-3)
            assert np.diff(potential).max() < 0.005
            frequencies = found.impedance["frequency_hertz"]
            assert (np.diff(frequencies) < 0).all()
            assert frequencies.min() == pytest.approx(1.0, rel=0.01)


class Adaptive(Protocol):
    """Doubles the current as often as the charge so far allows."""

    def steps(self, cell):
        current_A, passed_C = 1e-5, 0.0
        while passed_C < 2e-3:
            result = yield ConstantCurrent(current_A=current_A, until=Until(duration_s=20))
            passed_C += result.charge_C
            current_A *= 2


def test_a_protocol_of_ones_own_that_adapts_goes_on(tmp_path):
    with simulated("emstat4-hr", Resistor(1000), seed=1) as instrument:
        channel = instrument.channels[0]
        stop = StopAt(50)
        runner = stop.runner = Runner(
            Adaptive(), channel, cell=CELL, out=tmp_path / "a.h5", subscribers=[stop]
        )
        assert runner.run() == "stopped"
        with pytest.raises(ProtocolError, match="no protocol 'Adaptive'"):
            resumed(tmp_path / "a.h5", channel)
        assert resumed(tmp_path / "a.h5", channel, protocol=Adaptive()).run() == "finished"
    with Run.open(tmp_path / "a.h5") as found:
        last = {step.program_index: step for step in found.steps}
        currents = [step.parameters["current_A"] for step in last.values()]
        assert currents == pytest.approx([1e-5, 2e-5, 4e-5, 8e-5])
        charges = {index: step.result["charge_C"] for index, step in last.items()}
        assert charges == pytest.approx({i: 20e-5 * 2**i for i in range(4)}, rel=0.05)
        assert found.samples["net_capacity_ah"][-1] * 3600 == pytest.approx(sum(charges.values()), rel=0.02)


def test_a_run_that_has_finished_cannot_go_on(tmp_path):
    with simulated("emstat4-hr", Resistor(1000)) as instrument:
        channel = instrument.channels[0]
        run(OpenCircuit(duration="5 s"), channel, cell=CELL, out=tmp_path / "a.h5").close()
        with pytest.raises(StorageError, match="is finished: there is nothing to go on with"):
            resumed(tmp_path / "a.h5", channel)
        with pytest.raises(StorageError, match="no file"):
            resumed(tmp_path / "none.h5", channel)


def test_another_instrument_or_channel_is_refused_unless_the_cell_was_moved_there(tmp_path):
    path = tmp_path / "a.h5"
    stop = StopAt(50)
    with simulated("emstat4-hr", Resistor(1000), seed=1) as instrument:
        runner = stop.runner = Runner(
            OpenCircuit(duration="1 h", sample_every="1 s"),
            instrument.channels[0],
            cell=CELL,
            out=path,
            subscribers=[stop],
        )
        assert runner.run() == "stopped"
    before = path.read_bytes()
    with simulated("keithley-2450", Resistor(1000), seed=1) as instrument:
        channel = instrument.channels[0]
        with pytest.raises(
            ProtocolError, match=r"begun on EmStat4 HR.*, channel 1; this is Keithley 2450 no"
        ):
            resumed(path, channel)
        assert path.read_bytes() == before
        assert resumed(path, channel, other_channel=True).run() == "finished"


def test_limits_that_were_tightened_meanwhile_hold_and_those_of_the_run_stay(tmp_path):
    path = tmp_path / "a.h5"
    stop = StopAt(50)
    sweep = Sequence(
        protocols=[
            OpenCircuit(duration="10 h", sample_every="1 s"),
            LinearSweep(start="0 V", stop="0.5 V", rate="1 mV/s"),
        ]
    )
    with simulated("emstat4-hr", Resistor(1000), seed=1) as instrument:
        channel = instrument.channels[0]
        runner = stop.runner = Runner(
            sweep, channel, cell=CELL, out=path, limits=SafetyLimits(current_max="10 mA"), subscribers=[stop]
        )
        assert runner.run() == "stopped"
        with pytest.raises(ProtocolError, match="above its upper limit potential_max of 0.3 V"):
            resumed(path, channel, bench_limits=[SafetyLimits(potential_max="0.3 V")])
        limits = SafetyLimits(current_max="0.1 mA", potential_max="1 V")
        assert resumed(path, channel, bench_limits=[limits]).run() == "failed: limit"
        with Run.open(path) as found:
            assert any("its limit is 100 µA" in event.text for event in found.events)
        # Looser ones do not undo what the run began with.
        assert resumed(path, channel, bench_limits=[SafetyLimits(current_max="1 A")]).run() == "finished"


def test_a_run_that_is_under_way_cannot_go_on(tmp_path):
    with simulated("emstat4-hr", Resistor(1000)) as instrument:
        Runner(OpenCircuit(duration="5 s"), instrument.channels[0], cell=CELL, out=tmp_path / "a.h5").run()
        recorder = Recorder.reopen(tmp_path / "a.h5")
        try:
            with pytest.raises(StorageError, match="still being recorded"):
                resumed(tmp_path / "a.h5", instrument.channels[0])
        finally:
            recorder.close("stopped")


def test_a_file_that_is_reopened_loses_nothing(tmp_path):
    with simulated("emstat4-hr", RandlesCell(100, 1000, 1e-6), seed=1) as instrument:
        protocol = Sequence(
            OpenCircuit(duration="10 s"), ImpedanceSpectrum(frequency_min="10 Hz", bias="0 V")
        )
        run(protocol, instrument.channels[0], cell=CELL, out=tmp_path / "a.h5", operator="Ada").close()
    shutil.copy(tmp_path / "a.h5", tmp_path / "before.h5")
    Recorder.reopen(tmp_path / "a.h5").close("stopped")
    with Run.open(tmp_path / "before.h5") as before, Run.open(tmp_path / "a.h5") as after:
        assert after.samples.tobytes() == before.samples.tobytes()
        assert after.impedance.tobytes() == before.impedance.tobytes()
        assert after.steps == before.steps
        assert after.events == before.events
        assert (after.protocol, after.cell, after.environment) == (
            before.protocol,
            before.cell,
            before.environment,
        )
        assert after.attributes["run_id"] == before.attributes["run_id"]
        assert after.state == "stopped"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.h5", "before.h5"]


def test_a_file_that_cannot_be_taken_away_stays_readable_and_is_let_go(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    with simulated("emstat4-hr", Resistor(1000)) as instrument:
        run(OpenCircuit(duration="10 s"), instrument.channels[0], cell=CELL, out=path).close()

    def refuse(file, *arguments, **options):
        if file == path:
            raise PermissionError(13, "the file is in use")
        return unlink(file, *arguments, **options)

    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match="cannot be reopened: the file is in use"):
        Recorder.reopen(path)
    monkeypatch.undo()
    with Run.open(path) as found:
        assert not found.is_live
        assert len(found.samples) == 11
    Recorder.reopen(path).close("stopped")


KILLED = """
import sys
from faradaic.engine import Recorded, Runner
from faradaic.instruments import open_instrument
from faradaic.protocols import Cell, SymmetricCycling
watch = lambda message: print("go", flush=True) if isinstance(message, Recorded) else None
with open_instrument("emstat", sys.argv[1]) as instrument:
    protocol = SymmetricCycling(stages="0.2 mA/cm² x 0.2 mAh/cm² x 4")
    Runner(protocol, instrument.channels[0], cell=Cell(name="c", area="1 cm²"), out=sys.argv[2], subscribers=[watch]).run()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
@pytest.mark.parametrize("seed", range(2))
def test_killed_in_the_middle_of_a_cycle_a_run_goes_on(tmp_path, seed):
    cell = SymmetricCell(exchange_current_density_mA_per_cm2=1)
    path = tmp_path / "run.h5"
    with serve("emstat4-hr", cell, clock=ScaledClock(10_000), tcp_port=0) as server:
        command = [sys.executable, "-c", KILLED, server.address, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "go\n"
            time.sleep(random.Random(seed).uniform(0.3, 1.2))
            process.kill()
        with open_instrument("emstat", server.address) as instrument:
            assert resumed(path, instrument.channels[0]).run() == "finished"
    with Run.open(path) as found:
        events = [event.text for event in found.events]
        results = analyse(found)
        done = {step.program_index: step for step in found.steps}
    assert any("ended without closing it" in text for text in events)
    assert any("Go on" in text and "after the last sample" in text for text in events)
    assert [step.end_reason for step in done.values()] == ["duration_s"] * 9
    # Every half-cycle has its whole charge, the interrupted one in two pieces.
    assert results["areal_capacity"].value == pytest.approx(0.2, rel=0.02)
    assert results["cumulative_areal_capacity"].value == pytest.approx(8 * 0.2, rel=0.03)

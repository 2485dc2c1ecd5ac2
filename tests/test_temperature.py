"""Chambers, the engine that follows them, and what conductivities at several temperatures give."""

import math
import threading

import numpy as np
import pytest
from dialogue import Dialogue
from hypothesis import given
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.report import draw_report
from faradaic.analysis.thermal_activation import BOLTZMANN_eV_PER_K, fit_arrhenius, fit_vtf
from faradaic.core.clock import VirtualClock
from faradaic.engine import Runner, run
from faradaic.instruments import BadReply, ByHand, Chamber, Identity, InstrumentFault, Julabo, OutOfRange
from faradaic.protocols import (
    Cell,
    ConductivitySweep,
    ProtocolError,
    SafetyLimits,
    StepResult,
    load_protocol,
)
from faradaic.simulators import (
    BlockingCell,
    JulaboDevice,
    Resistor,
    TcpServer,
    published_cell,
    simulated,
    simulated_chamber,
)
from faradaic.simulators.faults import FaultyLink
from faradaic.storage import Run

import driving
from fakes import FakeChannel

TWELVE = ", ".join(str(degC) for degC in range(25, 81, 5)) + " °C"
CELL = Cell(name="c", area="1 cm²", thickness="50 µm")
SHORT = {"temperatures": "25, 60 °C", "soak": "60 s", "frequency_min": "1 kHz", "points_per_decade": 3}


class Oven(Chamber):
    """Is at its goal at once, or never; remembers what it was set to."""

    def __init__(self, *, works=True):
        super().__init__(Identity("Oven", "1", "1", "nowhere"), 0.0, 100.0)
        self.set_to, self.works, self.alarm = [], works, ""

    def set_temperature(self, temperature_degC):
        self.set_to.append(temperature_degC)

    def read(self):
        if self.alarm:
            raise InstrumentFault(f"Oven reports {self.alarm}.", "1")
        return self.set_to[-1] if self.works and self.set_to else 21.0

    def close(self):
        pass


def sweep(tmp_path, chamber, *, channel=None, **options):
    return Runner(
        ConductivitySweep(**SHORT),
        channel or FakeChannel(),
        cell=CELL,
        out=tmp_path / "run.h5",
        chamber=chamber,
        **options,
    )


def events(runner):
    with Run.open(runner.path) as run:
        return [event.text for event in run.events], run.samples, run.impedance, run.steps


def test_a_sweep_soaks_and_measures_at_every_temperature():
    steps = driving.drive(
        ConductivitySweep(temperatures="25, 40.5 °C", bias="1 V"), lambda step, _: _at_rest(), CELL
    )
    assert [(step.role, step.temperature_degC, step.cycle) for step in steps] == [
        ("soak", 25.0, 1), ("spectrum", 25.0, 1), ("soak", 40.5, 2), ("spectrum", 40.5, 2),
    ]  # fmt: skip


def _at_rest():
    return StepResult(end_reason="duration_s", duration_s=1.0, potential_last_V=2.8)


def test_the_cell_is_brought_to_each_temperature_before_it_is_measured(tmp_path):
    oven = Oven()
    runner = sweep(tmp_path, oven)
    assert runner.run() == "finished"
    texts, samples, impedance, steps = events(runner)
    assert oven.set_to == [25.0, 60.0]
    assert [step.role for step in steps] == ["tempering", "soak", "spectrum"] * 2
    assert "Oven on nowhere set to 60 °C." in texts
    soaked = np.concatenate([samples[step.samples] for step in steps if step.role == "soak"])
    assert set(soaked["ambient_temperature_celsius"].tolist()) == {25.0, 60.0}
    assert impedance["ambient_temperature_celsius"][-1] == 60.0


def test_a_chamber_that_never_gets_there_ends_the_run(tmp_path):
    runner = sweep(tmp_path, Oven(works=False))
    assert runner.run() == "failed: instrument"
    assert "Oven on nowhere was set to 25 °C and after 4 h is at 21 °C." in events(runner)[0]


def test_an_alarm_of_the_chamber_ends_the_run_with_the_cell_at_rest(tmp_path):
    oven, channel = Oven(), FakeChannel()
    runner = sweep(tmp_path, oven, channel=channel)
    channel.respond = lambda step, time_s: (
        setattr(oven, "alarm", "low level") if step.temperature_degC == 60.0 else None,
        (np.ones(len(time_s)), np.zeros(len(time_s))),
    )[1]
    assert runner.run() == "failed: instrument"
    assert any("low level" in text for text in events(runner)[0])
    assert not channel.is_on


@pytest.mark.parametrize(
    ("chamber", "limits", "says"),
    [
        (None, {}, "needs a chamber"),
        (Oven(), {"temperature_max": "55 °C"}, "above its limit temperature_max of 55 °C"),
    ],
)
def test_temperatures_that_cannot_be_are_refused_before_anything_happens(tmp_path, chamber, limits, says):
    with pytest.raises(ProtocolError, match=says):
        sweep(tmp_path, chamber, limits=SafetyLimits(**limits))
    assert not (tmp_path / "run.h5").exists()


def test_a_temperature_beyond_the_chamber_is_refused(tmp_path):
    oven = Oven()
    oven.highest_degC = 50.0
    with pytest.raises(OutOfRange, match="cannot be set to 60 °C: its range is 0 °C to 50 °C"):
        sweep(tmp_path, oven)


def test_by_hand_the_run_waits_until_the_person_says_so(tmp_path):
    asked, answers = [], threading.Semaphore(0)

    def ask(sentence):
        asked.append(sentence)
        assert answers.acquire(timeout=30)

    runner = sweep(tmp_path, ByHand(ask))
    thread = threading.Thread(target=runner.run)
    thread.start()
    for _ in range(2):
        answers.release()
    thread.join(60)
    assert runner.state == "finished"
    assert asked == [f"Bring the cell to {degC} °C and let it settle." for degC in (25, 60)]


def test_a_wait_for_a_person_can_be_stopped(tmp_path):
    runner = sweep(tmp_path, ByHand(lambda _: runner.commands.stop()))
    assert runner.run() == "stopped"
    assert [step.role for step in events(runner)[3]] == ["tempering"]


# Julabo


@pytest.mark.parametrize("fault", ["garble", "lost", "pull_idle", "truncate", "pull_mid_reply"])
def test_a_disturbed_reading_is_asked_for_again(fault):
    cell = Resistor(1.0)
    with (
        TcpServer(JulaboDevice([cell])) as server,
        FaultyLink(server.address, away_s=0.3) as link,
        Julabo(link.address) as chamber,
    ):
        for count in range(1, 6):
            link.inject(fault)
            assert chamber.read() == pytest.approx(23.0, abs=0.1)
            assert link.done == [fault] * count


def test_the_circulator_is_spoken_to_as_its_manual_says(monkeypatch):
    dialogue = Dialogue(
        [
            (b"version\r", b"JULABO HIGHTECH FL VERSION 5.0\r\n"),
            (b"status\r", b"02 REMOTE STOP\r\n"),
            (b"out_sp_00 60.00\r", b""),
            (b"out_mode_05 1\r", b""),
            (b"in_sp_00\r", b"60.00\r\n"),
            (b"status\r", b"03 REMOTE START\r\n"),
            (b"in_pv_00\r", b" 59.87\r\n"),
            (b"out_mode_05 0\r", b""),
            (b"in_mode_05\r", b"0\r\n"),
        ]
    )
    monkeypatch.setattr("faradaic.instruments.julabo.open_link", lambda *_, **__: dialogue)
    with Julabo("COM7", VirtualClock()) as chamber:
        assert str(chamber) == "JULABO HIGHTECH FL VERSION 5.0 on COM7"
        chamber.set_temperature(60.0)
        assert chamber.read() == 59.87
    dialogue.finish()
    assert dialogue.is_closed


@pytest.mark.parametrize(
    ("replies", "error", "says"),
    [
        ([(b"status\r", b"-01 LOW LEVEL ALARM\r\n")], InstrumentFault, "reports the alarm '-01 LOW LEVEL"),
        (
            [(b"status\r", b"03 REMOTE START\r\n"), *[(b"in_pv_00\r", b"---.--\r\n")] * 3],
            BadReply,
            "which makes no sense",
        ),
    ],
)
def test_alarms_and_nonsense_are_told(monkeypatch, replies, error, says):
    opening = [(b"version\r", b"JULABO\r\n"), (b"status\r", b"02 REMOTE STOP\r\n")]
    dialogue = Dialogue(opening + replies)
    monkeypatch.setattr("faradaic.instruments.julabo.open_link", lambda *_, **__: dialogue)
    chamber = Julabo("COM7", VirtualClock())
    with pytest.raises(error, match=says):
        chamber.read()


def test_the_simulated_bath_follows_its_setpoint_and_heats_the_cell():
    clock, cell = VirtualClock(), published_cell("SS|PPLA|Li")
    cold_ohm = cell.impedance(1e5).real
    with simulated_chamber(cell, clock) as chamber:
        chamber.set_temperature(60.0)
        before_s = clock.now()
        clock.wait(120.0)
        # One time constant after it began to heat from 23 °C.
        assert chamber.read() == pytest.approx(60 - 37 * math.exp(-1), abs=0.2)
        assert clock.now() - before_s < 121.0
        clock.wait(3600.0)
        assert chamber.read() == pytest.approx(60.0, abs=0.01)
    assert cell.impedance(1e5).real < 0.7 * cold_ohm


def test_other_programs_can_use_the_simulated_circulator():
    device = JulaboDevice([Resistor(1.0)], VirtualClock())
    said = []
    device.attach(said.append)
    device.receive(b"ver")
    device.receive(b"sion\r\nin_sp_00\rout_sp_00 40.5\rin_sp_00\r\nout_sp_00 hot\rin_sp_00\rnonsense\r")
    assert said == [
        b"JULABO TOPTECH-SERIES HL/SL VER 4.0\r\n", b"23.00\r\n", b"40.50\r\n", b"40.50\r\n",
        b"-08 INVALID COMMAND\r\n",
    ]  # fmt: skip
    with TcpServer(device) as server:
        assert server.address.startswith("socket://127.0.0.1:")


# Laws


@given(st.floats(0.05, 1.0), st.floats(-3.0, 10.0))
def test_arrhenius_is_recovered(energy_eV, log_prefactor):
    kelvin = np.array([298.15, 308.15, 333.15, 353.15])
    sigma = np.exp(log_prefactor - energy_eV / (BOLTZMANN_eV_PER_K * kelvin))
    fit = fit_arrhenius(kelvin, sigma)
    assert fit.energy_eV == pytest.approx(energy_eV, rel=1e-6)
    assert fit.conductivity_S_per_cm(kelvin) == pytest.approx(sigma, rel=1e-6)


@given(st.floats(0.02, 0.15), st.floats(120.0, 240.0))
def test_vtf_is_recovered_with_its_temperature(energy_eV, t0_K):
    kelvin = 273.15 + np.array([0.0, 10.0, 25.0, 40.0, 60.0, 80.0])
    sigma = kelvin**-0.5 * np.exp(-energy_eV / (BOLTZMANN_eV_PER_K * (kelvin - t0_K)))
    fit = fit_vtf(kelvin, sigma)
    assert fit.t0_K == pytest.approx(t0_K, abs=0.5)
    assert fit.energy_eV == pytest.approx(energy_eV, rel=0.02)


@pytest.mark.parametrize(
    ("system", "name", "energy_eV", "protocol", "share"),
    [
        ("PPLA", "activation_energy_arrhenius", 0.121, ConductivitySweep(), 0.02),
        (
            "IGE-1",
            "activation_energy_vtf",
            0.43,
            ConductivitySweep(temperatures=TWELVE),
            0.04,
        ),
    ],
)
def test_the_published_activation_energy_comes_out_of_the_run(
    tmp_path, system, name, energy_eV, protocol, share
):
    # Energy and temperature of the VTF law hardly differ in what they do: noise may move both in one run.
    for attempt in range(3):
        cell = published_cell(f"SS|{system}|Li")
        with (
            simulated("emstat4-hr", cell) as instrument,
            simulated_chamber(cell, instrument.clock) as chamber,
        ):
            measured = run(
                protocol,
                instrument.channels[0],
                cell=CELL,
                out=tmp_path / f"{attempt}.h5",
                chamber=chamber,
            )
        if measured.results[name].value == pytest.approx(energy_eV, rel=share):
            break
    with measured:
        assert measured.results[name].value == pytest.approx(energy_eV, rel=share)
        assert "kJ/mol" in measured.results[name].method
        assert len(measured.results["conductivities"].rows) == len(protocol.temperatures)
        if system == "PPLA":
            assert draw_report(measured, tmp_path, ("png",))[0].stat().st_size > 10_000


def test_a_conductivity_that_falls_with_temperature_is_said_to_be_odd():
    kelvin = np.array([298.15, 313.15, 333.15])
    assert fit_arrhenius(kelvin, np.array([2.44e-4, 2.2e-4, 1.9e-4])).energy_eV < 0


def test_without_the_cells_dimensions_nothing_is_determined(tmp_path):
    oven = Oven()
    protocol = load_protocol({"protocol": "ConductivitySweep", **SHORT})
    measured = run(protocol, FakeChannel(), cell=Cell(area="1 cm²"), out=tmp_path / "r.h5", chamber=oven)
    with measured:
        assert "thickness is not known" in str(analyse(measured)["ionic_conductivity"])


def test_blocking_cells_keep_their_charge_when_the_temperature_changes():
    cell = BlockingCell(conductivity_S_per_cm=1e-4, activation_energy_eV=0.4)
    cell.hold_potential(3.0, 10.0)
    before_V = cell.rest(1.0)
    cell.set_temperature(60.0)
    assert cell.rest(1.0) == pytest.approx(before_V, abs=2e-4)

"""Cells of PyBaMM behind simulated instruments, against PyBaMM's own solutions."""

import importlib
import math
import os

import numpy as np
import pytest

from faradaic.engine import run
from faradaic.protocols import Cell, ProtocolError
from faradaic.protocols.interchange import read_pybamm
from faradaic.simulators import PyBaMMCell, parse_cell, simulated

# Importing it takes seconds, on a busy machine a minute.
pytestmark = pytest.mark.timeout(400)
STEPS = (
    "Charge at C/2 for 3 hours or until 4.2 V",
    "Hold at 4.2 V for 3 hours or until C/20",
    "Rest for 10 minutes",
    "Discharge at C/2 for 3 hours or until 2.5 V",
    "Rest for 10 minutes",
)


@pytest.fixture(scope="module")
def pybamm():
    """Return PyBaMM, imported only where a test needs it: every process of the suite reads this file."""
    # It would ask whether it may tell its makers.
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
    return importlib.import_module("pybamm")


@pytest.fixture(scope="module")
def fresh():
    """Return what gives a small SPMe cell in its first state; it is built once."""
    cell = parse_cell("PyBaMM(SPMe, Chen2020, capacity_mAh=100, charged=0.5)")
    first = cell.snapshot()

    def again():
        cell.restore(first)
        return cell

    return again


def own_potential_V(pybamm, current_A, times_s):
    """Return PyBaMM's own potential of a 5 Ah cell under a current of its sign, solved tightly."""
    values = pybamm.ParameterValues("Chen2020")
    values.set_initial_state(0.5)
    values["Current function [A]"] = current_A
    solver = pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-10)
    solved = pybamm.Simulation(pybamm.lithium_ion.SPMe(), parameter_values=values, solver=solver).solve(
        [0, times_s[-1]], t_interp=times_s
    )
    return solved["Voltage [V]"].entries


@pytest.mark.parametrize("name", ["SPMe", "DFN"])
def test_a_cell_cycled_by_the_real_driver_follows_pybamms_own_experiment(pybamm, name, tmp_path):
    cell = parse_cell(f"PyBaMM({name}, Chen2020, charged=0, capacity_mAh=100)")
    with simulated("neware-bts", cell) as instrument:
        measured = run(
            read_pybamm("\n".join(STEPS)).protocol,
            instrument.channels[0],
            cell=Cell(nominal_capacity="100 mAh"),
            out=tmp_path / "r.h5",
        )
    experiment = pybamm.Experiment([STEPS], period="5 seconds")
    simulation = pybamm.Simulation(
        getattr(pybamm.lithium_ion, name)(),
        experiment=experiment,
        parameter_values=pybamm.ParameterValues("Chen2020"),
    )
    theirs = simulation.solve(initial_soc=0.0).cycles[0].steps
    with measured:
        assert measured.state == "finished"
        assert len(measured.steps) == len(theirs) == len(STEPS)
        differences_V = []
        for step, own in zip(measured.steps, theirs, strict=True):
            own_s = own["Time [s]"].entries - own["Time [s]"].entries[0]
            assert step.end_s - step.begin_s == pytest.approx(own_s[-1], rel=2e-3)
            rows = measured.samples[step.samples]
            time_s = rows["test_time_second"] - step.begin_s
            # The cycler measures 0.01 % wrong, and so finds its cut-off some seconds away.
            both = time_s <= own_s[-1]
            own_V = np.interp(time_s[both], own_s, own["Voltage [V]"].entries)
            differences_V.append(rows["voltage_volt"][both] - own_V)
            passed_Ah = own["Discharge capacity [A.h]"].entries
            assert step.charge_Ah * 50 == pytest.approx(passed_Ah[0] - passed_Ah[-1], abs=0.005)
        together_V = np.concatenate(differences_V)
        assert len(together_V) > 1500
        assert np.sqrt(np.mean(together_V**2)) < 0.3e-3
        cycles = measured.results["cycles"].rows
        assert cycles["discharge_capacity"][0] == pytest.approx(99.7, abs=0.5)


@pytest.mark.parametrize("seconds", [1.0, 10.0, 600.0])
def test_the_potential_does_not_depend_on_how_often_it_is_asked_for(pybamm, fresh, seconds):
    cell = fresh()
    found_V = [cell.hold_current(0.05, 0.0)]
    for _ in range(4):
        for _ in range(round(600 / seconds)):
            cell.hold_current(0.05, seconds)
        found_V.append(cell.potential_V)
    own_V = own_potential_V(pybamm, -2.5, np.linspace(0, 2400, 5))
    assert found_V == pytest.approx(own_V, abs=2e-5)


def test_a_larger_cell_carries_more_current(fresh):
    large = PyBaMMCell("SPMe", "Chen2020", charged=0.5)
    assert large.metadata["capacity_mAh"] == pytest.approx(5000.0)
    assert large.hold_current(2.5, 100.0) == pytest.approx(fresh().hold_current(0.05, 100.0), abs=1e-9)
    assert large.hold_potential(3.7, 10.0) == pytest.approx(50 * fresh_after(fresh).hold_potential(3.7, 10.0))


def fresh_after(fresh):
    cell = fresh()
    cell.hold_current(0.05, 100.0)
    return cell


def test_a_state_is_gone_back_to(fresh):
    cell = fresh()
    cell.hold_current(0.05, 500.0)
    before = cell.snapshot()
    one = cell.hold_current(0.05, 7.0), cell.hold_potential(3.5, 3.0), cell.rest(100.0)
    cell.restore(before)
    assert (cell.hold_current(0.05, 7.0), cell.hold_potential(3.5, 3.0), cell.rest(100.0)) == one


def test_a_potential_that_is_held_is_the_one_that_its_current_gives(fresh):
    cell = fresh()
    current_A = cell.hold_potential(4.0, 60.0)
    assert 0.05 < current_A < 0.5
    assert cell.potential_V == 4.0
    assert cell.hold_current(current_A, 0.0) == pytest.approx(4.0, abs=2e-5)


def test_what_a_cell_cannot_carry_drives_it_out_of_its_window(fresh):
    cell = fresh()
    before = cell.snapshot()
    assert cell.hold_current(-50.0, 1.0) < 1.5
    assert cell.hold_current(50.0, 1.0) > 5.2
    assert cell.hold_potential(-3.0, 1.0) == -10.0
    assert cell.hold_potential(9.0, 1.0) == 10.0
    cell.restore(before)
    hours = 0.0
    while cell.hold_current(-0.1, 36.0) > 1.5:
        hours += 0.01
    # Half a charge is half an hour at 1C, to 2.5 V; a little more comes until the cell is exhausted.
    assert 0.4 < hours < 0.7
    assert cell.rest(3600.0) > 1.6
    assert math.isfinite(cell.hold_potential(3.0, 10.0))


def test_impedance_is_that_of_small_changes_in_time(fresh):
    cell = fresh()
    cell.rest(3600.0)
    expected = cell.impedance(0.01)
    amplitude_A, many, periods = 1e-3, 50, 3
    before_V = cell.potential_V
    phases, found_V = [], []
    for number in range(many * periods):
        # Each step has the current of its middle, where the potential is looked at.
        phases.append(2 * math.pi * (number + 0.5) / many)
        current_A = amplitude_A * math.sin(phases[-1])
        found_V.append(cell.hold_current(current_A, 1.0) - before_V)
        cell.hold_current(current_A, 1.0)
    last = slice(-many, None)
    measured = 2j * np.mean(np.array(found_V[last]) * np.exp(-1j * np.array(phases[last]))) / amplitude_A
    assert abs(measured - expected) < 0.01 * abs(expected)
    assert expected.imag < 0


def test_warmth_lowers_the_resistance(fresh):
    cell = fresh()
    cold = cell.impedance(1.0).real
    cell.set_temperature(60.0)
    assert cell.impedance(1.0).real < 0.9 * cold
    assert cell.metadata["temperature_degC"] == 60.0


def test_models_and_parameters_of_ones_own_are_taken(pybamm):
    model = pybamm.lithium_ion.SPM({"thermal": "lumped"})
    values = pybamm.ParameterValues("Marquis2019")
    cell = PyBaMMCell(model, values, charged=0.5)
    assert 3.0 < cell.potential_V < 4.2
    assert cell.hold_current(0.1, 10.0) > cell.rest(10.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PyBaMM(SPMx, Chen2020)", "'SPMx' is not a lithium-ion model of PyBaMM; did you mean SPM"),
        ("PyBaMM(SPMe, Chen2021)", "did you mean Chen2020?"),
        ("PyBaMM(3, Chen2020)", "is not a lithium-ion model"),
        ("PyBaMM(SPMe, '../secret.json')", "is not a parameter set"),
        ("PyBaMM(SPMe, Chen2020, charged=3)", "charged must be from 0 to 1"),
        ("PyBaMM(SPMe, Chen2020, capacity_mAh=lots)", "capacity_mAh must be a number"),
        ("PyBaMM(BasicDFN, Chen2020)", "does not let an instrument decide its current"),
        ("PyBaMM(SPMe, Sulzer2019)", "PyBaMM cannot build"),
    ],
)
def test_what_pybamm_does_not_know_is_said_in_a_sentence(text, said):
    with pytest.raises(ValueError, match="PyBaMM|must be") as refusal:
        parse_cell(text)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


# Its experiment strings, against its own reader


@pytest.mark.parametrize(
    "text",
    [
        *STEPS,
        "Discharge at 50mA for 90 minutes",
        "Charge at 0.3 C until 4.1V",
        "Discharge at C/3 until 2.5 V",
        "Charge at 1e-3 A for 30 seconds or until 4 V",
        "Hold at 4200 mV for 2 hours",
        "Hold at 4 V until 10 mA",
        "Rest for 0.5 hours",
        "Discharge at 2 A for 1 h or until 0 V",
    ],
)
def test_experiment_strings_mean_what_they_mean_to_pybamm(pybamm, text):
    theirs = pybamm.step.string(text)
    (ours,) = read_pybamm(text).protocol.method
    assert ours.duration == pytest.approx(theirs.duration)
    if ours.step == "hold":
        assert ours.potential == pytest.approx(theirs.value)
    elif ours.step == "current":
        # A charge is negative there.
        assert ours.current.value == pytest.approx(-theirs.value)
        assert (ours.current.basis == "C") == isinstance(theirs, pybamm.step.CRate)
    ends = [
        value
        for value in (getattr(ours, "until_above", None), getattr(ours, "until_below", None))
        if value is not None
    ]
    if getattr(ours, "until_current", None) is not None:
        ends.append(ours.until_current.value)
    assert ends == pytest.approx([term.value for term in theirs.termination])


@pytest.mark.parametrize(
    "text", ["Charge at 1 A", "Charge at 1 A for 3 fortnights", "Dance for 1 hour", "Charge at C/x for 1 h"]
)
def test_what_pybamm_refuses_is_refused(pybamm, text):
    with pytest.raises((ValueError, TypeError, KeyError)):
        pybamm.step.string(text)
    with pytest.raises(ProtocolError):
        read_pybamm(text)

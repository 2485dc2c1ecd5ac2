"""Galvanostatic cycling: the protocol, the simulated full cell, and what analysis makes of the cycles."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.report import draw_report
from faradaic.engine import Runner, run
from faradaic.protocols import (
    Cell,
    GalvanostaticCycling,
    RateTest,
    SafetyLimits,
    StepResult,
    load_protocol,
    preview,
)
from faradaic.simulators import FullCell, simulated

import driving
from recorded import recorded, samples

CELL = Cell(name="c", area="2 cm²", nominal_capacity="1 mAh", active_mass="6.25 mg")


def drive(protocol, capacity_C=lambda cycle: 3.6):
    def answer(step, index):
        sign = -1 if step.role == "discharge" else 1
        charge_C = sign * capacity_C(step.cycle)
        return StepResult(end_reason="potential_above_V", duration_s=10.0, charge_C=charge_C)

    return driving.drive(protocol, answer, CELL)


def test_formation_and_cycles_at_their_currents():
    protocol = GalvanostaticCycling(
        charge_current="0.5C", discharge_current="1C", cycles=2, formation_cycles=1, rest="0 s"
    )
    steps = drive(protocol)[1:]
    assert [(step.role, step.cycle, round(step.current_A * 1e3, 6)) for step in steps] == [
        ("charge", 1, 0.1), ("discharge", 1, -0.1), ("charge", 2, 0.5), ("discharge", 2, -1.0),
        ("charge", 3, 0.5), ("discharge", 3, -1.0),
    ]  # fmt: skip
    assert steps[0].until.potential_above_V == 3.8
    assert steps[1].until.potential_below_V == 2.5


def test_a_hold_and_rests():
    protocol = GalvanostaticCycling(hold_until="C/20", cycles=1, formation_cycles=0)
    steps = drive(protocol)[1:]
    assert [step.role for step in steps] == ["charge", "charge_hold", "rest", "discharge", "rest"]
    assert (steps[1].potential_V, steps[1].until.current_below_A) == (3.8, pytest.approx(5e-5))


def test_it_stops_at_the_retention_asked_for():
    protocol = GalvanostaticCycling(cycles=100, formation_cycles=2, stop_below=0.8)
    steps = drive(protocol, lambda cycle: 3.6 * (1 - 0.05 * max(cycle - 3, 0)))
    # 100 % in cycle 3, 80 % in cycle 7, below in cycle 8.
    assert steps[-1].cycle == 8


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({"upper": "2 V"}, "it must be above lower"),
        ({"stop_below": 1.2}, "stop_below"),
        ({"charge_current": "-1C"}, "charge_current"),
        ({"cycles": 0}, "cycles"),
    ],
)
def test_what_cannot_be_is_refused(description, says):
    with pytest.raises(ValueError, match=says):
        load_protocol({"protocol": "GalvanostaticCycling", **description})


def test_a_c_rate_needs_a_capacity():
    with pytest.raises(ValueError, match="needs the cell's nominal capacity"):
        preview(GalvanostaticCycling(), Cell())


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"potential_max": "3.6 V"}, "charges as far as 3.8 V, above its upper limit potential_max of 3.6 V"),
        (
            {"potential_min": "2.8 V"},
            "discharges as far as 2.5 V, below its lower limit potential_min of 2.8 V",
        ),
    ],
)
def test_limits_within_the_programme_are_refused_before_anything_is_connected(tmp_path, limits, says):
    with simulated("emstat4-hr", FullCell()) as instrument, pytest.raises(ValueError, match=says):
        Runner(
            GalvanostaticCycling(),
            instrument.channels[0],
            cell=CELL,
            out=tmp_path / "a.h5",
            limits=SafetyLimits(**limits),
        )
    assert list(tmp_path.iterdir()) == []


# The simulated cell


@settings(max_examples=30)
@given(current=st.floats(-1e-3, 1e-3), steps=st.integers(1, 60))
def test_the_size_of_the_steps_does_not_change_the_potential(current, steps):
    cell = FullCell(charged=0.5, fade_percent_per_cycle=0.0, cathode="NCM")
    for _ in range(steps):
        potential = cell.hold_current(current, 600.0 / steps)
    whole = FullCell(charged=0.5, fade_percent_per_cycle=0.0, cathode="NCM").hold_current(current, 600.0)
    assert potential == pytest.approx(whole, abs=1e-9)


def test_a_held_potential_and_a_held_current_agree():
    first, second = FullCell(charged=0.4, cathode="NCM"), FullCell(charged=0.4, cathode="NCM")
    potential = first.hold_current(2e-4, 50.0)
    assert second.hold_potential(potential, 50.0) == pytest.approx(2e-4, rel=1e-6)


def test_at_a_small_current_the_whole_capacity_comes_out():
    cell = FullCell(charged=0.999, coulombic_efficiency_percent=100, fade_percent_per_cycle=0)
    hours = 0.0
    while cell.hold_current(-1e-5, 360.0) > 2.5:
        hours += 0.1
    assert hours * 0.01 == pytest.approx(1.0, rel=0.01)


def test_what_diffusion_holds_back_is_that_of_a_slab():
    # At a steady flux the surface is j·τ/3 ahead of the mean: at 1C with τ = 0.3 h by 0.1 of the capacity.
    cell = FullCell(charged=1.0, diffusion_time_h=0.3, series_ohm=1e-3, interface_ohm=1e-3, exchange_current_mA=1e6,
                    fade_percent_per_cycle=0)  # fmt: skip
    seconds = 0.0
    while cell.hold_current(-1e-3, 10.0) > 2.5:
        seconds += 10.0
    assert seconds / 3600 == pytest.approx(1.0 - 0.1, abs=0.01)


def test_capacity_fades_and_charge_is_lost_as_said():
    cell = FullCell(charged=0.5, coulombic_efficiency_percent=99, fade_percent_per_cycle=1.0)
    for _ in range(10):
        cell.hold_current(1e-4, 3600.0)
        cell.hold_current(-0.99e-4, 3600.0)
    # 10 × 0.199 mAh of throughput: 0.995 cycles.
    assert cell._full_C == pytest.approx(3.6 * (1 - 0.01 * 0.995), rel=1e-6)
    assert cell._charge_C == pytest.approx(0.5 * 3.6, rel=1e-9)


@pytest.mark.parametrize("frequency", [0.01, 1.0, 100.0])
def test_a_sine_in_time_gives_the_impedance(frequency):
    cell = FullCell(charged=0.5, cathode="NCM", interface_F=1e-4)
    steps, periods = 800, 8
    dt = 1 / frequency / steps
    k = np.arange(steps)
    stimulus_A = 1e-6
    potential = np.array(
        [
            cell.hold_current(stimulus_A * math.sin(2 * math.pi * (i + 0.5) / steps), dt)
            for i in range(periods * steps)
        ]
    )[-steps:]
    drive_ = np.sum(
        stimulus_A * np.sin(2 * np.pi * (k + 0.5) / steps) * np.exp(-2j * np.pi * (k + 0.5) / steps)
    )
    response = np.sum((potential - potential.mean()) * np.exp(-2j * np.pi * (k + 1.0) / steps))
    assert abs(response / drive_ / cell.impedance(frequency) - 1) < 0.02


# Cycles through driver, wire and file


def simulated_run(folder, protocol, cell, metadata=CELL):
    with simulated("emstat4-hr", cell, seed=1) as instrument:
        return run(protocol, instrument.channels[0], cell=metadata, out=folder / "run.h5")


def test_cycles_of_a_simulated_cell(tmp_path):
    protocol = GalvanostaticCycling(cycles=8, formation_cycles=2)
    cell = FullCell(fade_percent_per_cycle=1.0, coulombic_efficiency_percent=99.5)
    found = simulated_run(tmp_path, protocol, cell)
    rows = found.results["cycles"].rows
    assert rows["cycle"].tolist() == list(range(1, 11))
    later = rows[3:]
    assert later["coulombic_efficiency"] == pytest.approx(99.5, abs=0.7)
    # 1 % of the fresh capacity for each full cycle, and a little of each charge.
    assert found.results["fade_per_cycle"].value == pytest.approx(1.0, abs=0.25)
    assert found.results["capacity_retention"].value == pytest.approx(93.0, abs=1.5)
    assert rows["specific_capacity"] == pytest.approx(rows["discharge_capacity"] / 6.25e-3)
    assert rows["areal_capacity"] == pytest.approx(rows["discharge_capacity"] / 2)
    assert rows["polarization"][-1] == pytest.approx(2 * 5e-4 * 60 + 0.05, abs=0.03)
    assert (rows["energy_efficiency"] < rows["coulombic_efficiency"]).all()
    (figure,) = draw_report(found, tmp_path, ("svg",))
    assert figure.stat().st_size > 10_000


def test_a_constant_potential_at_the_end_adds_capacity(tmp_path):
    for name, hold in (("cc", None), ("cccv", "C/20")):
        (tmp_path / name).mkdir()
        protocol = GalvanostaticCycling(
            charge_current="2C", discharge_current="0.2C", cycles=2, formation_cycles=0, hold_until=hold
        )
        rows = simulated_run(tmp_path / name, protocol, FullCell()).results["cycles"].rows
        capacity = rows["discharge_capacity"][-1]
        if name == "cc":
            without = capacity
    assert capacity > 1.1 * without
    assert capacity == pytest.approx(1.0, rel=0.03)


def test_an_unfinished_cycle_does_not_count(tmp_path):
    time_s = np.linspace(0, 3600, 100)
    rows = samples(time_s, np.full(100, 3.5), np.full(100, 1e-3), cycle=1)
    run_ = recorded(tmp_path, GalvanostaticCycling(), ("charge", rows, {"cycle_count": 1}), cell=CELL)
    results = analyse(run_)
    assert results["cycles"].reason == "no cycle was completed"
    assert results["capacity_retention"].value is None


def test_the_rates_in_their_order_and_the_first_again():
    protocol = RateTest(rates="0.1C, 1C", cycles=2, rest="0 s")
    steps = drive(protocol)[1:]
    assert [(step.role, step.cycle) for step in steps[:4]] == [
        ("charge", 1), ("discharge", 1), ("charge", 2), ("discharge", 2),
    ]  # fmt: skip
    currents = [step.current_A for step in steps if step.role == "discharge"]
    assert currents == pytest.approx([-1e-4, -1e-4, -1e-3, -1e-3, -1e-4, -1e-4])
    fixed = drive(RateTest(rates="1C", charge_current="0.2C", back_to_first=False, cycles=1, rest="0 s"))[1:]
    assert [step.current_A for step in fixed] == pytest.approx([2e-4, -1e-3])


def test_capacities_of_a_rate_test(tmp_path):
    protocol = RateTest(rates="0.1C, 0.5C, 1C, 2C", cycles=3, charge_current="0.1C")
    cell = FullCell(diffusion_time_h=0.3, fade_percent_per_cycle=0, coulombic_efficiency_percent=100)
    found = simulated_run(tmp_path, protocol, cell)
    rows = found.results["rate_capacity"].rows
    assert rows["rate"] == pytest.approx([0.1, 0.5, 1.0, 2.0, 0.1])
    # The slab of the cathode keeps back I·τ/3 at each end, and less where it is emptied before it is steady.
    assert rows["discharge_capacity"][:3] == pytest.approx([0.99, 0.95, 0.90], abs=0.03)
    assert (np.diff(rows["discharge_capacity"][:4]) < 0).all()
    assert found.results["rate_recovery"].value == pytest.approx(100, abs=0.5)
    assert rows["specific_capacity"] == pytest.approx(rows["discharge_capacity"] / 6.25e-3)
    (figure,) = draw_report(found, tmp_path, ("svg",))
    assert "0.5C" in figure.read_text("utf-8")

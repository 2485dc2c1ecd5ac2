"""GITT, self-discharge and pulse resistance: protocols, and what analysis makes of simulated cells."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.report import draw_report
from faradaic.core.cycles import CycleStatistics
from faradaic.engine import CycleCompleted, run
from faradaic.protocols import (
    GITT,
    Cell,
    ConstantCurrent,
    ConstantPotential,
    GalvanostaticCycling,
    PulseResistance,
    Rest,
    SelfDischarge,
    StepResult,
    Until,
)
from faradaic.simulators import FullCell, simulated

import driving
from recorded import recorded, samples

CELL = Cell(name="NCM", nominal_capacity="1 mAh", area="1 cm²", diffusion_length="2 µm")


def measured(tmp_path, protocol, cell, metadata=CELL, **options):
    with simulated("emstat4-hr", cell) as instrument:
        return run(protocol, instrument.channels[0], cell=metadata, out=tmp_path / "run.h5", **options)


def test_a_titration_turns_where_a_pulse_reaches_its_potential():
    def answer(step, index):
        ended = {3: "potential_above_V", 7: "potential_below_V"}.get(index, "duration_s")
        return StepResult(end_reason=ended, duration_s=600.0)

    steps = driving.drive(GITT(upper="4.3 V", lower="3 V"), answer, CELL)
    assert [step.role for step in steps] == ["relaxation"] + ["pulse", "relaxation"] * 4
    assert [step.current_A for step in steps[1::2]] == pytest.approx([1e-4, 1e-4, -1e-4, -1e-4])


def test_diffusion_is_recovered_where_the_potential_slopes(tmp_path):
    protocol = GITT(pulse="300 s", rest="2 h", upper="4.2 V", lower="3.6 V", direction="charge", pulses=20)
    cell = FullCell(cathode="NCM", diffusion_time_h=1.0, charged=0.3)
    with measured(tmp_path, protocol, cell) as found:
        # In a slab of thickness L the time constant is L²/D.
        assert found.results["diffusion_rate"].value == pytest.approx(1 / 3600, rel=0.05)
        coefficient = found.results["diffusion_coefficient"]
        assert coefficient.value == pytest.approx(2e-4**2 / 3600, rel=0.05)
        table = found.results["titration"].rows
        assert len(table) == 20
        assert np.all(np.diff(table["equilibrium_potential"]) > 0)
        assert draw_report(found, tmp_path, ("png",))[0].stat().st_size > 10_000


@settings(max_examples=10)
@given(st.floats(1e-13, 1e-9))
def test_weppner_and_huggins_on_their_own_formula(tmp_path_factory, d_cm2_per_s):
    # E rises by (dE/dδ)·2·√(D t/π)/L of what a whole pulse changes: the short-time solution.
    length_cm, pulse_s, change_V = 2e-4, 600.0, 0.02
    tau_s = length_cm**2 / d_cm2_per_s
    short_s = min(pulse_s, 0.05 * tau_s)
    time_s = np.linspace(0.01, short_s, 400)
    change_V *= short_s / pulse_s
    rise_V = change_V * tau_s / short_s * 2 / math.sqrt(math.pi) * np.sqrt(time_s / tau_s)
    rest = samples([0.0, 1.0, 2.0], [3.7] * 3, [0.0] * 3)
    pulse = samples(3 + time_s, 3.7 + 0.01 + rise_V, np.full(400, 1e-4))
    later = samples(3 + short_s + np.array([1.0, 2.0]), [3.7 + change_V] * 2, [0.0] * 2)
    run_file = recorded(
        tmp_path_factory.mktemp("g"),
        GITT(),
        ("relaxation", rest, {"begin_test_time_second": 0.0}),
        ("pulse", pulse, {"begin_test_time_second": 3.0}),
        ("relaxation", later, {}),
        cell=CELL,
        ends={1: {"end_test_time_second": 3.0 + short_s, "charge_ampere_hour": 1e-4 * short_s / 3600}},
    )
    with run_file:
        result = analyse(run_file)["diffusion_coefficient"]
    if abs(change_V) < 5e-4:
        assert result.value is None
    else:
        assert result.value == pytest.approx(d_cm2_per_s, rel=0.01)


def test_without_a_diffusion_length_the_rate_is_given_and_the_reason(tmp_path):
    protocol = GITT(pulse="300 s", direction="charge", pulses=3)
    cell = FullCell(cathode="NCM", diffusion_time_h=1.0, charged=0.3)
    with measured(tmp_path, protocol, cell, Cell(nominal_capacity="1 mAh")) as found:
        assert "diffusion_length is not known" in found.results["diffusion_coefficient"].reason
        assert found.results["diffusion_rate"].value > 0


def test_a_plateau_gives_no_diffusion(tmp_path):
    protocol = GITT(pulse="60 s", rest="600 s", direction="charge", pulses=3)
    cell = FullCell(cathode="LFP", charged=0.5)
    with measured(tmp_path, protocol, cell) as found:
        assert "no pulse has a straight part" in found.results["diffusion_rate"].reason


def test_self_discharge_is_recovered_and_comes_back(tmp_path):
    cell = FullCell(
        cathode="NCM",
        charged=0.2,
        fade_percent_per_cycle=0.0,
        self_discharge_percent_per_day=0.5,
        coulombic_efficiency_percent=100.0,
    )
    with measured(tmp_path, SelfDischarge(upper="4.3 V", lower="3 V"), cell) as found:
        results = found.results
        assert results["self_discharge_rate"].value == pytest.approx(0.5, rel=0.05)
        assert results["irreversible_capacity_loss"].value == pytest.approx(0.0, abs=0.1)
        assert [step.role for step in found.steps].count("storage") == 1
        assert draw_report(found, tmp_path, ("png",))


def test_pulses_give_the_resistances_of_the_cell(tmp_path):
    # The interface has a time constant of 0.5 s: at 10 s it conducts, and diffusion is slow.
    cell = FullCell(cathode="NCM", charged=0.5, series_ohm=20.0, interface_ohm=50.0, interface_F=0.01,
                    exchange_current_mA=10.0, diffusion_time_h=1e-4)  # fmt: skip
    protocol = PulseResistance(upper="4.3 V", lower="3 V", step_percent=25)
    with measured(tmp_path, protocol, cell) as found:
        rows = found.results["pulse_resistance"].rows
        middle = rows[(rows["depth_of_discharge"] > 0.4) & (rows["depth_of_discharge"] < 0.6)]
        transfer_ohm = 2 * 0.025693 / 20e-3
        one_s = 20 + transfer_ohm + 50 * (1 - math.exp(-1 / 0.5))
        assert middle["resistance_1s"] == pytest.approx(one_s, rel=0.03)
        assert set(rows["direction"]) == {-1.0, 1.0}
        assert draw_report(found, tmp_path, ("png",))


# Cycles while a run goes on


@given(st.lists(st.floats(-1, 1).filter(bool), min_size=2, max_size=6))
def test_a_cycle_adds_up_both_directions(charges):
    cycle = CycleStatistics(1)
    for charge in charges:
        cycle = cycle.with_step(charge, 3.5 * charge)
    assert cycle.charge_capacity_Ah == pytest.approx(sum(c for c in charges if c > 0))
    assert cycle.discharge_capacity_Ah == pytest.approx(-sum(c for c in charges if c < 0))
    if cycle.has_both:
        assert cycle.polarization_V == pytest.approx(0.0, abs=1e-9)
        first, second = cycle.charge_capacity_Ah, cycle.discharge_capacity_Ah
        if charges[0] < 0:
            first, second = second, first
        assert cycle.coulombic_efficiency_percent == pytest.approx(100 * second / first)


def test_cycles_are_told_while_the_run_goes_on_and_equal_the_analysis(tmp_path):
    told = []
    protocol = GalvanostaticCycling(cycles=3, formation_cycles=0, charge_current="2C", discharge_current="2C")
    with measured(
        tmp_path,
        protocol,
        FullCell(),
        subscribers=[lambda m: told.append(m.statistics) if isinstance(m, CycleCompleted) else None],
    ) as found:
        rows = found.results["cycles"].rows
    assert [each.cycle for each in told] == [1, 2, 3]
    assert [each.discharge_capacity_Ah * 1e3 for each in told] == pytest.approx(rows["discharge_capacity"])
    assert [each.polarization_V for each in told] == pytest.approx(rows["polarization"])


# End conditions


@pytest.mark.parametrize(
    ("make", "until", "says"),
    [
        (lambda until: Rest(until=until), Until(charge_C=1.0), "a charge without current"),
        (lambda until: Rest(until=until), Until(current_above_A=0.1), "current above 0.1 A at 0 A"),
        (
            lambda until: ConstantCurrent(current_A=-1e-3, until=until),
            Until(current_above_A=2e-3),
            "current above 0.002 A at 0.001 A",
        ),
        (
            lambda until: ConstantCurrent(current_A=1e-3, until=until),
            Until(current_below_A=1e-4),
            "can never be met",
        ),
        (
            lambda until: ConstantPotential(potential_V=4.0, until=until),
            Until(potential_above_V=4.2),
            "potential above 4.2 V at 4 V",
        ),
    ],
)
def test_an_end_that_can_never_be_met_is_refused(make, until, says):
    with pytest.raises(ValueError, match=says):
        make(until)
    # Beside one that can, it does no harm.
    assert make(until.model_copy(update={"duration_s": 10.0}))

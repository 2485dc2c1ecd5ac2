"""Transference, critical currents, leakage and life: from known numbers, and from simulated cells end to end."""

import numpy as np
import pytest

from faradaic.analysis import analyse
from faradaic.analysis.report import draw_report
from faradaic.analysis.transference import Uncertain, bruce_vincent_evans, current_ratio
from faradaic.engine import run
from faradaic.protocols import (
    Cell,
    CoulombicEfficiency,
    CriticalCurrentDensity,
    FloatingTest,
    PotentiostaticPolarization,
    SymmetricCycling,
    TafelPlot,
)
from faradaic.simulators import (
    BlockingCell,
    Resistor,
    SymmetricCell,
    published_cell,
    published_systems,
    simulated,
)

from recorded import CELL, recorded, samples


def exactly(value):
    return Uncertain(value, 0.0)


def test_the_worked_example_of_a_paper():
    # P1 prints I₀ = 112.8 µA, I_ss = 83.3 µA, R₀ = 64.6 Ω, R_ss = 181.7 Ω and t₊ = 0.74.
    initial, steady = exactly(112.8e-6), exactly(83.3e-6)
    assert current_ratio(initial, steady).value == pytest.approx(0.7385, abs=5e-5)
    full = bruce_vincent_evans(exactly(0.010), initial, steady, exactly(64.6), exactly(181.7))
    assert full.value is None
    assert full.reason == "not physical at 10 mV: I_ss·R_ss exceeds ΔV"


def test_bruce_vincent_and_evans_in_closed_form():
    # ΔV 10 mV, R_b 100 Ω, interfaces 50 Ω throughout, t₊ 0.4: I_0 = ΔV/150 Ω, I_ss = ΔV/(250 Ω + 50 Ω).
    full = bruce_vincent_evans(
        exactly(0.01), exactly(0.01 / 150), exactly(0.01 / 300), exactly(50.0), exactly(50.0)
    )
    assert full.value == pytest.approx(0.4)
    assert full.uncertainty == 0.0


def test_small_differences_of_large_numbers_are_not_determined():
    # 6 Ω of bulk behind 257 Ω of interface: 1 % in R₀ moves t₊ by more than 40 %.
    bulk, interface, number = 6.0, 257.0, 0.5
    full = bruce_vincent_evans(
        Uncertain(0.01, 2e-5),
        Uncertain(0.01 / (bulk + interface), 2e-8),
        Uncertain(0.01 / (bulk / number + interface), 2e-8),
        Uncertain(interface, 2.6),
        Uncertain(interface, 2.6),
    )
    assert full.value is None
    assert "95 % interval" in full.reason


def simulated_run(folder, protocol, cell, seed=1, **metadata):
    with simulated("emstat4-hr", cell, seed=seed) as instrument:
        connected = Cell(**{"name": "c", "area": "1 cm²", **metadata})
        return run(protocol, instrument.channels[0], cell=connected, out=folder / f"run{seed}.h5")


@pytest.mark.parametrize("number", [0.05, 0.3, 0.7, 0.95])
def test_the_transference_number_is_recovered(tmp_path, number):
    cell = SymmetricCell(
        conductivity_S_per_cm=2e-5,
        transference_number=number,
        interphase_resistance_ohm_cm2=20,
        exchange_current_density_mA_per_cm2=2,
    )
    results = simulated_run(tmp_path, PotentiostaticPolarization(), cell).results
    assert results["transference_number_bruce_vincent_evans"].value == pytest.approx(number, rel=0.02)
    # Two interphases, and RT/(F i₀) at both electrodes.
    interface = 2 * 20 + 2 * 8.314462618 * 298.15 / 96485.33212 / 2e-3
    assert results["resistance_before"].value == pytest.approx(interface, rel=0.02)
    assert results["resistance_after"].value == pytest.approx(interface, rel=0.02)
    assert results["initial_current"].value == pytest.approx(0.01 / (250 + interface), rel=0.03)
    assert results["steady_current"].value == pytest.approx(0.01 / (250 / number + interface), rel=0.03)


def test_intervals_of_transference_numbers_contain_the_truth(tmp_path):
    random = np.random.default_rng(5)
    inside, determined = 0, 0
    for index in range(8):
        number = random.uniform(0.05, 0.95)
        ratio = 10 ** random.uniform(-1, 1)
        bulk = 200.0
        cell = SymmetricCell(
            conductivity_S_per_cm=50e-4 / bulk,
            transference_number=number,
            interphase_resistance_ohm_cm2=0.25 * ratio * bulk,
            exchange_current_density_mA_per_cm2=2 * 25.69e-3 / (0.5 * ratio * bulk) * 1e3,
        )
        results = simulated_run(tmp_path, PotentiostaticPolarization(), cell, seed=index).results
        found = results["transference_number_bruce_vincent_evans"]
        if found.value is not None:
            determined += 1
            inside += abs(found.value - number) <= 1.96 * found.uncertainty
    assert determined >= 4
    assert inside >= 0.9 * determined - 1


@pytest.mark.parametrize("electrolyte", ["PE", "IGE-2", "PL", "PPL"])
def test_the_critical_current_density_is_recovered_within_one_step(tmp_path, electrolyte):
    results = simulated_run(
        tmp_path, CriticalCurrentDensity(), published_cell(f"Li|{electrolyte}|Li")
    ).results
    published = published_systems()["electrolytes"][electrolyte]["critical_current_density_mA_per_cm2"]
    found = results["critical_current_density"]
    assert -0.0501 < found.value - published < 1e-6
    assert "fixed time, 1 h" in found.method
    assert results["areal_capacity"].value == pytest.approx(found.value, rel=0.01)
    assert results["time_to_failure"].value is not None
    assert len(results["overpotential"].rows) >= found.value / 0.05


def test_a_ramp_that_the_cell_survives_has_no_critical_current(tmp_path):
    protocol = CriticalCurrentDensity(stop="0.2 mA/cm²")
    results = simulated_run(tmp_path, protocol, SymmetricCell(critical_current_density_mA_per_cm2=5)).results
    assert "has not failed up to 0.2 mA/cm²" in results["critical_current_density"].reason
    assert results["time_to_failure"].reason == "the cell has not failed"


def test_a_ramp_of_fixed_capacity(tmp_path):
    protocol = CriticalCurrentDensity(capacity="0.2 mAh/cm²", start="0.2 mA/cm²", step="0.1 mA/cm²")
    results = simulated_run(
        tmp_path, protocol, SymmetricCell(critical_current_density_mA_per_cm2=0.65)
    ).results
    assert results["critical_current_density"].value == pytest.approx(0.6)
    assert "fixed capacity, 0.2 mAh/cm²" in results["critical_current_density"].method
    assert results["areal_capacity"].value == pytest.approx(0.2, rel=0.01)


def test_the_resistance_of_a_ramp_is_that_of_the_cell(tmp_path):
    # So fast a charge transfer that the cell is ohmic: 10 Ω bulk, its diffusion (15 Ω), and 100 Ω of interphases.
    cell = SymmetricCell(exchange_current_density_mA_per_cm2=500, critical_current_density_mA_per_cm2=0.5)
    results = simulated_run(tmp_path, CriticalCurrentDensity(), cell).results
    assert results["area_specific_resistance"].value == pytest.approx(125.1, rel=0.01)


def half(begin_s, potential_V, role, current_A, reason="duration_s", index=0):
    time_s = begin_s + np.linspace(0.0, 3600.0, len(potential_V))
    rows = samples(time_s, potential_V, np.full(len(potential_V), current_A), cycle=1)
    fields = {
        "parameters": f'{{"current_A": {current_A}}}',
        "begin_test_time_second": begin_s,
        "program_index": index,
    }
    return role, rows, {**fields, "end_reason": reason}


def ramp_results(folder, *potentials):
    """Return the results of half-cycles at 0.1 mA, alternately, with given potentials."""
    steps = []
    for index, potential in enumerate(potentials):
        role, sign = (("strip", 1.0), ("plate", -1.0))[index % 2]
        density = 1e-4 * (1 + index // 2)
        steps.append(half(3600.0 * index, sign * potential, role, sign * density, index=index))
    protocol = CriticalCurrentDensity(start="0.1 mA/cm²", step="0.1 mA/cm²")
    return analyse(recorded(folder, protocol, *steps, cell=CELL))


def test_a_sudden_drop_is_a_short_and_a_slow_one_a_soft_short(tmp_path):
    steady = np.full(361, 0.01)
    sudden = np.concatenate([np.full(300, 0.02), np.full(61, 0.001)])
    slow = np.linspace(0.02, 0.002, 361)
    for name, last, is_soft in (("sudden", sudden, False), ("slow", slow, True)):
        (tmp_path / name).mkdir()
        results = ramp_results(tmp_path / name, steady, steady, last)
        critical = results["critical_current_density"]
        assert critical.value == pytest.approx(0.1)
        assert any("soft short" in text for text in critical.warnings) == is_soft
        assert ("soft" in results["time_to_failure"].method) == is_soft
    assert results["time_to_failure"].value == pytest.approx(2.0 + 5 / 9, abs=0.02)


def test_a_potential_that_dips_and_comes_back_is_no_short(tmp_path):
    steady = np.full(361, 0.01)
    dipping = np.concatenate([np.full(100, 0.02), np.full(20, 0.001), np.full(241, 0.02)])
    results = ramp_results(tmp_path, steady, steady, dipping)
    assert "has not failed" in results["critical_current_density"].reason


def test_life_of_a_symmetric_cell(tmp_path):
    cell = SymmetricCell(life_h=30, life_current_density_mA_per_cm2=0.5)
    protocol = SymmetricCycling(stages="0.5 mA/cm² x 0.5 mAh/cm² x 40")
    results = simulated_run(tmp_path, protocol, cell).results
    assert results["time_to_failure"].value == pytest.approx(30, rel=0.01)
    assert results["cumulative_areal_capacity"].value == pytest.approx(15, rel=0.01)
    rows = results["overpotential"].rows
    assert len(rows) in (14, 15)
    assert rows["current_density"] == pytest.approx(0.5)
    assert rows["hysteresis"] == pytest.approx(2 * rows["overpotential_mean"], rel=0.01)


def test_a_cell_that_loses_contact(tmp_path):
    cell = SymmetricCell(life_h=20, life_current_density_mA_per_cm2=0.5, failure="open")
    results = simulated_run(tmp_path, SymmetricCycling(stages="0.5 mA/cm² x 0.5 mAh/cm² x 40"), cell).results
    assert results["time_to_failure"].value == pytest.approx(20, rel=0.05)
    assert "lost contact" in results["time_to_failure"].method


def test_the_oxidation_limit_of_a_floating_test(tmp_path):
    protocol = FloatingTest(start="4.2 V", stop="5 V", hold="2 h")
    # Hardly any resistance, which would take from the potential.
    cell = BlockingCell(
        oxidation_limit_V=4.65, exchange_current_density_mA_per_cm2=100, interphase_resistance_ohm_cm2=0.1
    )
    run_ = simulated_run(tmp_path, protocol, cell)
    # 10 µA/cm² at 4.65 V and 90 mV/decade: 5 µA/cm² at 4.62 V.
    assert run_.results["oxidation_limit"].value == pytest.approx(4.6)
    rows = run_.results["leakage_current_density"].rows
    assert rows["potential"] == pytest.approx([4.2, 4.3, 4.4, 4.5, 4.6, 4.7, 4.8][: len(rows)])
    by_potential = dict(zip(rows["potential"].round(3), rows["leakage"], strict=True))
    assert by_potential[4.7] == pytest.approx(10 * 10 ** (0.05 / 0.09), rel=0.05)
    # At low potentials the film's t^(-1/2) is left.
    assert -0.6 < rows["decay_exponent"][0] < -0.3


@pytest.mark.parametrize(
    ("leakage", "says"), [(1e-7, "stays up to 5 µA/cm² as far as 3.8 V"), (1e-5, "already at 3.6 V")]
)
def test_a_limit_that_the_holds_do_not_show_is_not_determined(tmp_path, leakage, says):
    time_s = np.arange(0.0, 36_001.0, 10.0)
    steps = []
    for index, volt in enumerate((3.6, 3.7, 3.8)):
        rows = samples(time_s + 36_000 * index, np.full(len(time_s), volt), np.full(len(time_s), leakage))
        fields = {"parameters": f'{{"potential_V": {volt}}}', "begin_test_time_second": 36_000.0 * index,
                  "end_test_time_second": 36_000.0 * (index + 1)}  # fmt: skip
        steps.append(("hold", rows, fields))
    results = analyse(recorded(tmp_path, FloatingTest(), *steps))
    assert results["oxidation_limit"].value is None
    assert says in results["oxidation_limit"].reason


@pytest.mark.parametrize(
    "protocol", [FloatingTest(), CriticalCurrentDensity(), SymmetricCycling(), CoulombicEfficiency()]
)
def test_without_an_area_it_is_said(tmp_path, protocol):
    results = analyse(recorded(tmp_path, protocol, half(0.0, np.full(10, 0.1), "strip", 1e-4), cell=Cell()))
    assert all("area" in result.reason for result in results.values())


@pytest.mark.parametrize("electrolyte", ["PL", "PPL", "PPLA"])
@pytest.mark.parametrize("method", ["simple", "reservoir"])
def test_the_coulombic_efficiency_is_recovered_within_half_a_point(tmp_path, electrolyte, method):
    published = published_systems()["electrolytes"][electrolyte]["coulombic_efficiency_Li_Cu_percent"]
    protocol = CoulombicEfficiency(method=method, cycles=3, capacity="0.5 mAh/cm²", reservoir="2 mAh/cm²")
    results = simulated_run(tmp_path, protocol, published_cell(f"Cu|{electrolyte}|Li")).results
    assert results["average_coulombic_efficiency"].value == pytest.approx(published, abs=0.5)
    if method == "simple":
        rows = results["coulombic_efficiency"].rows
        assert rows["plated"] == pytest.approx(0.5, rel=0.01)
        assert rows["coulombic_efficiency"] == pytest.approx(published, abs=0.5)


def test_a_reservoir_that_was_not_stripped_gives_no_efficiency(tmp_path):
    protocol = CoulombicEfficiency(method="reservoir")
    plated = half(0.0, np.full(100, -0.1), "reservoir", -1e-3)
    results = analyse(recorded(tmp_path, protocol, plated))
    assert "not stripped at the end" in results["average_coulombic_efficiency"].reason


@pytest.mark.parametrize("exchange", [0.003, 0.03, 0.1, 0.5])
def test_the_exchange_current_is_recovered_within_15_percent(tmp_path, exchange):
    cell = SymmetricCell(exchange_current_density_mA_per_cm2=exchange)
    results = simulated_run(tmp_path, TafelPlot(), cell, temperature="25 °C").results
    for name in ("exchange_current_density", "exchange_current_density_low_field"):
        found = results[name]
        assert found.value == pytest.approx(exchange, rel=0.15)
        assert abs(found.value - exchange) < 4 * found.uncertainty + 0.02 * exchange
        assert found.warnings == ()
    # Two interphases of 50 Ω·cm² and 10 Ω·cm² of bulk.
    rows = results["tafel_branches"].rows
    assert rows["direction"].tolist() == [-1, 1]
    if exchange > 0.01:
        assert rows["ohmic_resistance"] == pytest.approx(110, rel=0.25)


def tafel_rows(exchange_A=1e-4, ohm=50.0, reach_V=0.2):
    """Return η = I·R + (2RT/F) asinh(I/2i₀) for one electrode, there and back."""
    current = np.concatenate([np.linspace(0, -1, 100), np.linspace(-1, 1, 400)]) * 5e-3
    potential = current * ohm + 2 * 8.314462618 * 298.15 / 96485.33212 * np.arcsinh(
        current / (2 * exchange_A)
    )
    chosen = np.abs(potential) <= reach_V
    return samples(np.arange(chosen.sum()) * 1.0, 3.0 + potential[chosen], current[chosen])


def test_a_tafel_plot_in_closed_form(tmp_path):
    run_ = recorded(tmp_path, TafelPlot(electrodes=1), ("tafel", tafel_rows(), {}))
    results = analyse(run_)
    assert results["exchange_current_density"].value == pytest.approx(0.1, rel=1e-3)
    assert results["tafel_branches"].rows["ohmic_resistance"] == pytest.approx(50, rel=1e-2)
    assert any("25 °C was assumed" in text for text in results["exchange_current_density"].warnings)


@pytest.mark.parametrize("ohm", [3.0, 300.0])
def test_a_shorted_cell_has_no_exchange_current(tmp_path, ohm):
    results = simulated_run(tmp_path, TafelPlot(), Resistor(ohm), temperature="25 °C").results
    for name in ("exchange_current_density", "exchange_current_density_low_field"):
        assert results[name].value is None
        assert "straight line" in results[name].reason


def test_what_is_no_tafel_plot_is_said(tmp_path):
    rows = tafel_rows()
    rows = rows[rows["current_ampere"] > 1e-5]
    results = analyse(recorded(tmp_path, TafelPlot(electrodes=1), ("tafel", rows, {})))
    assert "does not pass zero" in results["exchange_current_density"].reason


def test_every_figure_is_drawn(tmp_path):
    cases = {
        "tafel": (TafelPlot(), SymmetricCell()),
        "copper": (CoulombicEfficiency(cycles=3, capacity="0.1 mAh/cm²"), published_cell("Cu|PL|Li")),
        "floating": (FloatingTest(start="4.4 V", stop="4.8 V", hold="10 min"), published_cell("SS|PE|Li")),
        "ramp": (CriticalCurrentDensity(stop="0.3 mA/cm²"), published_cell("Li|PE|Li")),
        "polarization": (PotentiostaticPolarization(), SymmetricCell()),
        "cycling": (SymmetricCycling(stages="0.05 mA/cm² x 0.05 mAh/cm² x 3"), SymmetricCell()),
    }
    for name, (protocol, cell) in cases.items():
        (tmp_path / name).mkdir()
        (figure,) = draw_report(simulated_run(tmp_path / name, protocol, cell), tmp_path / name, ("svg",))
        assert figure.stat().st_size > 10_000

"""Simulated cells against closed forms: none of our own formulas on the right-hand side."""

import cmath
import contextlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.simulators import (
    BlockingCell,
    RandlesCell,
    Resistor,
    SimulatedCell,
    parse_cell,
    published_cell,
    published_systems,
)

POSITIVE = st.floats(0.1, 1e6)


@given(ohm=st.floats(1e-3, 1e12), volt=st.floats(-10, 10), seconds=st.floats(0, 1e6))
def test_a_resistor_obeys_ohm(ohm, volt, seconds):
    cell = Resistor(ohm)
    assert cell.hold_potential(volt, seconds) == pytest.approx(volt / ohm)
    assert cell.hold_current(volt / ohm, seconds) == pytest.approx(volt)
    assert cell.impedance(1e3) == pytest.approx(ohm)


@settings(max_examples=60)
@given(
    series=POSITIVE,
    transfer=POSITIVE,
    time_constant_s=st.floats(1e-4, 100),
    current_A=st.floats(-1, 1),
    steps=st.integers(1, 50),
)
def test_a_current_step_charges_an_rc_in_any_number_of_steps(
    series, transfer, time_constant_s, current_A, steps
):
    cell = RandlesCell(series, transfer, time_constant_s / transfer)
    total_s = 2 * time_constant_s
    for _ in range(steps):
        potential = cell.hold_current(current_A, total_s / steps)
    expected = current_A * (series + transfer * (1 - math.exp(-2)))
    assert potential == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=60)
@given(series=POSITIVE, transfer=POSITIVE, farad=st.floats(1e-9, 1e-2), volt=st.floats(-5, 5))
def test_a_potential_step_decays_with_the_time_constant_of_both_resistances(series, transfer, farad, volt):
    cell = RandlesCell(series, transfer, farad)
    tau = farad * series * transfer / (series + transfer)
    steady = volt / (series + transfer)
    expected = steady + (volt / series - steady) * math.exp(-1.5)
    assert cell.hold_potential(volt, 1.5 * tau) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(frequency=st.floats(1e-4, 1e7))
def test_the_impedance_of_a_randles_circuit_is_the_textbooks(frequency):
    cell = RandlesCell(100, 1000, 1e-6)
    s = 2j * math.pi * frequency
    assert cell.impedance(frequency) == pytest.approx(100 + 1 / (1 / 1000 + s * 1e-6), rel=1e-9)


@given(frequency=st.floats(1e-5, 1e5))
def test_the_impedance_of_finite_diffusion_is_the_textbooks(frequency):
    cell = RandlesCell(10, 100, 1e-6, diffusion_resistance_ohm=500, diffusion_time_s=60)
    s = 2j * math.pi * frequency
    root = cmath.sqrt(s * 60)
    faradaic = 100 + 500 * cmath.tanh(root) / root
    expected = 10 + 1 / (1 / faradaic + s * 1e-6)
    assert abs(cell.impedance(frequency) / expected - 1) < 0.003


def test_diffusion_follows_cottrell_at_short_times():
    # A tiny double layer and charge transfer: I = ΔV/(R_d) · √(τ/(π t)) for t ≪ τ.
    cell = RandlesCell(1e-3, 1e-3, 1e-9, diffusion_resistance_ohm=1000, diffusion_time_s=100)
    for time_s in (0.5, 1.0, 2.0, 5.0):
        fresh = RandlesCell(1e-3, 1e-3, 1e-9, diffusion_resistance_ohm=1000, diffusion_time_s=100)
        current = fresh.hold_potential(0.01, time_s)
        assert current == pytest.approx(0.01 / 1000 * math.sqrt(100 / (math.pi * time_s)), rel=0.02)
    # At long times only the resistance is left.
    assert cell.hold_potential(0.01, 1e5) == pytest.approx(0.01 / 1000, rel=1e-4)
    # In between, the series for a finite layer: 1 + 2 Σ exp(-k² π² t/τ).
    fresh = RandlesCell(1e-3, 1e-3, 1e-9, diffusion_resistance_ohm=1000, diffusion_time_s=100)
    series = 1.0 + 2.0 * sum(math.exp(-(k**2) * math.pi**2 * 0.3) for k in range(1, 30))
    assert fresh.hold_potential(0.01, 30.0) == pytest.approx(0.01 / 1000 * series, rel=0.02)


@settings(max_examples=20)
@given(
    frequency=st.sampled_from([0.1, 1.0, 20.0, 300.0]),
    resistance=st.floats(50, 5000),
    farad=st.floats(1e-6, 1e-3),
)
def test_a_sine_in_time_gives_the_impedance(frequency, resistance, farad):
    cell = RandlesCell(100, resistance, farad)
    steps, periods = 2000, max(3, math.ceil(8 * farad * resistance * frequency) + 2)
    if periods > 60:
        return
    dt = 1 / frequency / steps
    potential = np.array(
        [
            cell.hold_current(1e-3 * math.sin(2 * math.pi * (k + 0.5) / steps), dt)
            for k in range(periods * steps)
        ]
    )[-steps:]
    k = np.arange(steps)
    stimulus = np.sum(1e-3 * np.sin(2 * np.pi * (k + 0.5) / steps) * np.exp(-2j * np.pi * (k + 0.5) / steps))
    response = np.sum(potential * np.exp(-2j * np.pi * (k + 1.0) / steps))
    assert abs(response / stimulus / cell.impedance(frequency) - 1) < 0.01


def charge(cell, potential_V, seconds, steps=2000):
    dt = seconds / steps
    return sum(cell.hold_potential(potential_V, dt) * dt for _ in range(steps))


def test_the_charge_that_passes_is_the_charge_that_is_stored():
    cell = RandlesCell(100.0, 1e12, 1e-3)
    fine = charge(cell, 2.0, 3.0, 30_000)
    assert fine == pytest.approx(2e-3, rel=1e-3)


@pytest.mark.parametrize("electrolyte", ["IGE-2", "PE", "PPLA", "PPL", "PL"])
def test_a_slow_sweep_passes_10_microampere_at_the_published_limit(electrolyte):
    cell = published_cell(f"SS|{electrolyte}|Li")
    limit_V = published_systems()["electrolytes"][electrolyte]["oxidation_limit_V"]
    potential, current, previous = 2.8, 0.0, 0.0
    while current < 1e-5 and potential < 6:
        previous = current
        potential += 1e-3
        current = cell.hold_potential(potential, 10.0)
    crossing = potential - 1e-3 * (current - 1e-5) / (current - previous)
    assert crossing == pytest.approx(limit_V, abs=0.005)


@pytest.mark.parametrize("slope_mV", [60.0, 90.0, 120.0])
def test_the_oxidation_has_its_tafel_slope(slope_mV):
    cell = BlockingCell(
        oxidation_limit_V=4.5,
        tafel_slope_mV_per_decade=slope_mV,
        film_coefficient_uA_sqrt_s_per_V_cm2=1e-6,
        limiting_current_density_mA_per_cm2=1e4,
        leakage_resistance_ohm_cm2=1e12,
    )
    low, high = (cell.hold_potential(volt, 1e4) for volt in (4.30, 4.40))
    assert 100.0 / math.log10(high / low) == pytest.approx(slope_mV, rel=0.01)


def test_a_film_forms_with_the_inverse_root_of_time():
    cell = BlockingCell(oxidation_limit_V=5.5, leakage_resistance_ohm_cm2=1e12)
    cell.hold_potential(3.0, 100.0)
    cell.hold_potential(4.0, 100.0)
    early = cell.hold_potential(4.0, 1e-3)
    cell.hold_potential(4.0, 9900.0)
    late = cell.hold_potential(4.0, 1e-3)
    cell.hold_potential(4.0, 990_000.0)
    assert early / late == pytest.approx(10.0, rel=0.03)
    assert late / cell.hold_potential(4.0, 1e-3) == pytest.approx(10.0, rel=0.03)


def test_the_low_field_slope_of_lithium_is_butler_and_volmers():
    i0_A = 1e-4
    cell = BlockingCell(exchange_current_density_mA_per_cm2=0.1, conductivity_S_per_cm=1e-3, thickness_um=10)
    cell.hold_potential(-0.2, 100.0)
    assert cell.plated_charge_C > 0
    # The lithium's own interphase (50 Ω) and bulk (1 Ω), and RT/(F i₀) at both electrodes.
    transfer = 8.314462618 * 298.15 / 96485.33212 / i0_A
    near, far = cell.hold_potential(-1e-3, 50.0), cell.hold_potential(1e-3, 50.0)
    assert 2e-3 / (far - near) == pytest.approx(1.0 + 50.0 + 2 * transfer, rel=0.02)


def test_what_was_plated_can_be_stripped_and_no_more():
    cell = BlockingCell()
    plated = -charge(cell, -0.1, 50.0)
    assert cell.plated_charge_C == pytest.approx(plated, rel=1e-2)
    stripped = charge(cell, 0.5, 500.0, 20_000)
    double_layer = 1e-5 * 0.6
    assert stripped == pytest.approx(plated + double_layer, rel=0.02)
    assert cell.plated_charge_C < 1e-6 * plated


@pytest.mark.parametrize("potential", [-0.1, 3.0, 4.0, 4.7])
def test_the_size_of_the_steps_does_not_change_the_answer(potential):
    def end(steps):
        cell = BlockingCell()
        for _ in range(steps):
            current = cell.hold_potential(potential, 100.0 / steps)
        return current

    assert end(1000) == pytest.approx(end(100), rel=1e-3, abs=1e-12)


def test_a_snapshot_brings_the_cell_back():
    cell = published_cell("SS|IGE-2|Li")
    cell.hold_potential(4.5, 10.0)
    state = cell.snapshot()
    first = [cell.hold_potential(-0.1, 1.0) for _ in range(5)]
    cell.restore(state)
    assert [cell.hold_potential(-0.1, 1.0) for _ in range(5)] == first


def test_conductivity_decides_the_bulk_resistance():
    # R = L/(σ A)
    cell = BlockingCell(conductivity_S_per_cm=1e-3, thickness_um=100, area_cm2=2.0)
    assert cell.impedance(1e9).real == pytest.approx(1e-2 / (1e-3 * 2.0), rel=1e-6)
    warm = BlockingCell(
        conductivity_S_per_cm=1e-3, activation_energy_eV=0.3, temperature_degC=60, thickness_um=100
    )
    factor = math.exp(0.3 / 8.617333262e-5 * (1 / 298.15 - 1 / 333.15))
    assert warm.metadata["conductivity_at_temperature_S_per_cm"] == pytest.approx(1e-3 * factor, rel=1e-6)


def test_every_published_electrolyte_has_a_cell_that_says_what_is_assumed():
    for name in published_systems()["electrolytes"]:
        cell = published_cell(f"SS|{name}|Li")
        assert math.isfinite(cell.hold_potential(4.0, 1.0))
        metadata = cell.metadata
        assert metadata["defaults"]
        assert metadata["paper"]
        assert not set(metadata["defaults"]) & set(metadata["published"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Resistor(10000)", Resistor),
        (" Resistor( 1e4 ) ", Resistor),
        ("RandlesCell(100, 1000, 1e-6)", RandlesCell),
        ("RandlesCell(series_ohm=5)", RandlesCell),
        ("BlockingCell(oxidation_limit_V=4.8, area_cm2=2)", BlockingCell),
        ("SS|IGE-2|Li", BlockingCell),
    ],
)
def test_cells_are_read_from_text(text, kind):
    assert isinstance(parse_cell(text), kind)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Resister(1)", "did you mean Resistor"),
        ("Resistor()", "resistance_ohm"),
        ("Resistor(-1)", "resistance_ohm"),
        ("Resistor(1e999)", "resistance_ohm"),
        ("Resistor(ohm=1)", "resistance_ohm"),
        ("Resistor(__import__('os'))", "not a number"),
        ("Resistor(1).metadata", "is not a cell"),
        ("[Resistor(1)]", "is not a cell"),
        ("", "is not a cell"),
        ("SS|IGE2|Li", "IGE-2"),
        (
            "Au|IGE-2|Li",
            "available are Cu|IGE-2|Li, LFP|IGE-2 25C|Li, LFP|IGE-2 high loading|Li, LFP|IGE-2|Li, Li|IGE-2|Li",
        ),
        ("SS|IGE-2", "three layers"),
        ("RandlesCell(1, 1, 1, 1)", "both"),
    ],
)
def test_texts_that_are_no_cell_are_refused_in_one_sentence(text, says):
    with pytest.raises(ValueError, match="cell|number|not|both|parameter|electrolyte|ohm") as refusal:
        parse_cell(text)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(st.text(max_size=60))
def test_any_text_is_a_cell_or_is_refused(text):
    with contextlib.suppress(ValueError):
        assert isinstance(parse_cell(text), SimulatedCell)

"""Voltammograms whose peaks are known in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.sweeps import peak_of, turning_points
from faradaic.protocols import Cell, CyclicVoltammetry

from recorded import recorded, samples

F, R, T = 96485.33212, 8.314462618, 298.15
ROOM = Cell(name="c", area="1 cm²", temperature="25 °C")
D, AREA_m2, CONCENTRATION = 1e-9, 1e-4, 1.0  # m²/s, m², mol/m³


def triangle(low=-0.4, high=0.4, step=1e-3, cycles=1):
    up = np.arange(low, high, step)
    return np.concatenate([up, up[::-1] + step] * cycles)


def reversible(potential_V, rate, formal_V=0.0):
    """Return the current of a reversible couple: the semiderivative of its Nernst surface concentration.

    Bard and Faulkner, Electrochemical Methods, 6.2 and 6.7; by Grünwald's sum.
    """
    surface = 1.0 / (1.0 + np.exp(-F * (potential_V - formal_V) / (R * T)))
    seconds = abs(potential_V[1] - potential_V[0]) / rate
    weights = np.cumprod(
        np.concatenate([[1.0], (np.arange(1, len(surface)) - 1.5) / np.arange(1, len(surface))])
    )
    semiderivative = np.convolve(surface, weights)[: len(surface)] / np.sqrt(seconds)
    return F * AREA_m2 * CONCENTRATION * np.sqrt(D) * semiderivative


def run_of(folder, *curves, concentration=None, cell=ROOM):
    """Return a run with one step for each (rate, potential, current, cycle of every sample)."""
    steps, begin_s = [], 0.0
    for rate, potential, current, cycle in curves:
        time_s = begin_s + np.concatenate([[0.0], np.cumsum(np.abs(np.diff(potential)))]) / rate
        begin_s = time_s[-1]
        parameters = f'{{"rate_V_per_s": {rate}}}'
        steps.append(("voltammogram", samples(time_s, potential, current, cycle), {"parameters": parameters}))
    protocol = CyclicVoltammetry(vertex_1="-0.4 V", vertex_2="0.4 V", concentration_mol_per_L=concentration)
    return recorded(folder, protocol, *steps, cell=cell)


RATES = (0.01, 0.02, 0.05, 0.1)


def reversible_run(folder, noise=0.0, **options):
    random = np.random.default_rng(0)
    potential = triangle(step=5e-4)
    curves = []
    for index, rate in enumerate(RATES):
        current = reversible(potential, rate)
        current = current + noise * current.max() * random.normal(size=len(current))
        curves.append((rate, potential, current, index + 1))
    return run_of(folder, *curves, **options)


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_the_peaks_of_a_reversible_couple(tmp_path, noise):
    peaks = analyse(reversible_run(tmp_path, noise))["peaks"].rows
    assert peaks["direction"].tolist() == [1, -1] * 4
    anodic = peaks[peaks["direction"] > 0]
    # 28.5 mV beyond the formal potential, 0.4463 in height (Nicholson and Shain 1964).
    height = 0.4463 * F * AREA_m2 * CONCENTRATION * np.sqrt(F * anodic["scan_rate"] * D / (R * T))
    assert anodic["peak_potential"] == pytest.approx(0.0285, abs=0.002)
    assert anodic["peak_current"] == pytest.approx(height, rel=0.03)
    cathodic = peaks[peaks["direction"] < 0]
    assert cathodic["peak_separation"] == pytest.approx(0.0585, abs=0.004)
    assert np.isnan(anodic["peak_separation"]).all()


def test_diffusion_from_randles_and_sevcik(tmp_path):
    results = analyse(reversible_run(tmp_path, 0.002, concentration=1e-3))
    diffusion = results["diffusion_coefficient"]
    assert diffusion.value == pytest.approx(1e-5, rel=0.05)
    assert diffusion.unit == "cm²/s"
    assert diffusion.warnings == ()
    scaling = results["peak_scaling"].rows
    assert scaling["b_value"] == pytest.approx(0.5, abs=0.02)
    assert (scaling["r_squared"] > 0.999).all()


def test_what_randles_and_sevcik_lack_is_said(tmp_path):
    results = analyse(reversible_run(tmp_path, concentration=1e-3, cell=Cell(name="c")))
    assert "area" in results["diffusion_coefficient"].reason


def test_an_assumed_temperature_is_said(tmp_path):
    results = analyse(reversible_run(tmp_path, concentration=1e-3, cell=Cell(name="c", area="1 cm²")))
    assert any("25 °C was assumed" in text for text in results["diffusion_coefficient"].warnings)


def test_peaks_of_a_film_scale_with_the_rate_itself(tmp_path):
    potential = triangle()
    curves = [
        (
            rate,
            potential,
            1e-3 * rate * np.exp(-((potential / 0.05) ** 2)) * np.sign(np.gradient(potential)),
            1,
        )
        for rate in RATES
    ]
    results = analyse(run_of(tmp_path, *curves, concentration=1e-3))
    assert results["peak_scaling"].rows["b_value"] == pytest.approx(1.0, abs=0.01)
    assert any("b is 1.00, not 0.5" in text for text in results["diffusion_coefficient"].warnings)


@settings(max_examples=60)
@given(
    centre_V=st.floats(-0.2, 0.25),
    width_V=st.floats(0.02, 0.06),
    slope=st.floats(-0.3, 0.3),
    offset=st.floats(-1, 1),
    noise=st.floats(1e-5, 0.02),
    direction=st.sampled_from([1, -1]),
    seed=st.integers(0, 1000),
)
def test_a_peak_on_a_sloping_baseline_is_found(centre_V, width_V, slope, offset, noise, direction, seed):
    x = np.arange(-0.5, 0.5, 1e-3)
    shape = np.exp(-0.5 * ((x - centre_V) / width_V) ** 2) + offset + slope * x
    current = 1e-3 * (shape + noise * np.random.default_rng(seed).normal(size=len(x)))
    peak = peak_of(direction * x, direction * current)
    assert peak.potential_V * direction == pytest.approx(centre_V, abs=0.004)
    assert peak.current_A * direction == pytest.approx(1e-3, rel=0.2)


@given(noise=st.floats(0, 1), seed=st.integers(0, 1000))
@settings(max_examples=40)
def test_a_rising_current_has_no_peak(noise, seed):
    x = np.arange(-0.5, 0.5, 1e-3)
    current = 1e-3 * (x + 0.01 * noise * np.random.default_rng(seed).normal(size=len(x)))
    assert peak_of(x, current) is None


def test_charges_are_those_of_the_current(tmp_path):
    potential = triangle(cycles=2)
    rows = analyse(run_of(tmp_path, (0.01, potential, np.full(len(potential), 1e-3), 1)))["peaks"].rows
    assert len(rows) == 4
    assert rows["charge"] == pytest.approx(80.0 * 1e-3, rel=0.01)
    assert np.isnan(rows["peak_potential"]).all()


@given(noise=st.floats(0, 5e-3), cycles=st.integers(1, 5), seed=st.integers(0, 100))
def test_turns_are_found_through_noise(noise, cycles, seed):
    potential = triangle(cycles=cycles)
    measured = potential + noise * np.random.default_rng(seed).uniform(-1, 1, size=len(potential))
    turns = turning_points(measured)
    assert len(turns) == 2 * cycles + 1
    assert turns[1:-1] == pytest.approx(800 * np.arange(1, 2 * cycles), abs=12)


def test_one_scan_rate_gives_peaks_and_says_what_lacks(tmp_path):
    potential = triangle(step=5e-4)
    results = analyse(run_of(tmp_path, (0.01, potential, reversible(potential, 0.01), 1)))
    assert len(results["peaks"].rows) == 2
    assert "3 scan rates, here are 1" in results["peak_scaling"].reason
    assert "diffusion_coefficient" not in results

"""Onset potentials of sweeps whose onset is known in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.sweep_data import prepare_sweep
from faradaic.analysis.tangent_onset import tangent_onset
from faradaic.analysis.threshold_onset import threshold_onset
from faradaic.core.samples import Flag
from faradaic.protocols import Cell, LinearSweep

from recorded import recorded, samples

AREA_m2, THRESHOLD = 1e-4, 0.1  # 10 µA on 1 cm²


def tafel(onset_V=4.6, slope_V=0.1, start=3.0, stop=5.0, noise_A=0.0, background_A=0.0, seed=0, direction=1):
    """Return a sweep whose current passes 10 µA at `onset_V`."""
    x = np.arange(start, stop, 1e-3)
    current = 1e-5 * 10 ** ((x - onset_V) / slope_V) + background_A
    current += noise_A * np.random.default_rng(seed).normal(size=len(x))
    return x * direction, current * direction


def by_threshold(potential, current):
    return threshold_onset(prepare_sweep(potential, current), THRESHOLD, AREA_m2)[0]


@pytest.mark.parametrize("direction", [1, -1])
def test_the_threshold_is_read_where_the_current_density_passes_it(direction):
    onset = by_threshold(*tafel(direction=direction))
    assert onset.value == pytest.approx(direction * 4.6, abs=1e-4)
    assert onset.uncertainty < 1e-3
    assert "10 µA/cm²" in onset.method
    assert onset.warnings == ()


@settings(max_examples=60)
@given(
    onset_V=st.floats(3.8, 4.7),
    slope_V=st.floats(0.05, 0.2),
    relative_noise=st.floats(1e-4, 0.3),
    seed=st.integers(0, 10_000),
)
def test_noise_moves_the_onset_by_no_more_than_its_uncertainty_says(onset_V, slope_V, relative_noise, seed):
    onset = by_threshold(*tafel(onset_V, slope_V, noise_A=1e-5 * relative_noise, seed=seed))
    assert abs(onset.value - onset_V) < 5 * onset.uncertainty + 5e-4


def test_a_background_shifts_the_onset_by_what_it_adds():
    onset = by_threshold(*tafel(background_A=3e-6))
    assert onset.value == pytest.approx(4.6 + 0.1 * np.log10(0.7), abs=1e-3)


def test_spikes_do_not_count():
    potential, current = tafel()
    current[[200, 700, 1100]] += 1e-3
    onset = by_threshold(potential, current)
    assert onset.value == pytest.approx(4.6, abs=1e-3)


@pytest.mark.parametrize(
    ("sweep", "reason"),
    [
        (tafel(onset_V=6.0), "stays below 10 µA/cm²"),
        (tafel(background_A=2e-5), "above 10 µA/cm² from the start"),
        (tafel(onset_V=6.0, noise_A=1e-5), "10 µA/cm²"),
    ],
)
def test_an_onset_that_is_not_there_is_not_determined(sweep, reason):
    onset = by_threshold(*sweep)
    assert onset.value is None
    assert reason in onset.reason


@settings(max_examples=60)
@given(
    knee_V=st.floats(3.8, 4.7),
    rise=st.floats(1e-5, 1e-2),
    base=st.floats(-1e-6, 1e-6),
    relative_noise=st.floats(1e-4, 0.003),
    seed=st.integers(0, 10_000),
)
def test_the_tangents_of_two_straight_lines_meet_at_the_knee(knee_V, rise, base, relative_noise, seed):
    potential = np.arange(3.0, 5.0, 1e-3)
    noise = np.random.default_rng(seed).normal(size=len(potential)) * relative_noise * rise
    current = base + rise * np.maximum(potential - knee_V, 0.0) + noise
    onset, *_ = tangent_onset(prepare_sweep(potential, current))
    assert abs(onset.value - knee_V) < 6 * onset.uncertainty + 1e-3


def test_a_straight_line_has_no_tangent_onset():
    potential = np.arange(3.0, 5.0, 1e-3)
    onset, baseline, tangent = tangent_onset(prepare_sweep(potential, 1e-4 * (potential - 3.0)))
    assert (onset.value, baseline, tangent) == (None, None, None)
    assert onset.reason


def analysed(folder, potential, current, cell=None, flags=0):
    rows = samples(np.arange(len(potential)) * 10.0, potential, current, flags=flags)
    options = {} if cell is None else {"cell": cell}
    return analyse(recorded(folder, LinearSweep(), ("sweep", rows, {}), **options))


def test_a_run_gives_both_onsets(tmp_path):
    results = analysed(tmp_path, *tafel())
    assert results["onset_potential"].value == pytest.approx(4.6, abs=1e-3)
    assert results["onset_potential_tangent"].value > 4.6


def test_without_an_area_only_the_tangents_say_something(tmp_path):
    results = analysed(tmp_path, *tafel(), cell=Cell())
    assert results["onset_potential"].value is None
    assert "area" in results["onset_potential"].reason
    assert results["onset_potential_tangent"].value is not None


def test_overloads_are_left_out_and_said(tmp_path):
    potential, current = tafel()
    flags = np.where(np.arange(len(potential)) % 50 == 7, int(Flag.OVERLOAD), 0)
    results = analysed(tmp_path, potential, np.where(flags > 0, 1.0, current), flags=flags)
    assert results["onset_potential"].value == pytest.approx(4.6, abs=1e-3)
    assert any("40 samples beyond the current range" in text for text in results["onset_potential"].warnings)


@pytest.mark.parametrize(
    ("potential", "reason"),
    [
        (np.linspace(3, 3.001, 4), "only 4 valid points"),
        (np.full(100, 3.0), "stays at 3 V"),
        (np.concatenate([np.linspace(3, 4, 50), np.linspace(4, 3, 50)]), "turns back"),
    ],
)
def test_what_is_no_sweep_has_no_onset(tmp_path, potential, reason):
    results = analysed(tmp_path, potential, np.ones(len(potential)) * 1e-6)
    assert reason in results["onset_potential"].reason
    assert reason in results["onset_potential_tangent"].reason

"""Distribution of relaxation times, and several runs side by side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis.compare import draw_comparison, results_side_by_side, run_labels
from faradaic.analysis.figures.overlay import OVERLAYS
from faradaic.analysis.regression import TooFewPointsError
from faradaic.analysis.relaxation_distribution import relaxation_distribution
from faradaic.analysis.report import _DRAWINGS
from faradaic.engine import run
from faradaic.protocols import Cell, ImpedanceSpectrum, LinearSweep, OpenCircuit, Sequence
from faradaic.simulators import RandlesCell, Resistor, published_cell, simulated

FREQUENCY_HZ = np.geomspace(1e6, 0.01, 81)
S = 2j * np.pi * FREQUENCY_HZ


def noisy(impedance, seed=1, share=5e-4):
    noise = np.random.default_rng(seed).normal(size=(2, len(impedance))) * share
    return impedance * (1 + noise[0] + 1j * noise[1])


@settings(max_examples=20)
@given(st.floats(1, 1e4), st.floats(10, 1e5), st.floats(-4.5, 0.5), st.integers(0, 99))
def test_a_single_relaxation_is_one_peak_with_its_resistance(series, ohm, log_tau, seed):
    tau = 10**log_tau
    found = relaxation_distribution(FREQUENCY_HZ, noisy(series + ohm / (1 + S * tau), seed))
    largest = max(found.peaks, key=lambda peak: peak.resistance_ohm)
    assert largest.resistance_ohm == pytest.approx(ohm, rel=0.1, abs=0.01 * series)
    if ohm > 0.1 * series:
        assert largest.time_constant_s == pytest.approx(tau, rel=0.3)


def test_two_relaxations_a_decade_and_a_half_apart_are_told_apart():
    found = relaxation_distribution(FREQUENCY_HZ, noisy(10 + 50 / (1 + S * 1e-4) + 200 / (1 + S * 3e-3)))
    assert [peak.resistance_ohm for peak in found.peaks] == pytest.approx([50, 200], rel=0.1)
    assert [peak.time_constant_s for peak in found.peaks] == pytest.approx([1e-4, 3e-3], rel=0.3)


def test_the_distribution_of_a_constant_phase_element_is_the_analytic_one():
    # R ∥ CPE: γ = R/2π · sin((1-n)π) / (cosh(n ln(τ/τ0)) - cos((1-n)π)) (Fuoss and Kirkwood 1941).
    n, tau, ohm = 0.75, 1e-2, 100.0
    found = relaxation_distribution(FREQUENCY_HZ, noisy(5 + ohm / (1 + (S * tau) ** n), share=1e-4))
    x = np.log(found.time_s / tau)
    expected = ohm / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(n * x) - np.cos((1 - n) * np.pi))
    inner = np.abs(x) < 5
    assert found.gamma_ohm[inner] == pytest.approx(expected[inner], abs=0.06 * expected.max())


def test_a_blocking_cell_keeps_its_capacitance_out_of_the_distribution():
    found = relaxation_distribution(FREQUENCY_HZ, noisy(20 + 30 / (1 + S * 1e-4) + 1 / (S * 1e-5)))
    assert [peak.resistance_ohm for peak in found.peaks] == pytest.approx([30], rel=0.05)


def test_a_few_points_make_no_distribution():
    with pytest.raises(TooFewPointsError, match="needs 10"):
        relaxation_distribution(FREQUENCY_HZ[:9], np.ones(9, complex))


# Comparison


def measured(path, cell, protocol, name):
    with simulated("emstat4-hr", cell) as instrument:
        return run(protocol, instrument.channels[0], cell=Cell(name=name, area="1 cm²"), out=path)


@pytest.fixture
def pair(tmp_path):
    protocol = Sequence(
        protocols=[
            ImpedanceSpectrum(frequency_min="10 Hz"),
            LinearSweep(start="3 V", stop="5.5 V", rate="1 mV/s"),
        ]
    )
    runs = [
        measured(tmp_path / f"{name}.h5", published_cell(f"SS|{name}|Li"), protocol, name)
        for name in ("PE", "PPLA")
    ]
    yield runs
    for each in runs:
        each.close()


def test_runs_are_overlaid_by_kind_and_their_results_listed(tmp_path, pair):
    files = draw_comparison(pair, tmp_path, ("svg",))
    assert [file.name for file in files] == ["comparison-impedance.svg", "comparison-linear-sweep.svg"]
    text = files[1].read_text("utf-8")
    assert "PE, part 1" in text
    assert "PPLA, part 1" in text
    table = dict(results_side_by_side(pair))
    assert len(table["onset_potential"]) == 2
    assert table["onset_potential"][0] != table["onset_potential"][1]
    assert run_labels(pair) == ["PE", "PPLA"]


def test_runs_without_anything_in_common_are_refused(tmp_path):
    first = measured(tmp_path / "a.h5", Resistor(1e4), OpenCircuit(duration="10 s"), "a")
    second = measured(tmp_path / "b.h5", RandlesCell(), ImpedanceSpectrum(frequency_min="1 kHz"), "b")
    with first, second, pytest.raises(ValueError, match="no kind of measurement in common"):
        draw_comparison([first, second], tmp_path, ("png",))


def test_every_analysis_can_be_compared():
    assert OVERLAYS.keys() == _DRAWINGS.keys()

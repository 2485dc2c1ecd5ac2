"""Equivalent circuits and the Kramers–Kronig test on spectra that are known in closed form."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.circuit import Circuit, CircuitError
from faradaic.analysis.circuit_choice import choose_circuit
from faradaic.analysis.circuit_fit import fit_circuit
from faradaic.analysis.kramers_kronig import kramers_kronig_test
from faradaic.analysis.regression import TooFewPointsError
from faradaic.core.samples import Flag
from faradaic.protocols import Cell, ImpedanceSpectrum

from recorded import CELL, recorded, spectrum

FREQUENCY_Hz = np.logspace(5, -1, 61)
S = 2j * np.pi * FREQUENCY_Hz


def noisy(impedance, relative=1e-3, seed=0):
    random = np.random.default_rng(seed).normal(size=(2, len(impedance)))
    return impedance * (1 + relative * (random[0] + 1j * random[1]))


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("R1", [7.0], lambda s: 7.0),
        ("C1", [1e-6], lambda s: 1 / (s * 1e-6)),
        ("L1", [1e-6], lambda s: s * 1e-6),
        ("CPE1", [1e-5, 0.8], lambda s: 1 / (1e-5 * s**0.8)),
        ("W1", [50.0], lambda s: 50 * (1 - 1j) / math.sqrt(abs(s))),
        ("Ws1", [30.0, 2.0], lambda s: 30 * cmath.tanh(cmath.sqrt(s * 2)) / cmath.sqrt(s * 2)),
        ("Wo1", [30.0, 2.0], lambda s: 30 / (cmath.sqrt(s * 2) * cmath.tanh(cmath.sqrt(s * 2)))),
        ("R0 - p( R1 , C1 )", [5.0, 100.0, 1e-6], lambda s: 5 + 1 / (1 / 100 + s * 1e-6)),
        ("p(R1-C1,p(R2,C2))", [1.0, 2.0, 3.0, 4.0], lambda s: 1 / (1 / (1 + 1 / (2 * s)) + 1 / 3 + 4 * s)),
    ],
)
def test_circuits_have_their_textbook_impedance(text, values, expected):
    frequency = [0.1, 1.0, 37.0]
    measured = Circuit.parse(text).impedance(frequency, values)
    assert measured == pytest.approx([expected(2j * math.pi * each) for each in frequency], rel=1e-12)


def test_a_finite_diffusion_ends_in_its_resistance_or_its_capacitance():
    slow = Circuit.parse("Ws1").impedance([1e-9], [30.0, 2.0])[0]
    assert slow == pytest.approx(30.0, rel=1e-6)
    blocked = Circuit.parse("Wo1").impedance([1e-6], [30.0, 2.0])[0]
    # R/3 + 1/(jω τ/R)
    assert blocked == pytest.approx(10.0 + 30.0 / (2j * math.pi * 1e-6 * 2.0), rel=1e-6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the end"),
        ("R1-", "the end"),
        ("R1R2", "R1R2"),
        ("X1", "X1"),
        ("p(R1)", "')'"),
        ("p(R1,C1", "the end"),
        ("R1)", "')'"),
        ("R1-R1", "R1 twice"),
        ("R1-os.system('true')", "os.system"),
        ("p(" * 30 + "R1", "nested"),
        ("R1-" * 100 + "R1", "200 characters"),
    ],
)
def test_what_is_no_circuit_is_refused_with_the_place(text, says):
    with pytest.raises(CircuitError, match="circuit|nested|twice") as refusal:
        Circuit.parse(text)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(st.text(alphabet="RCLWosPEp(),-0123456789 ", max_size=40))
def test_any_text_is_a_circuit_or_is_refused(text):
    try:
        circuit = Circuit.parse(text)
    except CircuitError:
        return
    assert np.isfinite(circuit.impedance([1.0], [0.5] * len(circuit.parameters))).all()


@settings(max_examples=40)
@given(
    bulk=st.floats(1, 1e3),
    ratio=st.floats(0.3, 100),
    time_constant_s=st.floats(3e-5, 0.1),
    n=st.floats(0.65, 1.0),
    seed=st.integers(0, 1000),
)
def test_an_arc_is_recovered_within_its_uncertainty(bulk, ratio, time_constant_s, n, seed):
    resistance = bulk * ratio
    true = [bulk, resistance, time_constant_s**n / resistance, n]
    circuit = Circuit.parse("R0-p(R1,CPE1)")
    fit = fit_circuit(FREQUENCY_Hz, noisy(circuit.impedance(FREQUENCY_Hz, true), 1e-3, seed), circuit)
    off = np.abs(fit.values - true)
    assert off[1] < 0.02 * resistance
    assert (off < 6 * fit.uncertainties + 0.002 * np.array(true)).all()


@pytest.mark.parametrize(
    ("circuit", "values"),
    [
        ("L0-R0-p(R1,C1)", [1e-6, 5.0, 50.0, 1e-5]),
        ("R0-p(R1,CPE1)-p(R2,CPE2)", [5.0, 50.0, 1e-6, 0.85, 400.0, 1e-4, 0.9]),
        ("R0-p(R1,CPE1)-Ws2", [10.0, 100.0, 1e-5, 0.9, 300.0, 3.0]),
        ("R0-p(R1-Ws1,CPE1)", [10.0, 100.0, 300.0, 3.0, 1e-5, 0.9]),
        ("R0-p(R1,CPE1)-W2", [10.0, 100.0, 1e-5, 0.9, 40.0]),
        ("R0-p(R1,C1)-Wo2", [10.0, 100.0, 1e-6, 200.0, 2.0]),
        ("R0-CPE1", [6.0, 1e-5, 0.93]),
    ],
)
def test_a_given_circuit_is_fitted_without_start_values(circuit, values):
    impedance = Circuit.parse(circuit).impedance(FREQUENCY_Hz, values)
    fit = fit_circuit(FREQUENCY_Hz, noisy(impedance, 1e-4), circuit)
    assert fit.values == pytest.approx(values, rel=0.05)
    assert fit.scatter < 2e-4


@pytest.mark.parametrize(
    ("circuit", "values"),
    [
        ("R0", [100.0]),
        ("R0-C1", [10.0, 1e-5]),
        ("R0-CPE1", [10.0, 1e-5, 0.9]),
        ("R0-p(R1,C1)", [100.0, 1000.0, 1e-6]),
        ("R0-p(R1,CPE1)", [10.0, 1000.0, 1e-5, 0.8]),
        ("R0-p(R1,C1)-C2", [10.0, 100.0, 1e-6, 1e-4]),
        ("R0-p(R1,C1)-p(R2,C2)", [10.0, 100.0, 1e-6, 300.0, 1e-4]),
        ("R0-p(R1,CPE1)-Ws2", [10.0, 100.0, 1e-5, 0.9, 300.0, 3.0]),
        ("p(R1,C1)-C2", [1e5, 1e-11, 1e-6]),
    ],
)
def test_the_circuit_that_made_a_spectrum_is_chosen(circuit, values):
    impedance = Circuit.parse(circuit).impedance(FREQUENCY_Hz, values)
    fit = choose_circuit(FREQUENCY_Hz, noisy(impedance))
    assert fit.circuit.text == circuit
    assert fit.values == pytest.approx(values, rel=0.05)


def test_fewer_points_than_values_are_refused():
    with pytest.raises(TooFewPointsError, match="3 valid points do not determine the 4 values"):
        fit_circuit(FREQUENCY_Hz[:3], np.ones(3) * 5.0, "R0-p(R1,CPE1)")


@pytest.mark.parametrize(
    "impedance",
    [
        100 + 0 * S,
        100 + 1000 / (1 + S * 1e-3),
        5 + 1 / (1e-5 * S**0.85),
        10 + 100 / (1 + (S * 1e-3) ** 0.8) + 40 / np.sqrt(S),
        1e-6 * S + 10 + 300 / (1 + S * 0.1),
    ],
)
@pytest.mark.parametrize("noise", [1e-5, 1e-3])
def test_spectra_of_linear_cells_leave_only_their_noise(impedance, noise):
    test = kramers_kronig_test(FREQUENCY_Hz, noisy(impedance, noise))
    # Two random parts each; the chain takes a little of it.
    assert 0.5 * noise < test.scatter < 2 * noise


@pytest.mark.parametrize("growth", [0.2, 0.4])
def test_a_cell_that_changes_during_the_spectrum_is_found_out(growth):
    changing = 1 + growth * np.linspace(0, 1, len(S))
    test = kramers_kronig_test(FREQUENCY_Hz, noisy(100 + 1000 / (1 + S * 1e-2) * changing, 1e-4))
    assert test.largest.max() > 0.01


def results_of(folder, impedance, cell=CELL, flags=0, circuit=None, frequency=FREQUENCY_Hz):
    rows = spectrum(frequency, impedance, flags)
    return analyse(recorded(folder, ImpedanceSpectrum(), ("spectrum", rows, {}), cell=cell), circuit=circuit)


def test_resistances_and_capacitance_of_a_cell(tmp_path):
    impedance = 10 + 1 / (1 / 200 + 1e-6 * S) + 1 / (1 / 300 + 1e-5 * S)
    results = results_of(tmp_path, noisy(impedance), Cell(area="2 cm²", thickness="100 µm"))
    assert results["bulk_resistance"].value == pytest.approx(10, rel=0.01)
    # Both arcs are interphases: their resistances add up, and so do their correlated uncertainties.
    assert results["interfacial_resistance"].value == pytest.approx(500, rel=0.01)
    assert 0 < results["interfacial_resistance"].uncertainty < 2
    assert results["double_layer_capacitance"].value == pytest.approx(1e-5, rel=0.02)
    assert results["ionic_conductivity"].value == pytest.approx(0.01 / (10 * 2), rel=0.01)
    assert results["kramers_kronig_residual"].value == pytest.approx(0.1, rel=0.5)
    assert results["kramers_kronig_residual"].warnings == ()
    elements = dict(results["equivalent_circuit"].rows[["element", "value"]].tolist())
    assert elements[b"R1"] == pytest.approx(200, rel=0.02)


def test_an_arc_of_picofarads_is_the_bulk_of_a_solid_electrolyte(tmp_path):
    results = results_of(tmp_path, noisy(1 / (1 / 1e5 + 2e-11 * S) + 1 / (1e-6 * S)))
    assert results["bulk_resistance"].value == pytest.approx(1e5, rel=0.01)
    assert results["interfacial_resistance"].value is None
    assert "no arc" in results["interfacial_resistance"].reason


def test_a_circuit_of_ones_own_choice(tmp_path):
    results = results_of(tmp_path, noisy(10 + 1 / (1 / 200 + 1e-6 * S)), circuit="R0-p(R1,CPE1)")
    assert [row["element"] for row in results["equivalent_circuit"].rows] == [
        b"R0",
        b"R1",
        b"CPE1.Q",
        b"CPE1.n",
    ]
    assert results["double_layer_capacitance"].value == pytest.approx(1e-6, rel=0.02)


def test_a_circuit_that_does_not_fit_is_said_so(tmp_path):
    results = results_of(tmp_path, noisy(10 + 1 / (1 / 200 + 1e-6 * S)), circuit="R0-C1")
    assert any("it is not the cell's" in text for text in results["bulk_resistance"].warnings)


def test_a_text_that_is_no_circuit_is_refused(tmp_path):
    with pytest.raises(CircuitError):
        results_of(tmp_path, noisy(10 + 0 * S), circuit="R0-Q1")


def test_overloads_are_left_out(tmp_path):
    impedance = noisy(10 + 1 / (1 / 200 + 1e-6 * S))
    flags = np.where(np.arange(len(S)) < 5, int(Flag.OVERLOAD), 0)
    results = results_of(tmp_path, np.where(flags > 0, 1e6, impedance), flags=flags)
    assert results["bulk_resistance"].value == pytest.approx(10, rel=0.02)
    assert any("5 points" in text for text in results["bulk_resistance"].warnings)


def test_three_points_are_no_spectrum(tmp_path):
    results = results_of(tmp_path, 10 + 0 * S[:3], frequency=FREQUENCY_Hz[:3])
    assert {each.value for each in results.values()} == {None}
    assert "only 3 valid points" in results["bulk_resistance"].reason


def test_one_point_that_noise_made_inductive_does_not_hide_the_arc():
    frequency = np.geomspace(2e5, 0.1, 60)
    impedance = 101 + 512 / (1 + 2j * np.pi * frequency * 512 * 1e-5)
    noise = np.random.default_rng(3).normal(size=(2, 60)) * 5e-4
    impedance = impedance * (1 + noise[0] + 1j * noise[1])
    impedance[0] += 0.3j - 1j * impedance[0].imag
    fit = choose_circuit(frequency, impedance)
    values = dict(zip([each.name for each in fit.circuit.parameters], fit.values, strict=True))
    assert values["R1"] == pytest.approx(512, rel=0.01)

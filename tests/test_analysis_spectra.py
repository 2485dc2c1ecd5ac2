"""Many spectra, values that are known before a fit, and uncertainties that are true."""

import json

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from faradaic.analysis import analyse
from faradaic.analysis.circuit import Circuit, CircuitError
from faradaic.analysis.circuit_fit import fit_circuit
from faradaic.analysis.relaxation_distribution import relaxation_distribution
from faradaic.analysis.report import draw_report
from faradaic.analysis.run_results import analyses
from faradaic.analysis.spectra import SpectraAnalysis
from faradaic.engine import run
from faradaic.protocols import (
    Cell,
    GalvanostaticCycling,
    ImpedanceSpectrum,
    Repeat,
    SymmetricCycling,
)
from faradaic.simulators import SymmetricCell, published_cell, simulated
from faradaic.storage import Run

from recorded import recorded, spectrum


@pytest.fixture(autouse=True)
def _one_thread():
    """Threads wait for each other where matrices are small."""
    with threadpool_limits(1):
        yield


FREQUENCY_Hz = np.logspace(5.3, -1, 64)
ARCS = Circuit.parse("R0-p(R1,C1)-p(R2,C2)")


def noisy(impedance, seed, even=1e-3):
    """Noise that grows towards the end of the band, as that of potentiostats does."""
    random = np.random.default_rng(seed).normal(size=(2, len(impedance)))
    relative = even * (1.0 + 4.0 * FREQUENCY_Hz / FREQUENCY_Hz.max())
    return impedance * (1 + relative * (random[0] + 1j * random[1]))


def off(text, values, seeds, even=1e-3):
    """Return how far fits to noisy spectra are from the truth, in standard uncertainties."""
    exact = Circuit.parse(text).impedance(FREQUENCY_Hz, values)
    fits = [fit_circuit(FREQUENCY_Hz, noisy(exact, seed, even), text) for seed in range(seeds)]
    return np.array([(fit.values - values) / fit.uncertainties for fit in fits])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("R0-p(R1,C1)-p(R2,C2)", [5.0, 100.0, 5e-7, 600.0, 5e-6]),
        ("R0-p(R1,CPE1)", [10.0, 300.0, 1e-5, 0.85]),
        ("R0-p(R1,CPE1)-Ws2", [10.0, 100.0, 1e-5, 0.9, 300.0, 3.0]),
    ],
)
def test_the_truth_lies_within_the_uncertainty_as_often_as_is_claimed(text, values):
    deviations = off(text, values, seeds=60)
    # Binomial: of 60, 41 within one and 57 within two standard uncertainties are expected.
    within = np.abs(deviations)
    assert ((within < 1.0).sum(axis=0) >= 32).all()
    assert ((within < 1.96).sum(axis=0) >= 52).all()
    # And they are not so wide that they say nothing.
    assert (np.sqrt((deviations**2).mean(axis=0)) > 0.6).all()


def test_a_circuit_that_is_not_the_cells_gets_wider_uncertainties():
    exact = ARCS.impedance(FREQUENCY_Hz, [5.0, 100.0, 1e-6, 200.0, 5e-6])
    right = fit_circuit(FREQUENCY_Hz, noisy(exact, 0, 1e-4), ARCS)
    wrong = fit_circuit(FREQUENCY_Hz, noisy(exact, 0, 1e-4), "R0-p(R1,C1)")
    assert wrong.uncertainties[1] > 30 * right.uncertainties[1]


def test_another_library_finds_the_same_values_and_chi_squared():
    import pyimpspec  # noqa: PLC0415  takes seconds

    text, true = "R0-p(R1,CPE1)", [10.0, 300.0, 1e-5, 0.85]
    impedance = noisy(Circuit.parse(text).impedance(FREQUENCY_Hz, true), 3)
    ours = fit_circuit(FREQUENCY_Hz, impedance, text)
    theirs = pyimpspec.fit_circuit(
        pyimpspec.parse_cdc("R{R=20}(R{R=200}Q{Y=1e-5,n=0.8})"),
        pyimpspec.DataSet(frequencies=FREQUENCY_Hz, impedances=impedance),
        method="least_squares",
        weight="modulus",
    )
    found = {
        (element, name): (each.value, each.stderr)
        for element, parameters in theirs.parameters.items()
        for name, each in parameters.items()
    }
    values = [found[key][0] for key in [("R_1", "R"), ("R_2", "R"), ("Q_1", "Y"), ("Q_1", "n")]]
    errors = [found[key][1] for key in [("R_1", "R"), ("R_2", "R"), ("Q_1", "Y"), ("Q_1", "n")]]
    assert ours.values == pytest.approx(values, rel=1e-3)
    # Ours weighs by 1/|Z|, theirs by its square: ours has the least χ², theirs not much more.
    assert ours.chi_squared <= theirs.pseudo_chisqr < 1.02 * ours.chi_squared
    # Theirs assume the same relative noise at all frequencies.
    assert (ours.uncertainties > 0.4 * np.array(errors)).all()
    assert (ours.uncertainties < 3.5 * np.array(errors)).all()


def test_values_are_fixed_and_started_from_in_the_text():
    exact = Circuit.parse("R0-p(R1,CPE1)").impedance(FREQUENCY_Hz, [10.0, 300.0, 1e-5, 0.9])
    fit = fit_circuit(FREQUENCY_Hz, exact, "R0-p(R1,CPE1); CPE1.n=0.9; R1 ~ 200")
    assert fit.values == pytest.approx([10.0, 300.0, 1e-5, 0.9], rel=1e-6)
    assert fit.values[3] == 0.9
    assert fit.uncertainties[3] == 0.0
    wrong = fit_circuit(FREQUENCY_Hz, exact, "R0-p(R1,CPE1); CPE1.n=1")
    assert wrong.values[3] == 1.0
    assert wrong.scatter > 0.02


def test_a_circuit_whose_values_are_all_fixed_is_only_compared():
    exact = Circuit.parse("R0-C1").impedance(FREQUENCY_Hz, [10.0, 1e-6])
    fit = fit_circuit(FREQUENCY_Hz, 1.01 * exact, "R0-C1; R0=10; C1=1e-6")
    assert fit.values.tolist() == [10.0, 1e-6]
    assert fit.chi_squared == pytest.approx(len(FREQUENCY_Hz) * (0.01 / 1.01) ** 2, rel=1e-9)


def test_a_start_value_decides_between_two_arcs_that_could_change_places():
    exact = ARCS.impedance(FREQUENCY_Hz, [5.0, 100.0, 5e-7, 600.0, 5e-6])
    swapped = fit_circuit(FREQUENCY_Hz, exact, ARCS, near=[5.0, 600.0, 5e-6, 100.0, 5e-7])
    assert swapped.values == pytest.approx([5.0, 600.0, 5e-6, 100.0, 5e-7], rel=1e-4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("R0-p(R1,C1); R2=5", "'R2' is no value of the circuit; it has R0, R1, C1"),
        ("R0; R0", "'R0' is not a value; write 'CPE1.n=0.9'"),
        ("R0; R0=ten", "is not a value"),
        ("R0; R0=nan", "must be from 1e-06 to 1e+14 Ω"),
        ("R0; R0=-5", "R0 is -5; it must be from 1e-06"),
        ("R0-CPE1; CPE1.n=1.2", "CPE1.n is 1.2; it must be from 0.4 to 1"),
        ("R0; R0=1; R0~2", "gives R0 twice"),
        ("R0" + "; R0=1" * 200, "at most 500 characters"),
    ],
)
def test_conditions_that_do_not_fit_are_refused_in_a_sentence(text, says):
    with pytest.raises(CircuitError) as refusal:
        Circuit.parse(text)
    assert says in str(refusal.value)


@pytest.mark.parametrize("even", [5e-4, 5e-3])
@pytest.mark.parametrize(
    ("text", "values", "resistances"),
    [
        ("R0-p(R1,C1)-p(R2,C2)", [5.0, 100.0, 5e-7, 600.0, 5e-6], [100.0, 600.0]),
        ("R0-p(R1,CPE1)", [10.0, 300.0, 1e-5, 0.85], [300.0]),
        ("R0-p(R1,CPE1)-p(R2,CPE2)", [10.0, 100.0, 1e-6, 0.9, 300.0, 1e-4, 0.9], [100.0, 300.0]),
    ],
)
def test_the_resistances_of_the_peaks_lie_within_their_uncertainty(text, values, resistances, even):
    exact = Circuit.parse(text).impedance(FREQUENCY_Hz, values)
    hits = recognised = 0
    for seed in range(12):
        found = relaxation_distribution(FREQUENCY_Hz, noisy(exact, seed, even))
        if len(found.peaks) != len(resistances):
            continue
        recognised += 1
        hits += all(
            abs(peak.resistance_ohm - true) < 2.0 * peak.resistance_uncertainty_ohm
            and peak.resistance_uncertainty_ohm < 0.15 * true
            for peak, true in zip(found.peaks, resistances, strict=True)
        )
    # Noise of 2 % at the fast end breaks broad peaks into more now and then.
    assert recognised >= (10 if even < 1e-3 or "CPE2" not in text else 1)
    assert hits >= 0.9 * recognised


def test_the_band_of_a_distribution_holds_the_curve_of_a_broad_process():
    # γ of a resistance beside a CPE is known (Cole and Cole, J. Chem. Phys. 9 (1941) 341).
    resistance, time_s, n = 300.0, 1e-3, 0.7
    exact = Circuit.parse("R0-p(R1,CPE1)").impedance(
        FREQUENCY_Hz, [10.0, resistance, time_s**n / resistance, n]
    )
    found = relaxation_distribution(FREQUENCY_Hz, noisy(exact, 0))
    x = np.log(found.time_s / time_s)
    gamma = resistance / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(n * x) - np.cos((1 - n) * np.pi))
    inner = np.abs(x) < 4.0
    inside = (gamma > found.low_ohm - 1.0) & (gamma < found.high_ohm + 1.0)
    assert inside[inner].mean() > 0.85
    # Its feet may be called peaks of their own; together they are the resistance.
    whole = sum(peak.resistance_ohm for peak in found.peaks)
    assert whole == pytest.approx(resistance, rel=0.01)


def test_spectra_between_cycles_follow_the_resistance_that_grows(tmp_path):
    # The published charge-transfer resistance: 490.1 Ω after the first, 755.2 Ω after the 20th cycle.
    cell = Cell(name="LFP", area="1 cm²", active_mass="5 mg", specific_capacity="170 mAh/g")
    protocol = GalvanostaticCycling(
        cycles=20, formation_cycles=0, hold_until="0.05C", measure_every="5 s", spectra_every=1
    )
    with simulated("emstat4-hr", published_cell("LFP|IGE-2|Li"), seed=2) as instrument:
        run(protocol, instrument.channels[0], cell=cell, out=tmp_path / "run.h5").close()
    with Run.open(tmp_path / "run.h5") as finished:
        rows = finished.results["spectra"].rows
        assert rows["cycle"].tolist() == list(range(1, 21))
        assert rows["interfacial_resistance"][0] == pytest.approx(490.1, rel=0.12)
        assert rows["interfacial_resistance"][-1] == pytest.approx(755.2, rel=0.12)
        assert (np.diff(rows["interfacial_resistance"]) > 0).all()
        assert (rows["bulk_resistance_uncertainty"] > 0).all()
        assert len(finished.results["cycles"].rows) == 20


def test_symmetric_cells_are_cycled_with_spectra_whose_values_are_the_cells(tmp_path):
    simulated_cell = SymmetricCell(life_h=20.0, critical_current_density_mA_per_cm2=5.0)
    known = simulated_cell.metadata
    cell = Cell(name="Li‖Li", area="1 cm²", thickness="50 µm")
    protocol = SymmetricCycling(stages="0.1 mA/cm² x 0.1 mAh/cm² x 20", spectra_every=2)
    with simulated("emstat4-hr", simulated_cell, seed=3) as instrument:
        run(protocol, instrument.channels[0], cell=cell, out=tmp_path / "run.h5").close()
    with Run.open(tmp_path / "run.h5") as finished:
        (parts,) = [part for _, part in analyses(finished) if isinstance(part, SpectraAnalysis)]
        rows = finished.results["spectra"].rows
        # The life ends with cycle 10: the spectrum after it already shows a soft short.
        sound = rows[:-2]
        true = known["interphase_resistance_ohm"] + known["charge_transfer_resistance_ohm"]
        assert sound["cycle"].tolist() == [0, 2, 4, 6, 8]
        assert np.allclose(sound["interfacial_resistance"], true, rtol=0.01)
        # The one after the short is the bridge: 2 Ω·cm².
        assert parts.spectra[-1].impedance_ohm.real == pytest.approx(2.0, rel=0.2)
        assert finished.results["time_to_failure"].value == pytest.approx(20.0, rel=0.05)


def many(folder, count, growth=1.05):
    steps = [
        (
            "spectrum",
            spectrum(FREQUENCY_Hz, noisy(ARCS.impedance(FREQUENCY_Hz, values), seed)),
            {"part": str(seed), "program_index": seed, "cycle_count": seed + 1},
        )
        for seed, values in enumerate(
            [5.0, 100.0, 5e-7, 400.0 * growth**number, 5e-6] for number in range(count)
        )
    ]
    return recorded(folder, Repeat(ImpedanceSpectrum(), count), *steps)


def test_all_spectra_of_a_run_have_one_circuit_and_a_row_each(tmp_path):
    results = analyse(many(tmp_path, 20))
    table, values = results["spectra"], results["spectra_values"]
    assert "R0-p(R1,C1)-p(R2,C2) for all spectra" in table.method
    true = 400.0 * 1.05 ** np.arange(20)
    deviation = (values.rows["R2"] - true) / values.rows["R2_uncertainty"]
    assert (np.abs(deviation) < 4).all()
    assert (np.abs(deviation) < 2).sum() >= 16
    assert values.units["C2_uncertainty"] == "F"
    assert table.rows["interfacial_resistance"] == pytest.approx(100.0 + true, rel=0.01)
    # More than a dozen: only the first and the last are also analysed alone.
    assert {name.split("/")[0] for name in results if name.endswith("/bulk_resistance")} == {"0", "19"}


def test_a_given_circuit_holds_for_all_spectra_and_is_drawn(tmp_path):
    run_ = many(tmp_path, 4)
    parts = analyses(run_, circuit="R0-p(R1,C1)-p(R2,C2); R0=5")
    (spectra,) = [part for _, part in parts if isinstance(part, SpectraAnalysis)]
    assert (spectra.results["spectra_values"].rows["R0"] == 5.0).all()
    assert (spectra.results["spectra_values"].rows["R0_uncertainty"] == 0.0).all()
    (figure,) = [
        file for file in draw_report(run_, tmp_path, ("svg",), parts=parts) if "-spectra" in file.name
    ]
    drawn = figure.read_text("utf-8")
    for text in ("4 spectra", "Resistance (Ω), ± 95 %", "Kramers–Kronig residual (%)", "Cycle", "χ²"):
        assert text in drawn


def test_the_distribution_has_a_figure_of_its_own(tmp_path):
    run_ = recorded(
        tmp_path,
        ImpedanceSpectrum(),
        (
            "spectrum",
            spectrum(FREQUENCY_Hz, noisy(ARCS.impedance(FREQUENCY_Hz, [5, 100, 5e-7, 600, 5e-6]), 0)),
            {},
        ),
    )
    table = analyse(run_)["relaxation_times"]
    assert table.rows["peak"].tolist() == [b"P1", b"P2"]
    assert "λ = " in table.method
    (figure,) = [file for file in draw_report(run_, tmp_path, ("svg",)) if "relaxation" in file.name]
    drawn = figure.read_text("utf-8")
    for text in ("γ(ln τ) (Ω)", "95 % credible", "by evidence", "P1: ", "P2: "):
        assert text in drawn


def test_spectra_of_a_protocol_that_is_not_known_are_analysed_together(tmp_path):
    steps = []
    for seed in range(3):
        rows = spectrum(FREQUENCY_Hz, noisy(ARCS.impedance(FREQUENCY_Hz, [5, 100, 5e-7, 600, 5e-6]), seed))
        rows["ambient_temperature_celsius"] = np.nan
        steps.append(("mine", rows, {"parameters": json.dumps({"temperature_degC": 25.0 + 10 * seed})}))
    run_ = recorded(tmp_path, {"protocol": "TheirOwn"}, *steps)
    assert analyse(run_)["spectra"].rows["temperature"].tolist() == [25.0, 35.0, 45.0]


def test_a_spectrum_with_too_few_points_leaves_its_row_empty(tmp_path):
    whole = spectrum(FREQUENCY_Hz, noisy(ARCS.impedance(FREQUENCY_Hz, [5, 100, 5e-7, 600, 5e-6]), 0))
    steps = [("spectrum", rows, {"cycle_count": n}) for n, rows in enumerate((whole, whole[:2], whole), 1)]
    rows = analyse(recorded(tmp_path, {"protocol": "TheirOwn"}, *steps))["spectra"].rows
    assert np.isnan(rows["interfacial_resistance"]).tolist() == [False, True, False]

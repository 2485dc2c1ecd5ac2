"""Results and figures of whole runs."""

import logging

import numpy as np
import pytest

from faradaic.analysis import analyse, run_results
from faradaic.analysis.measurement import measurements
from faradaic.analysis.report import draw_report
from faradaic.analysis.run_results import analyses
from faradaic.protocols import (
    CyclicVoltammetry,
    ImpedanceSpectrum,
    LinearSweep,
    OpenCircuit,
    Repeat,
    Sequence,
)
from faradaic.storage import Run, StorageError

from recorded import recorded, samples, spectrum

FREQUENCY_Hz = np.logspace(5, 0, 41)
IMPEDANCE = 10 + 1 / (1 / 200 + 1e-6 * 2j * np.pi * FREQUENCY_Hz)


def rest(slope_V_per_s=1e-6, count=200, seed=0):
    time_s = np.arange(count) * 1.0
    noise = 1e-5 * np.random.default_rng(seed).normal(size=count)
    return samples(time_s, 3.0 + slope_V_per_s * time_s + noise, np.zeros(count))


def sweep():
    potential = np.arange(3.0, 5.0, 1e-3)
    return samples(np.arange(len(potential)) * 10.0, potential, 1e-5 * 10 ** ((potential - 4.6) / 0.1))


def cycles():
    up = np.arange(-0.4, 0.4, 1e-3)
    potential = np.concatenate([up, up[::-1]])
    current = 1e-4 * np.exp(-((potential / 0.05) ** 2)) * np.repeat([1, -1], len(up))
    return samples(np.arange(len(potential)) * 0.1, potential, current, cycle=1)


def everything(folder):
    protocol = Sequence(
        OpenCircuit(),
        ImpedanceSpectrum(),
        CyclicVoltammetry(vertex_1="-0.4 V", vertex_2="0.4 V", rates="10 mV/s"),
        LinearSweep(),
        Repeat(ImpedanceSpectrum(), 2),
    )
    return recorded(
        folder,
        protocol,
        ("open_circuit", rest(), {"part": "0"}),
        ("ocv", rest(), {"part": "1"}),
        ("spectrum", spectrum(FREQUENCY_Hz, IMPEDANCE), {"part": "1"}),
        ("voltammogram", cycles(), {"part": "2", "parameters": '{"rate_V_per_s": 0.01}'}),
        ("sweep", sweep(), {"part": "3"}),
        ("spectrum", spectrum(FREQUENCY_Hz, 2 * IMPEDANCE), {"part": "4.0"}),
        ("spectrum", spectrum(FREQUENCY_Hz, 3 * IMPEDANCE), {"part": "4.1"}),
    )


def test_the_end_of_a_rest_and_its_drift(tmp_path):
    results = analyse(recorded(tmp_path, OpenCircuit(), ("open_circuit", rest(), {})))
    potential, drift = results["open_circuit_potential"], results["open_circuit_drift"]
    assert potential.value == pytest.approx(3.0 + 199e-6, abs=5 * potential.uncertainty)
    assert potential.uncertainty < 1e-5
    assert drift.value == pytest.approx(3.6, abs=5 * drift.uncertainty)
    assert (potential.unit, drift.unit) == ("V", "mV/h")


def test_a_rest_of_few_points_has_a_potential_and_no_drift(tmp_path):
    results = analyse(recorded(tmp_path, OpenCircuit(), ("open_circuit", rest(count=5), {})))
    assert results["open_circuit_potential"].value == pytest.approx(3.0, abs=1e-3)
    assert "only 5 points" in results["open_circuit_drift"].reason


def test_a_rest_that_never_measured_says_so(tmp_path):
    results = analyse(recorded(tmp_path, OpenCircuit(), ("open_circuit", rest(count=0), {})))
    assert results["open_circuit_potential"].reason == "nothing was measured at rest"


def test_names_that_several_parts_share_carry_the_part(tmp_path):
    results = analyse(everything(tmp_path))
    resistances = [results[f"{part}/bulk_resistance"].value for part in ("1", "4.0", "4.1")]
    assert resistances == pytest.approx([10, 20, 30], rel=1e-3)
    assert results["onset_potential"].value == pytest.approx(4.6, abs=1e-3)
    assert results["open_circuit_potential"].value == pytest.approx(3.0, abs=1e-3)


def test_the_segments_of_a_step_are_one_measurement(tmp_path):
    rows = sweep()
    run = recorded(
        tmp_path,
        LinearSweep(),
        ("sweep", rows[:900], {"program_index": 0}),
        ("pause", rest(), {"program_index": 0}),
        ("sweep", rows[900:], {"program_index": 0, "segment": 1}),
    )
    assert analyse(run)["onset_potential"].value == pytest.approx(4.6, abs=1e-3)


def test_a_protocol_that_is_not_known_here_is_left_out(tmp_path):
    description = {"protocol": "Sequence", "protocols": [{"protocol": "TheirOwn"}, OpenCircuit().to_dict()]}
    run = recorded(
        tmp_path,
        description,
        ("hold", rest(), {"part": "0"}),
        ("open_circuit", rest(), {"part": "1"}),
    )
    assert [each.part for each in measurements(run)] == ["1"]
    assert "open_circuit_potential" in analyse(run)


def test_an_analysis_that_fails_does_not_take_the_others_with_it(tmp_path, monkeypatch, caplog):
    def fail(measurement):
        raise ZeroDivisionError

    monkeypatch.setitem(run_results._ANALYSES, "LinearSweep", fail)
    with caplog.at_level(logging.ERROR):
        results = analyse(everything(tmp_path))
    assert "onset_potential" not in results
    assert "open_circuit_potential" in results
    assert "LinearSweep was not analysed" in caplog.text


def test_results_survive_the_file(tmp_path):
    run = everything(tmp_path)
    results = analyse(run)
    run.write_results(results)
    run.close()
    with Run.open(run.path) as again:
        assert set(again.results) == set(results)
        assert next(iter(again.results)) == "open_circuit_potential"
        assert again.results["onset_potential"] == results["onset_potential"]
        assert again.results["peaks"].rows.tobytes() == results["peaks"].rows.tobytes()


def test_every_part_has_its_figure_in_every_format(tmp_path):
    files = draw_report(everything(tmp_path), tmp_path, ("png", "svg", "pdf"))
    names = {file.name for file in files}
    # Six parts, the distributions of three spectra, and all spectra together.
    assert len(names) == (6 + 3 + 1) * 3
    assert "run-1-spectrum.svg" in names
    assert "run-4.1-spectrum.pdf" in names
    beginnings = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
    for file in files:
        assert file.read_bytes().startswith(beginnings[file.suffix])
        assert file.stat().st_size > 3000


def test_the_figures_of_one_run_do_not_change(tmp_path):
    run = everything(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        draw_report(run, tmp_path / name, ("svg",))
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_figures_say_what_a_paper_needs(tmp_path):
    (spectrum_svg,) = [
        file.read_text("utf-8")
        for file in draw_report(everything(tmp_path), tmp_path, ("svg",))
        if file.name == "run-1-spectrum.svg"
    ]
    for text in ("Re Z (Ω)", "−Im Z (Ω)", "R0-p(R1,C1)", "Frequency (Hz)"):
        assert text in spectrum_svg


def test_a_run_without_data_is_drawn_as_well(tmp_path):
    protocol = Sequence(OpenCircuit(), ImpedanceSpectrum(), LinearSweep())
    run = recorded(
        tmp_path,
        protocol,
        ("open_circuit", rest(count=0), {"part": "0"}),
        ("spectrum", spectrum(FREQUENCY_Hz[:0], IMPEDANCE[:0]), {"part": "1"}),
        ("sweep", sweep()[:0], {"part": "2"}),
    )
    # The spectrum and its distribution are two figures.
    assert len(draw_report(run, tmp_path, ("png",))) == 4
    assert all(each.results for _, each in analyses(run))


@pytest.mark.parametrize("formats", [("bmp",), ()])
def test_other_formats_are_refused_in_a_sentence(tmp_path, formats):
    with pytest.raises(ValueError, match="is not a format of figures; use png, svg or pdf"):
        draw_report(everything(tmp_path), tmp_path, formats)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StorageError, match="cannot be written"):
        draw_report(everything(tmp_path), tmp_path / "none", ("svg",))

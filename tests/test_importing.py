"""Files of other programs: what is read, what is mended and said, and what analysis makes of them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.analysis import analyse
from faradaic.analysis.report import draw_report
from faradaic.engine import run
from faradaic.protocols import (
    Cell,
    GalvanostaticCycling,
    Imported,
    LinearSweep,
    OpenCircuit,
    ProtocolError,
    preview,
    protocol_types,
)
from faradaic.simulators import FullCell, Replay, parse_cell, published_cell, simulated
from faradaic.storage import Run, StorageError
from faradaic.storage.exporting import export_run
from faradaic.storage.importing import import_run
from faradaic.storage.importing.time_repair import repaired_time


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def cycling_csv(path, *, heads="test_time_second,voltage_volt,current_ampere,step_index", spoil=None):
    """Two cycles of 1 A for 1 h and -1 A for 0.9 h and 0.8 h, with rests."""
    rows, now_s = [], 0.0
    halves = (
        (1.0, 1.0, 3.4, 3.8), (0.0, 0.1, 3.5, 3.5), (-1.0, 0.9, 3.4, 2.5), (0.0, 0.1, 3.0, 3.0),
        (1.0, 0.9, 3.4, 3.8), (0.0, 0.1, 3.5, 3.5), (-1.0, 0.8, 3.4, 2.5),
    )  # fmt: skip
    for step, (current_A, hours, start_V, end_V) in enumerate(halves, 1):
        rows += [
            [now_s + share * hours * 3600, start_V + share * (end_V - start_V), current_A, step]
            for share in np.linspace(0, 1, 101)
        ]
        now_s = rows[-1][0] + 0.01
    if spoil is not None:
        spoil(rows)
    lines = [",".join("" if value is None else f"{value:.10g}" for value in row) for row in rows]
    return write(path, "\n".join([heads, *lines]) + "\n")


def imported(tmp_path, source, **options):
    measured = Run.open(import_run(source, tmp_path / "run.h5", **options))
    measured.write_results(analyse(measured))
    return measured


@pytest.mark.parametrize(
    "heads",
    [
        "test_time_second,voltage_volt,current_ampere,step_index",
        "Test Time / s,Voltage / V,Current / A,Step Index / 1",
    ],
)
def test_cycles_of_the_battery_data_format(tmp_path, heads):
    cell = {"name": "c", "active_mass": "1 g"}
    with imported(tmp_path, cycling_csv(tmp_path / "a.csv", heads=heads), cell=cell) as measured:
        rows = measured.results["cycles"].rows
        assert rows["charge_capacity"] == pytest.approx([1000, 900], rel=1e-6)
        assert rows["discharge_capacity"] == pytest.approx([900, 800], rel=1e-6)
        assert rows["coulombic_efficiency"] == pytest.approx([90, 88.889], abs=0.01)
        assert rows["specific_capacity"] == pytest.approx([900, 800], rel=1e-6)
        assert rows["mean_charge_potential"] == pytest.approx([3.6, 3.6])
        assert measured.results["capacity_retention"].value == pytest.approx(100 * 8 / 9)
        assert not measured.events
        assert draw_report(measured, tmp_path, ("png",))


def test_a_time_column_that_starts_anew_is_mended_and_said(tmp_path):
    def spoil(rows):
        for first in range(101, len(rows), 101):
            rows[first][0] = 0.0

    with imported(tmp_path, cycling_csv(tmp_path / "a.csv", spoil=spoil)) as measured:
        event = measured.events[0]
        assert "at 6 of 707 samples it is empty or runs backwards, first in row 102" in event.text
        assert np.all(np.diff(measured.samples["test_time_second"]) >= 0)
        assert measured.results["cycles"].rows["discharge_capacity"] == pytest.approx([900, 800], rel=6e-3)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1e6), min_size=20, max_size=60).map(sorted), st.data())
def test_mended_times_never_run_backwards_and_leave_the_good_ones(times, data):
    spoiled = np.array(times)
    for index in data.draw(st.lists(st.integers(1, len(times) - 2), max_size=2)):
        spoiled[index] = data.draw(st.sampled_from([0.0, np.nan]))
    mended, sentence = repaired_time(spoiled)
    assert np.all(np.diff(mended) >= 0)
    assert (sentence is None) == np.array_equal(mended, spoiled)


def test_a_hopeless_time_column_is_refused(tmp_path):
    def spoil(rows):
        for index, row in enumerate(rows):
            row[0] = index % 7

    with pytest.raises(StorageError, match="it cannot be used"):
        import_run(cycling_csv(tmp_path / "a.csv", spoil=spoil), tmp_path / "run.h5")
    assert not (tmp_path / "run.h5").exists()


def test_samples_without_a_value_and_short_lines_are_left_out_and_said(tmp_path):
    path = cycling_csv(tmp_path / "a.csv", spoil=lambda rows: rows[5].__setitem__(1, None))
    path.write_text(path.read_text("utf-8").rstrip("\n") + "\n4e4,3.0\n", "utf-8")
    with imported(tmp_path, path) as measured:
        texts = [event.text for event in measured.events]
        assert texts[0].startswith("1 lines had too few")
        assert texts[1] == "2 samples without a value were left out."
        assert len(measured.samples) == 706


def test_a_half_cell_begins_with_the_discharge(tmp_path):
    # Lithium goes into graphite first: the efficiency is what comes out of it.
    source = cycling_csv(tmp_path / "a.csv", spoil=lambda rows: [row.__setitem__(2, -row[2]) for row in rows])
    with imported(tmp_path, source) as measured:
        rows = measured.results["cycles"].rows
        assert rows["coulombic_efficiency"] == pytest.approx([90, 88.889], abs=0.01)
        assert np.all(np.isnan(rows["energy_efficiency"]))


def test_the_last_cycle_counts_only_where_it_was_complete(tmp_path):
    def cut(rows):
        del rows[-50:]

    with imported(tmp_path, cycling_csv(tmp_path / "a.csv", spoil=cut)) as measured:
        assert measured.results["cycles"].rows["cycle"].tolist() == [1.0]
        assert measured.steps[-1].end_reason == "interrupted"


def test_pulses_and_rests_are_taken_for_a_titration(tmp_path):
    lines, now_s, base_V = ["Time [s];\tVoltage [V];\tCurrent [A]"], 0.0, 3.7
    for _ in range(6):
        for current_A, rise_V in ((0.0, 0.0), (1.0, 0.03)):
            for tick in range(1, 121):
                now_s += 0.5
                surface_V = 0.004 * np.sqrt(tick * 0.5) + 0.05 if current_A else 0.0
                lines.append(f"{now_s:+.6E};\t{base_V + surface_V:+.6E};\t{current_A:+.6E}")
            base_V += rise_V / 10
    source = write(tmp_path / "g.txt", "\n".join(lines))
    with imported(tmp_path, source, cell={"name": "c", "diffusion_length": "5 µm"}) as measured:
        assert measured.protocol["analysed_as"] == "GITT"
        # D = 4/π · (L · ΔE_s/τ / (dE/d√t))²
        expected = 4 / np.pi * (5e-4 * 0.003 / 59.5 / 0.004) ** 2
        assert measured.results["diffusion_coefficient"].value == pytest.approx(expected, rel=0.05)


GAMRY = (
    "EXPLAIN\nTAG\tEISPOT\nPSTAT\tPSTAT\tRef 600\tPotentiostat\nZCURVE\tTABLE\n"
    "\tPt\tTime\tFreq\tZreal\tZimag\n\t#\ts\tHz\tohm\tohm\n"
)


def gamry_lines(count=40):
    frequency = np.geomspace(1e5, 1, count)
    z = 20 + 200 / (1 + 2j * np.pi * frequency * 200 * 1e-5)
    return [
        f"\t{i}\t{i}\t{f:.6g}\t{v.real:.6g}\t{v.imag:.6g}"
        for i, (f, v) in enumerate(zip(frequency, z, strict=True))
    ]


def test_a_spectrum_of_gamry_is_fitted(tmp_path):
    source = write(tmp_path / "s.DTA", GAMRY + "\n".join(gamry_lines()) + "\n")
    with imported(tmp_path, source) as measured:
        results = measured.results
        assert results["bulk_resistance"].value == pytest.approx(20, rel=1e-3)
        assert results["interfacial_resistance"].value == pytest.approx(200, rel=1e-3)
        assert results["kramers_kronig_residual"].value < 0.1
        assert measured.instrument["model"] == "Gamry Ref 600"


def test_an_aborted_spectrum_gives_what_it_holds(tmp_path):
    lines = gamry_lines()[:12]
    lines[3] = lines[3].replace("\t", " ").strip()
    source = write(
        tmp_path / "s.dta",
        GAMRY + "\n".join(lines).replace("\n3 3", "\n 3 3") + "\nEXPERIMENTABORTED\tTOGGLE\tT\tAborted\n",
    )
    with imported(tmp_path, source) as measured:
        assert measured.events[0].text.startswith("The experiment was aborted")
        assert len(measured.impedance) == 12


def test_voltammograms_of_gamry_are_read_curve_by_curve(tmp_path):
    curve = "CURVE{n}\tTABLE\n\tPt\tT\tVf\tIm\n\t#\ts\tV\tA\n\t0\t{n}0\t0.1\t1e-6\n\t1\t{n}1\t0.2\t2e-6\n"
    source = write(tmp_path / "c.dta", "EXPLAIN\nTAG\tCV\n" + "".join(curve.format(n=n) for n in (1, 2)))
    with imported(tmp_path, source) as measured:
        assert measured.samples["voltage_volt"].tolist() == pytest.approx([0.1, 0.2, 0.1, 0.2])
        assert measured.samples["cycle_count"].tolist() == [1, 1, 2, 2]
        assert measured.results["peaks"].rows["scan_rate"].tolist() == [0.1]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "a.csv",
            "x,y\n1,2\n",
            r"no column that is known to hold the time or the potential or the current. Its columns are 'x', 'y'",
        ),
        ("a.csv", "test_time_second,voltage_volt,current_ampere\n", "holds no samples"),
        (
            "a.dta",
            "EXPLAIN\nTAG\tCV\nDELAY\tTWOPARAM\tF\n",
            "holds no measured points: it ends after 'DELAY'",
        ),
        ("a.dta", "hello", "holds no table"),
        ("a.txt", "a;b\n1;2\n", "Its columns are 'a', 'b'"),
        ("a.xyz", "", "is empty"),
        ("a.xlsx", "PK\x03\x04", "save the sheet as CSV"),
        ("a.parquet", "PAR1", "is not a Parquet file that can be read"),
        ("a.ndax", "no archive", "is not a Neware file that can be read"),
        ("a.nda", "NEWARE", "is not a Neware file that can be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, name, text, says):
    with pytest.raises(StorageError, match=says):
        import_run(write(tmp_path / name, text), tmp_path / "run.h5")
    assert not (tmp_path / "run.h5").exists()


def test_our_own_export_comes_back_the_same(tmp_path):
    protocol = GalvanostaticCycling(cycles=2, formation_cycles=0, charge_current="2C", discharge_current="2C")
    with simulated("emstat4-hr", FullCell()) as instrument:
        first = run(
            protocol, instrument.channels[0], cell=Cell(nominal_capacity="1 mAh"), out=tmp_path / "a.h5"
        )
    with first:
        csv_file = next(path for path in export_run(first, tmp_path) if path.name.endswith(".bdf.csv"))
        with imported(tmp_path, csv_file) as again:
            for name in ("test_time_second", "voltage_volt", "current_ampere", "cycle_count"):
                assert np.array_equal(again.samples[name], first.samples[name])
            ours, theirs = (run_.results["cycles"].rows["discharge_capacity"] for run_ in (first, again))
            # Only recorded samples are in the file; the run itself counted every measurement.
            assert theirs == pytest.approx(ours, rel=5e-3)


def test_an_imported_run_is_no_protocol_to_run():
    assert "Imported" not in protocol_types()
    with pytest.raises(ProtocolError, match="cannot be repeated"):
        preview(Imported(analysed_as="GITT"), Cell())


# Replay


def test_a_recorded_run_is_measured_again(tmp_path):
    with simulated("emstat4-hr", published_cell("SS|PE|Li")) as instrument:
        first = run(
            LinearSweep(start="3 V", stop="5 V", rate="1 mV/s"), instrument.channels[0], cell=Cell(area="1 cm²"),
            out=tmp_path / "a.h5",
        )  # fmt: skip
    with first, simulated("emstat4-hr", Replay(tmp_path / "a.h5")) as instrument:
        again = run(
            LinearSweep(start="3 V", stop="5 V", rate="1 mV/s"), instrument.channels[0], cell=Cell(area="1 cm²"),
            out=tmp_path / "b.h5",
        )  # fmt: skip
        with again:
            onsets = [each.results["onset_potential"].value for each in (first, again)]
            assert onsets[0] == pytest.approx(onsets[1], abs=0.01)


def test_a_file_of_the_battery_data_format_is_replayed(tmp_path):
    cell = Replay(cycling_csv(tmp_path / "a.csv"))
    assert cell.hold_current(0.0, 1800.0) == pytest.approx(3.6)
    assert cell.hold_potential(0.0, 2000.0) == pytest.approx(0.0)
    assert cell.rest(1e9) == pytest.approx(2.5)
    assert cell.metadata["file"] == "a.csv"
    with simulated("emstat4-hr", parse_cell(f"Replay({json.dumps(str(tmp_path / 'a.csv'))})")) as instrument:
        measured = run(OpenCircuit(duration="30 min"), instrument.channels[0], out=tmp_path / "o.h5")
        with measured:
            assert measured.samples["voltage_volt"][-1] == pytest.approx(3.6, abs=2e-3)


def test_a_spectrum_is_replayed_between_its_frequencies(tmp_path):
    source = write(tmp_path / "s.dta", GAMRY + "\n".join(gamry_lines()))
    with imported(tmp_path, source):
        pass
    with pytest.raises(ValueError, match="holds no samples"):
        Replay(tmp_path / "run.h5")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "test_time_second,voltage_volt,current_ampere\nx,y,z\n"])
def test_what_cannot_be_replayed_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match="cannot be replayed"):
        Replay(write(tmp_path / "a.csv", text))

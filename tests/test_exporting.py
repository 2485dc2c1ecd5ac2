"""Runs written as Battery Data Format, CSV and Excel, read by other people's programs."""

import csv
import json
import warnings
from pathlib import Path

import bdf
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from faradaic.analysis import analyse
from faradaic.cli import app
from faradaic.core.samples import SAMPLE, Flag
from faradaic.engine import run
from faradaic.protocols import Cell, GalvanostaticCycling
from faradaic.simulators import FullCell, simulated
from faradaic.storage import Run, StorageError
from faradaic.storage.exporting import FORMATS, excel, export_run
from faradaic.storage.exporting.bdf_columns import FLAGS, LABELS
from faradaic.storage.importing import import_run

from recorded import recorded, samples, spectrum

ONTOLOGY = Path(__file__).parent / "data" / "battery-data-format-1.3.0.csv"
PROTOCOL = {"protocol": "P"}


@pytest.fixture(scope="module")
def cycled(tmp_path_factory):
    """Two cycles at 2C of a cell of 1 mAh, analysed."""
    protocol = GalvanostaticCycling(cycles=2, formation_cycles=0, charge_current="2C", discharge_current="2C")
    cell = Cell(name="LFP no. 7", nominal_capacity="1 mAh", area="1.13 cm²", active_mass="5 mg")
    path = tmp_path_factory.mktemp("cycled") / "a.h5"
    with simulated("emstat4-hr", FullCell()) as instrument:
        measured = run(protocol, instrument.channels[0], cell=cell, out=path)
    measured.write_results(analyse(measured))
    with measured:
        yield measured


def halves(folder, *, temperature_degC=np.nan, flags=0):
    """A run of 1 A for 1 h from 3 V to 4 V, a rest, and -1 A for half an hour at 3.5 V, in cycle 3."""
    protocol_steps, net_Ah, now_s = [], 0.0, 0.0
    for role, current_A, hours, from_V, to_V in (
        ("charge", 1.0, 1.0, 3.0, 4.0), ("rest", 0.0, 0.1, 3.9, 3.9), ("discharge", -1.0, 0.5, 3.5, 3.5),
    ):  # fmt: skip
        share = np.linspace(0, 1, 101)
        rows = samples(
            now_s + share * hours * 3600, from_V + share * (to_V - from_V), np.full(101, current_A), 3, flags
        )
        rows["net_capacity_ah"] = net_Ah + share * hours * current_A
        rows["step_count"] = len(protocol_steps) + 1
        rows["unix_time_second"] = 1.7e9 + rows["test_time_second"]
        rows["ambient_temperature_celsius"] = temperature_degC
        kind = "constant_current" if current_A else "rest"
        parameters = json.dumps({"current_A": current_A} if current_A else {})
        begin = {"kind": kind, "cycle_count": 3, "begin_test_time_second": now_s, "parameters": parameters}
        protocol_steps.append((role, rows, begin))
        net_Ah, now_s = float(rows["net_capacity_ah"][-1]), float(rows["test_time_second"][-1])
    return recorded(folder, PROTOCOL, *protocol_steps)


def named(files, ending):
    (found,) = [file for file in files if file.name.endswith(ending)]
    return found


# Battery Data Format


@pytest.mark.parametrize(("file_format", "ending"), [("bdf", ".bdf.csv"), ("bdf-parquet", ".bdf.parquet")])
def test_the_package_of_the_battery_data_format_validates_what_is_written(
    cycled, tmp_path, file_format, ending
):
    file = named(export_run(cycled, tmp_path, file_format), ending)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="bdf")
        report = bdf.validate(file, raise_on_error=True)
        frame = bdf.read(file)
    assert report["ok"]
    assert not report["missing"]
    assert not report["legacy_labels"]
    assert report["time_stats"]["monotonic"]
    assert report["n_rows"] == len(cycled.samples)
    # The package lags behind the ontology: what it does not know is there.
    with ONTOLOGY.open() as table:
        assert set(report["extras"]) <= {row["label"] for row in csv.DictReader(table)}
    for label, name in (("Test Time / s", "test_time_second"), ("Voltage / V", "voltage_volt")):
        assert np.array_equal(frame[label].to_numpy(float), cycled.samples[name])


def test_labels_and_names_are_those_of_the_ontology():
    with ONTOLOGY.open() as table:
        terms = {row["name"]: row["label"] for row in csv.DictReader(table)}
    assert {name: terms.get(name) for name in LABELS} == LABELS


def test_columns_hold_what_the_format_means_by_them(tmp_path):
    with halves(tmp_path, temperature_degC=25.1) as measured:
        frame = pd.read_csv(named(export_run(measured, tmp_path), ".bdf.csv"))
    last = frame.groupby("Step Count / 1").last()
    assert frame.columns[:3].tolist() == ["Test Time / s", "Voltage / V", "Current / A"]
    assert last["Step Type"].tolist() == ["CC_CHG", "REST", "CC_DCH"]
    assert last["Step ID"].tolist() == [1, 2, 3]
    assert last["Step Time / s"].tolist() == pytest.approx([3600, 360, 1800])
    assert last["Ambient Temperature / degC"].tolist() == [25.1] * 3
    assert frame["Cycle Count / 1"].unique().tolist() == [3]
    # ∫ I dt, and ∫ V I dt over a potential that rises evenly from 3 V to 4 V, and one of 3.5 V.
    assert last["Charging Capacity / Ah"].tolist() == pytest.approx([1, 1, 1])
    assert last["Discharging Capacity / Ah"].tolist() == pytest.approx([0, 0, 0.5])
    assert last["Net Capacity / Ah"].tolist() == pytest.approx([1, 1, 0.5])
    assert last["Charging Energy / Wh"].tolist() == pytest.approx([3.5, 3.5, 3.5])
    assert last["Discharging Energy / Wh"].tolist() == pytest.approx([0, 0, 1.75])
    assert last["Cycle Discharging Energy / Wh"].tolist() == pytest.approx([0, 0, 1.75])
    assert last["Step Charging Capacity / Ah"].tolist() == pytest.approx([1, 0, 0])
    assert last["Step Discharging Capacity / Ah"].tolist() == pytest.approx([0, 0, 0.5])
    assert np.allclose(frame["Power / W"], frame["Voltage / V"] * frame["Current / A"])


def test_steps_of_the_program_come_again_and_executed_steps_do_not(cycled, tmp_path):
    frame = pd.read_csv(named(export_run(cycled, tmp_path), ".bdf.csv"))
    by_step = frame.groupby("Step Count / 1")
    assert by_step["Step ID"].first().tolist() == [1, 2, 3, 4, 3, 2, 3, 4, 3]
    # What samples add up to is what the engine counted while it measured.
    charged = by_step["Step Charging Capacity / Ah"].last() - by_step["Step Discharging Capacity / Ah"].last()
    assert charged.tolist() == pytest.approx([step.charge_Ah for step in cycled.steps], abs=1e-9)
    stored = by_step["Step Charging Energy / Wh"].last() - by_step["Step Discharging Energy / Wh"].last()
    assert stored.tolist() == pytest.approx([step.energy_Wh for step in cycled.steps], rel=0.01, abs=1e-9)
    # The scope of a cycle begins with it.
    last = frame.groupby("Cycle Count / 1").last()
    discharged = last["Cycle Discharging Capacity / Ah"].to_numpy()[1:] * 1e3
    assert discharged == pytest.approx(cycled.results["cycles"].rows["discharge_capacity"], rel=1e-6)


def test_the_metadata_say_what_was_measured_and_how(cycled, tmp_path):
    files = export_run(cycled, tmp_path)
    metadata = json.loads(named(files, ".bdf.metadata.json").read_text("utf-8"))
    assert metadata["cell"]["name"] == "LFP no. 7"
    assert metadata["ontology"].endswith("/1.3.0/battery-data-format")
    assert metadata["columns"]["Voltage / V"].endswith("#voltage_volt")
    assert [step["step_type"] for step in metadata["steps"]][:4] == ["REST", "CC_CHG", "REST", "CC_DCH"]
    assert metadata["results"]["capacity_retention"]["unit"] == "%"
    assert "NX_class" not in metadata["run"]
    cycles = pd.read_csv(named(files, ".cycles.csv"))
    assert (
        cycles["discharge capacity / mAh"].tolist()
        == cycled.results["cycles"].rows["discharge_capacity"].tolist()
    )


def test_spectra_are_in_a_file_of_their_own_with_the_true_sign(tmp_path):
    frequency_Hz = np.geomspace(1e5, 1, 20)
    z_ohm = 20 + 200 / (1 + 2j * np.pi * frequency_Hz * 200 * 1e-5)
    with recorded(
        tmp_path, PROTOCOL, ("eis", spectrum(frequency_Hz, z_ohm), {"kind": "impedance"})
    ) as measured:
        text = named(export_run(measured, tmp_path), ".spectra.csv")
        binary = named(export_run(measured, tmp_path, "bdf-parquet"), ".spectra.parquet")
    for frame in (pd.read_csv(text), pd.read_parquet(binary)):
        assert np.all(frame["Imaginary Impedance / ohm"] < 0)
        assert np.array_equal(frame["Imaginary Impedance / ohm"], z_ohm.imag)
        assert frame["Absolute Impedance / ohm"].to_numpy() == pytest.approx(np.abs(z_ohm))
        assert frame["Phase / deg"].to_numpy() == pytest.approx(np.degrees(np.angle(z_ohm)))


def test_what_nobody_measured_has_no_column(tmp_path):
    with halves(tmp_path) as measured:
        heads = pd.read_csv(named(export_run(measured, tmp_path), ".bdf.csv")).columns
    assert "Ambient Temperature / degC" not in heads
    assert FLAGS not in heads


def test_parquet_holds_numbers_as_they_were_recorded(tmp_path):
    with halves(tmp_path, temperature_degC=25.1) as measured:
        table = pyarrow.parquet.read_table(
            named(export_run(measured, tmp_path, "bdf-parquet"), ".bdf.parquet")
        )
        assert str(table.schema.field("Voltage / V").type) == "double"
        assert str(table.schema.field("Step Count / 1").type) == "uint32"
        assert np.array_equal(table["Unix Time / s"].to_numpy(), measured.samples["unix_time_second"])


# There and back


def came_back(measured, folder):
    source = named(export_run(measured, folder), ".bdf.csv")
    (folder / "back.h5").unlink(missing_ok=True)
    with Run.open(import_run(source, folder / "back.h5")) as again:
        return again.samples


def test_a_run_comes_back_from_the_battery_data_format_the_same(cycled, tmp_path):
    assert came_back(cycled, tmp_path).tobytes() == cycled.samples.tobytes()


def test_temperatures_and_flags_come_back(tmp_path):
    with halves(tmp_path, temperature_degC=25.1, flags=int(Flag.AFTER_GAP | Flag.UNDERLOAD)) as measured:
        assert came_back(measured, tmp_path).tobytes() == measured.samples.tobytes()


finite = st.floats(-1e9, 1e9)


@settings(max_examples=25)
@given(st.data())
def test_whatever_was_measured_comes_back_the_same(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("back")
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    times = sorted(data.draw(st.lists(st.floats(0, 1e8), min_size=sum(lengths), max_size=sum(lengths))))
    steps, first = [], 0
    for number, length in enumerate(lengths, 1):
        rows = np.zeros(length, SAMPLE)
        for name in ("voltage_volt", "current_ampere", "net_capacity_ah", "unix_time_second"):
            rows[name] = data.draw(st.lists(finite, min_size=length, max_size=length))
        rows["ambient_temperature_celsius"] = data.draw(
            st.lists(st.floats(-100, 300, width=32), min_size=length, max_size=length)
        )
        rows["test_time_second"] = times[first : first + length]
        rows["step_count"], rows["cycle_count"] = number, data.draw(st.integers(0, 2**32 - 1))
        rows["flags"] = data.draw(st.integers(0, 63))
        steps.append(("r", rows, {"kind": "rest"}))
        first += length
    with recorded(folder, PROTOCOL, *steps) as measured:
        assert came_back(measured, folder).tobytes() == measured.samples.tobytes()


# CSV and Excel


def test_plain_csv_has_units_in_its_heads(cycled, tmp_path):
    files = export_run(cycled, tmp_path, "csv")
    rows = pd.read_csv(named(files, ".samples.csv"))
    assert rows.columns[:4].tolist() == ["test time / s", "unix time / s", "potential / V", "current / A"]
    assert np.array_equal(rows["current / A"], cycled.samples["current_ampere"])
    steps = pd.read_csv(named(files, ".steps.csv"))
    assert steps["charge / Ah"].tolist() == [step.charge_Ah for step in cycled.steps]
    assert steps["end reason"][1] == "potential_above_V"
    results = pd.read_csv(named(files, ".results.csv")).set_index("result")
    assert results.loc["capacity_retention", "value"] == cycled.results["capacity_retention"].value
    assert len(pd.read_csv(named(files, ".events.csv"))) == len(cycled.events)


def test_a_workbook_has_a_sheet_for_each_table(cycled, tmp_path):
    (file,) = export_run(cycled, tmp_path, "xlsx")
    book = openpyxl.load_workbook(file, read_only=True)
    assert book.sheetnames == ["Summary", "Results", "Cycles", "Steps", "Samples", "Events"]
    head, *rows = book["Samples"].values
    assert head[2:4] == ("potential / V", "current / A")
    assert [row[2] for row in rows] == cycled.samples["voltage_volt"].tolist()
    summary = {row[0]: row[1] for row in book["Summary"].values}
    assert summary["cell"] == "LFP no. 7"
    assert summary["sheet: Samples"] == f"rows 1 to {len(cycled.samples)}"
    assert next(row[1] for row in book["Results"].values if row[0] == "capacity_retention") == pytest.approx(
        cycled.results["capacity_retention"].value, rel=1e-15
    )


def test_more_rows_than_a_sheet_holds_go_on_on_the_next_one(cycled, tmp_path, monkeypatch):
    assert excel.ROWS_PER_SHEET == 1_048_576
    monkeypatch.setattr(excel, "ROWS_PER_SHEET", 101)
    (file,) = export_run(cycled, tmp_path, "xlsx")
    book = openpyxl.load_workbook(file, read_only=True)
    assert book.sheetnames[4:7] == ["Samples", "Samples 2", "Samples 3"]
    read = []
    for name in book.sheetnames[4:7]:
        head, *rows = book[name].values
        assert head[0] == "test time / s"
        assert len(rows) <= 100
        read += [row[0] for row in rows]
    # Sixteen digits are written; Excel itself keeps fifteen.
    assert read == pytest.approx(cycled.samples["test_time_second"], rel=1e-15)
    summary = {row[0]: row[1] for row in book["Summary"].values}
    assert summary["sheet: Samples 2"] == "rows 101 to 200"


def test_what_people_wrote_is_no_formula(tmp_path):
    cell = Cell(name='=cmd|" /C calc"!A0', notes="https://example.org")
    with recorded(tmp_path, PROTOCOL, ("r", samples([0.0], 1.0, 0.0), {}), cell=cell) as measured:
        (file,) = export_run(measured, tmp_path, "xlsx")
    sheet = openpyxl.load_workbook(file)["Summary"]
    assert (sheet["B1"].value, sheet["B1"].data_type) == ('=cmd|" /C calc"!A0', "s")


# All of them


@pytest.mark.parametrize("file_format", ["bdf", "bdf-parquet", "xlsx"])
def test_a_run_without_samples_is_written_all_the_same(tmp_path, file_format):
    with recorded(tmp_path, PROTOCOL) as measured:
        for file in export_run(measured, tmp_path / "out", file_format):
            assert file.stat().st_size > 0
    assert not list((tmp_path / "out").glob("*.part"))


@pytest.mark.parametrize("file_format", ["mpt", "csv"])
def test_formats_with_nothing_to_hold_say_so(tmp_path, file_format):
    with recorded(tmp_path, PROTOCOL) as measured, pytest.raises(StorageError, match="nothing to write"):
        export_run(measured, tmp_path / "out", file_format)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_sample_without_a_reading_is_missing_in_every_format(tmp_path, file_format):
    rows = samples([0.0, 1.0, 2.0], np.array([3.0, np.nan, 3.1]), np.array([1.0, np.nan, np.inf]), flags=2)
    with recorded(tmp_path, PROTOCOL, ("r", rows, {"kind": "rest"})) as measured:
        files = export_run(measured, tmp_path / "out", file_format)
    assert files
    if file_format == "bdf":
        assert pd.read_csv(files[0])["Voltage / V"].isna().tolist() == [False, True, False]


def test_a_file_that_cannot_be_written_is_said_and_the_old_one_stays(cycled, tmp_path, monkeypatch):
    first = named(export_run(cycled, tmp_path), ".bdf.csv")
    before = first.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("faradaic.storage.exporting.files._rows", full)
    with pytest.raises(StorageError, match=r"\.bdf\.csv cannot be written: No space left on device\."):
        export_run(cycled, tmp_path)
    assert first.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(("file_format", "package"), [("bdf-parquet", "pyarrow"), ("xlsx", "xlsxwriter")])
def test_a_package_that_is_missing_is_named(cycled, tmp_path, monkeypatch, file_format, package):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(StorageError, match=r"is not installed: pip install 'faradaic\["):
        export_run(cycled, tmp_path, file_format)


def test_the_command_line_writes_several_runs(cycled, tmp_path):
    with halves(tmp_path):
        pass
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["export", str(cycled.path), str(tmp_path / "run.h5"), "--format", "csv", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert len(list(out.glob("*.samples.csv"))) == 2
    wrong = CliRunner().invoke(app, ["export", str(cycled.path), "--format", "docx", "--out", str(out)])
    assert wrong.exit_code == 2
    assert "There is no format 'docx'; use bdf, bdf-parquet, mpt, csv, xlsx." in wrong.output

"""Files of other programs, format by format: what is read is what was written, and nothing brings a reader down."""

import hashlib
import io
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq
from typer.testing import CliRunner

from faradaic.analysis import analyse
from faradaic.analysis.report import draw_report
from faradaic.cli import app
from faradaic.storage import Run, StorageError
from faradaic.storage.importing import import_run, mpr
from faradaic.storage.importing.cells import number, unix_time_s
from faradaic.storage.importing.quantities import QUANTITIES, recognised, split_head
from faradaic.storage.importing.readers import read_recording

from mpt import CYCLING, SPECTRUM, write_mpt

DATA = Path(__file__).parent / "data" / "importing"
finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: float(f"{value:.6g}"))


def imported(folder, source, **options):
    return Run.open(import_run(source, folder / "run.h5", **options))


def texts(run, severity):
    return [event.text for event in run.events if event.severity == severity]


# EC-Lab text


def cycles_as_eclab(count=2, points=50):
    """Charge with 2 mA for 1 h, discharge with 2 mA for 0.9 h, `count` times; counters start anew."""
    columns = {name: [] for name in CYCLING}
    now_s, net_mAh = 0.0, 0.0
    for half in range(2 * count):
        sign, hours = (1, 1.0) if half % 2 == 0 else (-1, 0.9)
        for share in np.linspace(0, 1, points):
            passed = 2.0 * hours * share
            row = dict.fromkeys(CYCLING, 0.0) | {
                "mode": 1, "Ns": half % 2, "time/s": now_s + share * hours * 3600, "control/mA": 2.0 * sign,
                "Ewe/V": 3.5 + 0.3 * sign + 0.1 * share * sign, "<I>/mA": 2.0 * sign, "(Q-Qo)/mA.h": net_mAh + sign * passed,
                "half cycle": half, "Q charge/mA.h": passed if sign > 0 else 0.0,
                "Q discharge/mA.h": passed if sign < 0 else 0.0, "cycle number": half // 2,
            }  # fmt: skip
            for name, value in row.items():
                columns[name].append(value)
        now_s, net_mAh = columns["time/s"][-1] + 1.0, columns["(Q-Qo)/mA.h"][-1]
    return columns


@pytest.mark.parametrize(
    ("decimal", "encoding"), [(".", "cp1252"), (",", "cp1252"), (",", "utf-8"), (".", "utf-8-sig")]
)
def test_cycles_of_eclab_keep_charge_times_and_where_they_come_from(tmp_path, decimal, encoding):
    columns = cycles_as_eclab()
    source = write_mpt(tmp_path / "c.mpt", columns, decimal=decimal, encoding=encoding)
    with imported(tmp_path, source) as run:
        samples = run.samples
        assert samples["test_time_second"].tolist() == columns["time/s"]
        assert samples["voltage_volt"].tolist() == columns["Ewe/V"]
        assert samples["current_ampere"] == pytest.approx(np.array(columns["<I>/mA"]) / 1e3, rel=1e-14)
        assert samples["net_capacity_ah"] == pytest.approx(np.array(columns["(Q-Qo)/mA.h"]) / 1e3, abs=1e-15)
        assert samples["cycle_count"].tolist() == columns["cycle number"]
        assert run.instrument["model"] == "SP-300"
        assert run.instrument["serial"] == "0099"
        assert "area" not in run.cell  # nobody entered one
        assert run.environment["source"] == "c.mpt"
        assert run.environment["source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
        # 2024-02-28 10:00:00.5 in UTC.
        assert samples["unix_time_second"][0] == 1709114400.5
        assert run.attributes["created"] == "2024-02-28T10:00:00Z"
        assert not texts(run, "warning")
        assert any("no time zone" in text for text in texts(run, "info"))
        assert any("'mode'" in text and "'half cycle'" in text for text in texts(run, "info"))
        cycles = analyse(run)["cycles"].rows
        assert cycles["charge_capacity"] == pytest.approx([2.0, 2.0])
        assert cycles["discharge_capacity"] == pytest.approx([1.8, 1.8])
        # The potential rises by 0.1 V about 3.85 V, and falls by as much about 3.15 V.
        assert cycles["mean_charge_potential"] == pytest.approx([3.85, 3.85])
        assert cycles["mean_discharge_potential"] == pytest.approx([3.15, 3.15])


@settings(max_examples=40)
@given(
    st.lists(st.tuples(finite, finite, st.integers(0, 9)), min_size=1, max_size=30),
    st.sampled_from([".", ","]),
    st.sampled_from(["Ewe/V", "<Ewe>/V", "Ecell/V", "Ewe-Ece/V"]),
    st.sampled_from(["I/mA", "<I>/mA"]),
)
def test_what_is_written_as_mpt_reads_back_exactly(tmp_path_factory, rows, decimal, potential, current):
    folder = tmp_path_factory.mktemp("m")
    E, current_mA, cycle = (list(column) for column in zip(*rows, strict=True))
    times = [0.1 * index for index in range(len(rows))]
    columns = {
        "time/s": times,
        "control/mA": current_mA,
        potential: E,
        current: current_mA,
        "cycle number": cycle,
    }
    found = read_recording(write_mpt(folder / "a.mpt", columns, decimal=decimal), {})
    assert found.time_s.tolist() == times
    assert found.potential_V.tolist() == E
    assert found.current_A == pytest.approx(np.array(current_mA) * 1e-3, rel=1e-14)
    assert found.cycle.tolist() == cycle


def spectrum_columns(frequency, z, times, **more):
    return (
        dict(
            zip(
                SPECTRUM,
                (
                    frequency,
                    z.real,
                    -z.imag,
                    np.abs(z),
                    np.angle(z, deg=True),
                    times,
                    frequency * 0 + 3,
                    frequency * 0,
                ),
                strict=True,
            )
        )
        | more
    )


def test_spectra_of_eclab_are_kept_apart_and_fitted(tmp_path):
    frequency = np.geomspace(1e5, 1, 40)
    z = 20 + 200 / (1 + 2j * np.pi * frequency * 200 * 1e-5)
    two = spectrum_columns(
        np.tile(frequency, 2),
        np.concatenate([z, 2 * z]),
        np.arange(80.0),
        **{"cycle number": np.repeat([1, 2], 40)},
    )
    source = write_mpt(tmp_path / "p.mpt", two, "Potentio Electrochemical Impedance Spectroscopy")
    with imported(tmp_path, source, cell={"name": "x", "area": "1 cm²"}) as run:
        points = run.impedance
        assert points["real_impedance_ohm"].tolist() == two["Re(Z)/Ohm"].tolist()
        assert points["imaginary_impedance_ohm"].tolist() == (-two["-Im(Z)/Ohm"]).tolist()
        assert [step.impedance for step in run.steps] == [slice(0, 40), slice(40, 80)]
        results = analyse(run)
        assert results["0/interfacial_resistance"].value == pytest.approx(200, rel=1e-3)
        assert results["1/interfacial_resistance"].value == pytest.approx(400, rel=1e-3)
        # The spectrum and the distribution of relaxation times of each.
        assert len(draw_report(run, tmp_path, ("png",))) == 4


def test_spectra_between_samples_are_both_kept(tmp_path):
    # A row is of a spectrum where it has a frequency, as in EC-Lab's files of several techniques.
    frequency = np.array([0, 0, 0, 1e3, 1e2, 1e1, 0, 0.0])
    z = np.where(frequency > 0, 10 - 5j, 0)
    columns = spectrum_columns(frequency, z, np.arange(8.0))
    with imported(tmp_path, write_mpt(tmp_path / "m.mpt", columns, "Modulo Bat")) as run:
        assert run.samples["test_time_second"].tolist() == [0, 1, 2, 6, 7]
        assert run.impedance["test_time_second"].tolist() == [3, 4, 5]
        assert [step.role for step in run.steps] == ["open_circuit", "spectrum"]
        assert "bulk_resistance" in analyse(run)


def test_sweeps_of_eclab_are_analysed_as_such(tmp_path):
    up = np.linspace(0, 1, 401)
    E = np.concatenate([up, up[::-1][1:]])
    times = np.arange(len(E)) * 0.0025 / 0.01
    current = 1e-3 * np.exp(-(((E - 0.6) / 0.05) ** 2)) * np.where(np.arange(len(E)) < 401, 1, -1) * 1e3
    columns = {"time/s": times, "control/V": E, "Ewe/V": E, "<I>/mA": current, "cycle number": E * 0 + 1}
    with imported(tmp_path, write_mpt(tmp_path / "v.mpt", columns, "Cyclic Voltammetry")) as run:
        peaks = analyse(run)["peaks"].rows
        assert peaks["scan_rate"] == pytest.approx([0.01, 0.01], rel=1e-3)
        assert peaks["peak_potential"] == pytest.approx([0.6, 0.6], abs=2e-3)
        assert draw_report(run, tmp_path, ("png",))
    half = {name: values[:401] for name, values in columns.items()}
    (tmp_path / "run.h5").unlink()
    with imported(
        tmp_path,
        write_mpt(tmp_path / "l.mpt", half, "Linear Sweep Voltammetry"),
        cell={"name": "x", "area": "1 cm²"},
    ) as run:
        assert analyse(run)["onset_potential"].value == pytest.approx(0.5, abs=0.1)
        assert draw_report(run, tmp_path, ("png",))


def test_open_circuit_of_eclab_needs_no_currents(tmp_path):
    columns = {"mode": [3.0] * 9, "time/s": np.arange(9.0), "Ewe/V": np.linspace(3, 3.1, 9)}
    with imported(tmp_path, write_mpt(tmp_path / "o.mpt", columns, "Open Circuit Voltage")) as run:
        assert run.samples["current_ampere"].tolist() == [0.0] * 9
        assert any("0 A" in text for text in texts(run, "info"))
        assert run.protocol["analysed_as"] == "OpenCircuit"


def test_what_was_entered_of_the_cell_is_kept_unless_a_person_says_otherwise(tmp_path):
    more = ("Characteristic mass : 5.000 mg", "Electrolyte : LP30")
    source = write_mpt(tmp_path / "c.mpt", cycles_as_eclab(1), more=("Battery capacity : 1.500 mA.h", *more))
    text = (
        source.read_bytes()
        .replace(b"area : 0.001", b"area : 1.130")
        .replace(b"Characteristic mass : 0.001 g\r\n", b"Comments : \r\n")
    )
    source.write_bytes(text)
    with imported(tmp_path, source, cell={"name": "mine", "active_mass": "4 mg"}) as run:
        assert dict(run.cell) == {
            "name": "mine", "area": "1.130 cm²", "active_mass": "4 mg", "nominal_capacity": "1.500 mAh", "electrolyte": "LP30",
        }  # fmt: skip


def test_a_file_that_was_cut_off_gives_what_it_holds(tmp_path):
    source = write_mpt(tmp_path / "c.mpt", cycles_as_eclab(1))
    source.write_bytes(source.read_bytes()[:-40])
    with imported(tmp_path, source) as run:
        assert len(run.samples) >= 98
        assert "1 lines had too few" in texts(run, "warning")[0]


def test_a_count_of_header_lines_that_is_wrong_does_no_harm(tmp_path):
    source = write_mpt(tmp_path / "c.mpt", cycles_as_eclab(1))
    source.write_bytes(re.sub(rb"(?<=Nb header lines : )\d+", b"12", source.read_bytes()))
    assert len(read_recording(source, {}).time_s) == 100


# Gamry


def test_gamrys_own_files_are_read(tmp_path):
    with imported(tmp_path, DATA / "gamry_eispot_data.dta") as run:
        assert run.impedance["frequency_hertz"].tolist() == [10000, 5000, 1000, 500.1, 100, 50, 10, 5, 1, 0.5]
        assert run.impedance["imaginary_impedance_ohm"][0] == -3.767681
        assert any("'Idc/A'" in text for text in texts(run, "info"))
    (tmp_path / "run.h5").unlink()
    with imported(tmp_path, DATA / "gamry_eispot_data_curveaborted.dta") as run:
        assert len(run.impedance) == 5
        assert "aborted" in texts(run, "warning")[0]
    (tmp_path / "run.h5").unlink()
    with imported(tmp_path, DATA / "gamry_cv_data.dta") as run:
        assert run.protocol["analysed_as"] == "CyclicVoltammetry"
        assert run.samples["cycle_count"].tolist() == [1] * 10 + [2] * 10 + [3] * 10 + [4] * 10 + [5] * 10
        assert run.samples["current_ampere"][0] == 7.80498e-9
        assert run.attributes["created"] == "2019-03-06T16:35:22Z"
        assert draw_report(run, tmp_path, ("png",))
    with pytest.raises(StorageError, match="holds no measured points: it ends after 'DELAY'"):
        import_run(DATA / "gamry_cv_data_incompleteheader.dta", tmp_path / "no.h5")


def test_gamry_with_decimal_commas_gives_the_same(tmp_path):
    text = (DATA / "gamry_eispot_data.dta").read_text("utf-8")
    comma = tmp_path / "c.DTA"
    comma.write_text(text.replace(".", ","), "cp1252")
    ours, theirs = (read_recording(path, {}) for path in (comma, DATA / "gamry_eispot_data.dta"))
    assert np.array_equal(ours.impedance_ohm, theirs.impedance_ohm)


# Neware, Parquet, .mpr


def test_a_file_of_neware_is_what_newares_own_program_exports(tmp_path):
    pytest.importorskip("fastnda", reason="the extra 'neware' is not installed")
    ours = read_recording(DATA / "nw4-120-1-6-53.ndax", {})
    theirs = read_recording(DATA / "nw4-120-1-6-53.parquet", {})
    assert len(ours.time_s) == len(theirs.time_s) == 18700
    assert np.array_equal(ours.time_s, theirs.time_s)
    assert np.array_equal(ours.step, theirs.step)
    assert np.array_equal(ours.cycle, theirs.cycle)
    # The export has 0.1 mV and 1 µA.
    assert np.max(np.abs(ours.potential_V - theirs.potential_V)) < 0.0501e-3 + 1e-6
    assert np.max(np.abs(ours.current_A - theirs.current_A)) <= 0.5001e-6
    passed = ours.net_charge_Ah - theirs.net_charge_Ah
    assert np.max(np.abs(passed)) < 1e-5 * np.sum(np.abs(np.diff(ours.net_charge_Ah)))
    # Counted by the cycler, and integrated from what it recorded.
    integrated_C = np.sum(0.5 * (ours.current_A[1:] + ours.current_A[:-1]) * np.diff(ours.time_s))
    assert ours.net_charge_Ah[-1] * 3600 == pytest.approx(integrated_C, rel=0.02)


def test_the_battery_data_format_is_the_same_in_parquet_and_csv(tmp_path):
    columns = {
        "Test Time / s": [0.0, 1.5, 3.0, 4.5], "Voltage / V": [3.0, 3.25, 3.5, 3.4], "Current / A": [1e-3, 1e-3, -1e-3, -1e-3],
        "Cycle Count / 1": [7, 7, 7, 7], "Step Count / 1": [1, 1, 2, 2], "Ambient Temperature / degC": [25.0, 25.5, 26.0, 26.0],
        "Unix Time / s": [1.7e9, 1.7e9 + 1.5, 1.7e9 + 3, 1.7e9 + 4.5],
        "Charging Capacity / Ah": [0.0, 5e-7, 5e-7, 5e-7], "Discharging Capacity / Ah": [0.0, 0.0, 1e-7, 6e-7],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "a.bdf.parquet")
    lines = [",".join(columns), *(",".join(map(repr, row)) for row in zip(*columns.values(), strict=True))]
    (tmp_path / "a.bdf.csv").write_text("\n".join(lines), "utf-8")
    runs = [
        Run.open(import_run(tmp_path / name, tmp_path / f"{name}.h5"))
        for name in ("a.bdf.parquet", "a.bdf.csv")
    ]
    for run in runs:
        with run:
            assert run.samples["test_time_second"].tolist() == columns["Test Time / s"]
            assert run.samples["unix_time_second"].tolist() == columns["Unix Time / s"]
            assert run.samples["cycle_count"].tolist() == [7] * 4
            assert run.samples["ambient_temperature_celsius"].tolist() == [25.0, 25.5, 26.0, 26.0]
            assert run.samples["net_capacity_ah"] == pytest.approx([0.0, 5e-7, 4e-7, -1e-7], abs=1e-15)
            assert run.cell["name"] == "a"


@pytest.mark.parametrize(
    ("module", "name", "says"),
    [
        ("pyarrow", "nw4-120-1-6-53.parquet", r"faradaic\[parquet\]"),
        ("fastnda", "nw4-120-1-6-53.ndax", r"faradaic\[neware\]"),
    ],
)
def test_a_reader_that_is_not_installed_is_named(tmp_path, monkeypatch, module, name, says):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(StorageError, match=says):
        import_run(DATA / name, tmp_path / "run.h5")


# Stands for the program yadg: writes what it writes, a NetCDF file, which is HDF5.
_YADG = """
import sys, h5py, numpy as np
assert sys.argv[1:3] == ["extract", "eclab.mpr"], sys.argv
if b"broken" in open(sys.argv[3], "rb").read():
    sys.exit("NotImplementedError: this technique is not known.")
with h5py.File(sys.argv[4], "w") as file:
    for name, values, unit in (
        ("uts", np.arange(5) * 10.0 + 1.7e9, ""), ("time", np.arange(5) * 10.0, "s"), ("Ewe", np.linspace(3, 3.4, 5), "V"),
        ("Ewe_std_err", np.ones(5), "V"), ("I", np.full(5, 2.0), "mA"), ("(Q-Qo)", np.arange(5) * 2 / 360, "mA\\u00b7h"),
    ):
        file[name] = values
        if unit:
            file[name].attrs["units"] = unit
"""


@pytest.fixture
def yadg(tmp_path, monkeypatch):
    (tmp_path / "yadg.py").write_text(_YADG, "utf-8")
    monkeypatch.setattr(mpr, "_yadg", lambda: [sys.executable, str(tmp_path / "yadg.py")])


def test_binary_files_of_eclab_are_read_by_yadg_in_a_process_of_its_own(tmp_path, yadg):
    (tmp_path / "a.mpr").write_bytes(b"BIO-LOGIC MODULAR FILE\x1a" + bytes(50))
    with imported(tmp_path, tmp_path / "a.mpr") as run:
        assert run.samples["voltage_volt"] == pytest.approx(np.linspace(3, 3.4, 5))
        assert run.samples["current_ampere"].tolist() == [0.002] * 5
        assert run.samples["unix_time_second"][0] == 1.7e9
        assert run.samples["net_capacity_ah"][-1] == pytest.approx(8 / 360e3)
    assert "yadg" not in sys.modules


def test_what_yadg_says_of_a_file_is_told(tmp_path, yadg):
    (tmp_path / "a.mpr").write_bytes(b"BIO-LOGIC MODULAR FILE broken")
    with pytest.raises(StorageError, match=r"yadg cannot read .*this technique is not known\.$"):
        import_run(tmp_path / "a.mpr", tmp_path / "run.h5")


def test_without_yadg_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(mpr, "_yadg", lambda: None)
    (tmp_path / "a.mpr").write_bytes(b"BIO-LOGIC MODULAR FILE\x1a")
    with pytest.raises(StorageError, match=r"pipx install yadg.*\.mpt"):
        import_run(tmp_path / "a.mpr", tmp_path / "run.h5")


# Tables of text, and mappings


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_columns_are_named_by_a_person_with_their_units(tmp_path):
    text = "Operator: Ada\nDate: today\n\nA;B;minutes;E [mV];T\n1;1,5;0;3000;300\n2;-1,5;0,5;3100;301\n"
    columns = {
        "time": "minutes in min",
        "current": "minus B in mA",
        "potential": "E [mV]",
        "temperature": "T in K",
    }
    with imported(tmp_path, write(tmp_path / "a.csv", text), columns=columns) as run:
        assert run.samples["test_time_second"].tolist() == [0, 30]
        assert run.samples["current_ampere"].tolist() == [-1.5e-3, 1.5e-3]
        assert run.samples["voltage_volt"].tolist() == [3.0, 3.1]
        assert run.samples["ambient_temperature_celsius"] == pytest.approx([26.85, 27.85], abs=1e-4)
        assert texts(run, "info") == ["Not taken over from the file: 'A'."]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"current": "J in mA"}, r"has no column 'J' for the current; it has 't/s', 'E/V', 'I'"),
        ({"current": "I"}, r"names no unit; add it, for example 'current=I in A'"),
        ({"current": "I in mV"}, r"'mV' is not a unit of this quantity"),
        ({"current": "I in wombats"}, r"'wombats' is not a known unit"),
        ({"curent": "I in mA"}, r"no quantity 'curent' to take from a table; did you mean current\?"),
        ({"current": "E/v"}, r"did you mean 'E/V'\?"),
        ({}, r"known to hold the current\. Its columns are 't/s', 'E/V', 'I'"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_with_what_there_is(tmp_path, columns, says):
    source = write(tmp_path / "a.csv", "t/s,E/V,I\n0,3,1\n1,3,1\n")
    with pytest.raises(StorageError, match=says):
        import_run(source, tmp_path / "run.h5", columns=columns)
    assert not (tmp_path / "run.h5").exists()


TABLE_HEADS = [
    ("Test_Time(s)", "Voltage(V)", "Current(A)", 1.0),
    ("t/s", "Ewe/V", "I/mA", 1e-3),
    ("Time [s]", "Voltage [V]", "Current [A]", 1.0),
    ("time_s", "voltage_V", "current_mA", 1e-3),
    ("test_time_second", "voltage_volt", "current_ampere", 1.0),
    ("Time (s)", "WE(1).Potential (V)", "WE(1).Current (A)", 1.0),
    ("Total Time", "Voltage(V)", "Current(uA)", 1e-6),
]


@pytest.mark.parametrize(
    ("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")]
)
@pytest.mark.parametrize("heads", TABLE_HEADS)
def test_tables_of_many_programs_are_known(tmp_path, heads, delimiter, decimal):
    rows = [heads[:3], *((f"{t:.1f}", f"{3 + t / 10:.3f}", f"{1.5 - t:.2f}") for t in range(4))]
    lines = [
        delimiter.join(cell.replace(".", decimal) if index else cell for cell in row)
        for index, row in enumerate(rows)
    ]
    found = read_recording(write(tmp_path / "a.txt", "\r\n".join(lines), "cp1252"), {})
    assert found.time_s.tolist() == [0, 1, 2, 3]
    assert found.potential_V.tolist() == [3.0, 3.1, 3.2, 3.3]
    assert found.current_A == pytest.approx(np.array([1.5, 0.5, -0.5, -1.5]) * heads[3], rel=1e-14)


def test_flags_that_we_wrote_come_back_and_those_of_others_do_not(tmp_path):
    rows = "Test Time / s,Voltage / V,Current / A,{}\n0,3,1,0\n1,3,1,2\n2,x,1,4\n3,3,1,8\n"
    with imported(tmp_path, write(tmp_path / "a.csv", rows.format("Flags / 1"))) as run:
        assert run.samples["flags"].tolist() == [0, 2, 8]
    (tmp_path / "run.h5").unlink()
    with imported(tmp_path, write(tmp_path / "b.csv", rows.format("flags"))) as run:
        assert run.samples["flags"].tolist() == [0, 0, 0]


def test_the_command_line_takes_columns_from_options_and_a_file(tmp_path):
    source = write(tmp_path / "a.csv", "min,Ucell,I\n0,3000,1\n1,3100,1\n")
    write(tmp_path / "m.yaml", "time: min in min\npotential: Ucell in V\n")
    command = ["import", str(source), "--mapping", str(tmp_path / "m.yaml"), "--as", "OpenCircuit"]
    done = CliRunner().invoke(
        app, [*command, "--column", "potential=Ucell in mV", "--column", "current=I in nA"]
    )
    assert done.exit_code == 0, done.output
    with Run.open(tmp_path / "a.h5") as run:
        assert run.samples["test_time_second"].tolist() == [0, 60]
        assert run.samples["voltage_volt"].tolist() == [3.0, 3.1]
        assert run.samples["current_ampere"] == pytest.approx(1e-9)
        assert run.protocol["analysed_as"] == "OpenCircuit"
    for wrong, says in (
        (["--column", "x"], "should look like quantity=column"),
        (["--as", "GIT"], "did you mean GITT"),
    ):
        done = CliRunner().invoke(app, ["import", str(source), *wrong])
        assert done.exit_code == 2
        assert says in done.output


def test_what_the_documentation_shows_is_understood(tmp_path):
    text = (Path(__file__).parents[1] / "docs" / "importing.md").read_text("utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    mapping = yaml.safe_load(shown)
    source = write(tmp_path / "a.csv", "minutes,E(cell)/mV,I,Tcell\n1,3000,2,25\n2,3000,2,25\n")
    found = read_recording(source, mapping)
    assert (found.time_s[0], found.potential_V[0], found.current_A[0]) == (60, 3.0, -0.002)
    assert found.temperature_degC[0] == 25.0
    for quantity in QUANTITIES:
        assert f"`{quantity}`" in text


def test_clocks_and_dates_are_times(tmp_path):
    text = "Relative Time(h:min:s.ms),Date,Voltage(V),Current(A),Step\n0:00:00.000,2024-05-01 10:00:00,3,1,1\n0:00:10.500,2024-05-01 10:00:10,3,1,1\n0:00:01.000,2024-05-01 10:00:12,3,1,2\n"
    found = read_recording(write(tmp_path / "a.csv", text), {"step_time": "Relative Time(h:min:s.ms) in s"})
    assert found.time_s.tolist() == [0, 10, 12]
    assert found.unix_time_s[0] == 1714557600.0
    assert number("1:30:00") == 5400
    assert number("2d 01:00:00.5") == 2 * 86400 + 3600.5
    assert unix_time_s("02/28/2024 10:00:00.500") == 1709114400.5
    assert np.isnan(unix_time_s("31/31/2024 10:00:00"))


def test_the_charge_of_counters_that_start_anew_is_whole(tmp_path):
    # 1 A for 10 s, three times, recorded as one counter for each step; the current has few digits.
    lines = ["Test Time / s,Voltage / V,Current / A,Step Count / 1,Step Capacity / Ah"]
    for step, sign in enumerate((1, 1, -1), 1):
        lines += [
            f"{(step - 1) * 10.01 + t},3,{sign * 0.9},{step},{t / 3600}" for t in np.linspace(0, 10, 11)
        ]
    with imported(tmp_path, write(tmp_path / "a.csv", "\n".join(lines))) as run:
        assert [step.charge_Ah * 3600 for step in run.steps] == pytest.approx([10, 10, -10])
        assert run.samples["net_capacity_ah"][-1] * 3600 == pytest.approx(10)
        # Ten per cent more than the recorded currents.
        assert "the counters were kept" in texts(run, "warning")[0]


def test_no_quantity_is_taken_from_a_column_of_another(tmp_path):
    for quantity, described in QUANTITIES.items():
        heads = [described.example]
        found = recognised(quantity, heads)
        assert found is not None, quantity
        taken = [other for other in QUANTITIES if recognised(other, heads) is not None]
        assert taken == [quantity]
    assert split_head("-Im(Z)/Ohm") == ("im_z", "Ohm", True)
    assert split_head("Q charge/discharge/mA.h") == ("q_charge_discharge", "mA.h", False)
    assert recognised("current", ["control/mA", "I Range", "Current density/mA"]) is None


# Nothing brings a reader down


def _is_a_sentence(error):
    assert "\n" not in str(error)
    assert str(error).endswith((".", "?"))


def assert_nothing_was_written(folder):
    assert not [path.name for path in folder.iterdir() if ".h5" in path.name]


ENDINGS = [".csv", ".dta", ".txt", ".mpt", ".parquet", ".ndax", ".nda", ".xyz"]
SEEDS = [
    b"", b"EC-Lab ASCII FILE\r\nNb header lines : 4\r\n\r\ntime/s\tEwe/V\tI/mA\t\r\n0\t1\t2\t\r\n", b"EXPLAIN\nTAG\tCV\nC\tTABLE\n\tT\tVf\tIm\n\ts\tV\tA\n\t0\t1\t2\n",
    b"PAR1", b"test_time_second,voltage_volt,current_ampere\n0,1,2\n1,2,3\n", b"freq/Hz;Re(Z)/Ohm;-Im(Z)/Ohm\n1;2;3\n",
]  # fmt: skip


@settings(max_examples=150)
@given(st.sampled_from(ENDINGS), st.sampled_from(SEEDS), st.binary(max_size=200), st.integers(0, 120))
def test_no_bytes_bring_a_reader_down(tmp_path_factory, ending, seed, more, at):
    source = tmp_path_factory.mktemp("r") / f"a{ending}"
    source.write_bytes(seed[:at] + more + seed[at:])
    try:
        found = read_recording(source, {})
    except StorageError as error:
        _is_a_sentence(error)
    else:
        assert len(found.time_s) == len(found.potential_V) == len(found.current_A)
        assert len(found.frequency_Hz) == len(found.impedance_ohm) == len(found.spectrum_time_s)


cells = st.one_of(
    st.floats().map(repr),
    st.integers(-9, 9).map(str),
    st.sampled_from(["", "x", "1,5", "1:00:00", "nan", "-", '"']),
)
HEADS = [
    "time/s",
    "Ewe/V",
    "I/mA",
    "cycle number",
    "Ns",
    "freq/Hz",
    "Re(Z)/Ohm",
    "-Im(Z)/Ohm",
    "Q charge/mA.h",
    "Q discharge/mA.h",
    "Temperature/°C",
    "",
]


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(HEADS), min_size=3, max_size=12, unique=True),
    st.lists(st.lists(cells, max_size=13), max_size=12),
    st.sampled_from("\t;,"),
)
def test_no_table_gives_anything_but_a_run_or_a_sentence(tmp_path_factory, heads, rows, delimiter):
    folder = tmp_path_factory.mktemp("t")
    source = write(folder / "a.txt", "\n".join(delimiter.join(row) for row in [heads, *rows]))
    try:
        path = import_run(source, folder / "run.h5")
    except StorageError as error:
        _is_a_sentence(error)
        assert_nothing_was_written(folder)
    else:
        with Run.open(path) as run:
            assert np.all(np.isfinite(run.samples["voltage_volt"]))
            assert np.all(np.diff(run.samples["test_time_second"]) >= 0)
            assert len(run.samples) + len(run.impedance) > 0
            json.dumps(dict(run.protocol))


@settings(max_examples=25)
@given(st.integers(0, 232201), st.integers(0, 255), st.booleans())
def test_a_damaged_file_of_neware_gives_a_run_or_a_sentence(tmp_path_factory, at, byte, cut):
    data = bytearray((DATA / "nw4-120-1-6-53.ndax").read_bytes())
    data[at] = byte
    source = tmp_path_factory.mktemp("n") / "a.ndax"
    source.write_bytes(data[:at] if cut else data)
    try:
        found = read_recording(source, {})
    except StorageError as error:
        _is_a_sentence(error)
    else:
        assert len(found.time_s) == len(found.potential_V)


def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.ndc", b"")
    whole = bytearray(packed.getvalue())
    # What the archive says of itself: 4 GiB less one byte for a part, twice, in a file that does not have it.
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("data_runInfo.ndc", b"")
    whole = bytearray(packed.getvalue())
    position = -1
    while (position := whole.find(b"PK\x01\x02", position + 1)) >= 0:
        whole[position + 24 : position + 28] = b"\xfe\xff\xff\xff"
    source = tmp_path / "a.ndax"
    source.write_bytes(whole)
    pytest.importorskip("fastnda", reason="the extra 'neware' is not installed")
    with pytest.raises(StorageError, match=r"would unpack to 8\.0 GB"):
        import_run(source, tmp_path / "run.h5")


def test_an_import_never_touches_a_file_that_is_there(tmp_path):
    source = shutil.copy(DATA / "gamry_eispot_data.dta", tmp_path / "run.dta")
    (tmp_path / "run.h5").write_bytes(b"precious")
    with pytest.raises(StorageError, match="exists already"):
        import_run(Path(source), tmp_path / "run.h5")
    assert (tmp_path / "run.h5").read_bytes() == b"precious"


def test_a_run_file_is_no_recording_of_another_program(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w"):
        pass
    with pytest.raises(StorageError, match="a run file of faradaic is opened as it is"):
        import_run(tmp_path / "a.h5", tmp_path / "b.h5")

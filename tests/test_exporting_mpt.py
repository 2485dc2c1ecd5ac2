"""EC-Lab-style text, read by programs that read that of EC-Lab."""

import json

import bdf
import galvani.BioLogic
import numpy as np
import pytest
from impedance.preprocessing import readBioLogic
from ixdat import Measurement

from faradaic.core.samples import Flag
from faradaic.protocols import Cell
from faradaic.storage.exporting import export_run

from recorded import recorded, samples, spectrum

PROTOCOL = {"protocol": "P"}
CELL = Cell(
    name="LFP µ № 7", area="1.13 cm²", active_mass="5 mg", nominal_capacity="1 mAh", electrolyte="gel\r\nx : y"
)  # fmt: skip
FREQUENCY_HZ = np.geomspace(1e5, 0.1, 43)
Z_OHM = 20 + 200 / (1 + 2j * np.pi * FREQUENCY_HZ * 200 * 1e-5)


def step(role, kind, cycle, count, begin_s, measured_A, net_Ah, **parameters):
    """100 samples of 36 s each, with an odd potential so that every digit matters."""
    time_s = begin_s + 36.0 * np.arange(1, 101)
    rows = samples(time_s, 3.7 + np.sin(time_s) / 3, np.full(100, measured_A), cycle)
    rows["step_count"] = count
    rows["unix_time_second"] = 1.7e9 + time_s
    rows["net_capacity_ah"] = net_Ah + measured_A * 0.01 * np.arange(1, 101)
    begin = {"kind": kind, "cycle_count": cycle, "parameters": json.dumps(parameters)}
    begin |= {"begin_test_time_second": begin_s}
    return role, rows, begin


@pytest.fixture
def cycling(tmp_path):
    """Rest, charge at 2 mA, hold at 4.2 V, discharge at 1 mA, charge again: the file and the run."""
    steps = [
        step("rest", "rest", 0, 1, 0.0, 0.0, 0.0),
        step("charge", "constant_current", 1, 2, 3600.0, 2e-3, 0.0, current_A=2e-3),
        step("hold", "constant_potential", 1, 3, 7200.0, 1e-3, 2e-3, potential_V=4.2),
        step("discharge", "constant_current", 1, 4, 10800.0, -1e-3, 3e-3, current_A=-1e-3),
        step("charge", "constant_current", 2, 5, 14400.0, 2e-3, 2e-3, current_A=2e-3),
    ]
    steps[3][1]["flags"][5] = Flag.OVERLOAD
    steps[3][1]["voltage_volt"][5] = np.nan
    with recorded(tmp_path, PROTOCOL, *steps, cell=CELL) as run:
        (file,) = export_run(run, tmp_path, "mpt")
        yield file, run


@pytest.fixture
def spectra(tmp_path):
    """A potentiostatic and a galvanostatic spectrum: the files and the run."""
    steps = [
        ("eis", spectrum(FREQUENCY_HZ, Z_OHM), {"kind": "impedance", "parameters": '{"bias_V": 0.5}'}),
        ("eis", spectrum(FREQUENCY_HZ, 2 * Z_OHM), {"kind": "impedance", "parameters": '{"bias_A": 0.001}'}),
    ]
    with recorded(tmp_path, PROTOCOL, *steps) as run:
        yield export_run(run, tmp_path, "mpt"), run


def galvani_table(file):
    with file.open("rb") as opened:
        return galvani.BioLogic.MPTfile(opened)[0]


def test_galvani_reads_cycling(cycling):
    file, run = cycling
    table = galvani_table(file)
    rows = run.samples
    assert table["time/s"] == pytest.approx(rows["test_time_second"], rel=1e-15)
    assert table["Ewe/V"] == pytest.approx(rows["voltage_volt"], rel=1e-15, nan_ok=True)
    assert table["I/mA"] == pytest.approx(rows["current_ampere"] * 1e3, rel=1e-15)
    assert table["(Q-Qo)/mA.h"] == pytest.approx(rows["net_capacity_ah"] * 1e3, rel=1e-12, abs=1e-15)
    assert np.array_equal(table["cycle number"], rows["cycle_count"])
    last = table[99::100]
    assert last["mode"].tolist() == [3, 1, 2, 1, 1]
    # The second charge asks for the same as the first: it is the same step of the program.
    assert last["Ns"].tolist() == [0, 1, 2, 3, 1]
    assert last["control/V/mA"].tolist() == pytest.approx([0, 2, 4.2, -1, 2])
    assert last["half cycle"].tolist() == [0, 0, 0, 1, 2]
    assert last["Q charge/mA.h"].tolist() == pytest.approx([0, 2, 3, 0, 2], abs=1e-12)
    assert last["Q discharge/mA.h"].tolist() == pytest.approx([0, 0, 0, 1, 0], abs=1e-12)
    assert table["dQ/mA.h"].sum() == pytest.approx(4)
    assert np.flatnonzero(table["error"]).tolist() == [305]
    assert last["ox/red"].tolist() == [False, True, True, False, True]


def test_ixdat_reads_cycling(cycling):
    file, run = cycling
    measured = Measurement.read(file, reader="biologic")
    assert measured.reader.ec_technique == "Galvanostatic Cycling with Potential Limitation"
    assert measured["time/s"].data == pytest.approx(run.samples["test_time_second"], rel=1e-15)
    assert measured["raw_potential"].data == pytest.approx(
        run.samples["voltage_volt"], rel=1e-15, nan_ok=True
    )
    assert measured["raw_current"].data == pytest.approx(run.samples["current_ampere"] * 1e3, rel=1e-15)


def test_batterydf_reads_cycling(cycling):
    file, run = cycling
    frame = bdf.read(file)
    assert bdf.validate(frame)["ok"]
    for label, name in (
        ("Test Time / s", "test_time_second"),
        ("Voltage / V", "voltage_volt"),
        ("Current / A", "current_ampere"),
        ("Cycle Count / 1", "cycle_count"),
    ):
        values = frame[label].to_numpy(float, na_value=np.nan)
        assert values == pytest.approx(run.samples[name].astype(float), rel=1e-14, nan_ok=True)


def test_impedance_py_reads_a_spectrum(spectra):
    files, _ = spectra
    assert [file.name.rpartition("_0_")[2] for file in files] == ["PEIS_01.mpt", "GEIS_02.mpt"]
    for file, expected in zip(files, (Z_OHM, 2 * Z_OHM), strict=True):
        frequency_Hz, z_ohm = readBioLogic(str(file))
        assert frequency_Hz == pytest.approx(FREQUENCY_HZ, rel=1e-15)
        assert z_ohm.real == pytest.approx(expected.real, rel=1e-15)
        assert z_ohm.imag == pytest.approx(expected.imag, rel=1e-15)


def test_galvani_and_ixdat_read_a_spectrum(spectra):
    (file, galvanostatic), _ = spectra
    table = galvani_table(file)
    assert table["-Im(Z)/Ohm"] == pytest.approx(-Z_OHM.imag, rel=1e-15)
    assert table["|Z|/Ohm"] == pytest.approx(np.abs(Z_OHM))
    assert table["Phase(Z)/deg"] == pytest.approx(np.degrees(np.angle(Z_OHM)))
    assert np.all(table["Ewe/V"] == 0.5)
    assert np.all(galvani_table(galvanostatic)["I/mA"] == 1.0)
    measured = Measurement.read(file, reader="biologic")
    assert measured.reader.ec_technique == "Potentio Electrochemical Impedance Spectroscopy"
    assert measured["Re(Z)/Ohm"].data == pytest.approx(Z_OHM.real, rel=1e-15)


def test_the_head_is_what_readers_look_for(cycling):
    file, _ = cycling
    data = file.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    lines = data.decode("cp1252").split("\r\n")
    assert lines[0] == "EC-Lab ASCII FILE"
    count = int(lines[1].removeprefix("Nb header lines : "))
    assert lines[count - 1].startswith("mode\tox/red\terror\t")
    assert lines[count - 2] == ""
    assert all(line.endswith("\t") for line in lines[count - 1 : -1])
    head = lines[: count - 1]
    assert "Electrode surface area : 1.13 cm²" in head
    assert "Characteristic mass : 5 mg" in head
    assert "Battery capacity : 1 mA.h" in head
    assert "Acquisition started on : 11/14/2023 22:13:20.000" in head
    # What people wrote stays in its line, and in the code page.
    assert "Electrolyte : gel x : y" in head
    assert "Comments : LFP µ ? 7, P" in head
    program = head.index("Cycle Definition : Charge/Discharge alternance") + 1
    assert head[program] == "".join(text.ljust(20) for text in ("Ns", "0", "1", "2", "3"))
    assert head[program + 2].split() == ["Is", "(mA)", "-", "2", "-", "-1"]

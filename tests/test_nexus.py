"""Viewers of HDF5 files show a run by themselves, and nothing of it is risked for that."""

import shutil

import h5py
import numpy as np
import pytest
from silx.io.nxdata import get_default, is_NXroot_with_default_NXdata, is_valid_nxdata

from faradaic.storage import Recorder, Run, StorageError, builder, nexus
from faradaic.storage.journal import journal_path
from faradaic.storage.recovery import recover

from recorded import recorded, samples, spectrum
from test_journal import write_journal
from test_storage import record

PROTOCOL = {"protocol": "P"}
FREQUENCY_HZ = np.geomspace(1e5, 1, 20)
Z_OHM = 20 + 200 / (1 + 2j * np.pi * FREQUENCY_HZ * 200 * 1e-5)


def line(count, slope=1.0):
    time_s = np.arange(count, dtype=float)
    return samples(time_s, 3.0 + slope * time_s / count, 1e-3 * np.sin(time_s))


def test_silx_shows_the_potential_over_time(tmp_path):
    rows = line(50)
    with recorded(tmp_path, PROTOCOL, ("r", rows, {"kind": "rest"})):
        pass
    with h5py.File(tmp_path / "run.h5") as file:
        assert is_NXroot_with_default_NXdata(file)
        shown = get_default(file)
        assert shown.is_curve
        assert np.array_equal(shown.signal[()], rows["voltage_volt"])
        assert np.array_equal(shown.axes[0][()], rows["test_time_second"])
        assert shown.title == "Potential"
        assert shown.signal.attrs["units"] == "V"
        current = get_default(file["entry/current"])
        assert np.array_equal(current.signal[()], rows["current_ampere"])
        # The time stands in the file once.
        assert isinstance(file["entry/current"].get("test_time_second", getlink=True), h5py.SoftLink)
        assert file["entry/title"].asstr()[()] == "test · P"


def test_silx_shows_sweeps_as_current_over_potential(tmp_path):
    first, second = line(30), line(20, slope=-1.0)
    steps = [
        ("r", line(5), {"kind": "rest"}),
        ("s", first, {"kind": "potential_sweep"}),
        ("s", second, {"kind": "potential_sweep"}),
    ]
    with recorded(tmp_path, PROTOCOL, *steps):
        pass
    with h5py.File(tmp_path / "run.h5") as file:
        shown = get_default(file)
        current_A, potential_V = shown.signal[()], shown.axes[0][()]
        assert shown.title == "Voltammogram"
    assert np.array_equal(current_A[:30], first["current_ampere"])
    assert np.isnan(current_A[30])
    assert np.array_equal(potential_V[31:], second["voltage_volt"])
    assert np.all(np.isfinite(potential_V))


def test_silx_shows_spectra_as_a_nyquist_plot(tmp_path):
    points = spectrum(FREQUENCY_HZ, Z_OHM)
    with recorded(tmp_path, PROTOCOL, ("r", line(5), {"kind": "rest"}), ("e", points, {"kind": "impedance"})):
        pass
    with h5py.File(tmp_path / "run.h5") as file:
        shown = get_default(file)
        assert np.array_equal(shown.signal[()], -Z_OHM.imag)
        assert np.array_equal(shown.axes[0][()], Z_OHM.real)
        assert is_valid_nxdata(file["entry/potential"])


def test_a_long_run_is_thinned_and_keeps_its_extremes(tmp_path, monkeypatch):
    monkeypatch.setattr(nexus, "MOST_ROWS", 600)
    rows = line(10_007)
    rows["voltage_volt"][3333], rows["current_ampere"][7777] = 9.0, -5.0
    rows["voltage_volt"][100:400] = np.nan
    with recorded(tmp_path, PROTOCOL, ("r", rows, {"kind": "rest"})) as run:
        assert len(run.samples) == 10_007
    with h5py.File(tmp_path / "run.h5") as file:
        time_s = file["entry/potential/test_time_second"][()]
        assert len(time_s) <= 601
        assert (time_s[0], time_s[-1]) == (0.0, 10_006.0)
        assert np.all(np.diff(time_s) > 0)
        assert np.nanmax(file["entry/potential/voltage_volt"]) == 9.0
        assert file["entry/current/current_ampere"][()].min() == -5.0


def test_a_run_that_holds_nothing_has_no_plots(tmp_path):
    with recorded(tmp_path, PROTOCOL) as run:
        assert not len(run.samples)
    with h5py.File(tmp_path / "run.h5") as file:
        assert "entry" not in file
        assert get_default(file) is None


def test_files_without_plots_open_as_before(tmp_path):
    with recorded(tmp_path, PROTOCOL, ("r", line(5), {"kind": "rest"})) as run:
        attributes = dict(run.attributes)
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        del file["entry"], file.attrs["NX_class"], file.attrs["default"]
    with Run.open(tmp_path / "run.h5") as old:
        assert dict(old.attributes) == attributes
        assert len(old.samples) == 5


@pytest.mark.parametrize("fault", ["cannot be drawn", "cannot be written", "no space"])
def test_plots_that_fail_leave_the_run_whole(tmp_path, monkeypatch, fault):
    def fail(*_):
        raise RuntimeError("broken")

    if fault == "no space":
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**7))
    else:
        monkeypatch.setattr(builder, "standard_plots" if fault == "cannot be drawn" else "write_plots", fail)
    with recorded(tmp_path, PROTOCOL, ("r", line(5), {"kind": "rest"})) as run:
        assert run.state == "finished"
        assert run.samples.tobytes() == line(5).tobytes()
    with h5py.File(tmp_path / "run.h5") as file:
        assert "entry" not in file


def test_a_file_spoilt_while_plots_are_written_comes_back_from_the_journal(tmp_path, monkeypatch):
    def spoil(file, _):
        del file["samples"]

    # As when the program is killed at that moment: the journal is there until the file was verified.
    write_journal(journal_path(tmp_path / "a.h5"))
    with monkeypatch.context() as patched:
        patched.setattr(builder, "write_plots", spoil)
        with pytest.raises(StorageError, match="does not hold all rows of /samples"):
            recover(tmp_path / "a.h5")
        with Run.open(tmp_path / "a.h5") as run:
            assert len(run.samples) == 15
    with Run.open(tmp_path / "a.h5") as run:
        assert len(run.samples) == 15
    assert not journal_path(tmp_path / "a.h5").exists()


def test_a_run_that_goes_on_gets_its_plots_anew(tmp_path):
    record(tmp_path / "a.h5").close("finished")
    again = Recorder.reopen(tmp_path / "a.h5")
    again.step_begun({"step_count": 3, "kind": "rest"})
    again.samples(line(7))
    again.step_ended({"end_reason": "completed"})
    again.close("finished")
    with h5py.File(tmp_path / "a.h5") as file:
        assert len(get_default(file["entry/potential"]).signal) == 37

"""A recorded cell, measured again."""

import bisect
import csv
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .base import SimulatedCell

_COLUMNS = {
    "test_time_second": "Test Time / s",
    "voltage_volt": "Voltage / V",
    "current_ampere": "Current / A",
}


class Replay(SimulatedCell):
    """Gives an instrument what another one recorded, at the same times after the start.

    Under a current it shows the recorded potential, under a potential the recorded current;
    what is applied changes nothing. After the end it stays as it was there. Where the recording
    holds spectra, they are interpolated between their frequencies; otherwise there is no impedance.

    Parameters
    ----------
    path : str or Path
        A run file (.h5), or a CSV file of the Battery Data Format.

    Raises
    ------
    ValueError
        The file cannot be read, or holds no samples.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        is_run = self._path.suffix.lower() in (".h5", ".hdf5")
        try:
            columns, spectrum = _read_run(self._path) if is_run else (_read_csv(self._path), None)
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(f"{path} cannot be replayed: {error}.") from None
        time_s = np.maximum.accumulate(columns["test_time_second"])
        if not len(time_s):
            raise ValueError(f"{path} cannot be replayed: it holds no samples.")
        # Lists: looking up one value of an array takes several times as long.
        self._time_s: list[float] = (time_s - time_s[0]).tolist()
        self._potential_V: list[float] = columns["voltage_volt"].tolist()
        self._current_A: list[float] = columns["current_ampere"].tolist()
        self._spectrum = spectrum
        self._now_s = 0.0
        self.potential_V = self._potential_V[0]

    @property
    def duration_s(self) -> float:
        """How long the recording is."""
        return self._time_s[-1]

    def hold_current(self, current_A: float, seconds: float) -> float:  # noqa: ARG002  what is applied does not matter
        """Let `seconds` pass; return the potential in V that was recorded then."""
        self._now_s += seconds
        self.potential_V = self._at(self._potential_V)
        return self.potential_V

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Let `seconds` pass; return the current in A that was recorded then."""
        self._now_s += seconds
        self.potential_V = potential_V
        return self._at(self._current_A)

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω as recorded, NaN where none was."""
        if self._spectrum is None:
            return complex(math.nan, math.nan)
        log_Hz, z = self._spectrum
        at = math.log(frequency_Hz)
        return complex(np.interp(at, log_Hz, z.real), np.interp(at, log_Hz, z.imag))

    @property
    def metadata(self) -> dict[str, Any]:
        """Which file is replayed."""
        return {"cell": "Replay", "file": self._path.name, "duration_s": self.duration_s}

    def snapshot(self) -> dict[str, Any]:
        """Return the present state."""
        return {"_now_s": self._now_s, "potential_V": self.potential_V}

    def _at(self, values: list[float]) -> float:
        """Return the value now, on the line between two samples."""
        after = bisect.bisect_right(self._time_s, self._now_s)
        if after in (0, len(values)):
            return values[max(after - 1, 0)]
        begin_s, end_s = self._time_s[after - 1], self._time_s[after]
        share = (self._now_s - begin_s) / (end_s - begin_s)
        return values[after - 1] + share * (values[after] - values[after - 1])


def _read_run(path: Path) -> tuple[dict[str, Any], tuple[Any, Any] | None]:
    with h5py.File(path, "r", locking=False) as file:
        tables: Any = file
        samples, points = tables["samples"][()], tables["impedance"][()]
    columns = {name: np.asarray(samples[name], float) for name in _COLUMNS}
    if not len(points):
        return columns, None
    rising = np.argsort(points["frequency_hertz"], kind="stable")
    z = points["real_impedance_ohm"] + 1j * points["imaginary_impedance_ohm"]
    return columns, (np.log(points["frequency_hertz"][rising]), z[rising])


def _read_csv(path: Path) -> dict[str, Any]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        heads = set(rows.fieldnames or ())
        names = {name: name if name in heads else label for name, label in _COLUMNS.items()}
        missing = [label for label in names.values() if label not in heads]
        if missing:
            raise ValueError(f"it has no column {missing[0]!r}")
        table = [[float(row[head] or "nan") for head in names.values()] for row in rows]
    values = np.array(table, float).reshape(len(table), len(names))
    values = values[np.all(np.isfinite(values), axis=1)]
    return dict(zip(names, values.T, strict=True))

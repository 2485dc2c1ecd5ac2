"""The standard plots of a run as NeXus groups, so that viewers of HDF5 files show it by themselves.

h5web, silx and NOMAD follow the attribute ``default`` from the root to a group of class NXdata,
which names its signal and its axis (https://manual.nexusformat.org/classes/base_classes/NXdata.html).
They need an array for each, which no link into a table can give: these groups hold copies, of a long
run the extremes that a screen can show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ENTRY = "entry"
ATTRIBUTES = frozenset({"NX_class", "default"})
"""What stands at the root of a file for those viewers, and says nothing of the run."""
MOST_ROWS = 60_000
"""Longer runs are thinned: to the first, the last and the extremes of so many rows at most."""
_KEPT_OF_A_PART = 6


@dataclass(frozen=True)
class Axis:
    """One array of a plot.

    Parameters
    ----------
    name : str
        Of the dataset, with its unit.
    title, unit : str
        What a person reads.
    values : array, shape (n,)
        NaN where the curve is interrupted.
    """

    name: str
    title: str
    unit: str
    values: Floats


@dataclass(frozen=True)
class Plot:
    """A curve: one signal over one axis."""

    title: str
    axis: Axis
    signal: Axis


def standard_plots(file: h5py.File) -> dict[str, Plot]:
    """Return the plots that suit a run, by name; the first one is what to show of it."""
    tables: Any = file
    kinds = tables["steps"].fields("kind")[()]
    spectra = _spectra(tables["impedance"])
    sweeps = _sweeps(tables["samples"], tables["steps"], kinds == b"potential_sweep")
    rows = _over_time(tables["samples"])
    is_spectroscopy = bool(spectra) and not set(kinds.tolist()) - {b"rest", b"impedance"}
    return spectra | sweeps | rows if is_spectroscopy else sweeps | rows | spectra


def write_plots(file: h5py.File, plots: Mapping[str, Plot]) -> None:
    """Add plots to a run file."""
    if not plots:
        return
    entry = file.create_group(ENTRY, track_order=True)
    entry.attrs["NX_class"] = "NXentry"
    entry.attrs["default"] = next(iter(plots))
    entry["title"] = f"{file.attrs.get('cell', '')} · {file.attrs.get('protocol', '')}"
    entry["start_time"] = str(file.attrs.get("created", ""))
    places: dict[int, str] = {}
    for name, plot in plots.items():
        group = entry.create_group(name)
        group.attrs["NX_class"] = "NXdata"
        group.attrs["signal"] = plot.signal.name
        group.attrs["axes"] = [plot.axis.name]
        group["title"] = plot.title
        for axis in (plot.axis, plot.signal):
            known = places.setdefault(id(axis.values), f"/{ENTRY}/{name}/{axis.name}")
            if known in file:
                group[axis.name] = h5py.SoftLink(known)
                continue
            dataset = group.create_dataset(axis.name, data=axis.values)
            dataset.attrs["units"] = axis.unit
            dataset.attrs["long_name"] = f"{axis.title} ({axis.unit})"
    file.attrs["NX_class"] = "NXroot"
    file.attrs["default"] = ENTRY


def bytes_of(plots: Mapping[str, Plot]) -> int:
    """Return how much plots need in a file, not less."""
    return sum(4096 + plot.axis.values.nbytes + plot.signal.values.nbytes for plot in plots.values())


def _over_time(samples: h5py.Dataset) -> dict[str, Plot]:
    if not len(samples):
        return {}
    time_s, potential_V, current_A = _columns(samples, slice(None))
    time = Axis("test_time_second", "Time", "s", time_s)
    return {
        "potential": Plot("Potential", time, _potential(potential_V)),
        "current": Plot("Current", time, _current(current_A)),
    }


def _sweeps(samples: h5py.Dataset, steps: Any, is_sweep: NDArray[np.bool_]) -> dict[str, Plot]:
    """Return current over potential of all sweeps, with gaps between them."""
    potentials, currents = [np.empty(0)], [np.empty(0)]
    first, count = steps.fields("first_sample")[()], steps.fields("sample_count")[()]
    for start, length in zip(first[is_sweep].tolist(), count[is_sweep].tolist(), strict=True):
        if length:
            _, potential_V, current_A = _columns(samples, slice(start, start + length))
            potentials.append(potential_V)
            currents.append(current_A)
    potential_V, current_A = np.concatenate(potentials), np.concatenate(currents)
    if not len(potential_V):
        return {}
    borders = np.cumsum([len(part) for part in potentials[1:-1]], dtype=np.int64)
    potential_V, current_A = _with_gaps(potential_V, current_A, borders)
    return {"voltammogram": Plot("Voltammogram", _potential(potential_V), _current(current_A))}


def _spectra(impedance: h5py.Dataset) -> dict[str, Plot]:
    """Return the Nyquist plot of all spectra, with gaps between them."""
    if not len(impedance):
        return {}
    rows = impedance[()]
    borders = np.flatnonzero(np.diff(rows["step_count"])) + 1
    real_ohm, negative_ohm = _with_gaps(rows["real_impedance_ohm"], -rows["imaginary_impedance_ohm"], borders)
    axis = Axis("real_impedance_ohm", "Re Z", "ohm", real_ohm)
    signal = Axis("negative_imaginary_impedance_ohm", "-Im Z", "ohm", negative_ohm)
    return {"spectra": Plot("Nyquist plot", axis, signal)}


def _potential(values: Floats) -> Axis:
    return Axis("voltage_volt", "Potential", "V", values)


def _current(values: Floats) -> Axis:
    return Axis("current_ampere", "Current", "A", values)


def _columns(samples: h5py.Dataset, rows: slice) -> tuple[Floats, Floats, Floats]:
    """Return time, potential and current of some samples, thinned where they are many."""
    table: Any = samples
    time_s = table.fields("test_time_second")[rows]
    potential_V, current_A = table.fields("voltage_volt")[rows], table.fields("current_ampere")[rows]
    kept = _thinned(potential_V, current_A)
    return time_s[kept], potential_V[kept], current_A[kept]


def _thinned(*signals: Floats) -> NDArray[np.int64]:
    """Return the rows that a plot needs: of each of many parts the first, the last and the extremes."""
    count = len(signals[0])
    if count <= MOST_ROWS:
        return np.arange(count)
    size = -(-count // (MOST_ROWS // _KEPT_OF_A_PART))
    whole = count // size * size
    starts = np.arange(0, whole, size)
    kept = [starts, starts + size - 1, np.array([count - 1])]
    for values in signals:
        parts = values[:whole].reshape(-1, size)
        kept.append(starts + np.argmin(np.where(np.isfinite(parts), parts, np.inf), axis=1))
        kept.append(starts + np.argmax(np.where(np.isfinite(parts), parts, -np.inf), axis=1))
    return np.unique(np.concatenate(kept))


def _with_gaps(axis: Floats, signal: Floats, borders: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return a curve that is interrupted before each of some rows."""
    return np.insert(axis, borders, axis[borders]), np.insert(signal, borders, np.nan)

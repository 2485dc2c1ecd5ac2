"""From a table to samples and spectra."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .counters import net_of
from .mapping import chosen_columns, columns_missing, listed_heads
from .quantities import Column, split_head
from .recording import Counts, Floats, Recording
from .spectra import numbered
from .table import Table

_LARGEST_COUNT = 2**32 - 1
_DISAGREEMENT = 0.05
_FLAGS = "Flags / 1"
"""Other programs' flags mean other things, and have no unit."""
_STEP_COUNT, _STEP_ID = ("step_count", "Step Count / 1"), ("step_id", "Step ID", "Step ID / 1")
_IDLE = ("index", "number", "datapoint", "record_number", "point", "pt", "rec", "recnum", "x_axis")
"""Columns that nobody misses."""


def recording_of(
    table: Table, path: Path, mapping: Mapping[str, str] | None = None, *, rests: bool = False
) -> Recording:
    """Take samples and spectra from a table.

    Parameters
    ----------
    table : Table
        What was read.
    path : Path
        The file, for messages.
    mapping : mapping of str to str, optional
        For quantities the columns that a person named; see `mapping.chosen_columns`.
    rests : bool
        Whether a table without currents was measured at open circuit.

    Raises
    ------
    StorageError
        Columns that are needed are missing or cannot be what they should be.
    """
    chosen = chosen_columns(table, mapping or {}, path)
    values = {quantity: column.of(table.columns[column.head]) for quantity, column in chosen.items()}
    found = Recording()
    if table.broken:
        found.warnings.append(f"{table.broken} lines had too few or too many cells; what they hold was kept.")
    time_s, taken = _time(values, chosen, mapping or {}, found)
    z = _impedance(values)
    if time_s is not None and "potential" in values and "current" not in values and rests:
        values["current"] = np.zeros(table.rows)
        found.notes.append("There is no column of currents: open circuit was taken for 0 A.")
    has_samples = time_s is not None and "potential" in values and "current" in values
    in_spectrum = np.zeros(table.rows, bool)
    if z is not None and "frequency" in values:
        in_spectrum = np.isfinite(z) & np.isfinite(values["frequency"]) & (values["frequency"] > 0.0)
    elif not has_samples:
        raise columns_missing({**chosen, **({"time": chosen[taken]} if taken else {})}, table, path)
    if z is not None and np.any(in_spectrum):
        _take_spectra(found, values, z, in_spectrum, time_s)
    if has_samples and time_s is not None:
        _take_samples(found, values, time_s, ~in_spectrum)
    elif np.any(~in_spectrum):
        found.warnings.append(f"{np.count_nonzero(~in_spectrum)} rows without an impedance were left out.")
    _take_flags(found, table, in_spectrum)
    if np.all(~in_spectrum):
        _keep_counts(found, table, values)
    _tell_what_is_left(found, table, chosen)
    return found


def begin_at(found: Recording, unix_s: float) -> None:
    """Give the samples the time of day at which the measurement began; NaN where it is not known."""
    if found.unix_time_s is None and np.isfinite(unix_s) and len(found.time_s):
        found.unix_time_s = unix_s + found.time_s
        found.notes.append("The file's time of day names no time zone; it was taken for UTC.")


def _time(
    values: Mapping[str, Floats], chosen: Mapping[str, Column], mapping: Mapping[str, str], found: Recording
) -> tuple[Floats | None, str]:
    """Return the time since the start, and from which quantity."""
    if "time" in values:
        time_s, source = values["time"], "time"
    elif "unix_time" in values:
        time_s, source = values["unix_time"], "unix_time"
    elif "step_time" in values:
        growth = np.diff(values["step_time"], prepend=values["step_time"][:1])
        time_s, source = (
            np.cumsum(np.where(growth < 0.0, values["step_time"], np.nan_to_num(growth))),
            "step_time",
        )
        found.notes.append(
            "The file has the time within each step only; the steps were put after one another."
        )
    else:
        return None, ""
    head = chosen[source].head
    is_absolute = len(time_s) > 0 and np.nanmin(time_s, initial=np.inf) > 5e8 and source != "step_time"
    if is_absolute:
        # A time of day where the time since the start is asked for.
        time_s = time_s - np.nanmin(time_s)
    elif source == "time" and not split_head(head)[1] and "time" not in mapping:
        found.notes.append(f"The column {head!r} names no unit; it was read in seconds.")
    return time_s, source


def _impedance(values: Mapping[str, Floats]) -> np.ndarray | None:
    if "real_impedance" in values and "imaginary_impedance" in values:
        return values["real_impedance"] + 1j * values["imaginary_impedance"]
    if "absolute_impedance" in values and "phase" in values:
        return values["absolute_impedance"] * np.exp(1j * np.deg2rad(values["phase"]))
    return None


def _take_spectra(
    found: Recording, values: Mapping[str, Floats], z: np.ndarray, rows: np.ndarray, time_s: Floats | None
) -> None:
    found.frequency_Hz, found.impedance_ohm = values["frequency"][rows], z[rows]
    times = np.arange(np.count_nonzero(rows), dtype=float) if time_s is None else time_s[rows]
    if time_s is None:
        found.notes.append("The spectra have no times; their points were numbered.")
    found.spectrum_time_s = np.maximum.accumulate(np.nan_to_num(times))
    if "temperature" in values:
        found.spectrum_temperature_degC = values["temperature"][rows]
    counters = [values[name][rows] for name in ("step", "cycle") if name in values]
    found.spectrum = numbered(found.frequency_Hz, counters)


def _take_samples(found: Recording, values: Mapping[str, Floats], time_s: Floats, rows: np.ndarray) -> None:
    found.time_s, found.potential_V, found.current_A = time_s, values["potential"], values["current"]
    found.step, found.cycle = (_counts(name, values, found) for name in ("step", "cycle"))
    found.temperature_degC = values.get("temperature")
    unix_s = values.get("unix_time")
    if unix_s is None and "time" in values and len(time_s) and np.nanmin(values["time"], initial=0.0) > 5e8:
        unix_s = values["time"]
    found.unix_time_s = unix_s
    found.net_charge_Ah = net_of("charge", values, found.current_A)
    found.net_energy_Wh = net_of("energy", values, found.current_A)
    if not np.all(rows):
        found.keep(rows)
    _compare_charges(found)


def _counts(name: str, values: Mapping[str, Floats], found: Recording) -> Counts | None:
    if name not in values:
        return None
    column = values[name]
    known = np.isfinite(column)
    if not np.any(known):
        return None
    if not np.all(known):
        last = np.maximum.accumulate(np.where(known, np.arange(len(column)), 0))
        column = np.where(known[last], column[last], column[int(np.argmax(known))])
    if np.min(column) < 0 or np.max(column) > _LARGEST_COUNT:
        found.warnings.append(
            f"The column of the {name} has numbers below 0 or above {_LARGEST_COUNT}; it was left out."
        )
        return None
    return column.astype(np.int64)


def _compare_charges(found: Recording) -> None:
    """Say where the counters and the recorded currents tell different charges."""
    net = found.net_charge_Ah
    if net is None or len(net) < 2:
        return
    counted = float(np.sum(np.abs(np.diff(net))))
    current = np.abs(np.nan_to_num(found.current_A))
    # Nonsense in a column makes no comparison, and is left out later.
    with np.errstate(over="ignore", invalid="ignore"):
        mean_A, lasted_s = 0.5 * (current[1:] + current[:-1]), np.maximum(np.diff(found.time_s), 0.0)
        passed = float(np.nansum(mean_A * lasted_s)) / 3600.0
    if abs(counted - passed) > _DISAGREEMENT * max(counted, passed):
        found.warnings.append(
            f"By the counters of the instrument {counted:.4g} Ah have passed in all, by the recorded "
            f"currents {passed:.4g} Ah; the counters were kept."
        )


def _take_flags(found: Recording, table: Table, in_spectrum: NDArray[np.bool_]) -> None:
    """Take over which values are not valid, in files that we wrote."""
    if _FLAGS not in table.columns:
        return
    flags = np.clip(np.nan_to_num(table.columns[_FLAGS]), 0, _LARGEST_COUNT).astype(np.int64)
    found.flags = flags[~in_spectrum] if len(found.time_s) else None
    found.spectrum_flags = flags[in_spectrum] if len(found.frequency_Hz) else None


def _keep_counts(found: Recording, table: Table, values: Mapping[str, Floats]) -> None:
    """Keep the counts of the Battery Data Format where they mean what it says.

    Older files have the step of the programme in place of the count of executed steps; those that
    have it besides (Step ID) do not.
    """
    has_both = all(any(name in table.columns for name in names) for names in (_STEP_COUNT, _STEP_ID))
    if not has_both or found.step is None or found.cycle is None:
        return
    net_Ah = values.get("net_charge")
    found.counts_are_kept = bool(np.all(np.diff(found.step) >= 0))
    if found.counts_are_kept and net_Ah is not None and np.all(np.isfinite(net_Ah)):
        found.net_charge_Ah = net_Ah


def _tell_what_is_left(found: Recording, table: Table, chosen: Mapping[str, Column]) -> None:
    lost = set() if len(found.time_s) else {"potential", "current", "net_charge", "net_energy"}
    used = {column.head for quantity, column in chosen.items() if quantity not in lost} | {_FLAGS}
    left = [head for head in table.heads if head not in used and split_head(head)[0] not in _IDLE]
    if left:
        found.notes.append(f"Not taken over from the file: {listed_heads(left)}.")

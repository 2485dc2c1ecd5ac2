"""Battery Data Format: CSV with machine-readable names or labels (ontology 1.3)."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import StorageError
from .columns import read_table, read_text
from .recording import Floats, Recording

_NEEDED = ("test_time_second", "voltage_volt", "current_ampere")
_UNITS = {"s": "second", "V": "volt", "A": "ampere", "Ah": "ah", "degC": "celsius", "1": ""}
_TEMPERATURES = ("ambient_temperature_celsius", "surface_temperature_t1_celsius", "temperature_t1_celsius")


def read_bdf(path: Path) -> Recording:
    """Read a CSV file of the Battery Data Format.

    Raises
    ------
    StorageError
        The file cannot be read, or a column that is needed is missing.
    """
    heads, columns, broken = read_table(read_text(path).splitlines(), ",")
    named = {_machine_name(head): columns[head] for head in heads}
    missing = [name for name in _NEEDED if name not in named]
    if missing:
        raise StorageError(f"{path} is not in the Battery Data Format: it has no column {missing[0]}.")
    found = Recording(
        time_s=named["test_time_second"],
        potential_V=named["voltage_volt"],
        current_A=named["current_ampere"],
        step=_counter(named, "step_count", "step_index", "step_id"),
        cycle=_counter(named, "cycle_count"),
        unix_time_s=named.get("unix_time_second"),
        temperature_degC=next((named[name] for name in _TEMPERATURES if name in named), None),
        flags=_counter(named, "flags"),
    )
    found.counts_are_kept = _counts_executed_steps(named, found)
    if found.counts_are_kept:
        # Elsewhere it may begin anew with every step.
        found.net_capacity_Ah = _whole(named, "net_capacity_ah")
    if broken:
        found.warnings.append(f"{broken} lines had too few or too many cells; what they hold was kept.")
    return found


def _machine_name(head: str) -> str:
    """Return the machine-readable name of a column: "Test Time / s" is test_time_second."""
    label, sign, unit = head.partition(" / ")
    if not sign:
        return head
    name = re.sub(r"\W+", "_", label.strip().lower())
    suffix = _UNITS.get(unit.strip(), unit.strip().lower())
    return f"{name}_{suffix}" if suffix else name


def _counts_executed_steps(named: dict[str, Floats], found: Recording) -> bool:
    """Whether the steps are counted as the format means it: one more for each that was executed.

    Older files put the step of the program there, which comes again in every cycle; those that
    have the step of the program besides (Step ID) do not.
    """
    if found.step is None or found.cycle is None or "step_count" not in named:
        return False
    if not {"Step ID", "step_id"} & named.keys():
        return False
    fits = all(np.all((counts >= 0) & (counts < 2**32)) for counts in (found.step, found.cycle))
    return fits and bool(np.all(np.diff(found.step) >= 0))


def _whole(named: dict[str, Floats], name: str) -> Floats | None:
    """Return a column that has a value in every row."""
    return named[name] if name in named and np.all(np.isfinite(named[name])) else None


def _counter(named: dict[str, Floats], *names: str) -> NDArray[np.int64] | None:
    for name in names:
        if name in named and np.all(np.isfinite(named[name])):
            return named[name].astype(np.int64)
    return None

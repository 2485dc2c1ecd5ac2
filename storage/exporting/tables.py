"""Steps, events and results of a run as plain tables: heads with units, one array each."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..results import Result, Table
from ..run import Run
from .files import write_csv
from .names import safe_name

Heads = dict[str, NDArray[Any]]
"""Head, with its unit, to values."""

_ASCII_UNITS = {"°C": "degC", "Ω": "ohm", "µ": "u", "²": "2", "·": "."}
"""Spreadsheets take a file without a mark for one in their own code page."""


def sample_table(run: Run) -> Heads:
    """Return the samples."""
    rows = run.samples
    return {
        "test time / s": rows["test_time_second"],
        "unix time / s": rows["unix_time_second"],
        "potential / V": rows["voltage_volt"],
        "current / A": rows["current_ampere"],
        "net capacity / Ah": rows["net_capacity_ah"],
        "step": rows["step_count"],
        "cycle": rows["cycle_count"],
        "temperature / degC": rows["ambient_temperature_celsius"],
        "flags": rows["flags"],
    }


def impedance_table(run: Run) -> Heads:
    """Return the points of the spectra; capacitive reactances are negative."""
    rows = run.impedance
    return {
        "test time / s": rows["test_time_second"],
        "unix time / s": rows["unix_time_second"],
        "frequency / Hz": rows["frequency_hertz"],
        "Re(Z) / ohm": rows["real_impedance_ohm"],
        "Im(Z) / ohm": rows["imaginary_impedance_ohm"],
        "step": rows["step_count"],
        "cycle": rows["cycle_count"],
        "temperature / degC": rows["ambient_temperature_celsius"],
        "flags": rows["flags"],
    }


def step_table(run: Run) -> Heads:
    """Return the executed steps."""
    steps = run.steps
    return {
        "step": np.array([step.step_count for step in steps], np.int64),
        "cycle": np.array([step.cycle_count for step in steps], np.int64),
        "kind": np.array([step.kind for step in steps], np.str_),
        "label": np.array([step.label for step in steps], np.str_),
        "role": np.array([step.role for step in steps], np.str_),
        "begin / s": np.array([step.begin_s for step in steps], np.float64),
        "end / s": np.array([step.end_s for step in steps], np.float64),
        "charge / Ah": np.array([step.charge_Ah for step in steps], np.float64),
        "energy / Wh": np.array([step.energy_Wh for step in steps], np.float64),
        "end reason": np.array([step.end_reason or "interrupted" for step in steps], np.str_),
    }


def event_table(run: Run) -> Heads:
    """Return what happened."""
    events = run.events
    return {
        "test time / s": np.array([event.test_time_s for event in events], np.float64),
        "unix time / s": np.array([event.unix_time_s for event in events], np.float64),
        "severity": np.array([event.severity for event in events], np.str_),
        "source": np.array([event.source for event in events], np.str_),
        "text": np.array([event.text for event in events], np.str_),
    }


def result_table(run: Run) -> Heads:
    """Return the results that are one number each; why there is none stands under "remarks"."""
    found = {name: result for name, result in run.results.items() if isinstance(result, Result)}
    missing = float("nan")
    return {
        "result": np.array(list(found), np.str_),
        "value": np.array([missing if each.value is None else each.value for each in found.values()], float),
        "uncertainty": np.array(
            [missing if each.uncertainty is None else each.uncertainty for each in found.values()], float
        ),
        "unit": np.array([each.unit for each in found.values()], np.str_),
        "method": np.array([each.method for each in found.values()], np.str_),
        "remarks": np.array([_remarks(each) for each in found.values()], np.str_),
    }


def result_tables(run: Run) -> dict[str, Heads]:
    """Return the results that are tables (cycles, peaks, holds …) by name."""
    return {
        name: {_head(column, result.units[column]): result.rows[column] for column in result.units}
        for name, result in run.results.items()
        if isinstance(result, Table) and len(result.rows)
    }


def write_result_tables(run: Run, folder: Path, stem: str) -> list[Path]:
    """Write each of the `result_tables` as CSV and return the files."""
    files = []
    for name, table in result_tables(run).items():
        files.append(folder / f"{stem}.{safe_name(name)}.csv")
        write_csv(files[-1], table)
    return files


def _remarks(result: Result) -> str:
    return " ".join([*([result.reason] if result.reason else []), *result.warnings])


def _head(column: str, unit: str) -> str:
    for sign, plain in _ASCII_UNITS.items():
        unit = unit.replace(sign, plain)
    name = column.replace("_", " ")
    return f"{name} / {unit}" if unit not in ("", "1") else name

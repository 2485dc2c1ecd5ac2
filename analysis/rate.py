"""Capacity at each rate, and what comes back at the first one."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..protocols import Cell
from ..protocols.cell import MissingMetadataError
from ..storage.results import Result, Results, Table
from .cycling import Curves, complete_cycles, cycles_table
from .measurement import Measurement


@dataclass(frozen=True)
class RateAnalysis:
    """A rate test.

    Parameters
    ----------
    curves : Curves
        Of the complete cycles.
    results : dict
        The tables ``cycles`` and ``rate_capacity``, and ``rate_recovery``.
    """

    curves: Curves
    results: Results


def analyse_rate(measurement: Measurement) -> RateAnalysis:
    """Average the discharge capacities of each block of cycles at one current."""
    rows, curves = complete_cycles(measurement)
    currents = _currents(measurement)
    units = _units(measurement.cell)
    table = []
    for current_A, group in groupby(currents, key=lambda item: item[1]):
        chosen = rows[np.isin(rows["cycle"], [cycle for cycle, _ in group])]
        if len(chosen):
            table.append(_row(current_A, chosen, measurement.cell))
    data = np.array(table, np.dtype([(name, "f8") for name in units]))
    method = "mean of the cycles at each current; the first of them is still changing and is left out"
    reason = "" if len(data) else "no cycle was completed"
    return RateAnalysis(
        curves,
        {
            "rate_capacity": Table(data, units, method, reason=reason),
            "rate_recovery": _recovery(data),
            "cycles": cycles_table(rows, measurement.cell),
        },
    )


def _currents(measurement: Measurement) -> list[tuple[int, float]]:
    """Return (cycle, discharge current) in order."""
    steps = measurement.steps_with("discharge")
    return sorted({step.cycle_count: abs(float(step.parameters["current_A"])) for step in steps}.items())


def _units(cell: Cell) -> dict[str, str]:
    units = {"current": "mA", "discharge_capacity": "mAh", "spread": "mAh", "cycles": "1"}
    if _capacity_C(cell) is not None:
        units["rate"] = "C"
    if cell.active_mass is not None:
        units["specific_capacity"] = "mAh/g"
    return units


def _capacity_C(cell: Cell) -> float | None:
    try:
        return cell.capacity_C("")
    except MissingMetadataError:
        return None


def _row(current_A: float, rows: np.ndarray, cell: Cell) -> tuple[float, ...]:
    settled = rows["discharge_capacity"][1:] if len(rows) > 1 else rows["discharge_capacity"]
    capacity = float(np.mean(settled))
    row = [current_A * 1e3, capacity, float(np.std(settled)), len(settled)]
    nominal_C = _capacity_C(cell)
    if nominal_C is not None:
        row.append(current_A * 3600.0 / nominal_C)
    if cell.active_mass is not None:
        row.append(capacity * 1e-3 / cell.active_mass)
    return tuple(row)


def _recovery(data: np.ndarray) -> Result:
    method = "capacity at the first current, at the end against the beginning"
    if len(data) < 2 or not np.isclose(data["current"][0], data["current"][-1]):
        return Result(None, "%", method=method, reason="the first current was not measured again")
    first, last = data["discharge_capacity"][[0, -1]]
    return Result(100.0 * float(last / first), "%", None, method)

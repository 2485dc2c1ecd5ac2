"""Overpotential from cycle to cycle, and when and how a symmetric cell fails."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..storage.results import Result, Results, Table
from .critical_current_density import MA_PER_CM2, MAH_PER_CM2, capacities
from .half_cycles import HalfCycle, failure, half_cycles
from .measurement import Measurement

_CYCLES = {
    "cycle": "1",
    "time": "h",
    "current_density": "mA/cm²",
    "overpotential_mean": "mV",
    "overpotential_end": "mV",
    "hysteresis": "mV",
    "capacity": "mAh/cm²",
}


@dataclass(frozen=True)
class SymmetricCyclingAnalysis:
    """Cycles of a symmetric cell.

    Parameters
    ----------
    cycles : tuple of HalfCycle
        In order; empty where the cell's area is not known.
    results : dict
        ``time_to_failure``, ``areal_capacity``, ``cumulative_areal_capacity`` and the table
        ``overpotential`` with one row a cycle.
    """

    cycles: tuple[HalfCycle, ...]
    results: Results


def analyse_symmetric_cycling(measurement: Measurement) -> SymmetricCyclingAnalysis:
    """Read the overpotential of every cycle, and find the failure."""
    area_m2 = measurement.cell.area
    if area_m2 is None:
        reason = "a current density needs the cell's area, which was not given"
        return SymmetricCyclingAnalysis((), {"time_to_failure": Result(None, "h", reason=reason)})
    halves = half_cycles(measurement)
    return SymmetricCyclingAnalysis(
        tuple(halves),
        {**capacities(halves, failure(halves), area_m2), "overpotential": _table(halves, area_m2)},
    )


def _table(halves: list[HalfCycle], area_m2: float) -> Table:
    rows = []
    for cycle, group in groupby(halves, key=lambda half: half.cycle):
        members = [half for half in group if half.ending == "complete"]
        if len(members) < 2:
            continue
        rows.append(
            (
                cycle,
                members[-1].end_h,
                abs(members[0].current_A) / area_m2 * MA_PER_CM2,
                float(np.mean([half.mean_V for half in members])) * 1e3,
                float(np.mean([half.end_V for half in members])) * 1e3,
                sum(half.mean_V for half in members[:2]) * 1e3,
                max(half.charge_C for half in members) / area_m2 * MAH_PER_CM2,
            )
        )
    dtype = np.dtype([(name, "f8") for name in _CYCLES])
    method = "complete cycles; magnitudes, mean of both directions; hysteresis between both means"
    return Table(np.array(rows, dtype), _CYCLES, method, reason="" if rows else "no cycle was completed")

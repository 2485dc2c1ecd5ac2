"""Capacity, efficiency and potentials of every cycle, and how the capacity fades."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.cycles import CycleStatistics
from ..protocols import Cell, GalvanostaticCycling
from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .measurement import Measurement
from .regression import fit_line

_CHARGE, _DISCHARGE = ("charge", "charge_hold"), ("discharge", "discharge_hold")
_COMPLETE = ("potential_below_V", "potential_above_V", "current_below_A", "duration_s")
_FEWEST_FOR_FADE = 5
_MORE_THAN_ALL = 105.0


Curves: TypeAlias = dict[int, list[tuple[NDArray[np.float64], NDArray[np.float64]]]]
"""For every cycle, capacity in mAh and potential in V of charge and discharge."""


@dataclass(frozen=True)
class CyclingAnalysis:
    """Cycles of a cell.

    Parameters
    ----------
    curves : Curves
        Of the complete cycles.
    results : dict
        The table ``cycles``, ``capacity_retention`` and ``fade_per_cycle``.
    """

    curves: Curves
    results: Results


def analyse_cycling(measurement: Measurement) -> CyclingAnalysis:
    """Add up charge and energy of every complete cycle."""
    protocol = measurement.protocol
    formation = protocol.formation_cycles if isinstance(protocol, GalvanostaticCycling) else 0
    table, curves = complete_cycles(measurement)
    return CyclingAnalysis(
        curves, {"cycles": cycles_table(table, measurement.cell), **_fade(table, formation)}
    )


def complete_cycles(measurement: Measurement) -> tuple[np.ndarray, Curves]:
    """Return the rows of `cycles_table` for all complete cycles, and their curves."""
    by_cycle: dict[int, list[StepRecord]] = {}
    for step in measurement.steps:
        if step.role in (*_CHARGE, *_DISCHARGE):
            by_cycle.setdefault(step.cycle_count, []).append(step)
    rows, curves = [], {}
    for cycle, steps in by_cycle.items():
        turned = (steps[0].role in _DISCHARGE) != (steps[-1].role in _DISCHARGE)
        if not turned or steps[-1].end_reason not in _COMPLETE:
            continue
        rows.append(_row(cycle, steps, measurement.cell))
        curves[cycle] = [_curve(measurement, steps, roles) for roles in (_CHARGE, _DISCHARGE)]
    return np.array(rows, np.dtype([(name, "f8") for name in _units(measurement.cell)])), curves


def cycles_table(rows: np.ndarray, cell: Cell) -> Table:
    """Return the rows of `complete_cycles` as a table."""
    method = "charge and energy of every sample; mean potential is energy over charge"
    warnings = ()
    started = rows["cycle"][rows["coulombic_efficiency"] > _MORE_THAN_ALL]
    if len(started):
        listed = ", ".join(f"{cycle:.0f}" for cycle in started[:5])
        warnings = (
            f"cycle {listed}: more came out than went in, because the cell was partly charged before",
        )
    return Table(rows, _units(cell), method, warnings, "" if len(rows) else "no cycle was completed")


def _units(cell: Cell) -> dict[str, str]:
    units = {
        "cycle": "1",
        "charge_capacity": "mAh",
        "discharge_capacity": "mAh",
        "coulombic_efficiency": "%",
        "energy_efficiency": "%",
        "mean_charge_potential": "V",
        "mean_discharge_potential": "V",
        "polarization": "V",
    }
    if cell.active_mass is not None:
        units["specific_capacity"] = "mAh/g"
    if cell.area is not None:
        units["areal_capacity"] = "mAh/cm²"
    return units


def _row(cycle: int, steps: list[StepRecord], cell: Cell) -> tuple[float, ...]:
    sums = CycleStatistics(cycle)
    for step in steps:
        sums = sums.with_step(step.charge_Ah, step.energy_Wh)
    row = [
        cycle,
        sums.charge_capacity_Ah * 1e3,
        sums.discharge_capacity_Ah * 1e3,
        sums.coulombic_efficiency_percent,
        sums.energy_efficiency_percent,
        sums.mean_charge_potential_V,
        sums.mean_discharge_potential_V,
        sums.polarization_V,
    ]
    if cell.active_mass is not None:
        row.append(sums.discharge_capacity_Ah / cell.active_mass)
    if cell.area is not None:
        row.append(sums.discharge_capacity_Ah * 1e3 / (cell.area * 1e4))
    return tuple(row)


def _curve(
    measurement: Measurement, steps: list[StepRecord], roles: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    parts = [measurement.run.samples[step.samples] for step in steps if step.role in roles]
    rows = np.concatenate(parts) if parts else measurement.run.samples[:0]
    capacity = rows["net_capacity_ah"] - (rows["net_capacity_ah"][0] if len(rows) else 0.0)
    return np.abs(capacity) * 1e3, rows["voltage_volt"].astype(float)


def _fade(table: np.ndarray, formation_cycles: int) -> dict[str, Result]:
    """Return retention and fade of the discharge capacity after the formation."""
    counted = table[table["cycle"] > formation_cycles]
    capacity = counted["discharge_capacity"]
    if len(counted) < 2 or capacity[0] <= 0.0:
        reason = "two complete cycles after the formation are needed"
        return {
            "capacity_retention": Result(None, "%", reason=reason),
            "fade_per_cycle": Result(None, "%", reason=reason),
        }
    first, last = int(counted["cycle"][0]), int(counted["cycle"][-1])
    method = f"cycle {last} against cycle {first}, the first after formation"
    retention = Result(100.0 * float(capacity[-1] / capacity[0]), "%", None, method)
    if len(counted) < _FEWEST_FOR_FADE:
        reason = f"{len(counted)} cycles; a line needs {_FEWEST_FOR_FADE}"
        return {"capacity_retention": retention, "fade_per_cycle": Result(None, "%", reason=reason)}
    line = fit_line(counted["cycle"], 100.0 * capacity / capacity[0])
    fade = Result(-line.slope, "%", line.slope_uncertainty, f"line through {line.points} cycles")
    return {"capacity_retention": retention, "fade_per_cycle": fade}

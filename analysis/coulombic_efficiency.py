"""How much of the plated lithium comes back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..protocols import CoulombicEfficiency
from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .critical_current_density import MAH_PER_CM2
from .measurement import Measurement

_CYCLES = {
    "cycle": "1",
    "plated": "mAh/cm²",
    "stripped": "mAh/cm²",
    "coulombic_efficiency": "%",
}
_EMPTIED = "potential_above_V"


@dataclass(frozen=True)
class CoulombicEfficiencyAnalysis:
    """Plating and stripping on copper.

    Parameters
    ----------
    curves : tuple of (str, int, array, array)
        Role, cycle, areal capacity in mAh/cm² and potential in V of every half-cycle.
    results : dict
        ``average_coulombic_efficiency``, and ``coulombic_efficiency`` with one row a cycle.
    """

    curves: tuple[tuple[str, int, NDArray[np.float64], NDArray[np.float64]], ...]
    results: Results


def analyse_coulombic_efficiency(measurement: Measurement) -> CoulombicEfficiencyAnalysis:
    """Compare the charges that were plated and stripped."""
    protocol, area_m2 = measurement.protocol_as(CoulombicEfficiency), measurement.cell.area
    if area_m2 is None:
        reason = "areal capacities need the cell's area, which was not given"
        return CoulombicEfficiencyAnalysis(
            (), {"average_coulombic_efficiency": Result(None, "%", reason=reason)}
        )
    groups = {role: measurement.grouped(role) for role in ("reservoir", "plate", "strip", "final_strip")}
    curves = tuple(
        _curve(measurement, group, area_m2) for role in groups for group in groups[role] if len(group)
    )
    if protocol.method == "reservoir":
        return CoulombicEfficiencyAnalysis(curves, {"average_coulombic_efficiency": _reservoir(groups)})
    rows = _rows(groups, area_m2)
    reason = "" if len(rows) else "no cycle was completed"
    method = "stripped over plated charge, from every sample"
    table = Table(rows, _CYCLES, method, reason=reason)
    return CoulombicEfficiencyAnalysis(
        curves, {"average_coulombic_efficiency": _mean(rows), "coulombic_efficiency": table}
    )


def _charge_C(group: list[StepRecord]) -> float:
    return abs(sum(step.charge_Ah for step in group)) * 3600.0


def _rows(groups: dict[str, list[list[StepRecord]]], area_m2: float) -> np.ndarray:
    stripped = {group[0].cycle_count: group for group in groups["strip"] if group[-1].end_reason == _EMPTIED}
    rows = []
    for group in groups["plate"]:
        cycle = group[0].cycle_count
        if cycle not in stripped:
            continue
        plated_C, stripped_C = _charge_C(group), _charge_C(stripped[cycle])
        if plated_C > 0.0:
            scale = MAH_PER_CM2 / area_m2
            rows.append((cycle, plated_C * scale, stripped_C * scale, 100.0 * stripped_C / plated_C))
    return np.array(rows, np.dtype([(name, "f8") for name in _CYCLES]))


def _mean(rows: np.ndarray) -> Result:
    """Return the mean over all cycles but the first, in which the copper is changed."""
    method = "mean of all cycles but the first"
    if len(rows) < 3:
        return Result(None, "%", method=method, reason=f"only {len(rows)} complete cycles; 3 are needed")
    values = rows["coulombic_efficiency"][1:]
    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5
    warnings = ("more was stripped than plated: the cell has a soft short",) if values.max() > 100.5 else ()
    return Result(float(np.mean(values)), "%", spread, method, warnings)


def _reservoir(groups: dict[str, list[list[StepRecord]]]) -> Result:
    """CE = (n·Q_c + Q_S)/(n·Q_c + Q_T): Aurbach; Adams et al., Adv. Energy Mater. 8 (2018) 1702097."""
    method = "reservoir: (n·Q_c + Q_S)/(n·Q_c + Q_T)"
    finals, reservoirs = groups["final_strip"], groups["reservoir"]
    if not reservoirs or not finals:
        return Result(None, "%", method=method, reason="the reservoir was not stripped at the end")
    if finals[0][-1].end_reason != _EMPTIED:
        return Result(None, "%", method=method, reason="the last stripping did not reach its cut-off")
    cycled_C = sum(_charge_C(group) for group in groups["strip"])
    plated_C = sum(_charge_C(group) for group in groups["plate"]) + _charge_C(reservoirs[0])
    value = 100.0 * (cycled_C + _charge_C(finals[0])) / plated_C
    count = len(groups["strip"])
    warnings = ("more was stripped than plated: the cell has a soft short",) if value > 100.5 else ()
    return Result(value, "%", None, f"{method} with {count} cycles", warnings)


def _curve(
    measurement: Measurement, group: list[StepRecord], area_m2: float
) -> tuple[str, int, NDArray[np.float64], NDArray[np.float64]]:
    rows = np.concatenate([measurement.run.samples[step.samples] for step in group])
    capacity = np.abs(rows["net_capacity_ah"] - rows["net_capacity_ah"][0]) * 1e3 / (area_m2 * 1e4)
    return group[0].role, group[0].cycle_count, capacity, rows["voltage_volt"].astype(float)

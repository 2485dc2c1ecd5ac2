"""The critical current density, the resistance on the way to it, and the capacities that belong to it."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..protocols import CriticalCurrentDensity
from ..storage.results import Result, Results, Table
from .half_cycles import HalfCycle, failure, half_cycles
from .measurement import Measurement
from .regression import Line, TooFewPointsError, fit_line

MA_PER_CM2 = 0.1
"""mA/cm² in one A/m²."""
MAH_PER_CM2 = 1.0 / 3.6e4
"""mAh/cm² in one C/m²."""
_STEPS = {
    "current_density": "mA/cm²",
    "overpotential": "mV",
    "resistance": "Ω·cm²",
    "capacity": "mAh/cm²",
    "is_complete": "1",
}


@dataclass(frozen=True)
class CriticalCurrentDensityAnalysis:
    """A ramp of currents.

    Parameters
    ----------
    cycles : tuple of HalfCycle
        In order; empty where the cell's area is not known.
    line : Line or None
        Overpotential in V against current density in A/m², of the complete cycles.
    results : dict
        ``critical_current_density``, ``area_specific_resistance``, ``areal_capacity``,
        ``cumulative_areal_capacity``, ``time_to_failure`` and the table ``overpotential``.
    """

    cycles: tuple[HalfCycle, ...]
    line: Line | None
    results: Results


def analyse_critical_current_density(measurement: Measurement) -> CriticalCurrentDensityAnalysis:
    """Find the last current density with a complete cycle before the cell shorted."""
    protocol, area_m2 = measurement.protocol_as(CriticalCurrentDensity), measurement.cell.area
    if area_m2 is None:
        reason = "a current density needs the cell's area, which was not given"
        return CriticalCurrentDensityAnalysis(
            (), None, {"critical_current_density": Result(None, "mA/cm²", reason=reason)}
        )
    halves = half_cycles(measurement)
    steps = _steps(halves, area_m2)
    line = _line(steps)
    failed = failure(halves)
    results: dict[str, Result | Table] = {
        "critical_current_density": _critical(steps, failed, protocol),
        "area_specific_resistance": _resistance(line),
        **capacities(halves, failed, area_m2),
        "overpotential": _table(steps),
    }
    return CriticalCurrentDensityAnalysis(tuple(halves), line, results)


@dataclass(frozen=True)
class _Step:
    """All half-cycles at one current density."""

    density_A_per_m2: float
    overpotential_V: float
    charge_C_per_m2: float
    is_complete: bool


def _steps(halves: list[HalfCycle], area_m2: float) -> list[_Step]:
    steps = []
    for size, group in groupby(halves, key=lambda half: round(abs(half.current_A), 15)):
        members = list(group)
        complete = [half for half in members if half.ending == "complete"]
        # A whole cycle: both directions.
        is_complete = len(complete) == len(members) and len(members) % 2 == 0
        ends = [half.end_V for half in complete]
        steps.append(
            _Step(
                size / area_m2,
                float(np.mean(ends)) if ends else np.nan,
                max((half.charge_C for half in members), default=0.0) / area_m2,
                is_complete,
            )
        )
    return steps


def _critical(steps: list[_Step], failed: HalfCycle | None, protocol: CriticalCurrentDensity) -> Result:
    if protocol.capacity is None:
        kind = f"fixed time, {protocol.half_cycle / 3600:g} h half-cycles"
    else:
        kind = f"fixed capacity, {protocol.capacity * MAH_PER_CM2:g} mAh/cm² half-cycles"
    method = f"last current density with a complete cycle; {kind}"
    done = [step for step in steps if step.is_complete]
    if not steps:
        return Result(None, "mA/cm²", method=method, reason="nothing was plated")
    if failed is None:
        reached = f"the cell has not failed up to {steps[-1].density_A_per_m2 * MA_PER_CM2:g} mA/cm²"
        return Result(None, "mA/cm²", method=method, reason=reached)
    if failed.ending == "open":
        reason = "the cell lost contact before it shorted"
        return Result(None, "mA/cm²", method=method, reason=reason)
    if not done:
        first = steps[0].density_A_per_m2 * MA_PER_CM2
        return Result(
            None, "mA/cm²", method=method, reason=f"the cell shorted in the first cycle, at {first:g} mA/cm²"
        )
    warnings = ("the short came slowly: a soft short",) if failed.is_soft else ()
    # The short lies somewhere between this current and the next: rectangular distribution.
    uncertainty = protocol.step * MA_PER_CM2 / 12**0.5
    return Result(done[-1].density_A_per_m2 * MA_PER_CM2, "mA/cm²", uncertainty, method, warnings)


def capacities(halves: list[HalfCycle], failed: HalfCycle | None, area_m2: float) -> dict[str, Result]:
    """Return the capacities and the time that belong to a failure (or to the end of the run)."""
    until = "to failure" if failed else "to the end of the run, without a failure"
    largest = max((half.charge_C for half in halves), default=0.0)
    total = sum(half.charge_C for half in halves)
    end_h = Result(None, "h", reason="the cell has not failed")
    if failed is not None:
        kind = "lost contact" if failed.ending == "open" else "soft short" if failed.is_soft else "short"
        end_h = Result(failed.failed_h - halves[0].begin_h, "h", method=f"from the first half-cycle; {kind}")
    return {
        "areal_capacity": Result(
            largest / area_m2 * MAH_PER_CM2, "mAh/cm²", method="of the largest half-cycle"
        ),
        "cumulative_areal_capacity": Result(
            total / area_m2 * MAH_PER_CM2, "mAh/cm²", method=f"of all half-cycles {until}"
        ),
        "time_to_failure": end_h,
    }


def _line(steps: list[_Step]) -> Line | None:
    done = [step for step in steps if step.is_complete and np.isfinite(step.overpotential_V)]
    try:
        return fit_line(
            np.array([step.density_A_per_m2 for step in done]),
            np.array([step.overpotential_V for step in done]),
        )
    except TooFewPointsError:
        return None


def _resistance(line: Line | None) -> Result:
    if line is None:
        return Result(None, "Ω·cm²", reason="a line needs complete cycles at three current densities")
    method = f"slope of the overpotential against the current density, {line.points} currents"
    warnings = ("the overpotential is not proportional to the current",) if line.r_squared < 0.98 else ()
    return Result(line.slope * 1e4, "Ω·cm²", line.slope_uncertainty * 1e4, method, warnings)


def _table(steps: list[_Step]) -> Table:
    rows = [
        (
            step.density_A_per_m2 * MA_PER_CM2,
            step.overpotential_V * 1e3,
            step.overpotential_V / step.density_A_per_m2 * 1e4,
            step.charge_C_per_m2 * MAH_PER_CM2,
            step.is_complete,
        )
        for step in steps
    ]
    dtype = np.dtype([(name, "f8") for name in _STEPS])
    method = "mean of both directions over the last tenth of the half-cycles"
    return Table(np.array(rows, dtype), _STEPS, method, reason="" if rows else "nothing was plated")

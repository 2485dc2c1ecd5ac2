"""Diffusion coefficient, equilibrium potential and resistance from pulses and rests."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .measurement import Measurement
from .regression import Line, TooFewPointsError, fit_line

_STRAIGHT = 0.99
_SHORT = 0.1
"""Diffusion still acts as into an endless depth while t < 0.1 L²/D: within 1 %."""
_FROM_SHARE = 0.02
_FEWEST = 6
_LEAST_CHANGE_V = 5e-4
_AT_REST_V_PER_S = 1e-5
_UNITS = {
    "pulse": "1",
    "direction": "1",
    "charge": "mAh",
    "equilibrium_potential": "V",
    "resistance": "Ω",
    "slope": "mV/√s",
    "r_squared": "1",
    "diffusion_rate": "1/s",
    "drift": "mV/h",
}
_METHOD = (
    "Weppner and Huggins, J. Electrochem. Soc. 124 (1977) 1569: D/L² = 4/π · (ΔE_s/τ)² / (dE/d√t)², "
    "line through the part of each pulse that is straight and shorter than 0.1 L²/D"
)


@dataclass(frozen=True)
class Pulse:
    """One pulse with the rests around it.

    Parameters
    ----------
    time_s, potential_V : array, shape (n,)
        Of the pulse, since its begin.
    line : Line or None
        Potential against √t where it is straight.
    """

    time_s: NDArray[np.float64]
    potential_V: NDArray[np.float64]
    line: Line | None


@dataclass(frozen=True)
class GITTAnalysis:
    """A titration.

    Parameters
    ----------
    pulses : list of Pulse
        Those between two rests.
    rows : ndarray
        The table ``titration``: one row a pulse.
    results : dict
        ``diffusion_coefficient`` (median; needs the cell's diffusion length), ``diffusion_rate`` (D/L²)
        and ``titration``.
    """

    pulses: list[Pulse]
    rows: np.ndarray
    results: Results


def analyse_gitt(measurement: Measurement) -> GITTAnalysis:
    """Evaluate every pulse that lies between two rests."""
    length_m = measurement.cell.diffusion_length
    units = {**_UNITS, "diffusion_coefficient": "cm²/s"} if length_m is not None else _UNITS
    pulses, table, passed_C = [], [], 0.0
    steps = [step for step in measurement.steps if step.role in ("pulse", "relaxation")]
    for before, during, after in zip(steps, steps[1:], steps[2:], strict=False):
        if (before.role, during.role, after.role) != ("relaxation", "pulse", "relaxation"):
            continue
        charge_C = during.charge_Ah * 3600.0
        passed_C += charge_C
        pulse, row = _evaluate(measurement, before, during, after)
        if row is None:
            continue
        pulses.append(pulse)
        row = (float(len(pulses)), math.copysign(1.0, charge_C), passed_C / 3.6, *row)
        if length_m is not None:
            # "diffusion_rate" stands last but one.
            row = (*row, row[-2] * length_m**2 * 1e4)
        table.append(row)
    data = np.array(table, np.dtype([(name, "f8") for name in units]))
    reason = "" if len(data) else "there is no pulse between two rests"
    return GITTAnalysis(
        pulses,
        data,
        {
            "diffusion_coefficient": _coefficient(data, length_m, reason),
            "diffusion_rate": _median(data, "diffusion_rate", "1/s", reason),
            "titration": Table(data, units, _METHOD, _warnings(data), reason=reason),
        },
    )


def _evaluate(
    measurement: Measurement, before: StepRecord, during: StepRecord, after: StepRecord
) -> tuple[Pulse, tuple[float, ...] | None]:
    """Return a pulse and its row from ``equilibrium_potential`` on."""
    rested, rows, settled = (measurement.run.samples[step.samples] for step in (before, during, after))
    time_s = rows["test_time_second"] - during.begin_s
    potential_V = rows["voltage_volt"].astype(float)
    nothing = Pulse(time_s, potential_V, None)
    if len(rested) < 2 or len(rows) < _FEWEST or len(settled) < 2:
        return nothing, None
    duration_s = during.end_s - during.begin_s
    start_V, end_V = float(rested["voltage_volt"][-1]), float(settled["voltage_volt"][-1])
    current_A = during.charge_Ah * 3600.0 / duration_s
    line, rate = _diffusion(time_s, potential_V, abs(end_V - start_V), duration_s)
    first_V = float(potential_V[0])
    return Pulse(time_s, potential_V, line), (
        start_V,
        (first_V - start_V) / current_A,
        math.nan if line is None else line.slope * 1e3,
        math.nan if line is None else line.r_squared,
        rate,
        _drift(rested) * 3.6e6,
    )


def _diffusion(
    time_s: NDArray[np.float64], potential_V: NDArray[np.float64], change_V: float, duration_s: float
) -> tuple[Line | None, float]:
    """Return the straight part of a pulse against √t, and D/L² in 1/s; NaN where there is none.

    What is straight depends on D, so that both are found together: from the whole pulse on, the
    part is shortened until it ends before 0.1 L²/D.
    """
    root = np.sqrt(np.maximum(time_s, 0.0))
    until_s, rate = duration_s, math.nan
    line: Line | None = None
    for _ in range(20):
        chosen = (time_s >= _FROM_SHARE * until_s) & (time_s <= until_s)
        try:
            line = fit_line(root[chosen], potential_V[chosen])
        except TooFewPointsError:
            return None, math.nan
        if line.points < _FEWEST or line.slope == 0.0:
            return None, math.nan
        rate = 4.0 / math.pi * (change_V / duration_s) ** 2 / line.slope**2
        longest_s = _SHORT / rate if rate > 0.0 else math.inf
        if until_s <= 1.05 * longest_s:
            break
        until_s = max(longest_s, 0.5 * until_s)
    if line is None or line.r_squared < _STRAIGHT or change_V < _LEAST_CHANGE_V:
        return line, math.nan
    return line, rate


def _drift(rows: np.ndarray) -> float:
    """Return dE/dt in V/s over the last tenth of a rest."""
    last = rows[rows["test_time_second"] >= rows["test_time_second"][-1] - _last_tenth_s(rows)]
    try:
        return fit_line(last["test_time_second"], last["voltage_volt"].astype(float)).slope
    except TooFewPointsError:
        return math.nan


def _last_tenth_s(rows: np.ndarray) -> float:
    return 0.1 * float(rows["test_time_second"][-1] - rows["test_time_second"][0])


def _coefficient(data: np.ndarray, length_m: float | None, reason: str) -> Result:
    if length_m is None and not reason:
        reason = (
            "the cell's diffusion_length is not known (a third of the particles' radius, "
            "or a film's thickness); D/L² is in diffusion_rate"
        )
    return _median(data, "diffusion_coefficient", "cm²/s", reason)


def _median(data: np.ndarray, name: str, unit: str, reason: str) -> Result:
    values = data[name][np.isfinite(data[name])] if name in (data.dtype.names or ()) else data[:0]
    if not len(values):
        reason = reason or (
            f"no pulse has a straight part (R² ≥ {_STRAIGHT}) and changes the potential at rest by "
            f"{_LEAST_CHANGE_V * 1e3:g} mV"
        )
        return Result(None, unit, method=_METHOD, reason=reason)
    # Half of the values lie within 0.6745 standard deviations.
    spread = float(np.median(np.abs(values - np.median(values)))) / 0.6745
    method = f"median of {len(values)} of {len(data)} pulses; {_METHOD}"
    uncertainty = spread / math.sqrt(len(values)) if len(values) > 2 else None
    return Result(float(np.median(values)), unit, uncertainty, method, _warnings(data))


def _warnings(data: np.ndarray) -> tuple[str, ...]:
    warnings = []
    restless = int(np.count_nonzero(np.abs(data["drift"]) > _AT_REST_V_PER_S * 3.6e6))
    if restless:
        warnings.append(
            f"before {restless} of {len(data)} pulses the potential still drifted by more than "
            f"{_AT_REST_V_PER_S * 3.6e6:g} mV/h: rest longer"
        )
    left_out = int(np.count_nonzero(~np.isfinite(data["diffusion_rate"])))
    if left_out:
        warnings.append(f"{left_out} of {len(data)} pulses have no straight part or change too little")
    return tuple(warnings)

"""Peaks and charges of cyclic voltammograms, and what their growth with the scan rate tells."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from ..protocols import CyclicVoltammetry
from ..storage.results import Result, Results, Table
from .measurement import Measurement, valid
from .peak_scaling import PeakScaling, peak_scaling, randles_sevcik_m2_per_s
from .regression import TooFewPointsError
from .sweeps import Peak, peak_of, turning_points

_ROOM_K = 298.15
_PEAKS = {
    "scan_rate": "V/s",
    "cycle": "1",
    "direction": "1",
    "charge": "C",
    "peak_potential": "V",
    "peak_potential_uncertainty": "V",
    "peak_current": "A",
    "peak_current_uncertainty": "A",
    "peak_separation": "V",
}
_SCALING = {
    "direction": "1",
    "slope": "A·(s/V)^(1/2)",
    "slope_uncertainty": "A·(s/V)^(1/2)",
    "r_squared": "1",
    "b_value": "1",
    "b_value_uncertainty": "1",
}


@dataclass(frozen=True)
class Sweep:
    """One sweep between two turns.

    Parameters
    ----------
    rate_V_per_s : float
        Scan rate.
    cycle : int
        In which most of it lies, counted from 1 through all scan rates.
    direction : int
        1 anodic, -1 cathodic.
    potential_V, current_A : array, shape (n,)
        Points.
    charge_C : float
        ∫I dt.
    peak : Peak or None
        Its peak.
    """

    rate_V_per_s: float
    cycle: int
    direction: int
    potential_V: NDArray[np.float64]
    current_A: NDArray[np.float64]
    charge_C: float
    peak: Peak | None


@dataclass(frozen=True)
class VoltammogramAnalysis:
    """The sweeps of a voltammogram and how their peaks scale.

    Parameters
    ----------
    sweeps : tuple of Sweep
        In order.
    area_m2 : float or None
        Electrode area.
    scalings : tuple of PeakScaling
        For anodic and cathodic peaks, where there are peaks at three scan rates.
    results : dict
        ``peaks``, ``peak_scaling`` and, where the concentration was given, ``diffusion_coefficient``.
    """

    sweeps: tuple[Sweep, ...]
    area_m2: float | None
    scalings: tuple[PeakScaling, ...]
    results: Results


def analyse_voltammogram(measurement: Measurement) -> VoltammogramAnalysis:
    """Find the peak and the charge of every sweep, and fit the peaks against the scan rates."""
    sweeps: list[Sweep] = []
    for steps in measurement.grouped("voltammogram"):
        rate = float(steps[0].parameters["rate_V_per_s"])
        rows = np.concatenate([measurement.run.samples[step.samples] for step in steps])
        sweeps += _sweeps(rows[valid(rows)], rate)
    scalings, reasons = [], []
    for direction in (1, -1):
        peaks = _last_peaks(sweeps, direction)
        try:
            scalings.append(peak_scaling(*peaks, direction))
        except TooFewPointsError as problem:
            reasons.append(f"{_word(direction)}: {problem}")
    results: dict[str, Result | Table] = {
        "peaks": _peak_table(sweeps),
        "peak_scaling": _scaling_table(scalings, reasons),
        **_diffusion(measurement, scalings),
    }
    return VoltammogramAnalysis(tuple(sweeps), measurement.cell.area, tuple(scalings), results)


def _sweeps(rows: np.ndarray, rate_V_per_s: float) -> list[Sweep]:
    potential, current = rows["voltage_volt"].astype(float), rows["current_ampere"].astype(float)
    turns = turning_points(potential)
    sweeps = []
    for begin, end in pairwise(turns):
        if end - begin < 2:
            continue
        # The turn itself belongs to both sweeps.
        part = slice(begin, end + 1)
        direction = 1 if potential[part][-1] > potential[part][0] else -1
        charge = float(trapezoid(current[part], rows["test_time_second"][part]))
        sweeps.append(
            Sweep(
                rate_V_per_s,
                int(rows["cycle_count"][(begin + end) // 2]),
                direction,
                potential[part],
                current[part],
                charge,
                peak_of(potential[part], current[part]),
            )
        )
    return sweeps


def _last_peaks(sweeps: list[Sweep], direction: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scan rates and peak currents of the last peak at every rate: the settled one."""
    last = {
        sweep.rate_V_per_s: sweep.peak.current_A
        for sweep in sweeps
        if sweep.direction == direction and sweep.peak is not None
    }
    return np.array(list(last)), np.array(list(last.values()))


def _peak_table(sweeps: list[Sweep]) -> Table:
    rows = []
    partner: Sweep | None = None
    for sweep in sweeps:
        peak = sweep.peak
        separation = np.nan
        if peak and partner and partner.peak and partner.rate_V_per_s == sweep.rate_V_per_s:
            separation = abs(peak.potential_V - partner.peak.potential_V)
        found = (np.nan,) * 4
        if peak is not None:
            found = (
                peak.potential_V,
                peak.potential_uncertainty_V,
                peak.current_A,
                peak.current_uncertainty_A,
            )
        rows.append((sweep.rate_V_per_s, sweep.cycle, sweep.direction, sweep.charge_C, *found, separation))
        partner = sweep
    method = (
        "most prominent maximum of every sweep, counted from the line before its foot, or from zero where "
        "the sweep begins within the peak; separation from the peak of the sweep before"
    )
    found_any = any(sweep.peak for sweep in sweeps)
    reason = "" if sweeps else "there are no sweeps"
    warnings = () if found_any or reason else ("no sweep has a peak",)
    return Table(np.array(rows, _row(_PEAKS)), _PEAKS, method, warnings, reason)


def _scaling_table(scalings: list[PeakScaling], reasons: list[str]) -> Table:
    rows = [
        (each.direction, line.slope, line.slope_uncertainty, line.r_squared, each.b, each.b_uncertainty)
        for each in scalings
        for line in [each.against_root]
    ]
    table = np.array(rows, _row(_SCALING))
    method = "last peak at every scan rate: line of I_p against √rate; b from log|I_p| against log(rate)"
    if scalings:
        return Table(table, _SCALING, method, tuple(reasons))
    return Table(table, _SCALING, method, reason="; ".join(reasons))


def _row(units: dict[str, str]) -> np.dtype:
    return np.dtype([(name, "f8") for name in units])


def _diffusion(measurement: Measurement, scalings: list[PeakScaling]) -> dict[str, Result]:
    """D of the species whose concentration was given, from the branch whose peaks are largest."""
    protocol, cell = measurement.protocol, measurement.cell
    # Nobody has told a concentration for a voltammogram that was imported.
    if not isinstance(protocol, CyclicVoltammetry) or protocol.concentration_mol_per_L is None:
        return {}
    if cell.area is None:
        reason = "Randles–Sevcik needs the cell's area, which was not given"
        return {"diffusion_coefficient": Result(None, "cm²/s", reason=reason)}
    if not scalings:
        reason = "Randles–Sevcik needs peaks at three scan rates"
        return {"diffusion_coefficient": Result(None, "cm²/s", reason=reason)}
    scaling = max(scalings, key=lambda each: abs(each.against_root.slope))
    line, kelvin = scaling.against_root, cell.temperature or _ROOM_K
    value = 1e4 * randles_sevcik_m2_per_s(
        line.slope, protocol.electrons, 1e3 * protocol.concentration_mol_per_L, cell.area, kelvin
    )
    warnings = []
    if cell.temperature is None:
        warnings.append("the cell's temperature was not given: 25 °C was assumed")
    if abs(scaling.b - 0.5) > max(0.1, 3.0 * scaling.b_uncertainty):
        warnings.append(f"b is {scaling.b:.2f}, not 0.5: diffusion does not limit the peaks")
    intercept, spread = line.at(0.0), line.variance_at(0.0) ** 0.5
    if abs(intercept) > max(3.0 * spread, 0.1 * abs(line.y_centre)):
        warnings.append("the line of I_p against √rate does not pass zero")
    method = (
        f"Randles–Sevcik, {_word(scaling.direction)} peaks at {line.points} scan rates, "
        f"n = {protocol.electrons}, R² = {line.r_squared:.4f}, reversible reaction assumed"
    )
    relative = 2.0 * line.slope_uncertainty / abs(line.slope)
    return {"diffusion_coefficient": Result(value, "cm²/s", value * relative, method, tuple(warnings))}


def _word(direction: int) -> str:
    return "anodic" if direction > 0 else "cathodic"

"""Leakage of every hold of a floating test, and the potential up to which the electrolyte is stable."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from ..core.units import pretty_in
from ..protocols import FloatingTest
from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .measurement import Measurement, valid
from .regression import TooFewPointsError, fit_line

_LAST_SHARE = 0.1
_UA_PER_CM2 = 100.0
"""µA/cm² in one A/m²."""
_DECAY_FROM = 0.01
_COMPLETE = 0.98
_HOLDS = {
    "potential": "V",
    "leakage": "µA/cm²",
    "leakage_uncertainty": "µA/cm²",
    "drift": "µA/cm²/h",
    "decay_exponent": "1",
    "charge": "mC/cm²",
    "duration": "h",
}


@dataclass(frozen=True)
class Hold:
    """One hold.

    Parameters
    ----------
    potential_V : float
        What was held.
    time_s, density_A_per_m2 : array, shape (n,)
        Time since the hold began, and current density.
    leakage_A_per_m2, uncertainty_A_per_m2 : float
        Mean of the last tenth and its standard uncertainty; NaN where it has too few points.
    drift_A_per_m2_s : float
        Slope of the last tenth.
    decay_exponent : float
        Of the line through log|j| against log t, -0.5 for a film that grows by diffusion.
    is_complete : bool
        Whether it was held for the whole time.
    """

    potential_V: float
    time_s: NDArray[np.float64]
    density_A_per_m2: NDArray[np.float64]
    leakage_A_per_m2: float
    uncertainty_A_per_m2: float
    drift_A_per_m2_s: float
    decay_exponent: float
    is_complete: bool


@dataclass(frozen=True)
class FloatingTestAnalysis:
    """The holds of a floating test.

    Parameters
    ----------
    holds : tuple of Hold
        In order; empty where the cell's area is not known.
    results : dict
        ``oxidation_limit`` and ``leakage_current_density``, a table with one row a hold.
    """

    holds: tuple[Hold, ...]
    results: Results


def analyse_floating_test(measurement: Measurement) -> FloatingTestAnalysis:
    """Read the leakage at the end of every hold, and the last hold below the threshold."""
    protocol, area_m2 = measurement.protocol_as(FloatingTest), measurement.cell.area
    if area_m2 is None:
        reason = "a leakage current density needs the cell's area, which was not given"
        return FloatingTestAnalysis((), {"oxidation_limit": Result(None, "V", reason=reason)})
    holds = tuple(
        _hold(measurement, steps, area_m2, protocol.hold)
        for steps in measurement.grouped("hold")
        if any(step.samples.stop > step.samples.start for step in steps)
    )
    return FloatingTestAnalysis(
        holds, {"oxidation_limit": _limit(holds, protocol), "leakage_current_density": _table(holds)}
    )


def _hold(measurement: Measurement, steps: list[StepRecord], area_m2: float, wanted_s: float) -> Hold:
    """Analyse one hold, which may come in several segments."""
    times, densities, passed_s = [], [], 0.0
    for step in steps:
        rows = measurement.run.samples[step.samples]
        rows = rows[valid(rows) & np.isfinite(rows["current_ampere"])]
        times.append(rows["test_time_second"] - step.begin_s + passed_s)
        densities.append(rows["current_ampere"] / area_m2)
        passed_s += step.end_s - step.begin_s
    time_s, density = np.concatenate(times), np.concatenate(densities)
    chosen = time_s >= (1.0 - _LAST_SHARE) * passed_s
    leakage = uncertainty = drift = np.nan
    try:
        line = fit_line(time_s[chosen], density[chosen])
        leakage, uncertainty, drift = line.y_centre, line.y_variance**0.5, line.slope
    except TooFewPointsError:
        pass
    return Hold(
        float(steps[0].parameters["potential_V"]),
        time_s,
        density,
        leakage,
        uncertainty,
        drift,
        _decay_exponent(time_s, density),
        passed_s >= _COMPLETE * wanted_s,
    )


def _decay_exponent(time_s: NDArray[np.float64], density: NDArray[np.float64]) -> float:
    """Return the exponent of a power law through the currents after the first hundredth of the time."""
    chosen = (time_s > _DECAY_FROM * time_s[-1]) & (density != 0.0) if len(time_s) else np.zeros(0, bool)
    # All of one sign: a current that changes its direction decays by no power law.
    if np.count_nonzero(chosen) < 10 or abs(np.sum(np.sign(density[chosen]))) < np.count_nonzero(chosen):
        return np.nan
    # As many points in every decade, or the last hours alone would decide.
    grid = np.geomspace(time_s[chosen][0], time_s[chosen][-1], 30)
    sampled = np.interp(grid, time_s[chosen], np.log10(np.abs(density[chosen])))
    return fit_line(np.log10(grid), sampled).slope


def _limit(holds: tuple[Hold, ...], protocol: FloatingTest) -> Result:
    threshold = protocol.leakage_threshold
    name = pretty_in(threshold, "A/m²", "µA/cm²")
    method = f"last hold with a leakage up to {name} (mean of the last {_LAST_SHARE:.0%} of each hold)"
    judged = [hold for hold in holds if np.isfinite(hold.leakage_A_per_m2) and hold.is_complete]
    if not judged:
        return Result(None, "V", method=method, reason="no hold was completed")
    above = next((i for i, hold in enumerate(judged) if abs(hold.leakage_A_per_m2) > threshold), None)
    if above is None:
        last = judged[-1].potential_V
        return Result(None, "V", method=method, reason=f"the leakage stays up to {name} as far as {last:g} V")
    if above == 0:
        first = judged[0].potential_V
        return Result(None, "V", method=method, reason=f"the leakage is above {name} already at {first:g} V")
    below, first_above = judged[above - 1], judged[above]
    warnings = []
    if abs(below.leakage_A_per_m2) + 2 * below.uncertainty_A_per_m2 > threshold:
        warnings.append("the last hold below the threshold is within its uncertainty of it")
    if any(abs(hold.leakage_A_per_m2) <= threshold for hold in judged[above:]):
        warnings.append("at a higher potential the leakage is below the threshold again")
    # The limit lies somewhere between two holds: rectangular distribution.
    gap = abs(first_above.potential_V - below.potential_V)
    return Result(below.potential_V, "V", gap / 12**0.5, method, tuple(warnings))


def _table(holds: tuple[Hold, ...]) -> Table:
    rows = [
        (
            hold.potential_V,
            hold.leakage_A_per_m2 * _UA_PER_CM2,
            hold.uncertainty_A_per_m2 * _UA_PER_CM2,
            hold.drift_A_per_m2_s * _UA_PER_CM2 * 3600.0,
            hold.decay_exponent,
            float(trapezoid(hold.density_A_per_m2, hold.time_s)) * 0.1,
            hold.time_s[-1] / 3600.0 if len(hold.time_s) else 0.0,
        )
        for hold in holds
    ]
    method = f"mean and slope of the last {_LAST_SHARE:.0%} of each hold; exponent of j ∝ t^x over all of it"
    warnings = tuple(
        f"the hold at {hold.potential_V:g} V was not completed" for hold in holds if not hold.is_complete
    )
    dtype = np.dtype([(name, "f8") for name in _HOLDS])
    return Table(np.array(rows, dtype), _HOLDS, method, warnings, "" if rows else "nothing was held")

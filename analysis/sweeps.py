"""Cutting a voltammogram into its sweeps, and the peak of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks, savgol_filter

from .regression import Line, TooFewPointsError, fit_line
from .sweep_data import SweepData, UnusableSweepError, prepare_sweep

_TURN_SHARE = 0.05
_SMOOTHED_V = 0.015
_FEWEST_SMOOTHED = 7
_OVER_NOISE = 8.0
_OVER_RANGE = 0.05
_TOP = 0.95
_FOOT = 0.01
_STEEPEST_BASELINE = 0.5
_FEWEST_IN_BASELINE = 7


@dataclass(frozen=True)
class Peak:
    """The highest point of a sweep above its baseline.

    Parameters
    ----------
    potential_V, potential_uncertainty_V : float
        Apex of a parabola through the top.
    current_A, current_uncertainty_A : float
        Height above the baseline, with the sign of the sweep.
    baseline_A : float
        Current of the baseline below the peak.
    baseline : Line or None
        In the sweep's own direction; None where the current is counted from zero.
    """

    potential_V: float
    potential_uncertainty_V: float
    current_A: float
    current_uncertainty_A: float
    baseline_A: float
    baseline: Line | None


def turning_points(potential_V: NDArray[np.float64]) -> list[int]:
    """Return the indices where sweeps begin and end: first point, extremes, last point.

    A turn counts when the potential has come back by 5 % of its whole range, so that noise is none.
    """
    if len(potential_V) < 2:
        return [0, len(potential_V)]
    threshold = _TURN_SHARE * float(np.ptp(potential_V))
    turns, extreme, direction = [0], 0, 0
    for index, value in enumerate(potential_V.tolist()):
        ahead = value - float(potential_V[extreme])
        if direction == 0:
            if abs(ahead) > threshold:
                direction, extreme = (1 if ahead > 0 else -1), index
        elif ahead * direction >= 0.0:
            extreme = index
        elif -ahead * direction > threshold:
            turns.append(extreme)
            direction, extreme = -direction, index
    return [*turns, len(potential_V)]


def peak_of(potential_V: NDArray[np.float64], current_A: NDArray[np.float64]) -> Peak | None:
    """Find the peak of one sweep, or None where there is none.

    The peak is the most prominent maximum of the smoothed current, in the direction of the
    sweep, that stands out of the noise. Its height counts from the line through the points
    before its foot; where the sweep begins within the peak, from zero current.
    """
    try:
        sweep = prepare_sweep(potential_V, current_A)
    except UnusableSweepError:
        return None
    width = max(2 * round(_SMOOTHED_V / sweep.spacing_V / 2.0) + 1, _FEWEST_SMOOTHED)
    if len(sweep.x) < 2 * width:
        return None
    smooth = np.asarray(savgol_filter(np.where(sweep.good, sweep.y, sweep.smooth), width, 2))
    rounding_A = 1e-9 * float(np.max(np.abs(smooth)))
    least = max(_OVER_NOISE * sweep.noise_A / width**0.5, _OVER_RANGE * float(np.ptp(smooth)), rounding_A)
    places, properties = find_peaks(smooth, prominence=least)
    if not len(places):
        return None
    chosen = int(np.argmax(properties["prominences"]))
    top, before = int(places[chosen]), int(properties["left_bases"][chosen])
    baseline = _baseline(sweep, smooth, top, before)
    base_A = baseline.at(float(sweep.x[top])) if baseline else 0.0
    if smooth[top] <= base_A:
        return None
    apex_V, apex_uncertainty_V = _apex(sweep, smooth, top, base_A)
    height_A = float(smooth[top]) - base_A
    variance = sweep.noise_A**2 / width + (baseline.variance_at(float(sweep.x[top])) if baseline else 0.0)
    return Peak(
        potential_V=apex_V * sweep.direction,
        potential_uncertainty_V=apex_uncertainty_V,
        current_A=height_A * sweep.direction,
        current_uncertainty_A=variance**0.5,
        baseline_A=base_A * sweep.direction,
        baseline=baseline,
    )


def _baseline(sweep: SweepData, smooth: NDArray[np.float64], top: int, before: int) -> Line | None:
    """Fit the line through what lies before the foot, from the valley on the peak's left."""
    level = float(smooth[before])
    risen = level + max(_FOOT * (float(smooth[top]) - level), 3.0 * sweep.noise_A)
    foot = before + int(np.argmax(smooth[before : top + 1] > risen))
    # The charging current settles within the first points of a sweep.
    first = before // 2 if before > _FEWEST_IN_BASELINE else 0
    chosen = np.zeros(len(sweep.x), bool)
    chosen[first:foot] = True
    chosen &= sweep.good
    if np.count_nonzero(chosen) < _FEWEST_IN_BASELINE:
        return None
    try:
        line = fit_line(sweep.x[chosen], sweep.y[chosen])
    except TooFewPointsError:
        return None
    # A line as steep as the peak is its flank: the sweep begins within the peak.
    rise = line.at(float(sweep.x[top])) - line.at(float(sweep.x[foot]))
    return line if rise <= _STEEPEST_BASELINE * (float(smooth[top]) - level) else None


def _apex(sweep: SweepData, smooth: NDArray[np.float64], top: int, base_A: float) -> tuple[float, float]:
    """Return the apex of a parabola through the points near the top, and its standard uncertainty."""
    level = base_A + _TOP * (float(smooth[top]) - base_A)
    below = np.flatnonzero(smooth < level)
    first = int(below[below < top].max(initial=-1)) + 1
    last = int(below[below > top].min(initial=len(smooth)))
    x, y = sweep.x[first:last], sweep.y[first:last]
    at_top = float(sweep.x[top])
    rounding_V = sweep.spacing_V / 12.0**0.5
    if len(x) < 5:
        return at_top, rounding_V
    (a, b, _), covariance = np.polyfit(x - at_top, y, 2, cov="unscaled")
    if a >= 0.0 or not x[0] <= at_top - b / (2.0 * a) <= x[-1]:
        return at_top, rounding_V
    gradient = np.array([b / (2.0 * a**2), -1.0 / (2.0 * a), 0.0])
    variance = float(gradient @ covariance @ gradient) * sweep.noise_A**2
    return at_top - b / (2.0 * a), (variance + rounding_V**2) ** 0.5

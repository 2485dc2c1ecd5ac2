"""Onset potential of a linear sweep as the intersection of baseline and tangent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..storage.results import Result
from .regression import Line, TooFewPointsError, fit_line, intersection
from .sweep_data import SweepData, noise_level

_FEWEST_IN_TANGENT = 5
_LONGEST_TANGENT_V = 0.050
_FEWEST_FOR_NOISE = 50
_SLOPE_PRECISION = 0.02
_ONSET_PRECISION_V = 0.002
_FOOT = 0.05
_BASELINE_SHARE = 0.8
_FEWEST_IN_BASELINE = 7
_RISE = 5.0
_STEEPER = 3.0
_OUTLIER = 3.5
_STRAIGHT = 1.5


@dataclass(frozen=True)
class FittedLine:
    """A line of the construction, for the figure.

    Parameters
    ----------
    slope_A_per_V, intercept_A : float
        I = slope·E + intercept, in the signs of the measurement.
    from_V, to_V : float
        Range of the points it was fitted to.
    """

    slope_A_per_V: float
    intercept_A: float
    from_V: float
    to_V: float

    def current_A(self, potential_V: NDArray[np.float64] | float) -> NDArray[np.float64] | float:
        """Return the line's current at a potential."""
        return self.slope_A_per_V * potential_V + self.intercept_A


class _NotDeterminedError(Exception):
    """The sweep gives no onset; the message says why."""


def tangent_onset(sweep: SweepData) -> tuple[Result, FittedLine | None, FittedLine | None]:
    """Find where the baseline before the rise meets the tangent at the steepest part.

    The tangent is the line through the smallest window in which noise leaves its slope certain
    within 2 %, and the onset within 2 mV (at most 50 mV wide), placed where this slope is largest, and
    widened as far as the rise is straight. The baseline is the line through
    the first 80 % of what lies before the foot, where the current has risen by 5 % of what it
    reaches at the tangent. The onset of an exponential rise depends on where the sweep ends,
    because its steepest part lies there.

    Returns
    -------
    Result
        The onset potential.
    FittedLine or None
        Baseline.
    FittedLine or None
        Tangent.
    """
    try:
        tangent = _steepest(sweep)
        baseline = _baseline(sweep, tangent)
        _check_rise(sweep, baseline, tangent)
        x, uncertainty = intersection(tangent, baseline)
    except (_NotDeterminedError, TooFewPointsError) as problem:
        method = "intersection of the baseline with the tangent at the steepest part"
        return Result(None, "V", method=method, reason=str(problem)), None, None
    base, steep = _shown(baseline, sweep.direction), _shown(tangent, sweep.direction)
    method = (
        f"intersection of the baseline ({_range(base)}, {baseline.points} points) "
        f"with the tangent at the steepest part ({_range(steep)}, {tangent.points} points)"
    )
    warnings = ()
    if tangent.to_x >= sweep.x[-1] - sweep.spacing_V:
        warnings = ("the steepest part is the end of the sweep: this onset depends on where it stopped",)
    uncertainty = (uncertainty**2 + sweep.spacing_V**2 / 12.0) ** 0.5
    return Result(x * sweep.direction, "V", uncertainty, method, warnings), base, steep


def _steepest(sweep: SweepData) -> Line:
    x, y = sweep.x[sweep.good], sweep.y[sweep.good]
    largest = max(round(_LONGEST_TANGENT_V / sweep.spacing_V), _FEWEST_IN_TANGENT)
    width = _FEWEST_IN_TANGENT
    start_A = float(np.median(sweep.smooth[: max(len(sweep.smooth) // 10, 1)]))
    while True:
        begin = _steepest_window(x, y, width)
        line = fit_line(x[begin : begin + width], y[begin : begin + width])
        # Noise only: what the curve's own bend does to the slope, a wider window would not mend.
        around = max(width, _FEWEST_FOR_NOISE)
        noise = noise_level(y[max(begin - around, 0) : begin + width + around])
        slope_noise = noise / float(np.std(x[begin : begin + width])) / width**0.5
        rise_V = max((line.y_centre - start_A) / line.slope, 1e-9)
        precision = min(_SLOPE_PRECISION, _ONSET_PRECISION_V / rise_V)
        if width >= largest or slope_noise <= precision * line.slope:
            return _grown(sweep, begin, width)
        width = min(2 * width - 1, largest)


def _grown(sweep: SweepData, begin: int, width: int) -> Line:
    """Return the line through a window that is widened as long as its points lie on a line.

    On a straight rise, noise alone decides which window is steepest; more of it leaves less of that.
    """
    x, y = sweep.x[sweep.good], sweep.y[sweep.good]
    line = fit_line(x[begin : begin + width], y[begin : begin + width])
    while True:
        wider = slice(max(begin - width // 2, 0), min(begin + width + width // 2, len(x)))
        candidate = fit_line(x[wider], y[wider])
        straight = candidate.scatter <= _STRAIGHT * max(noise_level(y[wider]), sweep.noise_A)
        if not straight or candidate.points == line.points:
            return line
        line, begin, width = candidate, wider.start, candidate.points


def _steepest_window(x: NDArray[np.float64], y: NDArray[np.float64], width: int) -> int:
    """Return the first of those `width` consecutive points whose line rises most."""
    if len(x) < width:
        raise _NotDeterminedError(f"only {len(x)} valid points without spikes")
    windows = np.lib.stride_tricks.sliding_window_view
    dx, dy = windows(x, width), windows(y, width)
    dx = dx - dx.mean(axis=1, keepdims=True)
    spread = np.einsum("ij,ij->i", dx, dx)
    slopes = np.einsum("ij,ij->i", dx, dy) / np.where(spread > 0.0, spread, np.inf)
    best = int(np.argmax(slopes))
    if slopes[best] <= 0.0:
        raise _NotDeterminedError("the current does not rise in the direction of the sweep")
    return best


def _baseline(sweep: SweepData, tangent: Line) -> Line:
    """Fit the line before the foot of the rise that the tangent belongs to."""
    before = np.flatnonzero(sweep.x < tangent.from_x)
    if len(before) < _FEWEST_IN_BASELINE:
        raise _NotDeterminedError("the current rises from the start of the sweep: there is no baseline")
    level = float(np.median(sweep.smooth[before[: max(len(before) // 2, 1)]]))
    rise = tangent.y_centre - level
    risen = np.flatnonzero(sweep.smooth[before] <= level + max(_FOOT * rise, sweep.noise_A))
    foot = int(risen[-1]) if len(risen) else 0
    end = sweep.x[0] + _BASELINE_SHARE * (sweep.x[foot] - sweep.x[0])
    chosen = sweep.between(float(sweep.x[0]), float(end))
    x, y = sweep.x[chosen], sweep.y[chosen]
    if len(x) < _FEWEST_IN_BASELINE:
        raise _NotDeterminedError(f"only {len(x)} points before the rise: there is no baseline")
    line = fit_line(x, y)
    # The charging current at the start of a sweep, and what else is not part of the line.
    off = np.abs(y - line.y_centre - line.slope * (x - line.x_centre))
    scale = 1.4826 * float(np.median(off))
    keep = off <= _OUTLIER * scale
    return fit_line(x[keep], y[keep]) if np.count_nonzero(keep) >= _FEWEST_IN_BASELINE else line


def _check_rise(sweep: SweepData, baseline: Line, tangent: Line) -> None:
    height = tangent.y_centre - baseline.at(tangent.x_centre)
    if height < _RISE * max(sweep.noise_A, baseline.scatter) or tangent.slope < _STEEPER * baseline.slope:
        raise _NotDeterminedError("no part of the sweep rises clearly above its baseline")


def _shown(line: Line, direction: int) -> FittedLine:
    """Turn a line in the sweep's own direction into the signs of the measurement."""
    return FittedLine(
        slope_A_per_V=line.slope,
        intercept_A=line.at(0.0) * direction,
        from_V=line.from_x * direction,
        to_V=line.to_x * direction,
    )


def _range(line: FittedLine) -> str:
    low, high = sorted((line.from_V, line.to_V))
    return f"{low:.4g} to {high:.4g} V"

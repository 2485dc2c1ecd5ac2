"""Onset potential of a linear sweep as the crossing of a current density."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing
from scipy.optimize import least_squares

from ..storage.results import Result
from .regression import correlation_factor
from .sweep_data import SweepData

_SUSTAINED_V = 0.050
_BRIDGED_V = 0.010
_FEWEST_ABOVE = 5
_FEWEST_FITTED = 9
_WINDOWS = ((0.15, 40), (0.3, 9), (0.45, 9), (0.65, 9), (1.0, 9))
"""Decades on both sides of the threshold, and how many points there are enough."""
_NOISE_IN_WINDOW = 5.0
_UNCERTAIN_V = 0.020
_UNKNOWN_V = 0.100
_SLOW_V_PER_DECADE = 0.3
_GAP = 5.0
_CURVED = 1.5
_HIDDEN = "noise hides where the current passes the threshold"


@dataclass(frozen=True)
class Crossing:
    """The fitted curve around the threshold, for the figure.

    Parameters
    ----------
    potential_V : float
        Where it passes the threshold.
    threshold_A : float
        The threshold as a current, with the sign of the sweep.
    decades_per_V, curvature : float
        log10 of I over the threshold is decades_per_V·u + curvature·u², u = E - potential_V.
    from_V, to_V : float
        Range of the fit.
    """

    potential_V: float
    threshold_A: float
    decades_per_V: float
    curvature: float
    from_V: float
    to_V: float

    def current_A(self, potential_V: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the fitted current."""
        u = potential_V - self.potential_V
        return self.threshold_A * 10.0 ** (self.decades_per_V * u + self.curvature * u**2)


class _NotDeterminedError(Exception):
    """The sweep gives no onset; the message says why."""


def threshold_onset(
    sweep: SweepData, threshold_A_per_m2: float, area_m2: float
) -> tuple[Result, Crossing | None]:
    """Find where the current density passes a threshold and stays above it.

    The crossing must last 50 mV, or to the end of the sweep. Around it, log10|j| against E is
    fitted with a line, or with a parabola where its curvature shows, by least squares in the
    current itself: values at or below zero count too, so that noise does not shift the onset.

    Parameters
    ----------
    sweep : SweepData
        The points.
    threshold_A_per_m2, area_m2 : float
        Magnitude of the current density, and the electrode area.
    """
    threshold_A = threshold_A_per_m2 * area_m2
    name = f"{threshold_A_per_m2 * 100:.4g} µA/cm²"
    try:
        index, warnings = _find_crossing(sweep, threshold_A, name)
        crossing, uncertainty, points = _fit_crossing(sweep, threshold_A, index)
    except _NotDeterminedError as problem:
        return Result(None, "V", method=f"threshold {name}", reason=str(problem)), None
    gap = _gap_around(sweep, crossing.potential_V)
    if gap > _GAP * sweep.spacing_V:
        warnings.append(f"points are missing around the onset, over {gap * 1e3:.3g} mV")
    # A potential read somewhere between two points: rectangular distribution.
    uncertainty = (uncertainty**2 + gap**2 / 12.0) ** 0.5
    if uncertainty > _UNCERTAIN_V:
        warnings.append("noise makes the crossing of the threshold uncertain")
    if abs(crossing.decades_per_V) < 1.0 / _SLOW_V_PER_DECADE:
        warnings.append(
            "the current rises slowly here: a background close to the threshold decides the onset"
        )
    low, high = sorted((crossing.from_V, crossing.to_V))
    shape = "parabola" if crossing.curvature else "line"
    method = (
        f"threshold {name}; {shape} through log10|j| from {low:.4g} to {high:.4g} V, "
        f"{points} points, {1e3 / abs(crossing.decades_per_V):.3g} mV/decade"
    )
    return Result(crossing.potential_V, "V", uncertainty, method, tuple(warnings)), crossing


def _find_crossing(sweep: SweepData, threshold_A: float, name: str) -> tuple[int, list[str]]:
    """Return the index of the first point above in the first sustained crossing, and warnings."""
    above = sweep.smooth >= threshold_A
    if not above.any():
        largest = float(np.max(sweep.smooth)) / threshold_A
        spikes = " except in spikes" if np.any(sweep.y[~sweep.good] >= threshold_A) else ""
        raise _NotDeterminedError(
            f"the current density stays below {name}{spikes}; it reaches {max(largest, 0.0):.2g} of it"
        )
    bridge = max(round(_BRIDGED_V / sweep.spacing_V), 1)
    padded = np.pad(above, bridge, mode="edge")
    above = binary_closing(padded, np.ones(bridge + 1, bool))[bridge:-bridge]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], above, [False])).astype(int)))
    runs = [(int(begin), int(end) - 1) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    if runs[0] == (0, len(above) - 1):
        raise _NotDeterminedError(
            f"the current density is above {name} from the start of the sweep, "
            f"{sweep.x[0] * sweep.direction:.4g} V"
        )
    for begin, end in runs:
        if begin > 0 and _is_sustained(sweep, begin, end):
            return begin, _crossing_warnings(sweep, runs, begin, end, name)
    if runs[0][0] == 0:
        raise _NotDeterminedError(
            f"the current density is above {name} at the start of the sweep, "
            f"falls below it at {sweep.x[runs[0][1]] * sweep.direction:.4g} V and does not pass it again"
        )
    longest_V = max(float(sweep.x[end] - sweep.x[begin]) for begin, end in runs)
    raise _NotDeterminedError(
        f"the current density passes {name} only in spikes, the longest over {longest_V * 1e3:.3g} mV"
    )


def _is_sustained(sweep: SweepData, begin: int, end: int) -> bool:
    if sweep.x[end] - sweep.x[begin] >= _SUSTAINED_V and end - begin + 1 >= _FEWEST_ABOVE:
        return True
    return end == len(sweep.x) - 1 and int(np.count_nonzero(sweep.good[begin:])) >= _FEWEST_ABOVE


def _crossing_warnings(
    sweep: SweepData, runs: list[tuple[int, int]], begin: int, end: int, name: str
) -> list[str]:
    warnings = []
    if runs[0][0] == 0:
        low_V = sweep.x[runs[0][1]] * sweep.direction
        warnings.append(f"the current density is above {name} also at the start, as far as {low_V:.4g} V")
    if end < len(sweep.x) - 1:
        warnings.append(
            f"after the onset the current density falls below {name} again, "
            f"at {sweep.x[end] * sweep.direction:.4g} V"
        )
    earlier = [run for run in runs if 0 < run[0] < begin]
    if earlier:
        count = "a short crossing" if len(earlier) == 1 else f"{len(earlier)} short crossings"
        warnings.append(f"{count} of {name} before the onset did not count")
    return warnings


def _fit_crossing(sweep: SweepData, threshold_A: float, index: int) -> tuple[Crossing, float, int]:
    """Return the fit around the crossing, the standard uncertainty of its place, and its points."""
    first, last = _window(sweep, threshold_A, index)
    chosen = slice(first, last + 1)
    good = sweep.good[chosen]
    u = sweep.x[chosen][good] - sweep.x[index]
    relative = sweep.y[chosen][good] / threshold_A
    if len(u) < _FEWEST_ABOVE:
        raise _NotDeterminedError(f"only {len(u)} valid points lie around the threshold")
    ratio = max(float(np.max(sweep.smooth[chosen])) / threshold_A, 1.05)
    span = float(u[-1] - u[0])
    rise_per_V = np.log10(ratio) / max(float(u[-1]), span / 4)
    place, covariance, parameters = _fit(u, relative, [0.0, rise_per_V])
    if len(u) >= _FEWEST_FITTED:
        curved_place, curved, with_curve = _fit(u, relative, [place, parameters[1], 0.0])
        if abs(with_curve[2]) > _CURVED * curved[2, 2] ** 0.5 and u[0] <= curved_place <= u[-1]:
            place, covariance, parameters = curved_place, curved, with_curve
    slope = parameters[1]
    if slope <= 0.0 or not u[0] - span <= place <= u[-1]:
        raise _NotDeterminedError(_HIDDEN)
    uncertainty_V = float(covariance[0, 0] ** 0.5)
    if uncertainty_V > _UNKNOWN_V:
        raise _NotDeterminedError(_HIDDEN)
    crossing = Crossing(
        potential_V=float(place + sweep.x[index]) * sweep.direction,
        threshold_A=threshold_A * sweep.direction,
        decades_per_V=float(slope) * sweep.direction,
        curvature=float(parameters[2]) if len(parameters) > 2 else 0.0,
        from_V=float(sweep.x[first]) * sweep.direction,
        to_V=float(sweep.x[last]) * sweep.direction,
    )
    return crossing, uncertainty_V, len(u)


def _window(sweep: SweepData, threshold_A: float, index: int) -> tuple[int, int]:
    """Return the first and last point of the smallest window around the crossing that is enough."""
    above_noise = 1.0 + _NOISE_IN_WINDOW * sweep.noise_A / threshold_A
    first, last = index, index
    for decades, enough in _WINDOWS:
        factor = max(10.0**decades, above_noise)
        high = np.flatnonzero(sweep.smooth[index:] > threshold_A * factor)
        last = index + int(high[0]) if len(high) else len(sweep.x) - 1
        low = np.flatnonzero(sweep.smooth[:index] < threshold_A / factor)
        first = int(low[-1]) if len(low) else 0
        # On a background just below the threshold the left side would be endless.
        reach = max(2.0 * (sweep.x[last] - sweep.x[index]), _FEWEST_ABOVE * sweep.spacing_V)
        first = max(first, int(np.searchsorted(sweep.x, sweep.x[index] - reach)))
        if np.count_nonzero(sweep.good[first : last + 1]) >= enough:
            return first, last
    while np.count_nonzero(sweep.good[first : last + 1]) < _FEWEST_ABOVE and last - first < len(sweep.x) - 1:
        first, last = max(first - 1, 0), min(last + 1, len(sweep.x) - 1)
    return first, last


def _fit(
    u: NDArray[np.float64], relative: NDArray[np.float64], start: list[float]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Fit log10 of the relative current as b(u-u_c) + c(u-u_c)²; return u_c, covariance, parameters."""

    def logarithm(p: NDArray[np.float64]) -> NDArray[np.float64]:
        v = u - p[0]
        value = p[1] * v + (p[2] * v**2 if len(p) > 2 else 0.0)
        return np.clip(value, -30.0, 30.0)

    def residuals(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return 10.0 ** logarithm(p) - relative

    fitted = least_squares(residuals, start, x_scale=[0.01, max(abs(start[1]), 1.0), 100.0][: len(start)])
    if not fitted.success:
        raise _NotDeterminedError(_HIDDEN)
    variance = float(2.0 * fitted.cost) / max(len(u) - len(start), 1)
    covariance = np.linalg.pinv(fitted.jac.T @ fitted.jac) * variance * correlation_factor(fitted.fun)
    return float(fitted.x[0]), covariance, fitted.x


def _gap_around(sweep: SweepData, potential_V: float) -> float:
    """Return the distance in V between the valid points on both sides of a potential."""
    x = sweep.x[sweep.good]
    after = min(max(int(np.searchsorted(x, potential_V * sweep.direction)), 1), len(x) - 1)
    return float(x[after] - x[after - 1])

"""Preparing the points of one potential sweep: direction, noise and spikes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

_MEDIAN_V = 0.010
_FEWEST_IN_MEDIAN = 5
_MOST_IN_MEDIAN = 101
_SPIKE = 8.0
_STRAIGHT = 0.8
FEWEST_POINTS = 10
"""Points below which no onset and no peak is looked for."""


class UnusableSweepError(ValueError):
    """The points are not a sweep that can be analysed; the message says why."""


@dataclass(frozen=True)
class SweepData:
    """Points of one sweep, seen in its own direction.

    Parameters
    ----------
    x : array, shape (n,)
        Potential in V times `direction`: always rises.
    y : array, shape (n,)
        Current in A times `direction`: positive where the sweep drives it.
    smooth : array, shape (n,)
        Running median of `y`, which a few wrong points cannot move.
    good : array of bool, shape (n,)
        False for spikes.
    direction : int
        1 for an anodic sweep, -1 for a cathodic one.
    noise_A : float
        Standard deviation of the noise, from second differences.
    spacing_V : float
        Median distance between points.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    smooth: NDArray[np.float64]
    good: NDArray[np.bool_]
    direction: int
    noise_A: float
    spacing_V: float

    @property
    def spikes(self) -> int:
        """How many points are spikes."""
        return int(np.count_nonzero(~self.good))

    def between(self, low_V: float, high_V: float) -> NDArray[np.bool_]:
        """Mark the points without spikes whose x lies from `low_V` to `high_V`."""
        return self.good & (self.x >= low_V) & (self.x <= high_V)


def prepare_sweep(potential_V: ArrayLike, current_A: ArrayLike, valid: ArrayLike | None = None) -> SweepData:
    """Turn measured points into `SweepData`.

    Parameters
    ----------
    potential_V, current_A : array, shape (n,)
        Points in the order of measurement; those that are not finite are left out.
    valid : array of bool, shape (n,), optional
        False for points to leave out, such as overloads.

    Raises
    ------
    ValueError
        The arrays have different shapes.
    UnusableSweepError
        Too few points, or they do not move in one direction.
    """
    potential, current = usable_points(valid, potential_V, current_A)
    if len(potential) < FEWEST_POINTS:
        raise UnusableSweepError(f"only {len(potential)} valid points; at least {FEWEST_POINTS} are needed")
    travel, width = float(potential[-1] - potential[0]), float(np.ptp(potential))
    if width == 0.0:
        raise UnusableSweepError(f"the potential stays at {potential[0]:.4g} V")
    if abs(travel) < _STRAIGHT * width:
        raise UnusableSweepError("the potential turns back, so this is not one sweep")
    direction = 1 if travel > 0 else -1
    x, y = potential * direction, current * direction
    spacing = abs(travel) / (len(x) - 1)
    half = min(max(round(_MEDIAN_V / spacing), _FEWEST_IN_MEDIAN), _MOST_IN_MEDIAN) // 2
    smooth = median_filter(y, 2 * half + 1, mode="nearest")
    noise = noise_level(y)
    return SweepData(x, y, smooth, ~_spikes(y, smooth, half, noise), direction, noise, spacing)


def usable_points(valid: ArrayLike | None, *columns: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Return the columns as floats without the points that are invalid or not finite.

    Raises
    ------
    ValueError
        The columns have different shapes.
    """
    arrays = [np.asarray(column, dtype=float) for column in columns]
    keep = np.ones(arrays[0].shape, bool) if valid is None else np.asarray(valid, dtype=bool)
    shapes = {array.shape for array in arrays} | {keep.shape}
    if len(shapes) > 1 or keep.ndim != 1:
        raise ValueError(f"columns of one length are needed, not shapes {sorted(shapes)}")
    keep = keep & np.all([np.isfinite(array) for array in arrays], axis=0)
    return tuple(array[keep] for array in arrays)


def noise_level(y: NDArray[np.float64]) -> float:
    """Estimate the standard deviation of white noise on a smooth curve.

    A second difference cancels the curve and has √6 times the noise; its median magnitude does
    not feel spikes or the few places where the curve bends.
    """
    if len(y) < 4:
        return 0.0
    return 1.4826 * float(np.median(np.abs(np.diff(y, 2)))) / 6.0**0.5


def _spikes(
    y: NDArray[np.float64], smooth: NDArray[np.float64], half: int, noise: float
) -> NDArray[np.bool_]:
    """Mark points far off the running median, measured by the deviations around them."""
    off = np.abs(y - smooth)
    around = 1.4826 * median_filter(off, 10 * half + 1, mode="nearest")
    # Where the curve itself changes within the window, its points differ from the median rightly.
    rise = median_filter(np.abs(np.gradient(smooth)), 2 * half + 1, mode="nearest") * (half + 1)
    return off > np.maximum(_SPIKE * np.maximum(around, noise), 2.0 * rise)

"""Fewer points for the same picture: the highest and the lowest of every piece stay."""

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

Floats = NDArray[np.float64]
_PER_PIXEL = 4
_ONE_WAY = 1e-12


def thinned(x: Floats, y: Floats, low: float, high: float, pixels: int) -> tuple[Floats, Floats]:
    """Return the part of a rising curve between two places, thinned to what can be seen.

    Parameters
    ----------
    x, y : array (n,)
        The curve; `x` must not fall.
    low, high : float
        The places on the x axis.
    pixels : int
        How wide that is on the screen.
    """
    first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
    last = min(int(np.searchsorted(x, high, "right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    kept = _kept(y, _PER_PIXEL * max(pixels, 1))
    return (x, y) if kept is None else (x[kept], y[kept])


def thinned_path(x: Floats, y: Floats, pixels: int) -> tuple[Floats, Floats]:
    """Return a curve that may turn back, such as a voltammogram, thinned by its extremes in x and in y."""
    most = 8 * _PER_PIXEL * max(pixels, 1)
    by_x, by_y = _kept(x, most // 2), _kept(y, most // 2)
    if by_x is None or by_y is None:
        return x, y
    kept = np.union1d(by_x, by_y)
    return x[kept], y[kept]


def _kept(values: Floats, most: int) -> NDArray[np.uint64] | None:
    """Return which points to draw, the first and the last among them; None for all of them."""
    if len(values) <= most:
        return None
    extremes = MinMaxDownsampler().downsample(np.ascontiguousarray(values), n_out=most - most % 2)
    ends = np.array([0, len(values) - 1], np.uint64)
    return np.unique(np.concatenate([ends, extremes]))

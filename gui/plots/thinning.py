"""Fewer points for the same picture: the highest and the lowest of every piece stay."""

from itertools import pairwise

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
    x, y = _between(x, y, low, high)
    kept = _kept(y, _PER_PIXEL * max(pixels, 1))
    return (x, y) if kept is None else (x[kept], y[kept])


def thinned_decades(x: Floats, y: Floats, low: float, high: float, pixels: int) -> tuple[Floats, Floats]:
    """Return the part of a rising curve between two places, thinned for a logarithmic x axis.

    Parameters
    ----------
    x, y : array (n,)
        The curve; `x` must not fall. What is not above 0 has no place on the axis.
    low, high : float
        The places on the x axis.
    pixels : int
        How wide that is on the screen.
    """
    positive = int(np.searchsorted(x, 0.0, "right"))
    x, y = _between(x[positive:], y[positive:], low, high)
    if not len(x):
        return x, y
    decades = 10.0 ** np.arange(np.ceil(np.log10(x[0])), np.ceil(np.log10(x[-1])))
    borders = [0, *np.searchsorted(x, decades).tolist(), len(x)]
    places: list[NDArray[np.uint64]] = []
    for first, last in pairwise(borders):
        kept = _kept(y[first:last], _PER_PIXEL * max(pixels, 1))
        places.append(np.arange(first, last, dtype=np.uint64) if kept is None else kept + np.uint64(first))
    shown = np.concatenate(places)
    return x[shown], y[shown]


def thinned_path(x: Floats, y: Floats, pixels: int) -> tuple[Floats, Floats]:
    """Return a curve that may turn back, such as a voltammogram, thinned by its extremes in x and in y."""
    most = 8 * _PER_PIXEL * max(pixels, 1)
    by_x, by_y = _kept(x, most // 2), _kept(y, most // 2)
    if by_x is None or by_y is None:
        return x, y
    kept = np.union1d(by_x, by_y)
    return x[kept], y[kept]


def _between(x: Floats, y: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Return the part of a rising curve between two places, and a point more on either side."""
    first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
    last = min(int(np.searchsorted(x, high, "right")) + 1, len(x))
    return x[first:last], y[first:last]


def _kept(values: Floats, most: int) -> NDArray[np.uint64] | None:
    """Return which points to draw, the first and the last among them; None for all of them."""
    if len(values) <= most:
        return None
    extremes = MinMaxDownsampler().downsample(np.ascontiguousarray(values), n_out=most - most % 2)
    ends = np.array([0, len(values) - 1], np.uint64)
    return np.unique(np.concatenate([ends, extremes]))

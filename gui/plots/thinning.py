"""Fewer points for the same picture: the highest and the lowest of every piece stay."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

Floats = NDArray[np.float64]
_PER_PIXEL = 4
_LONG, _IN_OVERVIEW = 1_000_000, 32


def overview(x: Floats, y: Floats, *, rises: bool) -> tuple[Floats, Floats]:
    """Return a curve of which each view can be thinned at once, because a long one was thinned before.

    Parameters
    ----------
    x, y : array (n,)
        The curve; that of a million samples and more becomes one of a 32nd of them.
    rises : bool
        Whether `x` does not fall: then the extremes in `y` are enough.
    """
    if len(y) < _LONG:
        return x, y
    most = len(y) // _IN_OVERVIEW
    return _thinned(x, y, most) if rises else _thinned_both_ways(x, y, most)


def thinned(
    x: Floats,
    y: Floats,
    low: float,
    high: float,
    pixels: int,
    wide: tuple[Floats, Floats] | None = None,
) -> tuple[Floats, Floats]:
    """Return the part of a rising curve between two places, thinned to what can be seen.

    Parameters
    ----------
    x, y : array (n,)
        The curve; `x` must not fall.
    low, high : float
        The places on the x axis.
    pixels : int
        How wide that is on the screen.
    wide : tuple of array (m,), optional
        The curve's `overview`, for parts in which it has more than can be seen.
    """
    most = _PER_PIXEL * max(pixels, 1)
    if wide is not None:
        part = _between(*wide, low, high)
        if len(part[0]) > most:
            return _thinned(*part, most)
    return _thinned(*_between(x, y, low, high), most)


def _thinned(x: Floats, y: Floats, most: int) -> tuple[Floats, Floats]:
    if len(y) <= most:
        return x, y
    kept = _in_order(len(y), _extremes(y, most))
    return x[kept], y[kept]


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
    most = _PER_PIXEL * max(pixels, 1)
    pieces = [_thinned(x[first:last], y[first:last], most) for first, last in pairwise(borders)]
    shown_x, shown_y = zip(*pieces, strict=True)
    return np.concatenate(shown_x), np.concatenate(shown_y)


def thinned_path(x: Floats, y: Floats, pixels: int) -> tuple[Floats, Floats]:
    """Return a curve that may turn back, such as a voltammogram, thinned by its extremes in x and in y."""
    return _thinned_both_ways(x, y, 8 * _PER_PIXEL * max(pixels, 1))


def _thinned_both_ways(x: Floats, y: Floats, most: int) -> tuple[Floats, Floats]:
    if len(y) <= most // 2:
        return x, y
    kept = _in_order(len(y), _extremes(x, most // 2), _extremes(y, most // 2))
    return x[kept], y[kept]


def _between(x: Floats, y: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Return the part of a rising curve between two places, and a point more on either side."""
    first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
    last = min(int(np.searchsorted(x, high, "right")) + 1, len(x))
    return x[first:last], y[first:last]


def _extremes(values: Floats, most: int) -> NDArray[np.uint64]:
    """Return where the highest and the lowest of every piece are, of more values than `most`."""
    return MinMaxDownsampler().downsample(np.ascontiguousarray(values), n_out=most - most % 2)


def _in_order(count: int, *places: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return places and both ends in order; one that is there twice does no harm, and is slow to find."""
    kept = np.concatenate([np.array([0, count - 1], np.uint64), *places])
    kept.sort(kind="stable")
    return kept

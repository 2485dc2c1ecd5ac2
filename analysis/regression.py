"""Straight lines through measured points, with uncertainties that hold for correlated noise too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LARGEST_CORRELATION = 0.98


class TooFewPointsError(ValueError):
    """There are not enough different points for what should be fitted."""


@dataclass(frozen=True)
class Line:
    """A least-squares line, described at the centre of its points.

    There the value and the slope are uncorrelated, so that both uncertainties add by squares.

    Parameters
    ----------
    x_centre, y_centre, slope : float
        The line passes through the centre.
    y_variance, slope_variance : float
        Squared standard uncertainties.
    scatter : float
        Standard deviation of the points about the line.
    r_squared : float
        Coefficient of determination; NaN where all y are equal.
    points : int
        How many points were fitted.
    from_x, to_x : float
        The range of the points.
    """

    x_centre: float
    y_centre: float
    slope: float
    y_variance: float
    slope_variance: float
    scatter: float
    r_squared: float
    points: int
    from_x: float
    to_x: float

    @property
    def slope_uncertainty(self) -> float:
        """Standard uncertainty of the slope."""
        return self.slope_variance**0.5

    def at(self, x: float) -> float:
        """Return the line's value at `x`."""
        return self.y_centre + self.slope * (x - self.x_centre)

    def variance_at(self, x: float) -> float:
        """Return the squared standard uncertainty of the line's value at `x`."""
        return self.y_variance + self.slope_variance * (x - self.x_centre) ** 2


def fit_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> Line:
    """Fit a straight line.

    Parameters
    ----------
    x, y : array, shape (n,)
        At least three points, with at least two different x, in the order of measurement.

    Raises
    ------
    TooFewPointsError
        There are fewer.
    """
    points = len(x)
    if points < 3:
        raise TooFewPointsError(f"a line needs at least 3 points, here are {points}")
    x_centre, y_centre = float(np.mean(x)), float(np.mean(y))
    dx, dy = x - x_centre, y - y_centre
    spread = float(dx @ dx)
    if spread == 0.0:
        raise TooFewPointsError("a line needs points at different places, here are all at one")
    slope = float(dx @ dy) / spread
    residuals = dy - slope * dx
    squares, total = float(residuals @ residuals), float(dy @ dy)
    variance = squares / (points - 2)
    inflated = variance * correlation_factor(residuals)
    return Line(
        x_centre=x_centre,
        y_centre=y_centre,
        slope=slope,
        y_variance=inflated / points,
        slope_variance=inflated / spread,
        scatter=variance**0.5,
        r_squared=1.0 - squares / total if total > 0.0 else float("nan"),
        points=points,
        from_x=float(x[0]),
        to_x=float(x[-1]),
    )


def correlation_factor(residuals: NDArray[np.float64]) -> float:
    """Return by how much neighbours that resemble each other enlarge the variance of a fit.

    Noise that a filter has smoothed, and a model that does not follow the points, leave
    residuals that come in runs: n of them are worth only n(1-r)/(1+r) independent ones, where
    r is their correlation with the next (Bayley and Hammersley, J. R. Stat. Soc. Suppl. 8 (1946)
    184). The factor is never below 1.
    """
    power = float(residuals @ residuals)
    if power == 0.0 or len(residuals) < 4:
        return 1.0
    correlation = float(residuals[1:] @ residuals[:-1]) / power
    correlation = min(max(correlation, 0.0), _LARGEST_CORRELATION)
    return (1.0 + correlation) / (1.0 - correlation)


def intersection(first: Line, second: Line) -> tuple[float, float]:
    """Return where two lines meet, and the standard uncertainty of that x.

    Raises
    ------
    TooFewPointsError
        The lines are parallel within what the points tell.
    """
    difference = first.slope - second.slope
    if abs(difference) <= 3.0 * (first.slope_variance + second.slope_variance) ** 0.5:
        raise TooFewPointsError("the lines are parallel within their uncertainty")
    # From one of the centres, so that large x lose no digits.
    x = first.x_centre + (second.at(first.x_centre) - first.y_centre) / difference
    return x, (first.variance_at(x) + second.variance_at(x)) ** 0.5 / abs(difference)

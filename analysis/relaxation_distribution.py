"""Distribution of relaxation times of a spectrum, by ridge regression with values from 0 up.

Z(ω) = R + jωL + 1/(jωC) + ∫ γ(ln τ)/(1 + jωτ) d ln τ. The problem is ill-posed, so that the
curvature of γ is kept small (Tikhonov regularisation; Wan, Saccoccio, Chen, Ciucci,
Electrochim. Acta 184 (2015) 483); how small is chosen by generalised cross-validation (Golub,
Heath, Wahba, Technometrics 21 (1979) 215).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from .circuit import Complex
from .regression import TooFewPointsError

_PER_DECADE = 12
_BEYOND = 10.0 ** (1 / 2)
_STRENGTHS = np.logspace(-6, 1, 22)
FEWEST_POINTS = 10
"""A distribution needs as many."""
_PRESENT = 0.03
_SERIES = 3


@dataclass(frozen=True)
class Peak:
    """One process: where it relaxes, and its resistance."""

    time_constant_s: float
    resistance_ohm: float


@dataclass(frozen=True)
class RelaxationDistribution:
    """γ(ln τ) and what stands in series with it.

    Parameters
    ----------
    time_s : array, shape (n,)
        Time constants, evenly spaced in their logarithm.
    gamma_ohm : array, shape (n,)
        γ in Ω; its integral over ln τ is the resistance of all processes.
    series_ohm : float
        R.
    strength : float
        The regularisation that cross-validation chose.
    peaks : tuple of Peak
        Maxima, the fastest first, each with the integral between the minima around it.
    """

    time_s: NDArray[np.float64]
    gamma_ohm: NDArray[np.float64]
    series_ohm: float
    strength: float
    peaks: tuple[Peak, ...]


def relaxation_distribution(
    frequency_Hz: NDArray[np.float64], impedance_ohm: Complex
) -> RelaxationDistribution:
    """Return the distribution of relaxation times of a spectrum, every point weighted by 1/|Z|.

    Raises
    ------
    TooFewPointsError
        There are fewer than ten points.
    """
    if len(frequency_Hz) < FEWEST_POINTS:
        raise TooFewPointsError(
            f"only {len(frequency_Hz)} valid points; a distribution needs {FEWEST_POINTS}"
        )
    omega = 2.0 * np.pi * frequency_Hz
    low, high = np.log10(1.0 / (omega.max() * _BEYOND)), np.log10(_BEYOND / omega.min())
    time_s = np.logspace(low, high, round((high - low) * _PER_DECADE))
    step = float(np.log(time_s[1] / time_s[0]))
    kernel = step / (1.0 + 1j * omega[:, None] * time_s)
    top, bottom = omega.max(), omega.min()
    series = np.column_stack([np.ones_like(omega), 1j * omega / top, bottom / (1j * omega)])
    weight = np.abs(impedance_ohm)
    columns = np.column_stack([series, kernel]) / weight[:, None]
    target = impedance_ohm / weight
    matrix = np.vstack([columns.real, columns.imag])
    wanted = np.concatenate([target.real, target.imag])
    # Resistances in units of the largest, so that the strength means the same for every cell.
    scale = float(np.median(weight))
    matrix = matrix * scale
    roughness = _roughness(len(time_s), step)
    strength = _strength(matrix, wanted, roughness)
    stacked = np.vstack([matrix, np.sqrt(strength) * roughness])
    values, _ = nnls(
        stacked, np.concatenate([wanted, np.zeros(len(roughness))]), maxiter=50 * matrix.shape[1]
    )
    values = values * scale
    gamma = values[_SERIES:]
    return RelaxationDistribution(
        time_s, gamma, float(values[0]), float(strength), _peaks(time_s, gamma, step)
    )


def _roughness(count: int, step: float) -> NDArray[np.float64]:
    """Return the matrix that gives the curvature of γ; what stands in series is left free."""
    rows = np.zeros((count, _SERIES + count))
    # Outside of the grid γ is 0, so that the ends are kept down as well.
    for row in range(count):
        rows[row, _SERIES + row] = -2.0
        if row:
            rows[row, _SERIES + row - 1] = 1.0
        if row < count - 1:
            rows[row, _SERIES + row + 1] = 1.0
    return rows / step


def _strength(
    matrix: NDArray[np.float64], wanted: NDArray[np.float64], roughness: NDArray[np.float64]
) -> float:
    """Return the regularisation with the least generalised cross-validation error."""
    points = len(wanted)
    normal, penalty, moment = matrix.T @ matrix, roughness.T @ roughness, matrix.T @ wanted
    floor = 1e-12 * np.trace(normal) / len(normal) * np.eye(len(normal))

    def error(strength: float) -> float:
        inverse = np.linalg.solve(normal + strength * penalty + floor, np.column_stack([moment, normal]))
        residual = matrix @ inverse[:, 0] - wanted
        freedom = points - float(np.trace(inverse[:, 1:]))
        return float(residual @ residual) / max(freedom, 1e-9) ** 2

    return float(min(_STRENGTHS, key=error))


def _peaks(time_s: NDArray[np.float64], gamma: NDArray[np.float64], step: float) -> tuple[Peak, ...]:
    whole = float(gamma.sum()) * step
    if whole <= 0.0:
        return ()
    padded = np.concatenate([[-1.0], gamma, [-1.0]])
    inner = padded[1:-1]
    tops = np.flatnonzero((inner > padded[:-2]) & (inner >= padded[2:]) & (inner > 0.0))
    borders = [0, *(first + int(np.argmin(gamma[first:last])) for first, last in pairwise(tops)), len(gamma)]
    peaks = []
    for top, (begin, end) in zip(tops, pairwise(borders), strict=True):
        resistance = float(gamma[begin:end].sum()) * step
        if resistance >= _PRESENT * whole:
            peaks.append(Peak(float(time_s[top]), resistance))
    return tuple(peaks)

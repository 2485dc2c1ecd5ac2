"""Distribution of relaxation times of a spectrum, by ridge regression with values from 0 up.

Z(ω) = R + jωL + 1/(jωC) + ∫ γ(ln τ)/(1 + jωτ) d ln τ. The problem is ill-posed, so that the
curvature of γ is kept small (Tikhonov regularisation; Wan, Saccoccio, Chen, Ciucci,
Electrochim. Acta 184 (2015) 483); how small is chosen by the evidence (MacKay, Neural Comput. 4
(1992) 415). What else the spectrum allows is drawn: the same problem is solved again with the
noise of the data and the roughness of γ drawn anew, which gives (approximately) the posterior
distribution with values from 0 up (Bardsley and Fox, Inverse Probl. Sci. Eng. 20 (2012) 477), and
with the regularisation up to a hundred times weaker and stronger, because no single one suits
sharp and broad peaks alike.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from .circuit import Complex
from .regression import TooFewPointsError

_PER_DECADE = 15
_BEYOND = 10.0 ** (1 / 2)
_STRENGTHS = np.logspace(-9, 1, 21)
FEWEST_POINTS = 10
"""A distribution needs as many."""
_PRESENT = 0.02
_RIPPLE = 0.15
_FOOT = 1.5 * np.log(10.0)
_SERIES = 3
_OTHER_STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
_DRAWS = 20
"""Of each of them."""
_BAND_percent = (2.5, 97.5)


@dataclass(frozen=True)
class Peak:
    """One process: its name ("P1" is the fastest), where it relaxes, and its resistance.

    The uncertainties are root mean squares of how far the draws are from the values.
    """

    name: str
    time_constant_s: float
    time_constant_uncertainty_s: float
    resistance_ohm: float
    resistance_uncertainty_ohm: float

    @property
    def capacitance_F(self) -> float:
        """C = τ/R: of a process that is a resistance beside a capacitance."""
        return self.time_constant_s / self.resistance_ohm


@dataclass(frozen=True)
class RelaxationDistribution:
    """γ(ln τ) and what stands in series with it.

    Parameters
    ----------
    time_s : array, shape (n,)
        Time constants, evenly spaced in their logarithm.
    gamma_ohm : array, shape (n,)
        γ in Ω; its integral over ln τ is the resistance of all processes.
    low_ohm, high_ohm : array, shape (n,)
        Between them lie 95 % of the draws.
    series_ohm : float
        R.
    strength : float
        The regularisation that the evidence chose.
    peaks : tuple of Peak
        Maxima, the fastest first, each with the integral between the minima around it.
    """

    time_s: NDArray[np.float64]
    gamma_ohm: NDArray[np.float64]
    low_ohm: NDArray[np.float64]
    high_ohm: NDArray[np.float64]
    series_ohm: float
    strength: float
    peaks: tuple[Peak, ...]

    @property
    def method(self) -> str:
        """How it was found, with the numbers that matter."""
        return (
            f"Tikhonov regularisation of the curvature from 0 up, λ = {self.strength:.2g} by the evidence; "
            "uncertainties from draws of the noise with λ from a hundredth to a hundred times that"
        )


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
    gamma, series_ohm = np.zeros(0), 0.0
    noise = _noise(matrix, wanted, roughness, strength)
    random = np.random.default_rng(0)
    draws: list[NDArray[np.float64]] = []
    for factor in _OTHER_STRENGTHS:
        solve = _Solver(matrix, wanted, roughness, strength * factor)
        if factor == 1.0:
            whole = solve(0.0) * scale
            gamma, series_ohm = whole[_SERIES:], float(whole[0])
        errors = noise * random.standard_normal((_DRAWS, solve.rows))
        draws += [solve(error)[_SERIES:] * scale for error in errors]
    gammas = np.array(draws)
    low, high = np.percentile(gammas, _BAND_percent, axis=0)
    peaks = _peaks(time_s, gamma, gammas, step)
    return RelaxationDistribution(time_s, gamma, low, high, series_ohm, float(strength), peaks)


class _Solver:
    """Regularised least squares with values from 0 up, for data with one error or another."""

    def __init__(
        self,
        matrix: NDArray[np.float64],
        wanted: NDArray[np.float64],
        roughness: NDArray[np.float64],
        strength: float,
    ) -> None:
        # The same squares with as few rows as columns.
        self._turn, self._square = np.linalg.qr(np.vstack([matrix, np.sqrt(strength) * roughness]))
        self._wanted = np.concatenate([wanted, np.zeros(len(roughness))])
        self.rows = len(self._wanted)

    def __call__(self, error: NDArray[np.float64] | float) -> NDArray[np.float64]:
        turned = self._turn.T @ (self._wanted + error)
        return nnls(self._square, turned, maxiter=50 * self._square.shape[1])[0]


def _noise(
    matrix: NDArray[np.float64],
    wanted: NDArray[np.float64],
    roughness: NDArray[np.float64],
    strength: float,
) -> float:
    """Return the standard deviation of the data about the smooth solution, in units of 1/|Z|."""
    normal, penalty = matrix.T @ matrix, roughness.T @ roughness
    influence = np.linalg.solve(
        normal + strength * penalty + _floor(normal), np.column_stack([matrix.T @ wanted, normal])
    )
    residual = matrix @ influence[:, 0] - wanted
    freedom = max(len(wanted) - float(np.trace(influence[:, 1:])), 1.0)
    return float(np.sqrt(residual @ residual / freedom))


def _floor(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1e-12 * np.trace(normal) / len(normal) * np.eye(len(normal))


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
    """Return the regularisation under which the data are most probable (the largest evidence)."""
    points, unknowns = len(wanted), len(roughness)
    normal, penalty, moment = matrix.T @ matrix, roughness.T @ roughness, matrix.T @ wanted
    floor = _floor(normal)

    def improbability(strength: float) -> float:
        inner = normal + strength * penalty + floor
        left = float(wanted @ wanted - moment @ np.linalg.solve(inner, moment))
        size = float(np.linalg.slogdet(inner)[1])
        return (points - _SERIES) * np.log(max(left, 1e-300)) + size - unknowns * np.log(strength)

    return float(min(_STRENGTHS, key=improbability))


def _peaks(
    time_s: NDArray[np.float64], gamma: NDArray[np.float64], draws: NDArray[np.float64], step: float
) -> tuple[Peak, ...]:
    peaks = []
    borders = _borders(gamma, step)
    tops = [_top(gamma, borders, peak) for peak in range(len(borders) - 1)]
    # Every draw has its own valleys: how much belongs to which of two peaks is not certain either.
    others = [
        [0, *(first + int(np.argmin(draw[first:last])) for first, last in pairwise(tops)), len(gamma)]
        for draw in draws
    ]
    for number, (begin, end) in enumerate(pairwise(borders), 1):
        logarithm = _centre(time_s[begin:end], gamma[begin:end])
        cuts = [slice(other[number - 1], other[number]) for other in others]
        off = [
            _centre(time_s[cut], draw[cut]) - logarithm
            for draw, cut in zip(draws, cuts, strict=True)
            if draw[cut].any()
        ]
        resistance = float(gamma[begin:end].sum()) * step
        resistances = np.array([draw[cut].sum() for draw, cut in zip(draws, cuts, strict=True)]) * step
        time_constant_s = float(np.exp(logarithm))
        peaks.append(
            Peak(
                name=f"P{number}",
                time_constant_s=time_constant_s,
                time_constant_uncertainty_s=time_constant_s * _rms(off),
                resistance_ohm=resistance,
                resistance_uncertainty_ohm=_rms(resistances - resistance),
            )
        )
    return tuple(peaks)


def _borders(gamma: NDArray[np.float64], step: float) -> list[int]:
    """Return where peaks begin and end: one border more than there are peaks; none where γ is 0.

    A sharp peak that the smoothness rounds off has ripples at its feet, so that a small one close to
    a large one belongs to it.
    """
    padded = np.concatenate([[-1.0], gamma, [-1.0]])
    inner = padded[1:-1]
    tops = np.flatnonzero((inner > padded[:-2]) & (inner >= padded[2:]) & (inner > 0.0))
    if not len(tops):
        return []
    valleys = [first + int(np.argmin(gamma[first:last])) for first, last in pairwise(tops)]
    borders = [0, *valleys, len(gamma)]
    while len(borders) > 2:
        sizes = [float(gamma[begin:end].sum()) for begin, end in pairwise(borders)]
        smallest = int(np.argmin(sizes))
        beside = [each for each in (smallest - 1, smallest + 1) if 0 <= each < len(sizes)]
        # Across the higher of both valleys: that is whose foot it is.
        into = max(beside, key=lambda each: gamma[borders[max(smallest, each)]])
        apart = step * abs(_top(gamma, borders, smallest) - _top(gamma, borders, into))
        is_ripple = sizes[smallest] < _RIPPLE * sizes[into] and apart < _FOOT
        if not is_ripple and sizes[smallest] >= _PRESENT * sum(sizes):
            break
        del borders[max(smallest, into)]
    return borders


def _top(gamma: NDArray[np.float64], borders: list[int], peak: int) -> int:
    begin, end = borders[peak], borders[peak + 1]
    return begin + int(np.argmax(gamma[begin:end]))


def _centre(time_s: NDArray[np.float64], gamma: NDArray[np.float64]) -> float:
    """Return the logarithm of the mean time constant of a peak, which the grid does not round."""
    return float(gamma @ np.log(time_s) / gamma.sum())


def _rms(values: ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(values))))

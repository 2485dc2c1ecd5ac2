"""Linear Kramers–Kronig test: whether a spectrum is that of a linear, causal and stable cell.

A chain of RC elements obeys the Kramers–Kronig relations and can describe any spectrum that
does (Boukamp, J. Electrochem. Soc. 142 (1995) 1885). Its length must not describe the noise
(Schönleber, Klotz and Ivers-Tiffée, Electrochim. Acta 131 (2014) 20). Their criterion, that
elements of both signs alternate, also ends the search for a single sharp relaxation that lies
between two time constants of a short chain; so the length is chosen by Schwarz's criterion.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .circuit import Complex
from .regression import TooFewPointsError

_FEWEST_POINTS = 6
_BEYOND = 3.0


@dataclass(frozen=True)
class KramersKronigTest:
    """How far a spectrum is from one that obeys the relations.

    Parameters
    ----------
    frequency_Hz : array, shape (n,)
        Frequencies.
    real, imaginary : array, shape (n,)
        (Z - Z_chain)/|Z|.
    elements : int
        Length of the chain.
    """

    frequency_Hz: NDArray[np.float64]
    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]
    elements: int

    @property
    def scatter(self) -> float:
        """Root mean square of the residuals."""
        return float(np.sqrt(np.mean(np.concatenate([self.real, self.imaginary]) ** 2)))

    @property
    def largest(self) -> NDArray[np.float64]:
        """The larger of both residuals' magnitudes at every frequency, shape (n,)."""
        return np.maximum(np.abs(self.real), np.abs(self.imaginary))


def kramers_kronig_test(frequency_Hz: NDArray[np.float64], impedance_ohm: Complex) -> KramersKronigTest:
    """Fit a chain of RC elements by linear least squares, with a capacitor and an inductor in series.

    Raises
    ------
    TooFewPointsError
        There are fewer than 6 points.
    """
    points = len(frequency_Hz)
    if points < _FEWEST_POINTS:
        raise TooFewPointsError(f"only {points} valid points; the test needs {_FEWEST_POINTS}")
    chains = {count: _residuals(frequency_Hz, impedance_ohm, count) for count in range(1, points - 2)}
    elements = min(chains, key=lambda count: _criterion(chains[count], count))
    residuals = chains[elements]
    return KramersKronigTest(frequency_Hz, residuals.real, residuals.imag, elements)


def _criterion(residuals: Complex, elements: int) -> float:
    """Return Schwarz's criterion; below 10⁻⁶ residuals are the resolution of the numbers."""
    variance = max(float(np.mean(np.abs(residuals) ** 2)) / 2.0, 1e-12)
    return 2 * len(residuals) * np.log(variance) + elements * np.log(2 * len(residuals))


def _residuals(frequency_Hz: NDArray[np.float64], impedance_ohm: Complex, elements: int) -> Complex:
    """Return what a chain of so many elements leaves, relative to |Z|."""
    omega = 2.0 * np.pi * frequency_Hz
    # Beyond the band too: what relaxes there still shows in it.
    fastest, slowest = 1.0 / (_BEYOND * omega.max()), _BEYOND / omega.min()
    times_s = np.geomspace(fastest, slowest, elements)
    columns = np.column_stack(
        [
            1.0 / (1.0 + 1j * omega[:, None] * times_s),
            np.ones_like(omega),
            1j * omega / omega.max(),
            omega.min() / (1j * omega),
        ]
    )
    weight = 1.0 / np.abs(impedance_ohm)
    weighted, target = columns * weight[:, None], impedance_ohm * weight
    values, *_ = np.linalg.lstsq(
        np.vstack([weighted.real, weighted.imag]), np.concatenate([target.real, target.imag]), rcond=None
    )
    return target - weighted @ values

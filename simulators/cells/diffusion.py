"""Finite-length diffusion as a chain of RC elements."""

import math

import numpy as np
from numpy.typing import NDArray

_EXACT = 6
_GROWTH = 1.5
_MOST = 30_000


def diffusion_chain(
    resistance_ohm: float, time_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return elements whose series is R_d·tanh(√(jωτ))/√(jωτ).

    The impedance is the sum of RC elements with R_k = 8 R_d/((2k-1)² π²) and
    τ_k = 4 τ/((2k-1)² π²). The first six are kept as they are; the faster ones, whose time
    constants lie ever closer, in groups that grow by 1.5, each with the (logarithmic) mean of its
    time constants: within 1 % up to 10⁷ times the frequency 1/τ.

    Parameters
    ----------
    resistance_ohm, time_s : float
        R_d and τ.

    Returns
    -------
    resistances_ohm, capacitances_F : array, shape (n,)
        The elements.
    rest_ohm : float
        What lies beyond the last element, and acts as a resistance.
    """
    bounds = list(range(1, _EXACT + 1))
    while bounds[-1] < _MOST:
        bounds.append(math.ceil(bounds[-1] * _GROWTH))
    k = np.arange(1, bounds[-1])
    odd_squared = (2.0 * k - 1.0) ** 2 * math.pi**2
    each_ohm, each_s = 8.0 * resistance_ohm / odd_squared, 4.0 * time_s / odd_squared
    starts = np.array(bounds[:-1]) - 1
    ohms = np.add.reduceat(each_ohm, starts)
    seconds = np.exp(np.add.reduceat(each_ohm * np.log(each_s), starts) / ohms)
    return ohms, seconds / ohms, max(resistance_ohm - float(ohms.sum()), 0.0)

"""Parameters of a full cell from what papers print: capacity at each rate, and retention."""

import math
from collections.abc import Mapping

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq, least_squares

from .intercalation import Diffusion

_DEFAULT_TIME_h = 0.2
_HOUR_s = 3600.0


def fit_rate_capacities(
    rate_capacities: Mapping[float, float], one_C_mAh_per_g: float
) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Find the capacity and the diffusion whose surface is exhausted after the capacities given.

    One rate up to 1C determines the capacity alone (diffusion time 0.2 h), one above 1C the
    diffusion time (the capacity is that of 1C), two rates both, three and more also a second
    population of paths.

    Parameters
    ----------
    rate_capacities : mapping of float to float
        Discharge capacity in mAh/g at each C-rate.
    one_C_mAh_per_g : float
        What 1C means.

    Returns
    -------
    capacity_mAh_per_g : float
        At an infinitely slow discharge.
    populations : tuple of (share, time in s)
        As `intercalation.Diffusion` takes them.

    Raises
    ------
    ValueError
        There is no rate, or a number is not above 0.
    """
    rates = np.array(sorted(rate_capacities), float)
    wanted = np.array([rate_capacities[rate] for rate in sorted(rate_capacities)], float)
    if not len(rates) or np.any(rates <= 0) or np.any(wanted <= 0):
        raise ValueError("rate_capacities must be capacities above 0 in mAh/g at C-rates above 0.")
    most = float(wanted.max())
    if len(rates) == 1 and rates[0] > 1.0:
        # A high rate says more of diffusion than of the capacity.
        full = max(one_C_mAh_per_g, 1.05 * most)
        start, unpack, capacity_of = [math.log(0.2)], _one_population, lambda _: full
    elif len(rates) == 1:
        start, unpack, capacity_of = [math.log(most)], _usual_population, _first
    elif len(rates) == 2:
        start, unpack, capacity_of = [math.log(most), math.log(0.2)], _one_population, _first
    else:
        start = [math.log(1.02 * most), math.log(0.1), math.log(10.0), -1.5]
        unpack, capacity_of = _two_populations, _first

    def residuals(x: np.ndarray) -> list[float]:
        capacity, diffusion = capacity_of(x), _diffusion(unpack(x))
        return [
            capacity * diffusion.extractable(rate * one_C_mAh_per_g / capacity / _HOUR_s) / goal - 1.0
            for rate, goal in zip(rates, wanted, strict=True)
        ]

    found = least_squares(residuals, start, x_scale=0.3, diff_step=1e-4, max_nfev=200)
    populations = tuple((share, time_h * _HOUR_s) for share, time_h in unpack(found.x))
    return capacity_of(found.x), populations


def fade_for_retention(
    retention_percent: float, cycles: int, current_C_per_s: float, full_C: float, diffusion: Diffusion
) -> float:
    """Return the loss per full cycle, in percent, after which a capacity is down to its retention.

    At a high rate a cell that has lost capacity also uses a smaller share of it, so that its
    capacity falls faster than the full one.

    Parameters
    ----------
    retention_percent : float
        Capacity of the last of `cycles` cycles against the first.
    current_C_per_s, full_C : float
        Current of the discharge in A, capacity of the fresh cell in C.
    diffusion : Diffusion
        Of the electrode.
    """

    def capacity(share: float) -> float:
        """Discharge capacity in units of the fresh full one, where `share` of that is left."""
        return share * diffusion.extractable(current_C_per_s / (share * full_C))

    goal = retention_percent / 100.0 * capacity(1.0)
    low = 1e-3
    if goal >= capacity(1.0) or capacity(low) >= goal:
        return 0.0
    left = float(brentq(lambda share: capacity(share) - goal, low, 1.0))  # pyright: ignore[reportArgumentType]
    throughput, _ = quad(lambda share: 1.0 / max(capacity(share), 1e-9), left, 1.0, limit=200)
    # A cycle passes its capacity twice, and `cycles` of them end cycles - 1 losses after the first.
    return 100.0 * throughput / max(cycles - 1, 1)


def _first(x: np.ndarray) -> float:
    return math.exp(x[0])


def _usual_population(_: np.ndarray) -> tuple[tuple[float, float], ...]:
    return ((1.0, _DEFAULT_TIME_h),)


def _one_population(x: np.ndarray) -> tuple[tuple[float, float], ...]:
    return ((1.0, math.exp(x[-1])),)


def _two_populations(x: np.ndarray) -> tuple[tuple[float, float], ...]:
    slow_share = 1.0 / (1.0 + math.exp(-x[3]))
    quick_h = math.exp(x[1])
    return ((1.0 - slow_share, quick_h), (slow_share, quick_h * math.exp(abs(x[2]))))


def _diffusion(populations_h: tuple[tuple[float, float], ...]) -> Diffusion:
    return Diffusion.of(tuple((share, time_h * _HOUR_s) for share, time_h in populations_h))

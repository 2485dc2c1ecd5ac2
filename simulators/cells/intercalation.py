"""Diffusion in the particles of an electrode: one population of paths, or two side by side.

A population with the share w of the capacity and the diffusion time τ = L²/D takes up charge as
a slab with a blocked back: Y(s) = w·tanh(√(sτ))/√(sτ) for a change of its surface. Populations
share their surface's state, so that their Y add up; the surface answers a flux with 1/(s·ΣY),
which is a sum of first-order modes: one integrator (the mean state of charge), and one mode for
every zero of ΣY. A held flux is advanced exactly.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from scipy.optimize import brentq

MODES = 12
_CLOSE = 1e-12


@dataclass(frozen=True)
class Diffusion:
    """Modes with which a surface answers a flux (share of the capacity per second).

    Parameters
    ----------
    populations : tuple of (float, float)
        Share of the capacity, and diffusion time in s.
    rates_per_s, gains_s : tuple of float
        Decay rate of each mode, and what it contributes to the surface's excess under a steady
        flux of 1/s.
    rest_s : float
        What faster modes contribute, at once.
    """

    populations: tuple[tuple[float, float], ...]
    rates_per_s: tuple[float, ...]
    gains_s: tuple[float, ...]
    rest_s: float

    @classmethod
    def of(cls, populations: tuple[tuple[float, float], ...]) -> "Diffusion":
        """Return the modes of populations, each (share, diffusion time in s); the shares add up to 1."""
        rates = _zeros(populations)
        # The residue of 1/(s·Y) at a zero of Y.
        gains = tuple(1.0 / (rate * rate * _slope(populations, rate)) for rate in rates)
        steady_s = sum(share * tau_s for share, tau_s in populations) / 3.0
        return cls(populations, rates, gains, max(steady_s - sum(gains), 0.0))

    def excess_s(self, seconds: float) -> float:
        """Return by how much the surface is ahead of the mean after a flux of 1/s for some time."""
        return self.rest_s + sum(
            gain * -math.expm1(-rate * seconds)
            for gain, rate in zip(self.gains_s, self.rates_per_s, strict=True)
        )

    def admittance(self, s: complex) -> complex:
        """Return ΣY(s)."""
        total = 0j
        for share, tau_s in self.populations:
            root = (s * tau_s) ** 0.5
            # tanh overflows nowhere but becomes 1.
            total += share * (1.0 if abs(root.real) > 300 else _tanh(root)) / root
        return total

    def extractable(self, flux_per_s: float) -> float:
        """Return the share of the capacity that a steady flux takes before the surface is exhausted.

        Parameters
        ----------
        flux_per_s : float
            Current over capacity, above 0.
        """

        def left(seconds: float) -> float:
            return flux_per_s * (seconds + self.excess_s(seconds)) - 1.0

        if left(0.0) >= 0.0:
            return 0.0
        seconds = float(brentq(left, 0.0, 1.0 / flux_per_s))  # pyright: ignore[reportArgumentType]
        return flux_per_s * seconds


def _tanh(z: complex) -> complex:
    e = math.e ** (-2.0 * z)
    return (1.0 - e) / (1.0 + e)


def _sum(populations: tuple[tuple[float, float], ...], rate: float) -> float:
    """Return ΣY(-rate)."""
    total = 0.0
    for share, tau_s in populations:
        root = math.sqrt(rate * tau_s)
        total += share * math.tan(root) / root
    return total


def _slope(populations: tuple[tuple[float, float], ...], rate: float) -> float:
    """Return the derivative of ΣY(-rate) by the rate."""
    total = 0.0
    for share, tau_s in populations:
        root = math.sqrt(rate * tau_s)
        tan = math.tan(root)
        total += share * tau_s / (2.0 * root) * ((1.0 + tan * tan) / root - tan / root**2)
    return total


def _zeros(populations: tuple[tuple[float, float], ...]) -> tuple[float, ...]:
    """Return the slowest rates at which ΣY vanishes; one lies between any two of its poles."""
    if len(populations) == 1:
        ((_, tau_s),) = populations
        return tuple((k * math.pi) ** 2 / tau_s for k in range(1, MODES + 1))
    poles = sorted(((n + 0.5) * math.pi) ** 2 / tau_s for _, tau_s in populations for n in range(MODES + 1))
    zeros = []
    for low, high in pairwise(poles):
        gap = (high - low) * _CLOSE
        if high - low <= _CLOSE * high:
            continue
        zeros.append(
            float(brentq(lambda rate: _sum(populations, rate), low + gap, high - gap))  # pyright: ignore[reportArgumentType]
        )
        if len(zeros) == MODES:
            break
    return tuple(zeros)

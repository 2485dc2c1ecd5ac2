"""Where a spectrum relaxes: a rough distribution of time constants, to start fits from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from .circuit import Complex

_PER_DECADE = 6
_GAP_IN_LUMP = 2
_PRESENT = 1e-3


@dataclass(frozen=True)
class Relaxation:
    """A resistance and the time constant with which it relaxes."""

    resistance_ohm: float
    time_constant_s: float


@dataclass(frozen=True)
class Relaxations:
    """What a chain of RC elements with positive values makes of a spectrum.

    Parameters
    ----------
    resistance_ohm, inductance_H : float
        In series with the chain.
    capacitance_F : float or None
        In series with it; None where the spectrum does not block direct current.
    found : tuple of Relaxation
        Lumps of neighbouring time constants, the largest resistance first.
    """

    resistance_ohm: float
    inductance_H: float
    capacitance_F: float | None
    found: tuple[Relaxation, ...]


def relaxations(frequency_Hz: NDArray[np.float64], impedance_ohm: Complex) -> Relaxations:
    """Fit a chain of RC elements by least squares with values from 0 up, weighted by 1/|Z|."""
    omega = 2.0 * np.pi * frequency_Hz
    low, high = np.log10(1.0 / omega.max()), np.log10(1.0 / omega.min())
    times_s = np.logspace(low, high, max(round((high - low) * _PER_DECADE), 2))
    chain = 1.0 / (1.0 + 1j * omega[:, None] * times_s)
    # The reactances are scaled to 1 at their end of the band, so that all columns weigh alike.
    top, bottom = omega.max(), omega.min()
    columns = np.column_stack([np.ones_like(omega), 1j * omega / top, bottom / (1j * omega), chain])
    weighted = columns / np.abs(impedance_ohm)[:, None]
    target = impedance_ohm / np.abs(impedance_ohm)
    fitted = lsq_linear(
        np.vstack([weighted.real, weighted.imag]),
        np.concatenate([target.real, target.imag]),
        bounds=(0.0, np.inf),
    )
    series_ohm, inductive_ohm, capacitive_ohm, *resistances = fitted.x
    blocks = capacitive_ohm > _PRESENT * abs(impedance_ohm[int(np.argmin(frequency_Hz))])
    return Relaxations(
        resistance_ohm=float(series_ohm),
        inductance_H=float(inductive_ohm / top),
        capacitance_F=float(1.0 / (capacitive_ohm * bottom)) if blocks else None,
        found=_lumps(np.array(resistances), times_s),
    )


def _lumps(resistances: NDArray[np.float64], times_s: NDArray[np.float64]) -> tuple[Relaxation, ...]:
    present = np.flatnonzero(resistances > _PRESENT * max(float(resistances.sum()), 1e-300))
    if not len(present):
        return ()
    groups = np.split(present, np.flatnonzero(np.diff(present) > _GAP_IN_LUMP) + 1)
    lumps = []
    for group in groups:
        total = float(resistances[group].sum())
        centre = float(np.exp(resistances[group] @ np.log(times_s[group]) / total))
        lumps.append(Relaxation(total, centre))
    return tuple(sorted(lumps, key=lambda lump: -lump.resistance_ohm))

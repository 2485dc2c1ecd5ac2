"""Charge and energy from every sample of a segment, by the trapezoidal rule."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Integrator:
    """Adds up charge and energy within one uninterrupted segment.

    The time between the beginning of the segment and its first sample counts with that sample's
    current. Samples without a valid reading are bridged; time never runs backwards.
    """

    def __init__(self) -> None:
        self.charge_C = 0.0
        self.energy_J = 0.0
        self._last_s = 0.0
        self._last: tuple[float, float] | None = None

    def add(self, time_s: Floats, potential_V: Floats, current_A: Floats) -> tuple[Floats, Floats]:
        """Take in consecutive samples.

        Parameters
        ----------
        time_s, potential_V, current_A : ndarray, shape (n,)
            Time since the segment began, potential and current.

        Returns
        -------
        charge_C, energy_J : ndarray, shape (n,)
            What has passed since the segment began, at each sample.
        """
        # Plain floats: blocks are short, and for one sample ten calls of NumPy cost more.
        charges, energies = [], []
        for now_s, potential, current in zip(
            time_s.tolist(), potential_V.tolist(), current_A.tolist(), strict=True
        ):
            power = potential * current
            if isfinite(power):
                last_A, last_W = self._last or (current, power)
                half_s = 0.5 * max(now_s - self._last_s, 0.0)
                self.charge_C += half_s * (last_A + current)
                self.energy_J += half_s * (last_W + power)
                self._last_s, self._last = max(now_s, self._last_s), (current, power)
            # A sample without a reading shows what had passed at the last one with one.
            charges.append(self.charge_C)
            energies.append(self.energy_J)
        return np.array(charges), np.array(energies)

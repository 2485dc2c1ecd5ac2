"""Charge and energy from every sample of a segment, by the trapezoidal rule."""

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
        self._time_s = 0.0
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
        power_W = potential_V * current_A
        valid = np.isfinite(power_W)
        if valid.all():
            return self._add(time_s, current_A, power_W)
        # A sample without a reading shows what had passed at the last one with one.
        before = self.charge_C, self.energy_J
        last_valid = np.cumsum(valid)
        charge, energy = before
        if valid.any():
            charge, energy = self._add(time_s[valid], current_A[valid], power_W[valid])
        return np.append(before[0], charge)[last_valid], np.append(before[1], energy)[last_valid]

    def _add(self, time_s: Floats, current_A: Floats, power_W: Floats) -> tuple[Floats, Floats]:
        rates = np.empty((2, len(time_s) + 1))
        rates[0, 1:] = current_A
        rates[1, 1:] = power_W
        rates[:, 0] = rates[:, 1] if self._last is None else self._last
        interval_s = np.empty(len(time_s))
        interval_s[0] = time_s[0] - self._time_s
        np.subtract(time_s[1:], time_s[:-1], out=interval_s[1:])
        np.maximum(interval_s, 0.0, out=interval_s)
        charge, energy = np.cumsum((rates[:, 1:] + rates[:, :-1]) * (interval_s / 2), axis=1)
        charge += self.charge_C
        energy += self.energy_J
        self._time_s = float(time_s[-1])
        self._last = float(current_A[-1]), float(power_W[-1])
        self.charge_C, self.energy_J = float(charge[-1]), float(energy[-1])
        return charge, energy

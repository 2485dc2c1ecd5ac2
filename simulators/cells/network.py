"""Linear networks of capacitors and resistors, advanced exactly for a held input.

A network of n capacitors C with voltages x, joined by a conductance matrix G, behind a series
resistance R obeys C x' = -G x + b I - p N and E = b·x + R I, where I is the terminal current
and N a current drawn from the network at the node p (a reaction). With z = √C x this is
symmetric, so an eigenvector basis splits it into independent first-order modes, one basis for
a held current and another for a held potential, where I = (E - b·x)/R.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CACHED_STEPS = 512


class Step(NamedTuple):
    """What one step of a fixed length does to each mode y: y·decay + drive·u - early·N0 - late·N1.

    u is the held potential or current; N runs linearly from N0 to N1 during the step, or is N1
    during all of it: - whole·N1.
    """

    decay: list[float]
    drive: list[float]
    early: list[float]
    late: list[float]
    whole: list[float]


class Modes:
    """The independent modes of a network under one kind of control.

    Attributes
    ----------
    rates_per_s, inputs, ports : list of float
        Decay rate of each mode, its weight in the terminal voltage, and in the voltage at the
        node of the reaction.
    """

    def __init__(
        self, matrix: NDArray[np.float64], beta: NDArray[np.float64], pi: NDArray[np.float64], gain: float
    ) -> None:
        rates, self.basis = np.linalg.eigh(matrix)
        self.rates_per_s: list[float] = np.maximum(rates, 0.0).tolist()
        self.inputs: list[float] = (self.basis.T @ beta).tolist()
        self.ports: list[float] = (self.basis.T @ pi).tolist()
        self._gain = gain
        self._steps: dict[float, Step] = {}

    def adopt(self, modes: list[float], other: "Modes") -> list[float]:
        """Return in these modes a state that is given in those of another control of the same capacitors."""
        return (self.basis.T @ (other.basis @ np.asarray(modes))).tolist()

    def step(self, seconds: float) -> Step:
        """Return the coefficients of a step of `seconds`, computed once for each length."""
        found = self._steps.get(seconds)
        if found is None:
            # A host that waits on a real clock asks for ever new lengths.
            if len(self._steps) >= _CACHED_STEPS:
                self._steps.clear()
            found = self._steps[seconds] = self._new_step(seconds)
        return found

    def _new_step(self, seconds: float) -> Step:
        phis = [_phi(rate * seconds) for rate in self.rates_per_s]
        return Step(
            [math.exp(-rate * seconds) for rate in self.rates_per_s],
            [b * self._gain * seconds * phi_1 for b, (phi_1, _) in zip(self.inputs, phis, strict=True)],
            [p * seconds * (phi_1 - phi_2) for p, (phi_1, phi_2) in zip(self.ports, phis, strict=True)],
            [p * seconds * phi_2 for p, (_, phi_2) in zip(self.ports, phis, strict=True)],
            [p * seconds * phi_1 for p, (phi_1, _) in zip(self.ports, phis, strict=True)],
        )


class LinearNetwork:
    """A network as modes for a held potential and modes for a held current.

    Parameters
    ----------
    series_ohm : float
        Resistance in Ω between a terminal and the network; above 0.
    capacitance_F : array, shape (n,)
        The capacitors.
    conductance_S : array, shape (n, n)
        Symmetric matrix of the currents that flow between and through them.
    terminal : array, shape (n,)
        Weight of each capacitor's voltage in the terminal voltage.
    port : array, shape (n,), optional
        The same for the node from which a reaction draws its current.
    """

    def __init__(
        self,
        series_ohm: float,
        capacitance_F: NDArray[np.float64],
        conductance_S: NDArray[np.float64],
        terminal: NDArray[np.float64],
        port: NDArray[np.float64] | None = None,
    ) -> None:
        root = np.sqrt(capacitance_F)
        matrix = conductance_S / np.outer(root, root)
        beta = terminal / root
        pi = np.zeros_like(root) if port is None else port / root
        self.series_ohm = series_ohm
        self.held_current = Modes(matrix, beta, pi, 1.0)
        self.held_potential = Modes(matrix + np.outer(beta, beta) / series_ohm, beta, pi, 1.0 / series_ohm)

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω between the terminals, without a reaction."""
        s = 2j * math.pi * frequency_Hz
        modes = self.held_current
        return self.series_ohm + sum(
            weight * weight / (s + rate) for weight, rate in zip(modes.inputs, modes.rates_per_s, strict=True)
        )


def _phi(z: float) -> tuple[float, float]:
    """Return (1 - e^-z)/z and (e^-z - 1 + z)/z², which integrate a constant and a ramp exactly."""
    if z < 1e-3:
        return 1.0 - z / 2 + z * z / 6, 0.5 - z / 6 + z * z / 24
    phi_1 = -math.expm1(-z) / z
    return phi_1, (1.0 - phi_1) / z

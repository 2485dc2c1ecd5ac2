"""A Randles circuit: the dummy cell that comes with potentiostats, with diffusion if wanted."""

from operator import mul
from typing import Any

import numpy as np

from .base import SimulatedCell
from .diffusion import diffusion_chain
from .network import LinearNetwork, Modes
from .parameters import checked

_DUMMY_CELL = {"series_ohm": 100.0, "charge_transfer_ohm": 1000.0, "double_layer_F": 1e-6}
"""Values that dummy cells of several makers share."""


class RandlesCell(SimulatedCell):
    """R_s + C_dl ∥ (R_ct + finite-length diffusion).

    The diffusion impedance is R_d·tanh(√(jωτ))/√(jωτ); see `diffusion.diffusion_chain`.

    Parameters
    ----------
    series_ohm, charge_transfer_ohm : float
        R_s and R_ct in Ω.
    double_layer_F : float
        C_dl in F.
    diffusion_resistance_ohm, diffusion_time_s : float, optional
        R_d in Ω and τ in s; both or neither.

    Raises
    ------
    ValueError
        A parameter is not a number, out of its bounds, or one of the diffusion pair is missing.
    """

    def __init__(
        self,
        series_ohm: float = _DUMMY_CELL["series_ohm"],
        charge_transfer_ohm: float = _DUMMY_CELL["charge_transfer_ohm"],
        double_layer_F: float = _DUMMY_CELL["double_layer_F"],
        diffusion_resistance_ohm: float | None = None,
        diffusion_time_s: float | None = None,
    ) -> None:
        if (diffusion_resistance_ohm is None) != (diffusion_time_s is None):
            raise ValueError("Diffusion needs both diffusion_resistance_ohm and diffusion_time_s.")
        self._parameters = {
            "series_ohm": checked("series_ohm", series_ohm),
            "charge_transfer_ohm": checked("charge_transfer_ohm", charge_transfer_ohm),
            "double_layer_F": checked("double_layer_F", double_layer_F),
        }
        if diffusion_resistance_ohm is not None:
            self._parameters["diffusion_resistance_ohm"] = checked(
                "diffusion_resistance_ohm", diffusion_resistance_ohm
            )
            self._parameters["diffusion_time_s"] = checked("diffusion_time_s", diffusion_time_s)
        self._network = _randles_network(**self._parameters)
        self._held_potential = self._network.held_potential
        self._held_current = self._network.held_current
        self._series_ohm = self._network.series_ohm
        self._control = self._held_current
        self._modes = [0.0] * len(self._control.inputs)
        self.potential_V = 0.0

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end."""
        control = self._held_potential
        if self._control is not control:
            self._take(control)
        decay, drive = control.step(seconds)[:2]
        modes = [d * m + g * potential_V for d, g, m in zip(decay, drive, self._modes, strict=True)]
        self._modes = modes
        self.potential_V = potential_V
        return (potential_V - sum(map(mul, control.inputs, modes))) / self._series_ohm

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        control = self._held_current
        if self._control is not control:
            self._take(control)
        decay, drive = control.step(seconds)[:2]
        modes = [d * m + g * current_A for d, g, m in zip(decay, drive, self._modes, strict=True)]
        self._modes = modes
        self.potential_V = current_A * self._series_ohm + sum(map(mul, control.inputs, modes))
        return self.potential_V

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω at a frequency above 0."""
        return self._network.impedance(frequency_Hz)

    @property
    def metadata(self) -> dict[str, Any]:
        """The circuit elements; the default values are those of common dummy cells."""
        defaults = [name for name, value in _DUMMY_CELL.items() if self._parameters[name] == value]
        return {"cell": "RandlesCell", **self._parameters, "defaults": defaults}

    def _take(self, control: Modes) -> None:
        self._modes = control.adopt(self._modes, self._control)
        self._control = control


def _randles_network(
    series_ohm: float,
    charge_transfer_ohm: float,
    double_layer_F: float,
    diffusion_resistance_ohm: float = 0.0,
    diffusion_time_s: float = 0.0,
) -> LinearNetwork:
    resistances, capacitances, rest_ohm = np.zeros(0), np.zeros(0), 0.0
    if diffusion_resistance_ohm:
        resistances, capacitances, rest_ohm = diffusion_chain(diffusion_resistance_ohm, diffusion_time_s)
    count = len(resistances)
    faradaic_S = 1.0 / (charge_transfer_ohm + rest_ohm)
    # The faradaic current is (v_dl - Σ w_k)·g: it leaves the double layer and enters every mode.
    share = np.concatenate([[1.0], -np.ones(count)])
    conductance = faradaic_S * np.outer(share, share)
    conductance[1:, 1:] += np.diag(1.0 / resistances)
    return LinearNetwork(
        series_ohm,
        np.concatenate([[double_layer_F], capacitances]),
        conductance,
        np.concatenate([[1.0], np.zeros(count)]),
    )

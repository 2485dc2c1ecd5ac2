"""Lithium against lithium: polarization, transference, plating and stripping, critical current, life."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .ageing import Ageing, Failure
from .diffusion import diffusion_chain
from .electrolyte import ZERO_CELSIUS_K, ElectrolyteCell
from .lithium import F_OVER_R, LithiumPair
from .network import LinearNetwork
from .reactive import ReactiveNetwork

_SETTLED = 10.0
_LEAST_S = 1e-15


@dataclass(kw_only=True, eq=False)
class SymmetricCell(ElectrolyteCell):
    """Lithium ‖ electrolyte ‖ lithium.

    In series: the bulk, the interphases of both electrodes (R ∥ C), the polarization of the salt
    (a finite-length Warburg impedance of R_b (1/t₊ - 1), so that an ideal small polarization
    gives t₊ by Bruce, Vincent and Evans exactly), and the charge transfer of both electrodes
    (Butler–Volmer, α = 0.5) beside their double layers. `ageing.Ageing` decides when it fails.

    Further parameters are those of `ElectrolyteCell`. The defaults are values usual for polymer
    and gel electrolytes.

    Parameters
    ----------
    transference_number : float
        t₊ of lithium.
    diffusion_time_s : float
        Time constant of the salt's diffusion.
    exchange_current_density_mA_per_cm2 : float
        i_0 of each electrode.
    interphase_resistance_ohm_cm2, interphase_capacitance_uF_per_cm2 : float
        Interphase of each electrode.
    lithium_double_layer_uF_per_cm2 : float
        Double layer of each electrode.
    critical_current_density_mA_per_cm2 : float
        Above it, the cell shorts within minutes.
    life_h, life_current_density_mA_per_cm2 : float
        For how long the cell can be cycled, at which current density.
    failure : {"short", "open"}
        How its life ends.

    Raises
    ------
    ValueError
        A value is not a number or out of its bounds.
    """

    transference_number: float = 0.4
    diffusion_time_s: float = 300.0
    exchange_current_density_mA_per_cm2: float = 0.1
    interphase_resistance_ohm_cm2: float = 50.0
    interphase_capacitance_uF_per_cm2: float = 1.0
    lithium_double_layer_uF_per_cm2: float = 10.0
    critical_current_density_mA_per_cm2: float = 1.0
    life_h: float = 2000.0
    life_current_density_mA_per_cm2: float = 0.1
    failure: Failure = "short"

    def __post_init__(self) -> None:
        self._check_numbers("failure")
        if self.failure not in ("short", "open"):
            raise ValueError(f"failure must be 'short' or 'open', not {self.failure!r}.")
        area, kelvin = self.area_cm2, self.temperature_degC + ZERO_CELSIUS_K
        exchange_A = self.exchange_current_density_mA_per_cm2 * 1e-3 * area
        bulk_ohm = self._bulk_ohm()
        self._interphase_ohm = 2.0 * self.interphase_resistance_ohm_cm2 / area
        self._transfer_ohm = 2.0 * kelvin / (F_OVER_R * exchange_A)
        self._diffusion_ohm = bulk_ohm * (1.0 / self.transference_number - 1.0)
        # Double layers, interphases, diffusion: elements in series, each resistance beside its capacitor.
        ohms, farads, rest_ohm = diffusion_chain(max(self._diffusion_ohm, 1e-9), self.diffusion_time_s)
        double_layer_F = 0.5e-6 * self.lithium_double_layer_uF_per_cm2 * area
        interphase_F = 0.5e-6 * self.interphase_capacitance_uF_per_cm2 * area
        self._capacitance_F = np.concatenate([[double_layer_F, interphase_F], farads])
        self._conductance_S = np.concatenate([[_LEAST_S, 1.0 / self._interphase_ohm], 1.0 / ohms])
        self._series_ohm = bulk_ohm + rest_ohm
        self._diffusion_rest_ohm = rest_ohm
        self._networks: dict[float, LinearNetwork] = {}
        self._network = self._with_series(self._series_ohm)
        settling_s = max(interphase_F * self._interphase_ohm, double_layer_F * self._transfer_ohm)
        pair = LithiumPair(exchange_A, kelvin)
        self._circuit = ReactiveNetwork(self._network, pair, 0.0, _SETTLED * settling_s)
        self._ageing = Ageing(
            critical_A=self.critical_current_density_mA_per_cm2 * 1e-3 * area,
            life_s=self.life_h * 3600.0,
            life_A=self.life_current_density_mA_per_cm2 * 1e-3 * area,
            failure=self.failure,
            area_cm2=area,
        )
        self.potential_V = 0.0

    @property
    def is_shorted(self) -> bool:
        """Whether a dendrite bridges the electrolyte."""
        return self._ageing.is_shorted

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end."""
        self.potential_V = potential_V
        remaining = seconds
        while True:
            network = self._with_series(self._present_series_ohm())
            current = (potential_V - self._circuit.voltage()) / network.series_ohm
            piece = min(remaining, self._ageing.seconds_to_change(current))
            self._circuit.advance(network.held_potential, potential_V, piece)
            current = (potential_V - self._circuit.voltage()) / network.series_ohm
            self._ageing.advance(current, piece)
            remaining -= piece
            if remaining <= 0.0:
                return current + potential_V * self._shunt_S()

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        remaining = seconds
        while True:
            piece = min(remaining, self._ageing.seconds_to_change(current_A))
            series, shunt = self._present_series_ohm(), self._shunt_S()
            if shunt:
                # Current and shunt are a source of I/G behind 1/G.
                network = self._with_series(series + 1.0 / shunt)
                self._circuit.advance(network.held_potential, current_A / shunt, piece)
                through_A = (current_A / shunt - self._circuit.voltage()) / network.series_ohm
            else:
                self._circuit.advance(self._with_series(series).held_current, current_A, piece)
                through_A = current_A
            self._ageing.advance(current_A, piece)
            remaining -= piece
            if remaining <= 0.0:
                self.potential_V = self._circuit.voltage() + through_A * series
                return self.potential_V

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω at a frequency above 0, at the present potentials of the electrodes."""
        s = 2j * math.pi * frequency_Hz
        _, slope_S = self._circuit.reaction.current(self._circuit.node_V)
        conductances = self._conductance_S.copy()
        conductances[0] += slope_S
        elements = 1.0 / (conductances + s * self._capacitance_F)
        cell = self._present_series_ohm() + complex(elements.sum())
        return 1.0 / (1.0 / cell + self._shunt_S())

    @property
    def metadata(self) -> dict[str, Any]:
        """All parameters, what follows from them, and which of them are only defaults."""
        return self._described(
            {
                "bulk_resistance_ohm": self._bulk_ohm(),
                "interphase_resistance_ohm": self._interphase_ohm,
                "charge_transfer_resistance_ohm": self._transfer_ohm,
                "diffusion_resistance_ohm": self._diffusion_ohm,
            }
        )

    def _change_bulk(self, bulk_ohm: float) -> None:
        self._series_ohm = bulk_ohm + self._diffusion_rest_ohm

    def snapshot(self) -> dict[str, Any]:
        """Return the present state."""
        return {
            "_circuit": self._circuit.copy(),
            "_ageing": dataclasses.replace(self._ageing),
            "potential_V": self.potential_V,
        }

    def _present_series_ohm(self) -> float:
        lost = self._ageing.contact_factor - 1.0
        return self._series_ohm + lost * (self._interphase_ohm + self._transfer_ohm)

    def _shunt_S(self) -> float:
        if not self._ageing.is_shorted:
            return 0.0
        return self._ageing.shunt_S(self._series_ohm + self._interphase_ohm + self._transfer_ohm)

    def _with_series(self, series_ohm: float) -> LinearNetwork:
        """Return the network behind a resistance; there are few of them in a cell's life."""
        found = self._networks.get(series_ohm)
        if found is None:
            ones = np.ones(len(self._capacitance_F))
            port = np.zeros_like(ones)
            port[0] = 1.0
            found = self._networks[series_ohm] = LinearNetwork(
                series_ohm, self._capacitance_F, np.diag(self._conductance_S), ones, port
            )
        return found

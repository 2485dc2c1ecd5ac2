"""Stainless steel against lithium: the cell for oxidation limits, floating tests and plating."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .electrolyte import ZERO_CELSIUS_K, ElectrolyteCell
from .lithium import F_OVER_R
from .network import LinearNetwork
from .reactive import ReactiveNetwork
from .steel import SteelReactions

_LIMIT_A_PER_CM2 = 10e-6
"""Current density that defines the oxidation limit."""

_SETTLED = 10.0


@dataclass(kw_only=True, eq=False)
class BlockingCell(ElectrolyteCell):
    """Stainless steel (positive) ‖ electrolyte ‖ lithium (negative and reference).

    In series: the bulk of the electrolyte, the interphase of the lithium (R ∥ C), its charge
    transfer (R = RT/(F i_0), linear, ∥ double layer), and the steel: a double layer with the
    reactions of `steel.SteelReactions` and a leakage that lets the open-circuit potential relax.
    The linear part is advanced exactly; the reactions, by Newton's method within steps that are
    cut until the reactions change little in each.

    Further parameters are those of `ElectrolyteCell`. The defaults are values usual for polymer
    and gel electrolytes.

    Parameters
    ----------
    oxidation_limit_V : float
        Terminal potential in V at which a slow sweep passes 10 µA/cm².
    exchange_current_density_mA_per_cm2 : float
        i_0 of lithium, on lithium and on steel.
    open_circuit_potential_V, leakage_resistance_ohm_cm2 : float
        Where the open-circuit potential goes, and the leakage that takes it there.
    steel_double_layer_uF_per_cm2, lithium_double_layer_uF_per_cm2 : float
        Double layers.
    interphase_resistance_ohm_cm2, interphase_capacitance_uF_per_cm2 : float
        Interphase of the lithium.
    tafel_slope_mV_per_decade, limiting_current_density_mA_per_cm2 : float
        Slope and transport limit of the oxidation.
    film_onset_V, film_coefficient_uA_sqrt_s_per_V_cm2 : float
        Onset and size of the film formation.
    stripping_time_s : float
        Shortest time constant in which plated lithium can leave.

    Raises
    ------
    ValueError
        A value is not a number or out of its bounds.
    """

    oxidation_limit_V: float = 4.6
    exchange_current_density_mA_per_cm2: float = 0.1
    open_circuit_potential_V: float = 2.8
    leakage_resistance_ohm_cm2: float = 3e8
    steel_double_layer_uF_per_cm2: float = 10.0
    lithium_double_layer_uF_per_cm2: float = 10.0
    interphase_resistance_ohm_cm2: float = 50.0
    interphase_capacitance_uF_per_cm2: float = 1.0
    tafel_slope_mV_per_decade: float = 90.0
    limiting_current_density_mA_per_cm2: float = 5.0
    film_onset_V: float = 3.5
    film_coefficient_uA_sqrt_s_per_V_cm2: float = 10.0
    stripping_time_s: float = 5.0

    def __post_init__(self) -> None:
        self._check_numbers()
        area = self.area_cm2
        kelvin = self.temperature_degC + ZERO_CELSIUS_K
        exchange_A = self.exchange_current_density_mA_per_cm2 * 1e-3 * area
        bulk_ohm = self._bulk_ohm()
        # Steel, interphase and charge transfer of the lithium: three RC elements in series.
        self._capacitances_F = (
            self.steel_double_layer_uF_per_cm2 * 1e-6 * area,
            self.interphase_capacitance_uF_per_cm2 * 1e-6 * area,
            self.lithium_double_layer_uF_per_cm2 * 1e-6 * area,
        )
        self._conductances_S = (
            area / self.leakage_resistance_ohm_cm2,
            area / self.interphase_resistance_ohm_cm2,
            exchange_A * F_OVER_R / kelvin,
        )
        network = self._network(bulk_ohm)
        lithium_ohm = [1.0 / conductance for conductance in self._conductances_S[1:]]
        times_s = [c * r for c, r in zip(self._capacitances_F[1:], lithium_ohm, strict=True)]
        times_s.append(self._capacitances_F[0] * (bulk_ohm + sum(lithium_ohm)))
        # The limit is read at the terminals; the reaction sees less by the ohmic losses there.
        loss_V = (bulk_ohm + sum(lithium_ohm)) * _LIMIT_A_PER_CM2 * area
        steel = SteelReactions(
            reference_current_A=_LIMIT_A_PER_CM2 * area,
            reference_potential_V=self.oxidation_limit_V - loss_V,
            tafel_slope_V=self.tafel_slope_mV_per_decade * 1e-3,
            limiting_current_A=self.limiting_current_density_mA_per_cm2 * 1e-3 * area,
            film_onset_V=self.film_onset_V,
            film_coefficient=self.film_coefficient_uA_sqrt_s_per_V_cm2 * 1e-6 * area,
            exchange_current_A=exchange_A,
            stripping_time_s=self.stripping_time_s,
            temperature_K=kelvin,
            start_potential_V=self.open_circuit_potential_V,
            plating_efficiency=self._plating_efficiency,
        )
        # Voltages in the circuit are relative to the open circuit, so that all rest at 0.
        self._circuit = ReactiveNetwork(
            network, steel, self.open_circuit_potential_V, _SETTLED * max(times_s)
        )
        self.potential_V = self.open_circuit_potential_V

    def _network(self, bulk_ohm: float) -> LinearNetwork:
        return LinearNetwork(
            bulk_ohm,
            np.array(self._capacitances_F),
            np.diag(self._conductances_S),
            np.ones(3),
            np.array([1.0, 0.0, 0.0]),
        )

    def _change_bulk(self, bulk_ohm: float) -> None:
        if bulk_ohm != self._circuit.network.series_ohm:
            self._circuit.network = self._network(bulk_ohm)

    @property
    def _plating_efficiency(self) -> float:
        """Share of the plated lithium that can be stripped."""
        return 1.0

    @property
    def plated_charge_C(self) -> float:
        """Lithium on the steel, as charge in C."""
        return self._circuit.reaction.plated_C

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end."""
        circuit = self._circuit
        drive = potential_V - self.open_circuit_potential_V
        circuit.advance(circuit.network.held_potential, drive, seconds)
        self.potential_V = potential_V
        return (drive - circuit.voltage()) / circuit.network.series_ohm

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        circuit = self._circuit
        circuit.advance(circuit.network.held_current, current_A, seconds)
        loss_V = current_A * circuit.network.series_ohm
        self.potential_V = self.open_circuit_potential_V + circuit.voltage() + loss_V
        return self.potential_V

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω at a frequency above 0, at the present potential of the steel."""
        s = 2j * math.pi * frequency_Hz
        reactions = self._circuit.reaction.admittance(self._circuit.node_V, frequency_Hz)
        (steel_F, *others_F), (leakage_S, *others_S) = self._capacitances_F, self._conductances_S
        rest_ohm = sum(1.0 / (g + s * c) for g, c in zip(others_S, others_F, strict=True))
        return self._circuit.network.series_ohm + rest_ohm + 1.0 / (s * steel_F + leakage_S + reactions)

    @property
    def metadata(self) -> dict[str, Any]:
        """All parameters, what follows from them, and which of them are only defaults."""
        _, interphase_S, transfer_S = self._conductances_S
        return self._described(
            {
                "bulk_resistance_ohm": self._circuit.network.series_ohm,
                "interphase_resistance_ohm": 1.0 / interphase_S,
                "charge_transfer_resistance_ohm": 1.0 / transfer_S,
            }
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the present state."""
        return {"_circuit": self._circuit.copy(), "potential_V": self.potential_V}

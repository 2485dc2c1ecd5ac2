"""A cathode against lithium: charge and discharge, rate, ageing."""

import math
from dataclasses import dataclass, fields
from typing import Any

from scipy.optimize import brentq

from .base import SimulatedCell
from .cathode import CATHODES
from .lithium import F_OVER_R
from .parameters import checked

DIFFUSION_MODES = 12
_LEAST_A = 1e-13
_SLOPE_STEP = 1e-6
_ROOM_K = 298.15


@dataclass(kw_only=True, eq=False)
class FullCell(SimulatedCell):
    """Intercalation cathode (positive) ‖ electrolyte ‖ lithium (negative).

    E = OCV(surface) + I·R + (2RT/F)·asinh(I/2i_0) + the potential of an interface (R ∥ C). The
    surface differs from the mean by what diffusion in a slab of blocked back allows: eigenmodes
    2/(k²π²)·(1 - exp(-k²π²t/τ)) of the flux, exact for a held current. Of the charge that goes
    in, a part is lost; the capacity falls with the charge that has passed.

    Parameters
    ----------
    cathode : {"LFP", "NCM"}
        Its open-circuit potential; see `cathode`.
    capacity_mAh : float
        Capacity of the fresh cell.
    charged : float
        Share of it that is charged at the start, 0 to 1.
    series_ohm, interface_ohm, interface_F : float
        Electrolyte, and an interface.
    exchange_current_mA : float
        i_0 of the cathode.
    diffusion_time_h : float
        τ of the slab.
    coulombic_efficiency_percent : float
        Share of a charge that can be discharged.
    fade_percent_per_cycle : float
        Loss of capacity, of the fresh one, for each full charge and discharge.
    self_discharge_percent_per_day : float
        Charge, as a share of the capacity, that is lost by itself.

    Raises
    ------
    ValueError
        A value is not a number or out of its bounds.
    """

    cathode: str = "LFP"
    capacity_mAh: float = 1.0
    charged: float = 0.01
    series_ohm: float = 10.0
    interface_ohm: float = 50.0
    interface_F: float = 1e-5
    exchange_current_mA: float = 1.0
    diffusion_time_h: float = 0.2
    coulombic_efficiency_percent: float = 99.9
    fade_percent_per_cycle: float = 0.02
    self_discharge_percent_per_day: float = 0.0

    def __post_init__(self) -> None:
        if self.cathode not in CATHODES:
            raise ValueError(f"cathode must be one of {', '.join(CATHODES)}, not {self.cathode!r}.")
        for name in self._numbers():
            setattr(self, name, checked(name, getattr(self, name)))
        self._open_V = CATHODES[self.cathode]
        self._fresh_C = self.capacity_mAh * 3.6
        self._full_C = self._fresh_C
        self._charge_C = self.charged * self._fresh_C
        self._leakage_A = self.self_discharge_percent_per_day / 100.0 * self._fresh_C / 86_400.0
        self._tau_s = self.diffusion_time_h * 3600.0
        self._rates_per_s = [(k * math.pi) ** 2 / self._tau_s for k in range(1, DIFFUSION_MODES + 1)]
        # What the modes beyond the last one add: Σ 2/(k²π²) over all k is 1/3.
        self._rest = 1.0 / 3.0 - sum(2.0 / (k * math.pi) ** 2 for k in range(1, DIFFUSION_MODES + 1))
        self._modes = [0.0] * DIFFUSION_MODES
        self._interface_V = 0.0
        self._kinetic_V = 2.0 * _ROOM_K / F_OVER_R
        self.potential_V = self._open_V(self.charged)

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        self._advance(current_A, seconds)
        self.potential_V = self._potential(current_A)
        return self.potential_V

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end.

        The current is taken as constant in the step: that with which the step ends at the potential.
        """
        state = self.snapshot()

        def error(current_A: float) -> float:
            self.restore(state)
            self._advance(current_A, seconds)
            return self._potential(current_A) - potential_V

        # The potential rises with the current.
        size = self._fresh_C / 3600.0
        while error(-size) > 0.0 or error(size) < 0.0:
            size *= 4.0
        current = float(brentq(error, -size, size, xtol=_LEAST_A))  # pyright: ignore[reportArgumentType]
        error(current)
        self.potential_V = potential_V
        return current

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω at a frequency above 0, for small signals in the present state."""
        s = 2j * math.pi * frequency_Hz
        surface = self._surface(0.0)
        slope_V = (self._open_V(surface + _SLOPE_STEP) - self._open_V(surface - _SLOPE_STEP)) / (
            2.0 * _SLOPE_STEP
        )
        z = s * self._tau_s
        modes = sum(2.0 / (z + (k * math.pi) ** 2) for k in range(1, DIFFUSION_MODES + 1))
        diffusion = slope_V * self._tau_s / self._full_C * (1.0 / z + modes + self._rest)
        kinetic = self._kinetic_V / (2.0 * self.exchange_current_mA * 1e-3)
        interface = 1.0 / (1.0 / self.interface_ohm + s * self.interface_F)
        return self.series_ohm + kinetic + interface + diffusion

    @property
    def metadata(self) -> dict[str, Any]:
        """All parameters, and which of them are only defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = [field.name for field in fields(self) if values[field.name] == field.default]
        return {"cell": "FullCell", **values, "defaults": defaults}

    def _numbers(self) -> list[str]:
        return [field.name for field in fields(self) if field.name != "cathode"]

    def _advance(self, current_A: float, seconds: float) -> None:
        lost = 1.0 if current_A < 0.0 else self.coulombic_efficiency_percent / 100.0
        passed_C = abs(current_A) * seconds
        leaked_C = self._leakage_A * seconds if self._charge_C > 0.0 else 0.0
        self._charge_C += current_A * lost * seconds - leaked_C
        # A cycle is a charge and a discharge.
        faded = self.fade_percent_per_cycle / 100.0 * passed_C / 2.0
        self._full_C = max(self._full_C - faded, 1e-3 * self._fresh_C)
        flux = current_A / self._full_C
        self._modes = [
            mode * (decay := math.exp(-rate * seconds)) + flux * 2.0 / (rate * self._tau_s) * (1.0 - decay)
            for mode, rate in zip(self._modes, self._rates_per_s, strict=True)
        ]
        held_V = current_A * self.interface_ohm
        decay = math.exp(-seconds / (self.interface_ohm * self.interface_F))
        self._interface_V = held_V + (self._interface_V - held_V) * decay

    def _surface(self, current_A: float) -> float:
        flux = current_A / self._full_C
        return self._charge_C / self._full_C + self._tau_s * (sum(self._modes) + self._rest * flux)

    def _potential(self, current_A: float) -> float:
        kinetic_V = self._kinetic_V * math.asinh(current_A / (2e-3 * self.exchange_current_mA))
        return (
            self._open_V(self._surface(current_A))
            + current_A * self.series_ohm
            + kinetic_V
            + self._interface_V
        )

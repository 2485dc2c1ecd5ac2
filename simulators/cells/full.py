"""A cathode against lithium: charge and discharge, rate, ageing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from scipy.optimize import brentq

from .base import SimulatedCell
from .cathode import CATHODES
from .intercalation import Diffusion
from .lithium import F_OVER_R
from .parameters import checked
from .rate_capability import fade_for_retention, fit_rate_capacities

_LEAST_A = 1e-13
_SLOPE_STEP = 1e-6
_ROOM_K = 298.15
_CACHED_STEPS = 512
_STATE = ("_charge_C", "_full_C", "_modes", "_interface_V", "_interface_now_ohm", "_cycles", "potential_V")
_NOT_NUMBERS = ("cathode", "rate_capacities")


class _EndOfStep(NamedTuple):
    """How the end of a step depends on the current that is held in it.

    Parameters
    ----------
    interface_V, interface_ohm : float
        Potential of the interface: the first, and the second times the current.
    surface : float
        State of the surface without current.
    charging_per_A, discharging_per_A : float
        What a current of either sign adds to it.
    """

    interface_V: float
    interface_ohm: float
    surface: float
    charging_per_A: float
    discharging_per_A: float


@dataclass(kw_only=True, eq=False)
class FullCell(SimulatedCell):
    """Intercalation cathode (positive) ‖ electrolyte ‖ lithium (negative).

    E = OCV(surface) + I·R + (2RT/F)·asinh(I/2i_0) + the potential of an interface (R ∥ C). The
    surface differs from the mean by what diffusion allows (`intercalation.Diffusion`). Of the
    charge that goes in, a part is lost; the capacity falls, and the interface grows, with the
    charge that has passed. What papers print, capacities at several rates and retention, may be
    given instead of diffusion times and fade.

    Parameters
    ----------
    cathode : {"LFP", "NCM", "LCO", "LRMO"}
        Its open-circuit potential; see `cathode`.
    capacity_mAh : float
        Capacity of the fresh cell; with `rate_capacities`, its nominal one, what 1C is.
    charged : float
        Share of it that is charged at the start, 0 to 1.
    upper_cutoff_V : float, optional
        Where a sloped cathode is full; by default that usual for the cathode.
    series_ohm, interface_ohm, interface_F : float
        Electrolyte, and an interface.
    exchange_current_mA : float
        i_0 of the cathode.
    diffusion_time_h, slow_diffusion_time_h, slow_share : float
        τ of the particles, and of a second population with a share of the capacity.
    coulombic_efficiency_percent : float
        Share of a charge that can be discharged.
    fade_percent_per_cycle : float
        Loss of capacity, of the fresh one, for each full charge and discharge.
    interface_growth_percent_per_sqrt_cycle : float
        Growth of the interface's resistance, of the fresh one, with the square root of the number
        of full charges and discharges.
    self_discharge_percent_per_day : float
        Charge, as a share of the capacity, that is lost by itself.
    rate_capacities : mapping of float to float, or str, optional
        Discharge capacity in mAh/g at each C-rate; as text "0.2: 183.4, 1: 161.5".
    one_C_mAh_per_g : float, optional
        What 1C means; by default that usual for the cathode.
    retention_percent, retention_cycles, retention_rate_C : float, optional
        Capacity of the last of so many cycles against the first, at a rate.

    Raises
    ------
    ValueError
        A value is not a number or out of its bounds.
    """

    cathode: str = "LFP"
    capacity_mAh: float = 1.0
    charged: float = 0.01
    upper_cutoff_V: float | None = None
    series_ohm: float = 10.0
    interface_ohm: float = 50.0
    interface_F: float = 1e-5
    exchange_current_mA: float = 1.0
    diffusion_time_h: float = 0.2
    slow_diffusion_time_h: float = 1.0
    slow_share: float = 0.0
    coulombic_efficiency_percent: float = 99.9
    fade_percent_per_cycle: float = 0.02
    interface_growth_percent_per_sqrt_cycle: float = 0.0
    self_discharge_percent_per_day: float = 0.0
    rate_capacities: Mapping[float, float] | str | None = None
    one_C_mAh_per_g: float | None = None
    retention_percent: float | None = None
    retention_cycles: float = 100.0
    retention_rate_C: float = 0.5

    def __post_init__(self) -> None:
        if self.cathode not in CATHODES:
            raise ValueError(f"cathode must be one of {', '.join(CATHODES)}, not {self.cathode!r}.")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in _NOT_NUMBERS and not (value is None and field.default is None):
                setattr(self, field.name, checked(field.name, value))
        kind = CATHODES[self.cathode]
        self._upper_V = kind.upper_cutoff_V if self.upper_cutoff_V is None else self.upper_cutoff_V
        self._open_V = kind.potential
        self._fresh_C = self.capacity_mAh * 3.6
        self._diffusion = self._diffusion_of(self.one_C_mAh_per_g or kind.one_C_mAh_per_g)
        if self.retention_percent is not None:
            current_A = self.retention_rate_C * self.capacity_mAh * 1e-3
            self.fade_percent_per_cycle = fade_for_retention(
                self.retention_percent,
                round(self.retention_cycles),
                current_A,
                self._fresh_C,
                self._diffusion,
            )
        self._full_C = self._fresh_C
        self._charge_C = self.charged * self._fresh_C
        self._leakage_A = self.self_discharge_percent_per_day / 100.0 * self._fresh_C / 86_400.0
        self._modes = [0.0] * len(self._diffusion.rates_per_s)
        self._steps: dict[float, tuple[list[float], list[float]]] = {}
        self._interface_now_ohm = self.interface_ohm
        self._interface_V = 0.0
        self._cycles = 0.0
        self._kinetic_V = 2.0 * _ROOM_K / F_OVER_R
        self._exchange_A = 2e-3 * self.exchange_current_mA  # twice i_0, as the formula has it
        self.potential_V = self._open_V(self.charged, self._upper_V)

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        end = self._end_of_step(seconds)
        self.potential_V = self._potential(current_A, end)
        self._advance(current_A, seconds, end)
        return self.potential_V

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end.

        The current is taken as constant in the step: that with which the step ends at the potential.
        """
        end = self._end_of_step(seconds)

        def error(current_A: float) -> float:
            return self._potential(current_A, end) - potential_V

        # The potential rises with the current.
        size = self._fresh_C / 3600.0
        while error(-size) > 0.0 or error(size) < 0.0:
            size *= 4.0
        current_A = float(brentq(error, -size, size, xtol=_LEAST_A))  # pyright: ignore[reportArgumentType]
        self._advance(current_A, seconds, end)
        self.potential_V = potential_V
        return current_A

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω at a frequency above 0, for small signals in the present state."""
        s = 2j * math.pi * frequency_Hz
        surface = self._charge_C / self._full_C + sum(self._modes)
        slope_V = (
            self._open_V(surface + _SLOPE_STEP, self._upper_V)
            - self._open_V(surface - _SLOPE_STEP, self._upper_V)
        ) / (2.0 * _SLOPE_STEP)
        known = self._diffusion
        modes = sum(
            gain * rate / (s + rate) for gain, rate in zip(known.gains_s, known.rates_per_s, strict=True)
        )
        diffusion = slope_V / self._full_C * (1.0 / s + modes + known.rest_s)
        kinetic = self._kinetic_V / self._exchange_A
        interface = 1.0 / (1.0 / self._interface_now_ohm + s * self.interface_F)
        return self.series_ohm + kinetic + interface + diffusion

    def attribute(self, provenance: dict[str, Any]) -> None:
        """Record in the metadata where parameters come from (`published` lists their names)."""
        self._provenance = dict(provenance)

    @property
    def metadata(self) -> dict[str, Any]:
        """All parameters, what follows from them, and which of them are only defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        provenance = getattr(self, "_provenance", {})
        published = provenance.get("published", ())
        defaults = [
            field.name
            for field in fields(self)
            if values[field.name] == field.default and field.name not in published
        ]
        return {
            "cell": "FullCell",
            **provenance,
            **{name: value for name, value in values.items() if value is not None},
            "full_capacity_mAh": self._fresh_C / 3.6,
            "diffusion": [[share, tau_s / 3600.0] for share, tau_s in self._diffusion.populations],
            "defaults": defaults,
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the present state."""
        return {name: getattr(self, name) for name in _STATE}

    def _diffusion_of(self, one_C_mAh_per_g: float) -> Diffusion:
        """Return the diffusion, and with capacities at rates also set the full capacity."""
        if self.rate_capacities is None:
            quick, slow = self.diffusion_time_h * 3600.0, self.slow_diffusion_time_h * 3600.0
            if self.slow_share == 0.0:
                return Diffusion.of(((1.0, quick),))
            return Diffusion.of(((1.0 - self.slow_share, quick), (self.slow_share, slow)))
        if isinstance(self.rate_capacities, str):
            self.rate_capacities = _read_rates(self.rate_capacities)
        capacity, populations = fit_rate_capacities(self.rate_capacities, one_C_mAh_per_g)
        self._fresh_C *= capacity / one_C_mAh_per_g
        return Diffusion.of(populations)

    def _step(self, seconds: float) -> tuple[list[float], list[float]]:
        """Return the decay of each mode in a step, and what a flux of 1/s adds to it."""
        found = self._steps.get(seconds)
        if found is None:
            if len(self._steps) >= _CACHED_STEPS:
                self._steps.clear()
            decays = [math.exp(-rate * seconds) for rate in self._diffusion.rates_per_s]
            added = [
                gain * -math.expm1(-rate * seconds)
                for gain, rate in zip(self._diffusion.gains_s, self._diffusion.rates_per_s, strict=True)
            ]
            found = self._steps[seconds] = (decays, added)
        return found

    def _end_of_step(self, seconds: float) -> _EndOfStep:
        decays, added = self._step(seconds)
        decay = math.exp(-seconds / (self._interface_now_ohm * self.interface_F))
        surface = (self._charge_C - self._leaked_C(seconds)) / self._full_C
        for mode, remains in zip(self._modes, decays):  # noqa: B905  hot
            surface += mode * remains
        ahead_s = sum(added) + self._diffusion.rest_s
        kept_s = seconds * self.coulombic_efficiency_percent / 100.0
        return _EndOfStep(
            self._interface_V * decay,
            self._interface_now_ohm * (1.0 - decay),
            surface,
            (kept_s + ahead_s) / self._full_C,
            (seconds + ahead_s) / self._full_C,
        )

    def _potential(self, current_A: float, end: _EndOfStep) -> float:
        per_A = end.charging_per_A if current_A > 0.0 else end.discharging_per_A
        return (
            self._open_V(end.surface + per_A * current_A, self._upper_V)
            + current_A * (self.series_ohm + end.interface_ohm)
            + self._kinetic_V * math.asinh(current_A / self._exchange_A)
            + end.interface_V
        )

    def _advance(self, current_A: float, seconds: float, end: _EndOfStep) -> None:
        decays, added = self._step(seconds)
        flux = current_A / self._full_C
        self._modes = [m * d + a * flux for m, d, a in zip(self._modes, decays, added)]  # noqa: B905  hot
        self._interface_V = end.interface_V + end.interface_ohm * current_A
        kept = self.coulombic_efficiency_percent / 100.0 if current_A > 0.0 else 1.0
        self._charge_C += current_A * kept * seconds - self._leaked_C(seconds)
        # A cycle is a charge and a discharge.
        cycled_C = abs(current_A) * seconds / 2.0
        faded_C = self._full_C - self.fade_percent_per_cycle / 100.0 * cycled_C
        self._full_C = max(faded_C, 1e-3 * self._fresh_C)
        if self.interface_growth_percent_per_sqrt_cycle:
            self._cycles += cycled_C / self._fresh_C
            growth = self.interface_growth_percent_per_sqrt_cycle / 100.0 * math.sqrt(self._cycles)
            self._interface_now_ohm = self.interface_ohm * (1.0 + growth)

    def _leaked_C(self, seconds: float) -> float:
        return self._leakage_A * seconds if self._charge_C > 0.0 else 0.0


def _read_rates(text: str) -> dict[float, float]:
    """Read "0.2: 183.4, 1: 161.5"."""
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return {float(rate): float(capacity) for rate, capacity in pairs}
    except ValueError:
        raise ValueError(
            f"rate_capacities: {text[:60]!r} should look like '0.2: 183.4, 1: 161.5' (C-rate: mAh/g)."
        ) from None

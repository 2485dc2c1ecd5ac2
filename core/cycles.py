"""What a cycle of charge and discharge adds up to."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class CycleStatistics:
    """Charge and energy of one cycle, in both directions.

    Parameters
    ----------
    cycle : int
        Which one, from 1.
    charge_capacity_Ah, charge_energy_Wh : float
        What passed with a positive current, holds included; 0 or more.
    discharge_capacity_Ah, discharge_energy_Wh : float
        What passed with a negative current, as positive numbers.
    charge_first : bool
        Whether the cycle began with the positive current. A lithium ‖ graphite cell, say, begins
        with the negative one, and its efficiency is what comes out of the graphite over what went in.
    """

    cycle: int
    charge_capacity_Ah: float = 0.0
    discharge_capacity_Ah: float = 0.0
    charge_energy_Wh: float = 0.0
    discharge_energy_Wh: float = 0.0
    charge_first: bool = True

    def with_step(self, charge_Ah: float, energy_Wh: float) -> "CycleStatistics":
        """Return the cycle with a further step, whose charge and energy are signed."""
        is_first = self.charge_capacity_Ah == 0.0 and self.discharge_capacity_Ah == 0.0
        charged = charge_Ah > 0.0
        return CycleStatistics(
            self.cycle,
            self.charge_capacity_Ah + (charge_Ah if charged else 0.0),
            self.discharge_capacity_Ah - (0.0 if charged else charge_Ah),
            self.charge_energy_Wh + (energy_Wh if charged else 0.0),
            self.discharge_energy_Wh - (0.0 if charged else energy_Wh),
            charged if is_first and charge_Ah != 0.0 else self.charge_first,
        )

    @property
    def has_both(self) -> bool:
        """Whether charge passed in both directions."""
        return self.charge_capacity_Ah > 0.0 and self.discharge_capacity_Ah > 0.0

    @property
    def coulombic_efficiency_percent(self) -> float:
        """Charge of the second half-cycle over that of the first; NaN without the first."""
        halves = (self.charge_capacity_Ah, self.discharge_capacity_Ah)
        first, second = halves if self.charge_first else halves[::-1]
        return 100.0 * _ratio(second, first)

    @property
    def energy_efficiency_percent(self) -> float:
        """Energy of the discharge over that of the charge before it; NaN where they do not compare."""
        if self.charge_energy_Wh <= 0.0 or self.discharge_energy_Wh <= 0.0 or not self.charge_first:
            return math.nan
        return 100.0 * self.discharge_energy_Wh / self.charge_energy_Wh

    @property
    def mean_charge_potential_V(self) -> float:
        """Energy over charge."""
        return _ratio(self.charge_energy_Wh, self.charge_capacity_Ah)

    @property
    def mean_discharge_potential_V(self) -> float:
        """Energy over charge."""
        return _ratio(self.discharge_energy_Wh, self.discharge_capacity_Ah)

    @property
    def polarization_V(self) -> float:
        """Difference of the mean potentials."""
        return self.mean_charge_potential_V - self.mean_discharge_potential_V


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan

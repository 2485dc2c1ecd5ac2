"""How lithium cells end: dendrites that short them, or interfaces that lose contact."""

import math
from dataclasses import dataclass
from typing import Literal

Failure = Literal["short", "open"]

_SHORTING_s = 600.0
_ABOVE_CRITICAL = 1.005
"""A current this far above the critical one is above it: instruments apply it with an error."""
_SOFT_s = 60.0
_SOFT_SHARES = (0.5, 2.0, 1.0)
"""Conductance of a soft short from minute to minute, as a multiple of the cell's own."""
_HARD_ohm_cm2 = 2.0
_OPEN_FROM = 0.9
_MOST_OPEN = 1e4
_FAILED = 1.0 - 1e-9


@dataclass
class Ageing:
    """Damage of one cell, which fails when it reaches 1.

    Wear grows with the time under current, to 1 at the end of the cell's life at the current for
    which that is known; a smaller current wears less in proportion, a larger one no faster. Above
    the critical current, a dendrite pierces the electrolyte within minutes: (I/I_crit)²/600 s. A
    short is soft and unsteady for three minutes, and hard (2 Ω·cm²) from then on.

    Parameters
    ----------
    critical_A : float
        Critical current.
    life_s, life_A : float
        Life at a current, and that current.
    failure : {"short", "open"}
        What happens to a cell that is worn out; above the critical current it is always a short.
    area_cm2 : float
        Electrode area.
    """

    critical_A: float
    life_s: float
    life_A: float
    failure: Failure
    area_cm2: float
    worn: float = 0.0
    pierced: float = 0.0
    shorted_s: float = 0.0

    @property
    def is_shorted(self) -> bool:
        """Whether a dendrite bridges the electrolyte."""
        return self.pierced >= _FAILED or (self.failure == "short" and self.worn >= _FAILED)

    def advance(self, current_A: float, seconds: float) -> None:
        """Let a current pass."""
        if self.is_shorted:
            self.shorted_s += seconds
            return
        self.worn += self._wearing_per_s(current_A) * seconds
        self.pierced += self._piercing_per_s(current_A) * seconds

    def seconds_to_change(self, current_A: float) -> float:
        """Return how long a current may pass until the cell becomes another one."""
        if self.is_shorted:
            is_hard = self.shorted_s >= _SOFT_s * len(_SOFT_SHARES)
            return math.inf if is_hard else _SOFT_s - self.shorted_s % _SOFT_s
        wearing, piercing = self._wearing_per_s(current_A), self._piercing_per_s(current_A)
        worn = (1.0 - self.worn) / wearing if wearing and self.failure == "short" else math.inf
        return min(worn, (1.0 - self.pierced) / piercing if piercing else math.inf)

    def shunt_S(self, cell_ohm: float) -> float:
        """Return the conductance of the bridge beside a cell of so much resistance; 0 without one."""
        if not self.is_shorted:
            return 0.0
        minute = int(self.shorted_s / _SOFT_s + 1e-6)
        return (
            _SOFT_SHARES[minute] / cell_ohm if minute < len(_SOFT_SHARES) else self.area_cm2 / _HARD_ohm_cm2
        )

    @property
    def contact_factor(self) -> float:
        """By how much lost contact multiplies the resistance of the interfaces, in steps of 2 %."""
        if self.failure != "open" or self.worn < _OPEN_FROM:
            return 1.0
        left = max((1.0 - self.worn) / (1.0 - _OPEN_FROM), 1.0 / _MOST_OPEN)
        return 1.02 ** round(-math.log(left, 1.02))

    def _wearing_per_s(self, current_A: float) -> float:
        return min(abs(current_A) / self.life_A, 1.0) / self.life_s

    def _piercing_per_s(self, current_A: float) -> float:
        size = abs(current_A) / self.critical_A
        return size * size / _SHORTING_s if size > _ABOVE_CRITICAL else 0.0

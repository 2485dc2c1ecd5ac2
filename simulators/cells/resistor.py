"""The simplest cell: Ohm's law."""

from typing import Any

from .base import SimulatedCell
from .parameters import checked


class Resistor(SimulatedCell):
    """An ohmic resistor.

    Parameters
    ----------
    resistance_ohm : float
        Its resistance in Ω.

    Raises
    ------
    ValueError
        The resistance is not a positive, finite number.
    """

    def __init__(self, resistance_ohm: float) -> None:
        self.resistance_ohm = checked("resistance_ohm", resistance_ohm)
        self.potential_V = 0.0

    def hold_potential(self, potential_V: float, seconds: float) -> float:  # noqa: ARG002
        """Return the current in A at `potential_V`."""
        self.potential_V = potential_V
        return potential_V / self.resistance_ohm

    def hold_current(self, current_A: float, seconds: float) -> float:  # noqa: ARG002
        """Return the potential in V at `current_A`."""
        self.potential_V = current_A * self.resistance_ohm
        return self.potential_V

    def impedance(self, frequency_Hz: float) -> complex:  # noqa: ARG002
        """Return the resistance, the same at every frequency."""
        return complex(self.resistance_ohm)

    @property
    def metadata(self) -> dict[str, Any]:
        """The resistance."""
        return {"cell": "Resistor", "resistance_ohm": self.resistance_ohm, "defaults": []}

"""What every simulated cell offers to the instrument that is connected to it."""

from abc import ABC, abstractmethod
from typing import Any


class SimulatedCell(ABC):
    """A two-terminal cell, advanced in time by exactly one controlled quantity.

    Potentials are of the positive (working) against the negative (reference and counter)
    terminal; a positive current oxidises the working electrode. State lives in attributes that
    are replaced, never changed in place: that is what makes `snapshot` cheap and right.

    Attributes
    ----------
    potential_V : float
        Potential between the terminals now.
    """

    potential_V: float

    @abstractmethod
    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds` (0 or more); return the current in A at the end."""

    @abstractmethod
    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds` (0 or more); return the potential in V at the end."""

    def rest(self, seconds: float) -> float:
        """Leave the cell at open circuit for `seconds`; return the potential in V at the end."""
        return self.hold_current(0.0, seconds)

    def set_temperature(self, temperature_degC: float) -> None:  # noqa: B027  most cells do not mind
        """Bring the cell to a temperature; what depends on it changes at once."""

    @abstractmethod
    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω for a small signal, of the same parameters in their present state."""

    @property
    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """All parameters, with units in their names, and which of them are only defaults."""

    def snapshot(self) -> dict[str, Any]:
        """Return the present state, for an instrument that finds a step beyond its limits."""
        return dict(vars(self))

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to the state that `snapshot` returned."""
        vars(self).update(state)

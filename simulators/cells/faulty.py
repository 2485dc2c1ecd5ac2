"""A cell that is connected badly."""

from typing import Any

from .base import SimulatedCell
from .resistor import Resistor

_OPEN_ohm, _SHORT_ohm = 1e10, 0.05
CONNECTIONS = ("sound", "open_leads", "reversed", "shorted")
"""As it should be; nothing connected; plus and minus exchanged; a short beside the cell."""


class BadlyConnected(SimulatedCell):
    """A cell whose connection can be spoiled at any moment, and mended.

    Parameters
    ----------
    cell : SimulatedCell
        The cell itself.
    connection : str
        One of `CONNECTIONS`.
    """

    def __init__(self, cell: SimulatedCell, connection: str = "sound") -> None:
        self.cell = cell
        self._leads = {"open_leads": Resistor(_OPEN_ohm), "shorted": Resistor(_SHORT_ohm)}
        self.connection = connection

    @property
    def potential_V(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Potential between the instrument's terminals now."""
        return self._sign * self._there.potential_V

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end."""
        self._let_cell_rest(seconds)
        return self._sign * self._there.hold_potential(self._sign * potential_V, seconds)

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        self._let_cell_rest(seconds)
        return self._sign * self._there.hold_current(self._sign * current_A, seconds)

    def set_temperature(self, temperature_degC: float) -> None:
        """Bring the cell to a temperature."""
        self.cell.set_temperature(temperature_degC)

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω of what the instrument sees."""
        return self._there.impedance(frequency_Hz)

    @property
    def metadata(self) -> dict[str, Any]:
        """Those of the cell, and how it is connected."""
        return {**self.cell.metadata, "connection": self.connection}

    def snapshot(self) -> dict[str, Any]:
        """Return the present state of the cell; the connection is none of the instrument's."""
        return self.cell.snapshot()

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state of the cell."""
        self.cell.restore(state)

    @property
    def _there(self) -> SimulatedCell:
        return self._leads.get(self.connection, self.cell)

    @property
    def _sign(self) -> float:
        return -1.0 if self.connection == "reversed" else 1.0

    def _let_cell_rest(self, seconds: float) -> None:
        if self._there is not self.cell:
            self.cell.rest(seconds)

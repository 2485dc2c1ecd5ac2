"""Climate chambers and circulators: what brings a cell to a temperature."""

import math
import threading
from abc import abstractmethod
from collections.abc import Callable

from ..core.closing import Closing
from .base import Identity
from .errors import OutOfRange


class Chamber(Closing):
    """Sets and measures the temperature of cells; a context manager that closes it.

    Parameters
    ----------
    identity : Identity
        Which chamber this is.
    lowest_degC, highest_degC : float
        What it can be set to.
    """

    patience_s: float = 4 * 3600.0
    """A chamber that has not reached its setpoint after this long is taken for broken."""
    poll_s: float = 10.0
    """How often it is read."""
    settling_s: float = 60.0
    """For how long it must have been at its setpoint to count as being there."""

    def __init__(self, identity: Identity, lowest_degC: float, highest_degC: float) -> None:
        self.identity = identity
        self.lowest_degC = lowest_degC
        self.highest_degC = highest_degC

    def __str__(self) -> str:
        return str(self.identity)

    def check(self, temperature_degC: float) -> None:
        """Raise `OutOfRange` for a temperature that the chamber cannot be set to."""
        if not self.lowest_degC <= temperature_degC <= self.highest_degC:
            raise OutOfRange(
                f"{self} cannot be set to {temperature_degC:g} °C: its range is "
                f"{self.lowest_degC:g} °C to {self.highest_degC:g} °C."
            )

    @abstractmethod
    def set_temperature(self, temperature_degC: float) -> None:
        """Go to a temperature; returns at once.

        Raises
        ------
        OutOfRange, InstrumentError
            The chamber cannot do it, or does not answer.
        """

    @abstractmethod
    def read(self) -> float:
        """Return the temperature in °C; NaN where it is not known.

        Raises
        ------
        InstrumentError
            The chamber reports an alarm, or does not answer.
        """

    @abstractmethod
    def close(self) -> None:
        """Switch heating and cooling off and let go of the connection; idempotent."""


class ByHand(Chamber):
    """A person who brings the cell to a temperature when asked to, and says when it is there.

    The temperature that is recorded is the one that was asked for, not a measured one.

    Parameters
    ----------
    ask : callable
        Called with a sentence in a thread of its own; returns when the person has done it.
    """

    patience_s = math.inf
    poll_s = 0.5
    settling_s = 0.0

    def __init__(self, ask: Callable[[str], object]) -> None:
        super().__init__(Identity("by hand", "", "", "a person"), -100.0, 300.0)
        self._ask = ask
        self._wanted_degC = math.nan
        self._present_degC = math.nan

    def set_temperature(self, temperature_degC: float) -> None:
        """Ask for a temperature; returns at once."""
        self.check(temperature_degC)
        self._wanted_degC, self._present_degC = temperature_degC, math.nan
        threading.Thread(target=self._wait, args=(temperature_degC,), name="asking", daemon=True).start()

    def read(self) -> float:
        """Return the temperature that the person has confirmed; NaN until then."""
        return self._present_degC

    def close(self) -> None:
        """Forget what was asked for."""
        self._wanted_degC = math.nan

    def _wait(self, temperature_degC: float) -> None:
        self._ask(f"Bring the cell to {temperature_degC:g} °C and let it settle.")
        # An answer to an earlier question says nothing about this one.
        if temperature_degC == self._wanted_degC:
            self._present_degC = temperature_degC

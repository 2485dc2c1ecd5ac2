"""A driver of one's own: of a box that is nothing but a resistor, in software."""

from faradaic.core.clock import Clock
from faradaic.core.samples import Block
from faradaic.instruments import Capabilities, Identity, Instrument
from faradaic.instruments.host_timed import HostTimedChannel, Output, Reading


class ResistanceDecade(Instrument):
    """A source of potentials with a resistor in it.

    Parameters
    ----------
    address : str
        The resistance in ohm: "1000".
    """

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        super().__init__(address, clock)
        self.identity = Identity("Decade", f"R{address}", "1.0", address)
        self.channels = (_Terminals(float(address), self.identity, self.clock),)

    def _let_go(self) -> None:
        """Nothing to do: there is no link."""


class _Terminals(HostTimedChannel):
    def __init__(self, resistance_ohm: float, identity: Identity, clock: Clock) -> None:
        can = Capabilities(
            kinds=frozenset({"constant_potential", "potential_sweep"}),
            potential_min_V=-10.0,
            potential_max_V=10.0,
            current_max_A=1.0,
            shortest_interval_s=0.01,
        )
        super().__init__("1", identity, can, clock)
        self._resistance_ohm = resistance_ohm
        self._potential_V = 0.0
        self._is_on = False

    def _arm(self, output: Output) -> None:
        self._potential_V = output.level

    def _switch_on(self) -> None:
        self._is_on = True

    def _set_level(self, level: float) -> None:
        self._potential_V = level

    def _measure(self) -> Reading:
        potential_V = self._potential_V if self._is_on else 0.0
        return Reading(potential_V, potential_V / self._resistance_ohm)

    def _verify(self) -> None:
        """Nothing to do: nobody else switches it."""

    def _reconnect(self) -> None:
        """Nothing to do: there is no link."""

    def _switch_off(self) -> None:
        self._is_on = False

    def read(self) -> Block:
        """Return the potential between the terminals, and no current."""
        return self._sample(self.clock.now())

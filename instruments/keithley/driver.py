"""The driver of the source-measure units."""

import contextlib
import re

from ...core.clock import Clock
from ..base import Identity, Instrument
from ..errors import BadReply, InstrumentError
from ..scpi import Scpi
from .channel import KeithleyChannel

_IDENTIFICATION = re.compile(r"KEITHLEY INSTRUMENTS[^,]*,MODEL (\w+),([^,]+),(.+)")
CURRENT_MAX_A = {"2450": 1.05, "2460": 7.35, "2461": 7.35}
"""Largest current of each model."""


class Keithley(Instrument):
    """A 2450, 2460 or 2461.

    Parameters
    ----------
    address : str
        A VISA resource name (``USB0::0x05E6::0x2450::…::INSTR``, ``TCPIP::host::5025::SOCKET``) or
        ``socket://host:port``.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.
    four_wire : bool
        Whether the sense terminals are connected to the cell as well.

    Raises
    ------
    NotConnected, Timeout, BadReply
        There is no such instrument at the address.
    """

    def __init__(self, address: str, clock: Clock | None = None, *, four_wire: bool = True) -> None:
        super().__init__(address, clock)
        self._scpi = Scpi(address)
        try:
            self.identity, current_max_A = _identify(self._scpi.identification, address)
            self._channel = KeithleyChannel(
                self._scpi, self.identity, current_max_A, self.clock, four_wire=four_wire
            )
        except InstrumentError:
            self._scpi.close()
            raise
        self.channels = (self._channel,)

    @classmethod
    def probe(cls, address: str) -> tuple[Identity, tuple[str, ...]]:
        """Ask what is at an address, and nothing else; see `Instrument.probe`."""
        with contextlib.closing(Scpi(address)) as scpi:
            identity, _ = _identify(scpi.identification, address)
        return identity, ("1",)

    def _let_go(self) -> None:
        self._scpi.close()


def _identify(reply: str, address: str) -> tuple[Identity, float]:
    """Return what an instrument is, and its largest current."""
    match = _IDENTIFICATION.fullmatch(reply)
    if match is None or match[1] not in CURRENT_MAX_A:
        known = ", ".join(CURRENT_MAX_A)
        raise BadReply(
            f"What answers at {address} is no Keithley {known}: it says {reply[:80]!r}.",
            reply.encode("ascii", "replace"),
        )
    return Identity(f"Keithley {match[1]}", match[2], match[3], address), CURRENT_MAX_A[match[1]]

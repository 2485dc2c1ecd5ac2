"""Drivers: one per instrument family, all behind the same channel interface."""

from ..core.clock import Clock
from .base import Channel, Identity, Instrument
from .chamber import ByHand, Chamber
from .checks import Capabilities
from .emstat import EmStat
from .errors import BadReply, InstrumentError, InstrumentFault, NotConnected, OutOfRange, Timeout
from .julabo import Julabo
from .keithley import Keithley
from .neware import Neware
from .rodeostat import Rodeostat

DRIVERS: dict[str, type[Instrument]] = {
    "emstat": EmStat,
    "keithley": Keithley,
    "neware": Neware,
    "rodeostat": Rodeostat,
}
"""The instrument families, by the name that `open_instrument` takes."""


def open_instrument(driver: str, address: str, clock: Clock | None = None) -> Instrument:
    """Connect to an instrument.

    Parameters
    ----------
    driver : str
        The family, a key of `DRIVERS`.
    address : str
        Where it is: ``COM5``, ``/dev/ttyACM0``, ``socket://host:port``.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.

    Raises
    ------
    ValueError
        There is no such driver.
    InstrumentError
        There is no such instrument at the address.
    """
    if driver not in DRIVERS:
        raise ValueError(f"there is no driver {driver!r}; known are {', '.join(DRIVERS)}.")
    return DRIVERS[driver](address, clock)


__all__ = [
    "DRIVERS",
    "BadReply",
    "ByHand",
    "Capabilities",
    "Chamber",
    "Channel",
    "Identity",
    "Instrument",
    "InstrumentError",
    "InstrumentFault",
    "Julabo",
    "Keithley",
    "Neware",
    "NotConnected",
    "OutOfRange",
    "Rodeostat",
    "Timeout",
    "open_instrument",
]

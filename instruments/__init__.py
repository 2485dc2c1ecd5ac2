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
_WIRED = {"keithley": Keithley}
"""Those that can be told how their cells are wired."""


def open_instrument(
    driver: str, address: str, clock: Clock | None = None, *, wires: int | None = None
) -> Instrument:
    """Connect to an instrument.

    Parameters
    ----------
    driver : str
        The family, a key of `DRIVERS`.
    address : str
        Where it is: ``COM5``, ``/dev/ttyACM0``, ``socket://host:port``.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.
    wires : {2, 4}, optional
        Over how many wires the potential is sensed, where the instrument can be told.

    Raises
    ------
    ValueError
        There is no such driver, or it cannot be told the wires.
    InstrumentError
        There is no such instrument at the address.
    """
    if driver not in DRIVERS:
        raise ValueError(f"there is no driver {driver!r}; known are {', '.join(DRIVERS)}.")
    if wires is None:
        return DRIVERS[driver](address, clock)
    check_wires(driver, wires)
    return _WIRED[driver](address, clock, four_wire=wires == 4)


def check_wires(driver: str, wires: int) -> None:
    """Raise `ValueError` where a driver cannot sense the potential over so many wires."""
    if driver not in _WIRED:
        raise ValueError(
            f"wires: {wires} is not allowed with the driver {driver!r}, which has no such choice; "
            f"only {', '.join(_WIRED)} has"
        )
    if wires not in (2, 4):
        raise ValueError(f"wires: {wires} is not allowed; it must be 2 or 4")


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

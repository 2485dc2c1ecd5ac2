"""Drivers: one per instrument family, all behind the same channel interface."""

from ..core.clock import Clock
from ..core.plugins import with_added
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
"""Our own instrument families, by the name that `open_instrument` takes."""
_WIRED = {"keithley": Keithley}
"""Those that can be told how their cells are wired."""


def driver_types() -> dict[str, type[Instrument]]:
    """Return every known instrument family by name: ours, and those that installed packages add.

    A package adds its own through the entry-point group ``faradaic.instruments``.
    """
    return with_added("faradaic.instruments", DRIVERS)


def open_instrument(
    driver: str, address: str, clock: Clock | None = None, *, wires: int | None = None
) -> Instrument:
    """Connect to an instrument.

    Parameters
    ----------
    driver : str
        The family, a key of `driver_types`.
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
    types = driver_types()
    if driver not in types:
        raise ValueError(f"there is no driver {driver!r}; known are {', '.join(types)}.")
    if wires is None:
        instrument = types[driver](address, clock)
    else:
        check_wires(driver, wires)
        instrument = _WIRED[driver](address, clock, four_wire=wires == 4)
    for channel in instrument.channels:
        channel.driver = driver
    return instrument


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
    "driver_types",
    "open_instrument",
]

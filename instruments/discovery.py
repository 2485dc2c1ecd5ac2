"""Looking around: what is connected to this computer, and what answers at other addresses."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from serial.tools import list_ports

from .base import Identity
from .emstat import EmStat
from .errors import InstrumentError
from .julabo import Julabo
from .keithley import Keithley
from .neware import Neware
from .rodeostat import Rodeostat
from .scpi import visa

Probe = Callable[[str], tuple[Identity, tuple[str, ...]]]
_ON_SERIAL: dict[str, Probe] = {
    "emstat": EmStat.probe,
    "rodeostat": Rodeostat.probe,
    "julabo": Julabo.probe,
}
_ON_VISA: dict[str, Probe] = {"keithley": Keithley.probe}
_ON_PORT: dict[int, dict[str, Probe]] = {5025: {"keithley": Keithley.probe}, 502: {"neware": Neware.probe}}
# One after the other, since a serial server lets only one in at a time. The cycler's server comes last: it is
# rarely anywhere but on its own port, and whatever is something else is waited for longest.
_EVERY = {**_ON_VISA, **_ON_SERIAL, "neware": Neware.probe}
_AT_ONCE = 16
_BETWEEN_S = 0.25


@dataclass(frozen=True)
class Finding:
    """What was found at an address.

    Parameters
    ----------
    address, description : str
        Where, and what the computer says of the port.
    driver : str
        The family that answers; empty where none does.
    identity : Identity or None
        What it is.
    channels : tuple of str
        Their names.
    trouble : str
        Why nothing was recognised.
    """

    address: str
    description: str
    driver: str = ""
    identity: Identity | None = None
    channels: tuple[str, ...] = ()
    trouble: str = ""


def look_around(addresses: Sequence[str] = (), *, all_ports: bool = False) -> Iterator[Finding]:
    """Yield what answers on serial ports, VISA resources and other addresses, in this order.

    Nothing that was found is changed in what it does; ports that another program holds are left alone.

    Parameters
    ----------
    addresses : sequence of str
        Where to look besides: host names, ``socket://host:port``, or ports that are not listed.
    all_ports : bool
        Also ask at serial ports that are not on USB, such as those on the main board.
    """
    places = [*_serial_ports(all_ports=all_ports), *_visa_resources()]
    places += [place for address in addresses for place in _asked_for(address)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda place: _identified(*place), places)


def _identified(address: str, description: str, probes: dict[str, Probe]) -> Finding:
    troubles: list[str] = []
    for driver, probe in probes.items():
        try:
            identity, channels = probe(address)
        except InstrumentError as error:
            troubles.append(str(error))
            if "cannot be opened" in str(error) or "Nothing answers at" in str(error):
                break
            # An EmStat is deaf for a moment after what it did not understand.
            time.sleep(_BETWEEN_S)
        else:
            return Finding(address, description, driver, identity, channels)
    return Finding(address, description, trouble=troubles[-1] if len(troubles) == 1 else _nobody(probes))


def _nobody(probes: dict[str, Probe]) -> str:
    return f"Nothing there is recognised; asked were {', '.join(probes)}."


def _serial_ports(*, all_ports: bool) -> Iterator[tuple[str, str, dict[str, Probe]]]:
    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        if port.vid is not None or all_ports:
            yield port.device, port.description or "", _ON_SERIAL


def _visa_resources() -> Iterator[tuple[str, str, dict[str, Probe]]]:
    manager, _ = visa()
    with warnings.catch_warnings():
        # About optional packages for buses that are not there.
        warnings.simplefilter("ignore")
        names = manager.list_resources()
    for name in names:
        # Serial ports are asked in the languages of serial instruments.
        if not name.startswith("ASRL"):
            yield name, "VISA", _ON_VISA


def _asked_for(address: str) -> Iterator[tuple[str, str, dict[str, Probe]]]:
    if "::" in address:
        yield address, "VISA", _ON_VISA
    elif address.startswith("socket://"):
        yield address, "network", _ON_PORT.get(urlsplit(address).port or 0, _EVERY)
    elif address.startswith("/") or address.upper().startswith("COM"):
        yield address, "port", _ON_SERIAL
    else:
        for port, probes in _ON_PORT.items():
            yield f"socket://{address}:{port}", "network", probes

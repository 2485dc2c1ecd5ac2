"""Simulated instruments: servers of the real instruments' wire protocols."""

from .catalogue import DEVICES, device_kind
from .emstat import EmStatDevice
from .julabo import JulaboDevice
from .keithley import KeithleyDevice
from .link import WireDevice
from .server import PtyServer, TcpServer

__all__ = [
    "DEVICES",
    "EmStatDevice",
    "JulaboDevice",
    "KeithleyDevice",
    "PtyServer",
    "TcpServer",
    "WireDevice",
    "device_kind",
]

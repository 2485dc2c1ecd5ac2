"""Simulated instruments: servers of the real instruments' wire protocols."""

from .emstat import EmStatDevice
from .julabo import JulaboDevice
from .link import WireDevice
from .server import PtyServer, TcpServer

__all__ = ["EmStatDevice", "JulaboDevice", "PtyServer", "TcpServer", "WireDevice"]

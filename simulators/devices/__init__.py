"""Simulated instruments: servers of the real instruments' wire protocols."""

from .emstat import EmStatDevice
from .link import WireDevice
from .server import PtyServer, TcpServer

__all__ = ["EmStatDevice", "PtyServer", "TcpServer", "WireDevice"]

"""Byte streams to instruments: serial ports, and TCP sockets named by ``socket://host:port``.

pyserial opens every kind of port; a plain socket is used for ``socket://`` because pyserial
cannot tell how much is waiting on one and would read it byte by byte.
"""

import contextlib
import enum
import selectors
import socket
from typing import Protocol
from urllib.parse import urlsplit

import serial

from .errors import NotConnected

READ_WAIT_S = 0.05
"""How long a read waits for a first byte."""
_CONNECT_WAIT_S = 5.0
_WRITE_WAIT_S = 2.0
_CHUNK = 65536


class Line(enum.Enum):
    """Data bits, parity and stop bits of a serial line."""

    EIGHT_NONE = (serial.EIGHTBITS, serial.PARITY_NONE)
    SEVEN_EVEN = (serial.SEVENBITS, serial.PARITY_EVEN)


class Link(Protocol):
    """A byte stream in both directions."""

    def read(self) -> bytes:
        """Return what has arrived, at once; nothing after waiting `READ_WAIT_S` in vain."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        ...

    def close(self) -> None:
        """Let go of the port; idempotent."""
        ...


def open_link(address: str, *, baudrate: int, xonxoff: bool = False, line: Line = Line.EIGHT_NONE) -> Link:
    """Open a serial port (``COM5``, ``/dev/ttyUSB0``, a pyserial URL) or ``socket://host:port``.

    Raises
    ------
    NotConnected
        There is nothing at the address, or another program holds it.
    """
    if address.startswith("socket://"):
        return SocketLink(address)
    return SerialLink(address, baudrate=baudrate, xonxoff=xonxoff, line=line)


class SerialLink:
    """A serial port through pyserial."""

    def __init__(self, address: str, *, baudrate: int, xonxoff: bool, line: Line) -> None:
        self.address = address
        bits, parity = line.value
        try:
            self._port = serial.serial_for_url(
                address,
                baudrate=baudrate,
                bytesize=bits,
                parity=parity,
                timeout=READ_WAIT_S,
                write_timeout=_WRITE_WAIT_S,
                xonxoff=xonxoff,
            )
            # Two programs on one port would mix up each other's answers.
            with contextlib.suppress(AttributeError, NotImplementedError):
                self._port.exclusive = True
        except (serial.SerialException, OSError, ValueError) as error:
            raise NotConnected(f"The port {address} cannot be opened: {_reason(error)}.") from error

    def read(self) -> bytes:
        """Return what has arrived, at once; nothing after waiting `READ_WAIT_S` in vain."""
        try:
            first = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except (serial.SerialException, OSError, TypeError) as error:
            raise NotConnected(f"The connection to {self.address} is lost: {_reason(error)}.") from error

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._port.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise NotConnected(f"The connection to {self.address} is lost: {_reason(error)}.") from error

    def close(self) -> None:
        """Let go of the port; idempotent."""
        self._port.close()


class SocketLink:
    """A TCP connection, for instruments behind a network adapter and for simulated ones."""

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            parts = urlsplit(address)
            self._socket = socket.create_connection((parts.hostname or "", parts.port or 0), _CONNECT_WAIT_S)
        except (OSError, ValueError) as error:
            raise NotConnected(f"Nothing answers at {address}: {_reason(error)}.") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(_WRITE_WAIT_S)
        self._arrivals = selectors.DefaultSelector()
        self._arrivals.register(self._socket, selectors.EVENT_READ)

    def read(self) -> bytes:
        """Return what has arrived, at once; nothing after waiting `READ_WAIT_S` in vain."""
        try:
            if not self._arrivals.select(READ_WAIT_S):
                return b""
            data = self._socket.recv(_CHUNK)
        except (OSError, ValueError, KeyError) as error:
            raise NotConnected(f"The connection to {self.address} is lost: {_reason(error)}.") from error
        if not data:
            raise NotConnected(f"The connection to {self.address} was closed by the other side.")
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise NotConnected(f"The connection to {self.address} is lost: {_reason(error)}.") from error

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        self._arrivals.close()
        self._socket.close()


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    # What pyserial says of a file that has no line speed to set.
    return "it is not a serial port" if "configure port" in text else text.rstrip(".")

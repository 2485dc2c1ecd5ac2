"""Byte streams to instruments: serial ports, and TCP sockets named by ``socket://host:port``.

pyserial opens every kind of port; a plain socket is used for ``socket://`` because pyserial
cannot tell how much is waiting on one and would read it byte by byte.
"""

import contextlib
import enum
import socket
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import serial

from .errors import NotConnected

READ_WAIT_S = 0.2
"""How long a read waits for a first byte, unless told otherwise."""
PATIENCE_S = 8.0
"""A connection that is lost for longer is told as `NotConnected`."""
_CONNECT_WAIT_S = 5.0
_WRITE_WAIT_S = 2.0
_CHUNK = 65536


class Line(enum.Enum):
    """Data bits, parity and stop bits of a serial line."""

    EIGHT_NONE = (serial.EIGHTBITS, serial.PARITY_NONE)
    SEVEN_EVEN = (serial.SEVENBITS, serial.PARITY_EVEN)


class Link(Protocol):
    """A byte stream in both directions."""

    def read(self, wait_s: float = READ_WAIT_S) -> bytes:
        """Return what has arrived, at once; nothing after waiting so long in vain."""
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


class PatientLink:
    """A link that is opened again when it is lost, for up to `PATIENCE_S`.

    While it is away nothing arrives, and what is written is refused: whatever was on its way may
    have been lost, and only the driver knows what may be said again.

    Parameters
    ----------
    reopen : callable
        Opens the link.
    """

    def __init__(self, reopen: Callable[[], Link]) -> None:
        self._reopen = reopen
        self._link: Link | None = reopen()
        self._lost_at: float | None = None
        self._loss: NotConnected | None = None
        self.notices: list[str] = []
        """Sentences about losses that were overcome."""

    def read(self, wait_s: float = READ_WAIT_S) -> bytes:
        """Return what has arrived, at once; nothing after waiting so long in vain."""
        if self._link is None and not self._is_back():
            time.sleep(wait_s)
            return b""
        try:
            data = self._link.read(wait_s) if self._link is not None else b""
        except NotConnected as loss:
            self._lose(loss)
            return b""
        if data and self._lost_at is not None:
            away_s = time.monotonic() - self._lost_at
            self._lost_at = None
            self.notices.append(
                f"{self._loss} It was back after {away_s:.1f} s; what was sent in between is missing."
            )
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`; raise `NotConnected` where it did not go out whole."""
        if self._link is None and not self._is_back():
            raise self._loss or NotConnected("The connection is lost.")
        try:
            if self._link is not None:
                self._link.write(data)
        except NotConnected as loss:
            self._lose(loss)
            raise

    def close(self) -> None:
        """Let go of the port; idempotent."""
        if self._link is not None:
            self._link.close()

    def _lose(self, loss: NotConnected) -> None:
        if self._link is not None:
            self._link.close()
        self._link, self._loss = None, loss
        # A link that comes back and is lost again without a word was never back.
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        elif time.monotonic() - self._lost_at > PATIENCE_S:
            raise self._given_up()

    def _is_back(self) -> bool:
        try:
            self._link = self._reopen()
        except NotConnected:
            if self._lost_at is not None and time.monotonic() - self._lost_at > PATIENCE_S:
                raise self._given_up() from None
            return False
        return True

    def _given_up(self) -> NotConnected:
        loss = self._loss or "The connection is lost."
        return NotConnected(
            f"{loss} It was not back for good within {PATIENCE_S:g} s. Check its cable and its power."
        )


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

    def read(self, wait_s: float = READ_WAIT_S) -> bytes:
        """Return what has arrived, at once; nothing after waiting so long in vain."""
        try:
            if self._port.timeout != wait_s:
                self._port.timeout = wait_s
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
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(_WRITE_WAIT_S)
            # Of its own, because it waits differently, and another thread may write meanwhile.
            self._reader = self._socket.dup()
        except (OSError, ValueError) as error:
            raise NotConnected(f"Nothing answers at {address}: {_reason(error)}.") from error

    def read(self, wait_s: float = READ_WAIT_S) -> bytes:
        """Return what has arrived, at once; nothing after waiting so long in vain."""
        try:
            if self._reader.gettimeout() != wait_s:
                self._reader.settimeout(wait_s)
            data = self._reader.recv(_CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
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
        self._reader.close()
        self._socket.close()


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    # What pyserial says of a file that has no line speed to set.
    return "it is not a serial port" if "configure port" in text else text.rstrip(".")

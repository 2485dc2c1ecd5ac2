"""The boundary between a simulated instrument and its transport: bytes in, bytes out."""

import threading
from collections.abc import Callable
from typing import Protocol

_MANY_BYTES = 1 << 18
_PATIENCE_s = 30.0


class WireDevice(Protocol):
    """What a transport serves. Whatever changes bytes on the way is one as well, around another."""

    def attach(self, send: Callable[[bytes], None] | None) -> None:
        """Send to a new host from now on, or to nobody.

        `send` takes whole messages from any thread; it waits while the host does not read.
        """
        ...

    def receive(self, data: bytes) -> None:
        """Take bytes from the host, in pieces of any size; must not wait."""
        ...


class Outbox:
    """Bytes that the host has not taken yet, written without blocking.

    Parameters
    ----------
    write : callable
        Writes as many bytes as there is room for, and returns how many; raises `OSError` when
        the host is gone.
    ask_for_writing : callable
        Asks the transport's thread to call `drain` as soon as there is room.
    """

    def __init__(self, write: Callable[[bytes], int], ask_for_writing: Callable[[], None]) -> None:
        self._write = write
        self._ask = ask_for_writing
        self._waiting = bytearray()
        self._room = threading.Condition()
        self._closed = False
        self._patience_s = _PATIENCE_s
        self._transport_thread: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the host has taken everything."""
        return not self._waiting

    def serve_from_here(self) -> None:
        """Note that this thread drains the outbox, so that it must never wait for it."""
        self._transport_thread = threading.get_ident()

    def send(self, data: bytes) -> None:
        """Write now what there is room for, and keep the rest; wait while too much is kept.

        What comes after a host has not read for long is lost, in whole messages, until it reads
        again: a real instrument does not stop for a host that went away.
        """
        with self._room:
            if self._closed:
                return
            if len(self._waiting) > _MANY_BYTES and not self._wait_for_room():
                return
            self._waiting += data
            self._drain()
            if self._waiting:
                self._ask()

    def drain(self) -> None:
        """Write what there is room for."""
        with self._room:
            self._drain()

    def close(self) -> None:
        """Forget what is kept; everything sent from now on is lost."""
        with self._room:
            self._closed = True
            self._waiting.clear()
            self._room.notify_all()

    def _drain(self) -> None:
        while self._waiting and not self._closed:
            try:
                written = self._write(bytes(self._waiting[: 1 << 16]))
            except BlockingIOError:
                break
            except OSError:
                self._closed = True
                self._waiting.clear()
                break
            del self._waiting[:written]
        if len(self._waiting) <= _MANY_BYTES:
            self._patience_s = _PATIENCE_s
            self._room.notify_all()

    def _wait_for_room(self) -> bool:
        if threading.get_ident() == self._transport_thread:
            return True
        has_room = self._room.wait_for(
            lambda: self._closed or len(self._waiting) <= _MANY_BYTES, self._patience_s
        )
        if not has_room:
            self._patience_s = 0.0
        return has_room and not self._closed

"""Dialogue with SCPI instruments through VISA."""

import contextlib
import functools
import re
import socket
import threading
import time
from typing import Any

from .errors import BadReply, InstrumentFault, NotConnected, Timeout

_TIMEOUT_S = 2.0
_TRIES = 3
_QUIET_MS = 50
_SYNCHRONISING_S = 5.0
_NUMBER = re.compile(r"[+-]?\d+|[+-]?\d\.\d+E[+-]\d\d")
"""Whole, or with its exponent: a number that was cut short has lost it."""
_ERROR = re.compile(r'\s*([+-]?\d+)\s*,\s*"(.*)"\s*')


class Scpi:
    """Commands and queries, one at a time, from any thread.

    Only queries are repeated when no answer comes; what changes the output is never sent twice.
    After a time-out the dialogue is brought into step again before anything is believed, because
    a late answer would be taken for that of the next query.

    Parameters
    ----------
    address : str
        A VISA resource name such as ``TCPIP::192.168.0.5::5025::SOCKET``, or ``socket://host:port``.

    Raises
    ------
    NotConnected, Timeout
        Nothing answers there.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.RLock()
        self._number = 0
        manager, self._visa_error = visa()
        self._manager = manager
        self._open()
        try:
            self.identification = self._identified()
        except NotConnected as error:
            self.close()
            raise NotConnected(f"Nothing answers at {address}: {error}") from error
        except BaseException:
            self.close()
            raise

    def write(self, *commands: str) -> None:
        """Send commands in one message; nothing is answered."""
        with self._lock, self._told():
            self._session.write(";".join(commands))

    def query(self, command: str) -> str:
        """Return the answer to a query; asked again where none comes.

        Raises
        ------
        Timeout, NotConnected
            There is no answer.
        """
        with self._lock:
            for attempt in range(_TRIES):
                try:
                    return self._ask(command)
                except (Timeout, BadReply):
                    if attempt == _TRIES - 1:
                        raise
                    self._synchronise()
        raise AssertionError("unreachable")

    def synchronise(self) -> None:
        """Bring the dialogue into step again, after an answer that makes no sense."""
        with self._lock:
            self._synchronise()

    def query_once(self, command: str) -> str:
        """Return the answer to a query that does something; it is not asked twice."""
        with self._lock:
            try:
                return self._ask(command)
            except (Timeout, BadReply):
                self._synchronise()
                raise

    def numbers(self, command: str, count: int) -> list[float]:
        """Return the numbers that answer a query.

        Raises
        ------
        BadReply
            The answer is not so many numbers.
        """
        reply = self.query_once(command)
        texts = reply.split(",")
        if len(texts) != count or not all(map(_NUMBER.fullmatch, texts)):
            raise BadReply(
                f"The instrument on {self.address} answered {reply[:60]!r} to {command!r}, "
                f"where {count} numbers were expected.",
                reply.encode("ascii", "replace"),
            )
        return [float(text) for text in texts]

    def raise_errors(self) -> None:
        """Empty the instrument's error queue; raise `InstrumentFault` with what was in it."""
        found = []
        for _ in range(100):
            match = _ERROR.fullmatch(self.query(":SYST:ERR?"))
            if match is None or int(match[1]) == 0:
                break
            found.append((match[1], match[2].split(";")[0]))
        if found:
            texts = "; ".join(f"{text} ({code})" for code, text in found)
            raise InstrumentFault(f"The instrument on {self.address} reports: {texts}.", found[0][0])

    def reopen(self) -> None:
        """Open a lost connection again.

        Raises
        ------
        NotConnected
            It is still away.
        BadReply
            Another instrument answers.
        """
        with self._lock:
            self.close()
            self._open()
            answers = ""
            # What was cut short on the way is asked for again, before a stranger is suspected.
            for _ in range(_TRIES):
                try:
                    answers = self._identified()
                except Timeout as error:
                    raise NotConnected(str(error)) from error
                if answers == self.identification:
                    return
                self._drain()
            raise BadReply(
                f"At {self.address} another instrument answers than before: {answers[:60]!r}. "
                "Check what is connected there.",
                answers.encode("ascii", "replace"),
            )

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        with contextlib.suppress(Exception):
            self._session.close()

    def _open(self) -> None:
        name = _resource_name(self.address)
        try:
            self._session: Any = self._manager.open_resource(
                name, read_termination="\n", write_termination="\n", timeout=int(_TIMEOUT_S * 1e3)
            )
        except Exception as error:
            # The library raises a bare Exception where a host is unknown.
            raise NotConnected(f"Nothing answers at {self.address}: {error}.") from error
        # Without this, a command that follows another waits for an acknowledgement (40 ms).
        with contextlib.suppress(AttributeError, KeyError, OSError):
            interface = self._manager.visalib.sessions[self._session.session].interface
            interface.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _ask(self, command: str) -> str:
        """Return the answer to a query, which carries a number that comes back with it.

        An answer that was cut short, or that belongs to another query, does not carry the right one.
        The number is kept in the event status enable register (IEEE 488.2), which nothing else uses.
        """
        self._number = self._number % 255 + 1
        with self._told():
            self._session.write(f"*ESE {self._number};{command};*ESE?")
            reply = str(self._session.read()).strip()
        answer, _, number = reply.rpartition(";")
        if number != str(self._number):
            raise BadReply(
                f"What the instrument on {self.address} answered to {command!r} is not the answer to it: "
                f"{reply[:60]!r}.",
                reply.encode("ascii", "replace"),
            )
        return answer

    def _identified(self) -> str:
        with self._told():
            self._session.write("*IDN?")
            return str(self._session.read()).strip()

    def _synchronise(self) -> None:
        """Throw away what comes late, until the identification is answered by the identification."""
        until = time.monotonic() + _SYNCHRONISING_S
        while time.monotonic() < until:
            with contextlib.suppress(Timeout, BadReply):
                self._drain()
                if self._ask("*IDN?") == self.identification:
                    return
        raise Timeout(
            f"The instrument on {self.address} has stopped answering. Check its cable and its display."
        )

    def _drain(self) -> None:
        self._session.timeout = _QUIET_MS
        try:
            while True:
                self._session.read()
        except self._visa_error:
            pass
        finally:
            self._session.timeout = int(_TIMEOUT_S * 1e3)

    @contextlib.contextmanager
    def _told(self):
        """Turn what VISA raises into our errors."""
        try:
            yield
        except self._visa_error as error:
            if "VI_ERROR_TMO" in str(error):
                raise Timeout(
                    f"The instrument on {self.address} has not answered within {_TIMEOUT_S:g} s."
                ) from error
            raise NotConnected(f"The connection to {self.address} is lost: {error}.") from error
        except (OSError, UnicodeDecodeError, TypeError) as error:
            # A socket that could not be opened shows itself as a TypeError, at the first use.
            raise NotConnected(f"The connection to {self.address} is lost: {error}.") from error


@functools.cache
def visa() -> tuple[Any, type[Exception]]:
    """Return VISA's resource manager and its base error.

    There is one manager in a process, however often it is asked for: closing it would close the
    connections of all other instruments.
    """
    import pyvisa  # noqa: PLC0415  it looks for libraries when it is imported

    return pyvisa.ResourceManager("@py"), pyvisa.errors.Error


def _resource_name(address: str) -> str:
    """Return the VISA resource of ``socket://host:port``; other addresses are resources already."""
    match = re.fullmatch(r"socket://([^:/]+):(\d+)", address)
    return f"TCPIP::{match[1]}::{match[2]}::SOCKET" if match else address

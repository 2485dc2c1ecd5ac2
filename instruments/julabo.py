"""Julabo circulators and chambers over RS-232 or TCP.

Commands are those of the "Commands for programming" chapter of Julabo's manuals; the lines are
set to 9600 baud, 7 data bits, even parity, 1 stop bit.
"""

import contextlib
import re
import threading
import time
from functools import partial

from ..core.clock import Clock, SystemClock
from .base import Identity
from .chamber import Chamber
from .errors import BadReply, InstrumentFault, NotConnected, Timeout
from .insisting import insist
from .link import Line, PatientLink, open_link

_REPLY_S = 2.0
_TRIES = 3
_TEXT, _STATUS = re.compile(r"[ -~]+"), re.compile(r"-?\d\d .+")
_NUMBER = re.compile(r"-?\d+\.\d+|[01]")
"""A temperature has decimals; one without has lost them on the way."""
_AFTER_COMMAND_S = 0.25
"""A command that is not answered takes the circulator this long."""


class Julabo(Chamber):
    """A Julabo circulator, driven by its own bath sensor.

    Parameters
    ----------
    address : str
        ``COM5``, ``/dev/ttyUSB0`` or ``socket://host:port``.
    clock : Clock, optional
        The time it lives in; the computer's by default.
    lowest_degC, highest_degC : float
        What it may be set to: what the bath fluid allows is known only to the user.

    Raises
    ------
    InstrumentError
        There is no such circulator at the address, or it reports an alarm.
    """

    def __init__(
        self,
        address: str,
        clock: Clock | None = None,
        *,
        lowest_degC: float = -20.0,
        highest_degC: float = 120.0,
    ) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._closed = False
        self._link = PatientLink(partial(open_link, address, baudrate=9600, line=Line.SEVEN_EVEN))
        try:
            version = self._query("version", _TEXT)
            super().__init__(Identity(version, "", version, address), lowest_degC, highest_degC)
            self._raise_alarm()
        except BaseException:
            self._link.close()
            raise

    @classmethod
    def probe(cls, address: str) -> tuple[Identity, tuple[str, ...]]:
        """Ask for the version, and nothing else; see `Instrument.probe`. It has no channels."""
        chamber = cls(address)
        chamber._link.close()
        return chamber.identity, ()

    def set_temperature(self, temperature_degC: float) -> None:
        """Set the temperature of the bath, and start the circulation."""
        self.check(temperature_degC)
        self._command(f"out_sp_00 {temperature_degC:.2f}")
        self._command("out_mode_05 1")
        wanted = self._number("in_sp_00")
        if abs(wanted - temperature_degC) > 0.011:
            raise InstrumentFault(
                f"{self} was set to {temperature_degC:g} °C but says that its setpoint is {wanted:g} °C.",
                "setpoint",
            )

    def read(self) -> float:
        """Return the temperature of the bath in °C."""
        self._raise_alarm()
        return self._number("in_pv_00")

    def close(self) -> None:
        """Stop heating, cooling and circulation; idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            insist(
                self._switch_off,
                f"{self} did not confirm that it stopped: it may still be heating. Switch it off by hand.",
                retried=(NotConnected, Timeout, BadReply),
            )
        finally:
            self._link.close()

    def _switch_off(self) -> None:
        self._command("out_mode_05 0")
        if self._number("in_mode_05") != 0.0:
            raise Timeout(f"{self} still runs.")

    def _raise_alarm(self) -> None:
        status = self._query("status", _STATUS)
        if status.startswith("-"):
            raise InstrumentFault(f"{self} reports the alarm {status!r}.", status.split()[0])

    def _number(self, command: str) -> float:
        return float(self._query(command, _NUMBER))

    def _command(self, text: str) -> None:
        with self._lock:
            self._link.write(text.encode("ascii") + b"\r")
            self._clock.wait(_AFTER_COMMAND_S)

    def _query(self, text: str, expected: re.Pattern[str]) -> str:
        """Return the answer to a question, asked again where it does not come whole.

        Raises
        ------
        Timeout, BadReply
            No answer came, or another one than expected.
        """
        reply = ""
        with self._lock:
            for _ in range(_TRIES):
                reply = self._ask(text)
                if expected.fullmatch(reply):
                    return reply
                # What comes late would be taken for the next answer.
                while self._link.read():
                    pass
        name = getattr(self, "identity", "The circulator")
        if not reply:
            raise Timeout(f"{name} has not answered {text!r}. Check its cable and its display.")
        raise BadReply(f"{name} answered {reply!r} to {text!r}, which makes no sense.", reply.encode())

    def _ask(self, text: str) -> str:
        """Return what comes within the time for a reply; nothing where that is no whole line."""
        received = b""
        with contextlib.suppress(NotConnected):
            self._link.write(text.encode("ascii") + b"\r")
        until = time.monotonic() + _REPLY_S
        while not received.endswith((b"\n", b"\r")):
            if time.monotonic() > until:
                return ""
            received += self._link.read()
        return received.decode("ascii", "replace").strip()

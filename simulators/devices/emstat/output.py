"""Lines on their way out: collected, and sent in bulk."""

import threading
import time
from collections.abc import Callable

LONGEST_DELAY_s = 0.005
_MANY_LINES = 40
"""A pty takes 4096 bytes at once, about a hundred lines."""


class Output:
    """Collects lines from any thread and hands them on in order, in pieces of whole lines.

    Attributes
    ----------
    write : callable
        Adds one line, without its line end.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.write: Callable[[str], None] = self._lines.append
        self._send: Callable[[bytes], None] | None = None
        self._sending = threading.Lock()
        self._due = 0.0
        self._to_lose = 0

    def connect(self, send: Callable[[bytes], None] | None) -> None:
        """Send from now on with `send`; without one, what is written is lost."""
        self._send = send

    def lose(self, lines: int) -> None:
        """Lose what comes next, as when nobody takes it up in time."""
        self._to_lose = lines

    def flush_if_due(self) -> None:
        """Send what is waiting, if that is much or has waited long."""
        if len(self._lines) > _MANY_LINES or time.monotonic() > self._due:
            self.flush()

    def flush(self) -> None:
        """Send what is waiting; where another thread is sending already, it sends this as well."""
        self._due = time.monotonic() + LONGEST_DELAY_s
        while self._lines:
            if not self._sending.acquire(blocking=False):
                return
            try:
                self._send_waiting()
            finally:
                self._sending.release()

    def _send_waiting(self) -> None:
        lines = self._lines[:]
        # The list itself stays: other threads may be adding to it.
        del self._lines[: len(lines)]
        lost = min(self._to_lose, len(lines))
        self._to_lose -= lost
        del lines[:lost]
        send = self._send
        if send is not None and lines:
            send(("\n".join(lines) + "\n").encode("latin-1", "replace"))

"""Lines to and from an EmStat, and the short conversations outside a script."""

import time
from collections import deque
from collections.abc import Callable

from ..errors import BadReply, Timeout
from ..link import READ_WAIT_S, Link

ANSWER_WAIT_S = 2.0
PAUSE_AFTER_ERROR_S = 0.12
"""After an error the instrument ignores what is sent for 50 to 100 ms."""
_SYNC_WAIT_S = 12.0
"""An instrument in the middle of a slow measurement may be silent for 10 s."""
# Carriage returns, and the flow-control characters that an EmStat Pico may send.
_NOISE = bytes([0x0D, 0x11, 0x13])
_LONGEST_LINE = 4096


class Wire:
    """A line-oriented connection.

    Parameters
    ----------
    link : Link
        The byte stream below.
    address : str
        For messages.
    """

    def __init__(self, link: Link, address: str) -> None:
        self.address = address
        self._link = link
        self._partial = b""
        self._waiting: deque[str] = deque()

    def lines(self, wait_s: float = READ_WAIT_S) -> list[str]:
        """Return the whole lines that have arrived, without their ends, after a short wait for them."""
        if self._waiting:
            lines = list(self._waiting)
            self._waiting.clear()
            return lines
        data = self._partial + self._link.read(wait_s).translate(None, _NOISE)
        *whole, self._partial = data.split(b"\n")
        if len(self._partial) > _LONGEST_LINE:
            self._partial = b""
        return [line.decode("ascii", "replace") for line in whole]

    def take_losses(self) -> list[str]:
        """Return sentences about losses of the connection that were overcome."""
        noted: list[str] = getattr(self._link, "notices", [])
        losses = list(noted)
        noted.clear()
        return losses

    def put_back(self, lines: list[str]) -> None:
        """Return lines that belong to a later conversation."""
        self._waiting.extend(lines)

    def send(self, *lines: str) -> None:
        """Send lines."""
        self._link.write("".join(f"{line}\n" for line in lines).encode("ascii"))

    def ask(self, command: str, is_last: Callable[[str], bool] = lambda _line: True) -> list[str]:
        """Send a command and return the lines of its answer, from the one that begins with the command.

        Raises
        ------
        Timeout
            The answer did not come, or not all of it.
        """
        self.send(command)
        answer: list[str] = []
        deadline = time.monotonic() + ANSWER_WAIT_S
        while time.monotonic() < deadline:
            for line in self.lines():
                if answer or line.startswith(command):
                    answer.append(line)
                if answer and is_last(answer[-1]):
                    return answer
        raise Timeout(f"The device on {self.address} did not answer {command!r} within {ANSWER_WAIT_S:g} s.")

    def synchronise(self) -> None:
        """Bring a device of unknown state into a known one: no script running, nothing unread.

        Raises
        ------
        Timeout
            Nothing answers at all.
        BadReply
            Something answers, but not like an EmStat.
        """
        self._partial = b""
        self._waiting.clear()
        self.send("", "Z")
        heard = ""
        aborted = False
        deadline = time.monotonic() + ANSWER_WAIT_S
        while time.monotonic() < deadline:
            for line in self.lines():
                if line.startswith("Z!"):
                    time.sleep(PAUSE_AFTER_ERROR_S)
                    self._drain()
                    return
                if aborted and not line:
                    return
                if line.startswith("Z"):
                    aborted = True
                heard = heard or line
                # A script that is being aborted may still have much to say.
                deadline = min(deadline + 0.5, time.monotonic() + _SYNC_WAIT_S)
        if heard:
            raise BadReply(
                f"The device on {self.address} is not an EmStat: it answered {heard[:40]!r}. "
                "Check the port and what is connected to it.",
                heard.encode(),
            )
        raise Timeout(
            f"Nothing on {self.address} answers. "
            "Check the cable, the power and that this is the EmStat's port."
        )

    def _drain(self) -> None:
        while self.lines():
            pass

    def close(self) -> None:
        """Let go of the port; idempotent."""
        self._link.close()

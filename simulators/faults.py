"""Faults of the link between a host and an instrument, injected by a transport in the middle."""

import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from ..core.closing import Closing
from .cells import CONNECTIONS, BadlyConnected

_PIECE = 1 << 16
_TICK_s = 0.02
_STALE_LINES = 20
_JUNK = b"?? unsolicited text from a bus that is not ours ??\r\n"

KINDS = (
    "pull_mid_reply", "pull_idle", "away", "garble", "truncate", "merge", "stale", "late", "lost", "block",
    "flood",
)  # fmt: skip
"""Cable pulled in the middle of a reply, or while idle; pulled and back after a while; a byte changed,
a line cut short, two lines merged; an old line again; a reply late or never; the host's writes not
taken; text that nobody asked for."""


DEVICE_KINDS = (
    "reboot", "trip", "overflow", "artefact", "clock", "overrun", "refuse", "alarm", "sensor_lost",
)  # fmt: skip
"""The instrument starts again, its output trips, its readings overflow, one reading is spoilt by a change of
range, its clock jumps back, what it has measured is lost before it is handed over, it refuses the next
program; a circulator's alarm and lost sensor. Not every device can have every one."""

CELL_KINDS = CONNECTIONS[1:]
"""Leads that come off, plus and minus exchanged, a short; the same again mends it."""


class Suffering(Protocol):
    """A device that can do something wrong by itself."""

    FAULTS: tuple[str, ...]

    def suffer(self, fault: str) -> None:
        """Let one of `FAULTS` happen."""
        ...


def fault_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds in a list like "pull_idle,garble,reboot", or all those of the link for "all".

    Raises
    ------
    ValueError
        There is no such kind.
    """
    kinds = KINDS if text.strip() == "all" else tuple(kind.strip() for kind in text.split(","))
    known = (*KINDS, *DEVICE_KINDS, *CELL_KINDS)
    for kind in kinds:
        if kind not in known:
            raise ValueError(f"{kind!r} is not a fault; there are {', '.join(known)}.")
    return kinds


class FaultyLink(Closing):
    """A TCP proxy before a simulated instrument, which does to the bytes what cables and buses do.

    Parameters
    ----------
    upstream : str
        Address of the instrument's server, ``socket://host:port``.
    away_s, late_s : float
        How long a pulled cable stays away, and how late a late reply is.
    seed : int
        Decides which bytes are hit.
    host, port : str, int
        Where it listens; 0 takes any free port of this computer.
    device : Suffering, optional
        What stands behind the link, for faults of its own.
    cells : sequence of BadlyConnected
        What is connected to it, for faults of the connection.

    Attributes
    ----------
    address : str
        What the host opens instead of `upstream`.
    done : list of str
        The faults that have happened, in order.
    """

    def __init__(
        self,
        upstream: str,
        *,
        away_s: float = 0.5,
        late_s: float = 1.0,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        device: Suffering | None = None,
        cells: Sequence[BadlyConnected] = (),
    ) -> None:
        self._upstream = urlsplit(upstream)
        self._away_s, self._late_s = away_s, late_s
        self._device, self._cells = device, cells
        self._chance = random.Random(seed)  # noqa: S311  faults, not secrets
        self._listener = socket.create_server((host, port))
        self._listener.settimeout(_TICK_s)
        self.address = "socket://{}:{}".format(*self._listener.getsockname()[:2])
        self.done: list[str] = []
        self._wanted: deque[str] = deque()
        self._history: deque[bytes] = deque(maxlen=_STALE_LINES)
        self._closed = threading.Event()
        self._away_until = 0.0
        self._blocked_until = 0.0
        self._thread = threading.Thread(target=self._serve, name="faulty link", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; the instrument goes on without a host."""
        self._closed.set()
        self._thread.join()
        self._listener.close()

    def inject(self, kind: str) -> None:
        """Let a fault happen: now, or for one of the link to what comes next.

        Raises
        ------
        ValueError
            There is no such fault, or it cannot happen here.
        """
        if not self.can_have(kind):
            raise ValueError(f"{kind!r} is not a fault that can happen here.")
        if kind in KINDS:
            self._wanted.append(kind)
            return
        self.done.append(kind)
        if kind in CELL_KINDS:
            cell = self._chance.choice(self._cells)
            cell.connection = "sound" if cell.connection == kind else kind
        elif self._device is not None:
            self._device.suffer(kind)

    def can_have(self, kind: str) -> bool:
        """Whether a fault can happen here."""
        if kind in CELL_KINDS:
            return bool(self._cells)
        return kind in KINDS or (self._device is not None and kind in self._device.FAULTS)

    def heal(self) -> None:
        """Forget the faults that have not happened yet."""
        self._wanted.clear()

    def inject_at_random(
        self, kinds: tuple[str, ...], every_s: float, keep_on: Callable[[], bool] = lambda: True
    ) -> threading.Thread:
        """Inject faults of these kinds at random moments, `every_s` of real time on average."""
        possible = [kind for kind in kinds if self.can_have(kind)]

        def work() -> None:
            if not possible:
                return
            while not self._closed.wait(self._chance.expovariate(1.0 / every_s)) and keep_on():
                if not self._wanted:
                    self.inject(self._chance.choice(possible))

        thread = threading.Thread(target=work, name="random faults", daemon=True)
        thread.start()
        return thread

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                host, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if time.monotonic() < self._away_until:
                # Nobody is there: the connection is refused as soon as it is made.
                host.close()
                continue
            self._carry(host)

    def _carry(self, host: socket.socket) -> None:
        """Carry bytes until one side is gone, or a cable is pulled."""
        try:
            device = socket.create_connection((self._upstream.hostname or "", self._upstream.port or 0), 5)
        except OSError:
            host.close()
            return
        for each in (host, device):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(_TICK_s)
        waiting: list[tuple[float, bytes]] = []
        try:
            while not self._closed.is_set():
                if not self._from_host(host, device):
                    return
                if self._wanted and self._wanted[0] in ("pull_idle", "away", "block", "flood"):
                    if not self._happen_idle(host):
                        return
                    continue
                if not self._from_device(device, host, waiting):
                    return
        except OSError:
            return
        finally:
            host.close()
            device.close()

    def _from_host(self, host: socket.socket, device: socket.socket) -> bool:
        if time.monotonic() < self._blocked_until:
            return True
        host.settimeout(1e-3)
        try:
            data = host.recv(_PIECE)
        except TimeoutError:
            return True
        if data:
            device.sendall(data)
        return bool(data)

    def _from_device(
        self, device: socket.socket, host: socket.socket, waiting: list[tuple[float, bytes]]
    ) -> bool:
        while waiting and waiting[0][0] <= time.monotonic():
            host.sendall(waiting.pop(0)[1])
        device.settimeout(1e-3)
        try:
            data = device.recv(_PIECE)
        except TimeoutError:
            return True
        if not data:
            return False
        self._history.extend(data.splitlines(keepends=True)[:_STALE_LINES])
        if not self._wanted:
            if waiting:
                # Later bytes cannot overtake.
                waiting.append((waiting[-1][0], data))
            else:
                host.sendall(data)
            return True
        kind = self._wanted.popleft()
        self.done.append(kind)
        if kind == "pull_mid_reply":
            host.sendall(data[: max(len(data) // 2, 1)])
            self._away_until = time.monotonic() + self._away_s
            return False
        if kind == "late":
            waiting.append((time.monotonic() + self._late_s, data))
        elif kind != "lost":
            host.sendall(self._spoiled(kind, data))
        return True

    def _happen_idle(self, host: socket.socket) -> bool:
        kind = self._wanted.popleft()
        self.done.append(kind)
        if kind == "flood":
            host.sendall(_JUNK * 20)
            return True
        if kind == "block":
            self._blocked_until = time.monotonic() + self._late_s
            return True
        self._away_until = time.monotonic() + (self._away_s if kind == "pull_idle" else 4 * self._away_s)
        return False

    def _spoiled(self, kind: str, data: bytes) -> bytes:
        where = self._chance.randrange(len(data))
        if kind == "garble":
            # A framing error sets the high bit; a digit that becomes another one cannot be told
            # on a wire without checksums.
            return data[:where] + bytes([data[where] | 0x80]) + data[where + 1 :]
        if kind == "truncate":
            line_end = data.find(b"\n", where)
            return data[:where] + (data[line_end:] if line_end >= 0 else b"")
        if kind == "merge":
            line_end = data.find(b"\n")
            return data if line_end < 0 else data[:line_end] + data[line_end + 1 :]
        old = self._chance.choice(list(self._history)) if self._history else b"\n"
        return old + data

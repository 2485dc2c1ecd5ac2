"""A host for simulated EmStat instruments, without a port, and its own reading of data packages.

It decodes packages with code of its own, so that it can judge the encoder.
"""

import contextlib
import math
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from faradaic.core.clock import Clock, VirtualClock
from faradaic.simulators import EmStatDevice, Resistor, SimulatedCell

EXPONENT = dict(zip("afpnum kMGTPE", range(-18, 19, 3), strict=True)) | {"i": 0}


class Value(NamedTuple):
    vartype: str
    number: float
    metadata: tuple[str, ...]

    @property
    def status(self) -> int:
        return next((int(item[1], 16) for item in self.metadata if item[0] == "1"), 0)

    @property
    def range_index(self) -> int | None:
        return next((int(item[1:], 16) for item in self.metadata if item[0] == "2"), None)


def decode(field: str) -> Value:
    vartype, body, *metadata = field[:2], field[2:10], *field[10:].split(",")[1:]
    if body == "     nan":
        return Value(vartype, math.nan, tuple(metadata))
    assert len(body) == 8
    assert body[:7] == body[:7].upper()
    raw = int(body[:7], 16) - 2**27
    return Value(vartype, float(Decimal(raw).scaleb(EXPONENT[body[7]])), tuple(metadata))


def package(line: str) -> list[Value]:
    assert line[0] == "P"
    return [decode(field) for field in line[1:].split(";")]


def packages(lines: list[str]) -> list[list[Value]]:
    return [package(line) for line in lines if line.startswith("P")]


def column(lines: list[str], position: int) -> list[float]:
    return [each[position].number for each in packages(lines)]


class Host:
    """Talks to a device in this process."""

    def __init__(self, device: EmStatDevice) -> None:
        self.device = device
        self.received = bytearray()
        self._arrived = threading.Condition()
        device.attach(self._take)

    def _take(self, data: bytes) -> None:
        with self._arrived:
            self.received += data
            self._arrived.notify_all()

    def send(self, text: str) -> None:
        self.device.receive(text.encode())

    def wait_for(self, ending: str, seconds: float = 10.0) -> str:
        """Return what arrived, once `ending` is in it, and forget it."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: ending.encode() in self.received, seconds)
            text = self.received.decode()
            assert arrived, text[-2000:]
            self.received.clear()
            return text

    def reply_to_script(self, seconds: float = 5.0) -> str:
        """Return the refusal of a script, or all that it says."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: b"\n\n" in self.received or self._is_refused(), seconds)
            return self.received.decode()

    def _is_refused(self) -> bool:
        return self.received.startswith(b"e!") and self.received.endswith(b"\n")

    def ask(self, text: str, ending: str = "\n") -> str:
        self.send(text + "\n")
        return self.wait_for(ending)

    def start(self, script: str) -> None:
        lines = [line.strip() for line in script.splitlines() if line.strip()]
        self.send("\n".join(["e", *lines, "", ""]))

    def run(self, script: str) -> list[str]:
        """Run a script; return its output without the `e` and the empty line at the end."""
        self.start(script)
        # A Pico greets with XON.
        lines = self.wait_for("\n\n").lstrip("\x11").split("\n")
        assert lines[0] == "e"
        assert lines[-2:] == ["", ""]
        return lines[1:-2]


@contextlib.contextmanager
def host(
    cell: SimulatedCell | None = None, model: str = "emstat4-hr", clock: Clock | None = None, seed: int = 1
) -> Iterator[Host]:
    with EmStatDevice(model, cell or Resistor(10_000), clock or VirtualClock(0.0), seed) as device:
        yield Host(device)

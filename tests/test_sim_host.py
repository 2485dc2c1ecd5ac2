"""A host for simulated EmStat instruments, without a port, and its own reading of data packages.

It decodes packages with code of its own, so that it can judge the encoder.
"""

import contextlib
import math
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import pytest

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

    def ask(self, text: str, ending: str = "\n") -> str:
        self.send(text + "\n")
        return self.wait_for(ending)

    def start(self, script: str) -> None:
        lines = [line.strip() for line in script.strip().splitlines()]
        self.send("\n".join(["e", *lines, "", ""]))

    def run(self, script: str) -> list[str]:
        """Run a script; return its output without the `e` and the empty line at the end."""
        self.start(script)
        lines = self.wait_for("\n\n").split("\n")
        assert lines[0] == "e"
        assert lines[-2:] == ["", ""]
        return lines[1:-2]


@contextlib.contextmanager
def host(
    cell: SimulatedCell | None = None, model: str = "emstat4-hr", clock: Clock | None = None, seed: int = 1
) -> Iterator[Host]:
    with EmStatDevice(model, cell or Resistor(10_000), clock or VirtualClock(0.0), seed) as device:
        yield Host(device)


# The decodes that were checked against recordings and the manuals
@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("da8000800u", 2.048e-3),
        ("ba8000800u,10,20B", 2.048e-3),
        ("daDF5CB18n", 0.099994392),
        ("ba9699F74p,14,218,40", 23.699316e-6),
        ("ja8000001i", 1),
        ("eb9570C36u", 22.481974),
        ("ba82AB973f,14,284", 2.799987e-9),
        ("da7F0BDF9u", -0.999943),
        ("ba7678CD7p,10,20F,40", -9.990953e-6),
        ("dcDF5DFF4u", 99.999732),
        ("cc896D904m,10,287", 9885.956),
        ("cd82DB1A8u,10,287", 2.9946),
        ("ja800000Am", 0.01),
        ("ja7FFFFF6m", -0.01),
        ("jaDF5E100n", 0.1),
        ("da7F85EE0u", -0.5),
        ("ja80F4240p", 1e-6),
        ("da8387520u", 3.7),
        ("jaDF5E100m", 1e5),
    ],
)
def test_the_host_reads_recorded_values(field, number):
    assert decode(field).number == pytest.approx(
        number, rel=1e-4 if "cd" in field or "82AB" in field else 1e-9
    )


def test_the_host_reads_metadata():
    value = decode("ba9699F74p,14,218,40")
    assert (value.status, value.range_index) == (4, 0x18)

"""Simulated instruments with their drivers, and the device in reach of the test."""

from contextlib import closing, contextmanager

from faradaic.core.clock import VirtualClock
from faradaic.instruments import open_instrument
from faradaic.protocols import Protocol
from faradaic.simulators import TcpServer, device_kind

EVERY_INSTRUMENT = (
    "emstat-pico",
    "emstat4-lr",
    "emstat4-hr",
    "nexus",
    "keithley-2450",
    "keithley-2461",
    "rodeostat-10V_24MilliAmpV0.2",
    "neware-bts",
)
"""A new driver gets the conformance suite by a line here."""


class Steps(Protocol):
    """Runs the steps it is given."""

    given: tuple = ()

    def steps(self, cell):
        for step in self.given:
            yield step


@contextmanager
def connected(model, cell, clock=None, seed=1):
    """Yield (instrument, device): the driver's object, and the simulated device behind the wire."""
    clock = clock or VirtualClock()
    kind = device_kind(model)
    with (
        closing(kind.make([cell], clock, seed)) as device,
        TcpServer(device) as server,
        open_instrument(kind.driver, server.address, clock) as instrument,
    ):
        yield instrument, device

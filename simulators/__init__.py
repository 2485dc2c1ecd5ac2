"""Simulated instruments that speak the real ones' wire protocols, and simulated cells."""

from .cells import (
    CATHODES,
    BlockingCell,
    FullCell,
    LithiumCopperCell,
    RandlesCell,
    Replay,
    Resistor,
    SimulatedCell,
    SymmetricCell,
    cathode_of,
    parse_cell,
    published_cell,
    published_systems,
)
from .devices import EmStatDevice, JulaboDevice, PtyServer, TcpServer, WireDevice
from .simulated import serve, simulated, simulated_chamber

__all__ = [
    "CATHODES",
    "BlockingCell",
    "EmStatDevice",
    "FullCell",
    "JulaboDevice",
    "LithiumCopperCell",
    "PtyServer",
    "RandlesCell",
    "Replay",
    "Resistor",
    "SimulatedCell",
    "SymmetricCell",
    "TcpServer",
    "WireDevice",
    "cathode_of",
    "parse_cell",
    "published_cell",
    "published_systems",
    "serve",
    "simulated",
    "simulated_chamber",
]

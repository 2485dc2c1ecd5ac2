"""Simulated cells: the physics behind the terminals."""

from .base import SimulatedCell
from .blocking import BlockingCell
from .cathode import CATHODES
from .copper import LithiumCopperCell
from .faulty import CONNECTIONS, BadlyConnected
from .full import FullCell
from .parse import parse_cell
from .published import published_cell, published_systems
from .published_full import USUAL_RATE_C, LOADING_mg_PER_cm2, cathode_of
from .pybamm_cell import PyBaMMCell
from .randles import RandlesCell
from .replay import Replay
from .resistor import Resistor
from .symmetric import SymmetricCell

__all__ = [
    "CATHODES",
    "CONNECTIONS",
    "USUAL_RATE_C",
    "BadlyConnected",
    "BlockingCell",
    "FullCell",
    "LOADING_mg_PER_cm2",
    "LithiumCopperCell",
    "PyBaMMCell",
    "RandlesCell",
    "Replay",
    "Resistor",
    "SimulatedCell",
    "SymmetricCell",
    "cathode_of",
    "parse_cell",
    "published_cell",
    "published_systems",
]

"""Protocols to and from the formats of other programs, and the schema of our own files."""

from .as_schedule import as_schedule
from .findings import Findings, Incoming
from .pybamm_text import read_pybamm
from .reading import PROTOCOL_SUFFIXES, read_protocol_file
from .schema import protocol_schema
from .unicycler_in import read_unicycler
from .unicycler_out import to_unicycler

__all__ = [
    "PROTOCOL_SUFFIXES",
    "Findings",
    "Incoming",
    "as_schedule",
    "protocol_schema",
    "read_protocol_file",
    "read_pybamm",
    "read_unicycler",
    "to_unicycler",
]

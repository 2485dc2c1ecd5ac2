"""Protocols to and from the formats of other programs, and the schema of our own files."""

from typing import TYPE_CHECKING

from ...core.lazily import lazily

if TYPE_CHECKING:
    from .findings import Findings, Incoming
    from .pybamm_text import read_pybamm
    from .reading import PROTOCOL_SUFFIXES, read_protocol_file
    from .scheduling import as_schedule
    from .schema import protocol_schema
    from .unicycler_in import read_unicycler
    from .unicycler_out import to_unicycler

__getattr__ = lazily(
    __name__,
    {
        "findings": ["Findings", "Incoming"],
        "pybamm_text": ["read_pybamm"],
        "reading": ["PROTOCOL_SUFFIXES", "read_protocol_file"],
        "scheduling": ["as_schedule"],
        "schema": ["protocol_schema"],
        "unicycler_in": ["read_unicycler"],
        "unicycler_out": ["to_unicycler"],
    },
)
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

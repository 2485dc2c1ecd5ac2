"""Protocols from the files of any program that is understood."""

import json
from pathlib import Path

from ..base import ProtocolError, load_protocol
from ..files import protocol_from_file, read_text
from .findings import Incoming
from .pybamm_text import read_pybamm

PROTOCOL_SUFFIXES = (".yaml", ".yml", ".json", ".txt")
"""Our own files, those of aurora-unicycler, and PyBaMM experiments."""


def read_protocol_file(path: Path) -> Incoming:
    """Return the protocol that a file describes, whose kind its suffix tells.

    Parameters
    ----------
    path : Path
        YAML of our own, JSON of aurora-unicycler (or of our own), or a PyBaMM experiment as text.

    Raises
    ------
    ProtocolError
        It cannot be read, or asks for what cannot be done; the message names the file and the place.
    """
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return Incoming(protocol_from_file(path), {}, ())
    if suffix not in PROTOCOL_SUFFIXES:
        known = ", ".join(PROTOCOL_SUFFIXES)
        raise ProtocolError(f"{path} is not a protocol's file: those end in {known}.")
    text = read_text(path)
    try:
        if suffix != ".json":
            return read_pybamm(text)
        described = json.loads(text)
        if isinstance(described, dict) and "protocol" in described:
            return Incoming(load_protocol(described), {}, ())
        from .unicycler_in import read_unicycler  # noqa: PLC0415  a tenth of a second, and seldom asked for

        return read_unicycler(described)
    except ProtocolError as error:
        raise ProtocolError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"{path} is not a JSON file that can be read: {error}.") from None

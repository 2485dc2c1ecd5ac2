"""Protocols and cells from YAML files."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .base import Protocol, ProtocolError, explain, load_protocol
from .cell import Cell
from .plain_yaml import parse_plain_yaml

_LARGEST_BYTES = 2**20


def read_text(path: Path) -> str:
    """Return what a file says; raise `ProtocolError` where it cannot be read or is no text."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ProtocolError(f"{path} is larger than 1 MB, which no protocol or cell is.")
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ProtocolError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path} is not a text file in UTF-8: {error}.") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Return what a YAML file describes.

    Raises
    ------
    ProtocolError
        It cannot be read, or is not a list of names with values.
    """
    text = read_text(path)
    try:
        content = parse_plain_yaml(text)
    except ValueError as error:
        raise ProtocolError(f"{path} is not a YAML file that can be read: {error}.") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ProtocolError(f"{path} should hold names with values, like 'area: 1.13 cm²'.")
    return content


def protocol_from_file(path: Path) -> Protocol:
    """Return the protocol that a YAML file describes: its name and parameters.

    Raises
    ------
    ProtocolError
        The message says which file and what is wrong.
    """
    try:
        return load_protocol(read_yaml(path))
    except ProtocolError as error:
        raise ProtocolError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def cell_from_file(path: Path) -> Cell:
    """Return the cell that a YAML file describes.

    Raises
    ------
    ProtocolError
        The message says which file and what is wrong.
    """
    try:
        return Cell.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ProtocolError(f"{path}: {explain(error, Cell)}") from None

"""Protocols and cells from YAML files."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from .base import Protocol, ProtocolError, explain, load_protocol
from .cell import Cell

_LARGEST_BYTES = 2**20


class _PlainLoader(yaml.SafeLoader):
    """Reads plain data only; aliases are refused, because a small file could stand for a huge one."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed here")
        return super().compose_node(parent, index)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return what a YAML file describes.

    Raises
    ------
    ProtocolError
        It cannot be read, or is not a list of names with values.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ProtocolError(f"{path} is larger than 1 MB, which no protocol or cell is.")
        content = yaml.load(path.read_text("utf-8"), _PlainLoader)  # noqa: S506  it is a SafeLoader
    except OSError as error:
        raise ProtocolError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ProtocolError(f"{path} is not a YAML file that can be read: {reason}.") from None
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

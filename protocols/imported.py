"""A run that another program recorded."""

from typing import Annotated

from pydantic import Field

from .base import Protocol, ProtocolError, Steps
from .cell import Cell


class Imported(Protocol):
    """Stands for the unknown program of a run that was imported; it can be analysed, not repeated."""

    analysed_as: Annotated[str, Field(max_length=100)]
    """The protocol whose analysis applies, such as "GalvanostaticCycling"; empty where none does."""
    source: str = ""
    """Name of the file."""

    def steps(self, cell: Cell) -> Steps:  # noqa: ARG002
        """Refuse: what was programmed is not known."""
        raise ProtocolError("an imported run cannot be repeated: what was programmed is not known")
        yield  # pragma: no cover  makes this a generator

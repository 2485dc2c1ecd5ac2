"""What cannot be said in another format, collected while a protocol is converted."""

from typing import NamedTuple

from ..base import Protocol, ProtocolError
from ..cell import Cell


class Findings:
    """Collects what cannot be converted, each with its place.

    What would change what is done to the cell, or when it ends, is refused; what only changes how
    it is measured or recorded is noted.

    Attributes
    ----------
    refusals, notes : list of str
        A sentence for each, in the order in which they were found.
    """

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.notes: list[str] = []

    def refuse(self, place: str, sentence: str) -> None:
        """Something that matters to the cell cannot be said."""
        self._add(self.refusals, place, sentence)

    def note(self, place: str, sentence: str) -> None:
        """Something changes that does not matter to the cell."""
        self._add(self.notes, place, sentence)

    def check(self) -> None:
        """Raise `ProtocolError` with everything that was refused."""
        if self.refusals:
            shown = self.refusals[:_MOST]
            more = len(self.refusals) - len(shown)
            raise ProtocolError(" ".join([*shown, *([f"And {more} more."] if more else [])]))

    @staticmethod
    def _add(sentences: list[str], place: str, sentence: str) -> None:
        told = f"{place}: {sentence}." if place else f"{sentence[0].upper()}{sentence[1:]}."
        if told not in sentences:
            sentences.append(told)


_MOST = 12
"""Sentences that a person reads at a time."""


class Incoming(NamedTuple):
    """What another program's file describes.

    Parameters
    ----------
    protocol : Protocol
        What is to be done.
    cell : dict
        What the file says of the cell, as parameters of `Cell` with units; empty where it says nothing.
    notes : tuple of str
        What is done otherwise than the file says, a sentence for each.
    """

    protocol: Protocol
    cell: dict[str, str]
    notes: tuple[str, ...]

    def completed(self, cell: Cell) -> Cell:
        """Return a cell with what the file says where the cell itself says nothing."""
        said = {name: value for name, value in self.cell.items() if name not in cell.model_fields_set}
        if cell.capacity_provenance != "unknown":
            said.pop("nominal_capacity", None)
        return Cell.model_validate({**said, **cell.model_dump(exclude_unset=True)})

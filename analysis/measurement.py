"""What one protocol of a run did: its parameters, the cell, and its samples by the role of the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..core.samples import Block, Flag
from ..protocols import Cell, Protocol, ProtocolError, load_protocol
from ..storage import Run
from ..storage.run import StepRecord

P = TypeVar("P", bound=Protocol)


@dataclass(frozen=True)
class Measurement:
    """The steps of one protocol in a run; analysis finds them by role, never by counting.

    Parameters
    ----------
    part : str
        Where the protocol stands in a sequence ("2", "0.1"); empty where it is the whole run.
    protocol : Protocol
        The protocol with its parameters.
    cell : Cell
        What was connected.
    run : Run
        The file.
    steps : tuple of StepRecord
        Its steps, in order.
    """

    part: str
    protocol: Protocol
    cell: Cell
    run: Run
    steps: tuple[StepRecord, ...]

    def protocol_as(self, kind: type[P]) -> P:
        """Return the protocol as one of its kind; raise `TypeError` where it is another."""
        if not isinstance(self.protocol, kind):
            raise TypeError(f"{type(self.protocol).__name__} is not {kind.__name__}")
        return self.protocol

    def steps_with(self, role: str) -> list[StepRecord]:
        """Return the steps of a role; a step that was interrupted comes in several segments."""
        return [step for step in self.steps if step.role == role]

    def grouped(self, role: str) -> list[list[StepRecord]]:
        """Return the steps of a role, the segments of an interrupted one together."""
        groups: dict[int, list[StepRecord]] = {}
        for step in self.steps_with(role):
            groups.setdefault(step.program_index, []).append(step)
        return list(groups.values())

    def samples(self, role: str) -> Block:
        """Return the samples of all steps of a role."""
        return self._rows(self.run.samples, [step.samples for step in self.steps_with(role)])

    def impedance(self, role: str) -> Block:
        """Return the points of all spectra of a role."""
        return self._rows(self.run.impedance, [step.impedance for step in self.steps_with(role)])

    @staticmethod
    def _rows(table: Block, slices: list[slice]) -> Block:
        return np.concatenate([table[each] for each in slices]) if slices else table[:0]


def measurements(run: Run) -> list[Measurement]:
    """Return the measurements of a run in the order in which they began.

    A protocol that this installation does not know cannot be analysed and is left out.
    """
    cell = Cell.from_metadata(run.cell)
    steps: dict[str, list[StepRecord]] = {}
    for step in run.steps:
        steps.setdefault(step.part, []).append(step)
    found = []
    for part, its_steps in steps.items():
        protocol = _protocol(run.protocol, part)
        if protocol is not None:
            found.append(Measurement(part, protocol, cell, run, tuple(its_steps)))
    return found


def all_spectra(run: Run) -> Measurement:
    """Return the spectra of a whole run as one measurement, also those of protocols not known here."""
    steps = tuple(step for step in run.steps if step.impedance.stop > step.impedance.start)
    protocol = _protocol(run.protocol, "") or Protocol()
    return Measurement("", protocol, Cell.from_metadata(run.cell), run, steps)


def valid(rows: Block) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mark the rows whose value the instrument did not call beyond its range."""
    return (rows["flags"] & Flag.OVERLOAD) == 0


def _protocol(description: Mapping[str, Any], part: str) -> Protocol | None:
    """Return the protocol that stands at `part` of a description, or None where it is not known."""
    here: Any = description
    for index in part.split(".") if part else ():
        # A repeated protocol is the same in every pass.
        here = here["body"] if "body" in here else here.get("protocols", [])[int(index)]
    try:
        return load_protocol(here)
    except ProtocolError:
        return None

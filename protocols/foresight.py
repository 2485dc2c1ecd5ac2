"""Which steps a protocol will ask for, as far as that does not depend on what is still to be measured."""

import logging
from collections.abc import Sequence
from typing import Any, cast

from .base import Protocol
from .cell import Cell
from .steps import Step, StepResult

log = logging.getLogger(__name__)

_FAR = 20_000
"""A protocol may go on for ever; this far ahead is enough to know."""


class _LookedAt(BaseException):
    """The protocol wants to know what a step measured before it decides; not to be caught by it."""


class _Unmeasured:
    """Stands for the result of a step that has not been run."""

    def __getattribute__(self, name: str) -> Any:
        raise _LookedAt


def foreseen(protocol: Protocol, cell: Cell, results: Sequence[StepResult] = ()) -> list[Step]:
    """Return a protocol's steps up to the one whose result decides what comes after it.

    Parameters
    ----------
    protocol : Protocol
        What is run; it is replayed.
    cell : Cell
        On this cell.
    results : sequence of StepResult
        What its first steps have measured.
    """
    steps: list[Step] = []
    try:
        _foresee(protocol, cell, results, steps)
    except Exception:
        # Told when the run comes to it.
        log.debug("the protocol failed", exc_info=True)
    return steps


def foreseen_to_the_end(protocol: Protocol, cell: Cell) -> tuple[list[Step], bool]:
    """Return a protocol's steps as `foreseen` does, and whether these are all.

    Raises
    ------
    ValueError
        The protocol cannot be run on this cell; the message says why.
    """
    steps: list[Step] = []
    return steps, _foresee(protocol, cell, (), steps)


def _foresee(protocol: Protocol, cell: Cell, results: Sequence[StepResult], steps: list[Step]) -> bool:
    """Append a protocol's steps as far as they are known; return whether these are all."""
    program = protocol.program(cell)
    try:
        step = next(program)
        while len(steps) < len(results) + _FAR:
            done = len(steps)
            steps.append(step)
            known = results[done] if done < len(results) else cast("StepResult", _Unmeasured())
            step = program.send(known)
    except StopIteration:
        return True
    except _LookedAt:
        pass
    return False

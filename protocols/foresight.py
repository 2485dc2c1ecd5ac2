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
    program = protocol.program(cell)
    try:
        step = next(program)
        while len(steps) < len(results) + _FAR:
            done = len(steps)
            steps.append(step)
            known = results[done] if done < len(results) else cast("StepResult", _Unmeasured())
            step = program.send(known)
    except (StopIteration, _LookedAt):
        pass
    except Exception:
        # Told when the run comes to it.
        log.debug("the protocol failed", exc_info=True)
    return steps

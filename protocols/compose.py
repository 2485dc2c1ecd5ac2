"""Protocols made of protocols."""

from typing import Annotated, Any

from pydantic import Field

from .base import AnyProtocol, Protocol, Steps, mapped
from .cell import Cell
from .steps import Step


class Sequence(Protocol):
    """Run protocols one after the other, into one file."""

    protocols: Annotated[tuple[AnyProtocol, ...], Field(min_length=1, max_length=1000)]
    """The protocols, in order."""

    def __init__(self, *protocols: Protocol, **data: Any) -> None:
        super().__init__(**({"protocols": protocols} if protocols else {}), **data)

    def steps(self, cell: Cell) -> Steps:
        """Yield the steps of all protocols; cycles are counted on through all of them."""
        done = 0
        for index, protocol in enumerate(self.protocols):
            counter = _CycleCounter(first=done)
            yield from mapped(protocol.program(cell), lambda step, i=index, c=counter: c.place(step, str(i)))
            done = counter.last


class Repeat(Protocol):
    """Run a protocol several times; each pass is at least one cycle."""

    body: AnyProtocol
    """What is repeated."""
    times: Annotated[int, Field(ge=1, le=1_000_000)]
    """How often."""

    def __init__(self, *positional: Any, **data: Any) -> None:
        super().__init__(**dict(zip(("body", "times"), positional, strict=False)), **data)

    def steps(self, cell: Cell) -> Steps:
        """Yield the protocol's steps again and again; cycles are counted on."""
        done = 0
        for index in range(self.times):
            counter = _CycleCounter(first=done, least=1)
            yield from mapped(self.body.program(cell), lambda step, i=index, c=counter: c.place(step, str(i)))
            done = max(counter.last, done + 1)


class _CycleCounter:
    """Moves the cycle numbers of one part on by those of the parts before it."""

    def __init__(self, first: int, least: int = 0) -> None:
        self.first = first
        self.least = least
        self.last = first

    def place(self, step: Step, part: str) -> Step:
        cycle = self.first + max(step.cycle, self.least)
        # The passes of a sweep are cycles too.
        passes = getattr(step, "scans", 1) - 1 if step.cycle else 0
        self.last = max(self.last, cycle + passes)
        return step.model_copy(update={"cycle": cycle, "part": f"{part}.{step.part}" if step.part else part})

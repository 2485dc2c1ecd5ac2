"""A protocol of one's own."""

from typing import Annotated

from pydantic import Field

from faradaic.protocols import Cell, ConstantPotential, Protocol, Record, Steps, Until
from faradaic.protocols.quantities import Duration, Potential


class HoldLadder(Protocol):
    """Hold potentials one after the other, evenly spaced."""

    first: Potential = 0.0
    """The first potential."""
    last: Potential = 1.0
    """The last one."""
    rungs: Annotated[int, Field(ge=2, le=1000)] = 3
    """How many there are, both ends counted."""
    hold: Duration = 60.0
    """How long each is held."""

    def steps(self, cell: Cell) -> Steps:
        """Yield the holds."""
        for index in range(self.rungs):
            potential_V = self.first + (self.last - self.first) * index / (self.rungs - 1)
            yield ConstantPotential(
                potential_V=potential_V,
                until=Until(duration_s=self.hold),
                record=Record(interval_s=1.0),
                label=f"Hold {potential_V:g} V",
                role="hold",
            )

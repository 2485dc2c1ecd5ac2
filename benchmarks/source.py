"""A channel that costs next to nothing."""

import time
from collections.abc import Generator

import numpy as np

from faradaic.core.clock import VirtualClock
from faradaic.core.samples import MEASUREMENT, Block
from faradaic.instruments import Capabilities, Channel, Identity
from faradaic.protocols import Cell, ConstantCurrent, Limits, Protocol, Record, Step, Steps, Until

INTERVAL_S = 0.1


class Source(Channel):
    """Yields blocks of a constant current at a slowly rising potential, in the same memory each time."""

    def __init__(self, samples: int, block: int, pause_s: float = 0.0) -> None:
        capabilities = Capabilities(frozenset({"constant_current"}), -10.0, 10.0, 1.0)
        super().__init__("1", Identity("source", "0", "0", "memory"), capabilities, VirtualClock())
        self._samples = samples
        self._pause_s = pause_s
        self._rows = np.zeros(block, MEASUREMENT)
        self._rows["time_s"] = INTERVAL_S * np.arange(1, block + 1)
        self._rows["potential_V"] = 3.7
        self._rows["current_A"] = 1e-3
        self._rows["temperature_degC"] = np.nan

    def run(self, step: Step) -> Generator[Block, None, None]:  # noqa: ARG002
        """Yield the blocks."""
        rows = self._rows
        for _ in range(0, self._samples, len(rows)):
            if self._pause_s:
                time.sleep(self._pause_s)
            yield rows
            rows["time_s"] += INTERVAL_S * len(rows)

    def read(self) -> Block:
        """Return the first sample."""
        return self._rows[:1]

    def rest(self) -> None:
        """Do nothing: there is no cell."""


class Charge(Protocol):
    """Charges with every limit and several end conditions armed."""

    duration_s: float

    def steps(self, cell: Cell) -> Steps:  # noqa: ARG002
        """Yield one step."""
        yield ConstantCurrent(
            current_A=1e-3,
            until=Until(duration_s=self.duration_s, potential_above_V=4.2, charge_C=1e9, energy_J=1e9),
            limits=Limits(
                potential_max_V=4.3,
                potential_min_V=2.0,
                current_max_A=0.1,
                charge_max_C=1e9,
                energy_max_J=1e9,
            ),
            record=Record(interval_s=INTERVAL_S),
        )

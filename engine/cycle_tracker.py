"""Adds up cycles while a run goes on."""

from ..core.cycles import CycleStatistics


class CycleTracker:
    """Takes in steps as they end, and says when a cycle is complete."""

    def __init__(self) -> None:
        self._current = CycleStatistics(0)

    def add(self, cycle: int, charge_Ah: float, energy_Wh: float) -> CycleStatistics | None:
        """Take in a step, or a segment of one; return the cycle that ended before it."""
        ended = None
        if cycle != self._current.cycle:
            ended = self.finished()
            self._current = CycleStatistics(cycle)
        self._current = self._current.with_step(charge_Ah, energy_Wh)
        return ended

    def finished(self) -> CycleStatistics | None:
        """Return the cycle that was under way, where charge passed in both directions."""
        ended, self._current = self._current, CycleStatistics(0)
        return ended if ended.cycle > 0 and ended.has_both else None

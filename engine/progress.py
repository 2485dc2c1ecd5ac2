"""How far a run has come."""

from dataclasses import dataclass

from ..core.cycles import CycleStatistics
from ..protocols import Until


@dataclass(frozen=True)
class Progress:
    """A run at one moment.

    Parameters
    ----------
    state : str
        ``running``, ``paused``, ``holding`` or how the run has ended.
    step : str
        The label of the step under way.
    cycle : int
        The cycle under way, from 1; 0 where nothing cycles.
    potential_V, current_A : float or None
        The last sample.
    net_charge_C : float
        What has passed through the cell since the run began.
    last_cycle : CycleStatistics or None
        The last cycle that is complete.
    elapsed_s, remaining_s : float
        Time since the run began, and what is expected to come.
    until : Until or None
        The end conditions of the step under way.
    """

    state: str = "starting"
    step: str = ""
    cycle: int = 0
    potential_V: float | None = None
    current_A: float | None = None
    net_charge_C: float = 0.0
    last_cycle: CycleStatistics | None = None
    elapsed_s: float = 0.0
    remaining_s: float = 0.0
    until: Until | None = None

    @property
    def fraction(self) -> float:
        """How much of the expected time has passed, from 0 to 1."""
        whole_s = self.elapsed_s + self.remaining_s
        return self.elapsed_s / whole_s if whole_s > 0 else 0.0

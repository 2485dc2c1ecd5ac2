"""Open-circuit potential: watch the cell at rest."""

from .base import Protocol, ProtocolError, Steps
from .cell import Cell
from .quantities import Duration, PotentialRate, PotentialStep
from .steps import Record, Rest, StepResult, Until


class OpenCircuit(Protocol):
    """Watch the potential of the cell at rest."""

    duration: Duration = 3600.0
    """How long to watch, at most."""
    stop_below: PotentialRate | None = None
    """Stop earlier once the potential changes more slowly than this, such as "1 mV/h"."""
    sample_every: Duration = 1.0
    """Time between samples."""
    record_every: Duration | None = None
    """Time between samples that are kept; by default all are kept."""
    record_change: PotentialStep | None = None
    """A sample is also kept whenever the potential has changed by this much."""

    def steps(self, cell: Cell) -> Steps:  # noqa: ARG002
        """Yield one rest."""
        yield Rest(
            until=Until(
                duration_s=self.duration,
                potential_rate_below_V_per_s=self.stop_below,
                potential_rate_window_s=max(60.0, 10 * self.sample_every),
            ),
            record=Record(
                interval_s=self.record_every or self.sample_every,
                sample_interval_s=self.sample_every,
                potential_change_V=self.record_change,
            ),
            label="Open circuit",
            role="open_circuit",
        )


def ocv_rest(duration_s: float) -> Rest:
    """Return the short rest whose last potential others start from."""
    return Rest(
        until=Until(duration_s=duration_s),
        record=Record(interval_s=min(1.0, duration_s / 5)),
        label="Open circuit before",
        role="ocv",
    )


def measured_ocv_V(result: StepResult) -> float:
    """Return the potential at which a rest ended; raise `ProtocolError` where nothing was measured."""
    if result.potential_last_V is None:
        raise ProtocolError(
            "the open-circuit potential was not measured, so there is no potential to start from"
        )
    return result.potential_last_V

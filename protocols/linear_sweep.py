"""Linear sweep voltammetry."""

from typing import Self

from pydantic import model_validator

from .base import Protocol, ProtocolError, Steps
from .cell import Cell
from .open_circuit import measured_ocv_V, ocv_rest
from .quantities import (
    CurrentDensity,
    Duration,
    PositiveCurrent,
    Potential,
    PotentialOrOCV,
    PotentialStep,
    ScanRate,
)
from .steps import PotentialSweep, Until


class LinearSweep(Protocol):
    """Sweep the potential once, to find where the electrolyte oxidises (LSV)."""

    start: PotentialOrOCV = "OCV"
    """Where the sweep begins: a potential, or "OCV" for the one the cell shows at rest."""
    stop: Potential = 6.0
    """Where the sweep ends."""
    rate: ScanRate = 1e-4
    """How fast the potential changes."""
    sample_every: PotentialStep = 1e-3
    """Potential between samples."""
    current_limit: PositiveCurrent | None = None
    """End the sweep when the current reaches this magnitude, such as "1 mA/cm²"."""
    rest_before: Duration = 10.0
    """How long the open-circuit potential is watched when the sweep starts from it."""
    onset_threshold: CurrentDensity = 0.1
    """Current density at which the oxidation limit is read; papers mostly use 10 µA/cm²."""

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.stop:
            raise ValueError(
                f"start and stop are both {self.stop:g} V; a sweep needs two different potentials"
            )
        return self

    def steps(self, cell: Cell) -> Steps:
        """Yield the sweep, after a rest where it starts from the open-circuit potential."""
        current_A = None if self.current_limit is None else self.current_limit.amperes(cell)
        start_V = measured_ocv_V((yield ocv_rest(self.rest_before))) if self.start == "OCV" else self.start
        if abs(self.stop - start_V) < self.sample_every:
            raise ProtocolError(
                f"the sweep would start at {start_V:.4f} V, where it should stop; choose another stop"
            )
        yield PotentialSweep(
            path_V=(start_V, self.stop),
            rate_V_per_s=self.rate,
            sample_every_V=self.sample_every,
            until=Until(current_above_A=current_A),
            label="Linear sweep",
            role="sweep",
        )

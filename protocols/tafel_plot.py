"""Tafel plot: a slow sweep through the equilibrium potential, for the exchange current."""

from typing import Literal

from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import measured_ocv_V, ocv_rest
from .quantities import Duration, PositiveCurrent, PotentialStep, ScanRate
from .steps import PotentialSweep, Until


class TafelPlot(Protocol):
    """Sweep slowly through the potential at rest, to find the exchange current density."""

    overpotential: PotentialStep = 0.2
    """How far the sweep goes to both sides of the potential at rest."""
    rate: ScanRate = 1e-3
    """How fast the potential changes."""
    sample_every: PotentialStep = 1e-3
    """Potential between samples."""
    electrodes: Literal[1, 2] = 2
    """Electrodes that share the overpotential: 2 in a symmetric cell, 1 against a reference electrode."""
    rest_before: Duration = 60.0
    """How long the potential at rest is watched first."""
    current_limit: PositiveCurrent | None = None
    """End the sweep when the current reaches this magnitude, such as "5 mA/cm²"."""

    def steps(self, cell: Cell) -> Steps:
        """Yield a sweep from rest to the lower end and from there to the upper one."""
        current_A = None if self.current_limit is None else self.current_limit.amperes(cell)
        rest_V = measured_ocv_V((yield ocv_rest(self.rest_before)))
        yield PotentialSweep(
            path_V=(rest_V, rest_V - self.overpotential, rest_V + self.overpotential),
            rate_V_per_s=self.rate,
            sample_every_V=self.sample_every,
            until=Until(current_above_A=current_A),
            label="Tafel sweep",
            role="tafel",
        )

"""Cyclic voltammetry at one or several scan rates."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ..core.units import pretty
from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import measured_ocv_V, ocv_rest
from .quantities import (
    Duration,
    PositiveCurrent,
    Potential,
    PotentialOrOCV,
    PotentialStep,
    QuantityList,
    ScanRate,
)
from .steps import PotentialSweep, Until


class CyclicVoltammetry(Protocol):
    """Cycle the potential between two vertices, at one scan rate after the other (CV)."""

    begin: PotentialOrOCV = "OCV"
    """Where every cycle begins and ends: a potential, or "OCV" for the one the cell shows at rest."""
    vertex_1: Potential
    """First turning point."""
    vertex_2: Potential
    """Second turning point."""
    rates: Annotated[tuple[ScanRate, ...], QuantityList, Field(min_length=1, max_length=100)] = (
        1e-4,
        2e-4,
        3e-4,
        4e-4,
        5e-4,
    )
    """Scan rates, run one after the other, such as "0.1, 0.2, 0.5 mV/s"."""
    cycles: Annotated[int, Field(ge=1, le=100_000)] = 3
    """Cycles at each scan rate."""
    sample_every: PotentialStep = 1e-3
    """Potential between samples."""
    current_limit: PositiveCurrent | None = None
    """End a scan rate when the current reaches this magnitude."""
    rest_before: Duration = 10.0
    """How long the open-circuit potential is watched when the cycles start from it."""
    electrons: Annotated[int, Field(ge=1, le=10)] = 1
    """Electrons per reacting molecule, for the Randles–Sevcik diffusion coefficient."""
    concentration_mol_per_L: Annotated[float, Field(gt=0, le=100)] | None = None
    """Concentration of the reacting species; the diffusion coefficient needs it."""

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.vertex_1 == self.vertex_2:
            raise ValueError(f"vertex_1 and vertex_2 are both {self.vertex_1:g} V; they must differ")
        return self

    def steps(self, cell: Cell) -> Steps:
        """Yield one sweep a scan rate, of all its cycles."""
        current_A = None if self.current_limit is None else self.current_limit.amperes(cell)
        begin_V = measured_ocv_V((yield ocv_rest(self.rest_before))) if self.begin == "OCV" else self.begin
        # A cycle that begins at one of its vertices has no leg there.
        corners = (begin_V, self.vertex_1, self.vertex_2, begin_V)
        path_V = tuple(
            here for here, before in zip(corners, (None, *corners), strict=False) if here != before
        )
        for index, rate in enumerate(self.rates):
            yield PotentialSweep(
                path_V=path_V,
                rate_V_per_s=rate,
                sample_every_V=self.sample_every,
                scans=self.cycles,
                cycle=1 + index * self.cycles,
                until=Until(current_above_A=current_A),
                label=f"Cycles at {pretty(rate, 'V/s')}",
                role="voltammogram",
            )

"""Lithium against copper: the coulombic efficiency of plating and stripping."""

from dataclasses import dataclass

from .blocking import BlockingCell


@dataclass(kw_only=True, eq=False)
class LithiumCopperCell(BlockingCell):
    """Copper (positive) ‖ electrolyte ‖ lithium (negative and reference).

    As `BlockingCell`, whose current collector it has; of the lithium that is plated on the
    copper, only a part can be stripped again.

    Parameters
    ----------
    coulombic_efficiency_percent : float
        This part.
    """

    coulombic_efficiency_percent: float = 95.0

    @property
    def _plating_efficiency(self) -> float:
        return self.coulombic_efficiency_percent / 100.0

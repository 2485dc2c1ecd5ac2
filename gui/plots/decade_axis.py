"""An axis whose numbers do not lie over each other where it is logarithmic."""

from math import ceil, floor
from typing import Any

from .graphics import pg

_FEWEST = 2


class DecadeAxis(pg.AxisItem):
    """An axis that, where it is logarithmic and long enough, writes numbers at the decades only."""

    def logTickValues(
        self, minVal: float, maxVal: float, size: float, stdTicks: list[tuple[float, Any]]
    ) -> list[tuple[float | None, Any]]:
        """Return the places of ticks, as logarithms: decades first, what lies between them after."""
        decades = [float(each) for each in range(ceil(minVal), floor(maxVal) + 1)]
        levels = super().logTickValues(minVal, maxVal, size, stdTicks)
        if len(decades) < _FEWEST:
            return levels
        return [(1.0, decades), *(level for level in levels if level[0] is None)]

    def logTickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:
        """Return what is written at ticks: nothing between decades, where those are written."""
        low, high = sorted(self.range)
        if spacing is None and floor(high) - ceil(low) + 1 >= _FEWEST:
            return [""] * len(values)
        return super().logTickStrings(values, scale, spacing)

"""An axis whose name and numbers have the space that they need."""

from math import ceil, floor
from typing import Any

from PySide6.QtGui import QFontMetricsF

from .graphics import pg

_FEWEST = 2


class DecadeAxis(pg.AxisItem):
    """An axis that, where it is logarithmic and long enough, writes numbers at the decades only."""

    _name = _unit = _colour = ""

    def set_name(self, name: str, unit: str, colour: str) -> None:
        """Write a name beside the axis, or only the unit where the axis is shorter than the name."""
        self._name, self._unit, self._colour = name, unit, colour
        self._write_name()

    def resizeEvent(self, ev: Any = None) -> None:
        """Write the name where there is space for it now."""
        super().resizeEvent(ev)
        self._write_name()

    def _write_name(self) -> None:
        if not self._name:
            return
        size = self.size()
        along = size.height() if self.orientation in ("left", "right") else size.width()
        has_space = QFontMetricsF(self.label.font()).horizontalAdvance(self._name) <= along
        text = self._name if has_space or not self._unit else self._unit
        if text != self.labelText:
            self.setLabel(text, color=self._colour)

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

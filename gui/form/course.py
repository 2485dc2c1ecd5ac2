"""The programmed course of a protocol, drawn: E(t) above I(t)."""

import numpy as np

from ...protocols import Preview
from ..plots.graphics import PlotDataItem, PlotItem, pg
from ..plots.thinning import thinned
from ..plots.views import time_scale
from ..theme import Theme

_PIXELS = 600


class CourseView(pg.GraphicsLayoutWidget):
    """Draws what a protocol programs; of potential and current, only what it has."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._plots: list[PlotItem] = []
        self._curves: list[PlotDataItem] = []
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours; what was drawn is to be drawn again."""
        self._theme = theme
        self.clear()
        self.setBackground(theme.panel)
        self._plots, self._curves = [], []
        for row, (name, unit) in enumerate((("E", "V"), ("I", "A"))):
            plot = self.addPlot(row=row, col=0)
            plot.setLabel("left", name, units=unit, color=theme.text)
            plot.getAxis("left").setWidth(64)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
            plot.vb.setMenuEnabled(False)
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(theme.faint)
                plot.getAxis(side).setTextPen(theme.text)
            self._curves.append(plot.plot(pen=pg.mkPen(theme.curves[row], width=1.6), connect="finite"))
            self._plots.append(plot)
        self._plots[1].setXLink(self._plots[0])

    def draw(self, course: Preview | None) -> None:
        """Show a course; nothing where there is none."""
        if course is None or not course.time_s:
            for curve in self._curves:
                curve.setData([], [])
            return
        time_s = np.asarray(course.time_s)
        divisor, unit = time_scale(float(time_s[-1]))
        shown = [np.asarray(values, dtype=float) for values in (course.potential_V, course.current_A)]
        has_any = [bool(np.isfinite(numbers).any()) for numbers in shown]
        # Only rests have no current: then there is nothing to see.
        has_any[1] = has_any[1] and (not has_any[0] or bool(np.nanmax(np.abs(shown[1])) > 0))
        for row, (plot, curve, numbers) in enumerate(zip(self._plots, self._curves, shown, strict=True)):
            is_lowest = row == max(index for index in (0, 1) if has_any[index] or index == 0)
            plot.getAxis("bottom").setStyle(showValues=is_lowest)
            plot.setLabel("bottom", f"Time ({unit})" if is_lowest else "", color=self._theme.text)
            plot.showLabel("bottom", is_lowest)
            self.ci.layout.setRowMaximumHeight(row, 10_000 if has_any[row] else 0)
            x, y = thinned(time_s / divisor, numbers, -np.inf, np.inf, _PIXELS)
            curve.setData(x, y)
            plot.setVisible(has_any[row])

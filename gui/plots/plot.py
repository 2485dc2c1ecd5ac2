"""A plot of one or more runs: linked panes, cursor, units, and an autorange that respects the hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..theme import Theme
from .decade_axis import DecadeAxis
from .graphics import LINE_PX, InfiniteLine, PlotDataItem, PlotItem, pg
from .mark import mark
from .source import Source
from .thinning import Floats, overview, thinned, thinned_decades, thinned_path
from .turns import Turns
from .views import VIEWS, Axis, Pane, potential, shown_scale

_MOST_LEGEND = 12


class Curve:
    """One source in one pane: its values in the units of their axes, and its item."""

    def __init__(self, item: PlotDataItem) -> None:
        self.item = item
        self.x: Floats = np.empty(0)
        self.y: Floats = np.empty(0)
        self.overview = self.x, self.y
        self.version = -1


class Plot(QWidget):
    """Draws sources in one of the `VIEWS`.

    Parameters
    ----------
    theme : Theme
        The colours.
    view : str
        A key of `VIEWS`.
    turns : Turns
        Says when new samples are drawn.
    source : Source
        What is drawn first.

    Attributes
    ----------
    pointed : Signal(str)
        The values under the mouse, in words.
    """

    pointed = Signal(str)

    def __init__(
        self, theme: Theme, view: str, turns: Turns, source: Source, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.theme = theme
        self.view_name = view
        self.current_unit = "A"
        self.is_log = False
        self.is_log_x = False
        self.sources: list[Source] = []
        self.hidden: set[Source] = set()
        self.canvas = pg.GraphicsLayoutWidget()
        self.plots: list[PlotItem] = []
        self._curves: list[dict[Source, Curve]] = []
        self._axes: list[tuple[Axis, Axis]] = []
        self._scales: list[tuple[float, float]] = []
        self._units: list[tuple[str, str]] = []
        self._cursors: list[InfiniteLine] = []
        self._marks: dict[str, float] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self._mouse = pg.SignalProxy(self.canvas.scene().sigMouseMoved, rateLimit=30, slot=self._point)
        self._turns = turns
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self.add(source)

    def add(self, source: Source) -> None:
        """Draw a source as well."""
        if source in self.sources:
            return
        self.sources.append(source)
        source.changed.connect(self._touch)
        self.rebuild()

    def remove(self, source: Source) -> None:
        """Draw a source no more."""
        if source in self.sources:
            self.sources.remove(source)
            self.hidden.discard(source)
            source.changed.disconnect(self._touch)
            self.rebuild()

    def set_view(self, name: str) -> None:
        """Show another view."""
        self.view_name = name
        self.rebuild()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        self.rebuild()

    def set_current_unit(self, unit: str) -> None:
        """Show currents and charges in another unit."""
        self.current_unit = unit
        self.rebuild()

    def set_log(self, is_log: bool) -> None:
        """Show the magnitude of y on a logarithmic axis, or y itself on a linear one."""
        self.is_log = is_log
        self.rebuild()

    def set_log_x(self, is_log: bool) -> None:
        """Show x on a logarithmic axis, or on a linear one."""
        self.is_log_x = is_log
        self.rebuild()

    def show_source(self, source: Source, shown: bool) -> None:
        """Show a source, or leave it out for the time being."""
        (self.hidden.discard if shown else self.hidden.add)(source)
        self.rebuild()

    def set_marks(self, marks: dict[str, float]) -> None:
        """Mark potentials, such as an onset, by what they are called, in plots over the potential."""
        self._marks = marks
        self.rebuild()

    @contextmanager
    def lines_of(self, pixels: float) -> Iterator[None]:
        """Draw curves with smooth lines of another width for the time being, such as for a page."""
        self._set_lines(pixels, smooth=True)
        try:
            yield
        finally:
            self._set_lines(LINE_PX, smooth=False)

    def _set_lines(self, pixels: float, *, smooth: bool) -> None:
        for curves in self._curves:
            for source, curve in curves.items():
                curve.item.opts["antialias"] = smooth
                curve.item.setPen(pg.mkPen(self.colour(source), width=pixels))

    def colour(self, source: Source) -> str:
        """Return the colour of a source's curve."""
        colours = self.theme.curves
        return colours[self.sources.index(source) % len(colours)]

    @property
    def is_following(self) -> bool:
        """Whether the range follows the data; it does not after a person has zoomed or moved it."""
        # The others' x axes are linked to that of the first.
        return bool(self.plots[0].vb.state["autoRange"][0]) and all(
            plot.vb.state["autoRange"][1] for plot in self.plots
        )

    def follow(self) -> None:
        """Let the range follow the data again."""
        for plot in self.plots:
            plot.enableAutoRange()
        self.refresh(everything=True)

    def rebuild(self) -> None:
        """Make all panes anew."""
        self.canvas.clear()
        self.canvas.setBackground(self.theme.panel)
        self.plots, self._curves, self._axes, self._cursors, self._scales, self._units = (
            [],
            [],
            [],
            [],
            [],
            [],
        )
        panes = VIEWS[self.view_name].panes
        for index, pane in enumerate(panes):
            self._add_pane(pane, is_first=index == 0, is_last=index == len(panes) - 1)
        self.refresh(everything=True)

    def _add_pane(self, pane: Pane, *, is_first: bool, is_last: bool) -> None:
        axes = {name: DecadeAxis(name) for name in ("left", "bottom")}
        plot = self.canvas.addPlot(row=len(self.plots), col=0, axisItems=axes)
        plot.setLogMode(x=self._has_log_x(pane), y=self._has_log_y(pane))
        plot.getAxis("left").setWidth(72)
        for name in ("left", "bottom"):
            axis = plot.getAxis(name)
            axis.setPen(self.theme.faint)
            axis.setTextPen(self.theme.text)
            axis.enableAutoSIPrefix(False)
        plot.setAspectLocked(pane.is_square)
        if is_first:
            legend = plot.addLegend(offset=(-10, 10), labelTextColor=self.theme.text)
            legend.setVisible(1 < len(self.sources) <= _MOST_LEGEND)
        else:
            plot.setXLink(self.plots[0])
        if not is_last:
            plot.getAxis("bottom").setStyle(showValues=False)
        curves: dict[Source, Curve] = {}
        for source in self.sources:
            if source in self.hidden:
                continue
            colour = self.colour(source)
            item = pg.PlotDataItem(
                pen=pg.mkPen(colour, width=LINE_PX),
                symbol="o" if pane.has_points else None,
                symbolSize=5,
                symbolBrush=colour,
                symbolPen=None,
                name=source.label,
                connect="finite",
            )
            plot.addItem(item)
            curves[source] = Curve(item)
        cursor = pg.InfiniteLine(angle=90, pen=pg.mkPen(self.theme.faint, style=Qt.PenStyle.DashLine))
        cursor.hide()
        plot.addItem(cursor, ignoreBounds=True)
        if pane.x is potential:
            for number, (text, value) in enumerate(self._marks.items()):
                plot.addItem(mark(text, value, number, self.theme), ignoreBounds=True)
        plot.vb.sigXRangeChanged.connect(lambda box, _: self._moved(box))
        plot.vb.setMenuEnabled(False)
        self.plots.append(plot)
        self._curves.append(curves)
        self._cursors.append(cursor)
        self._axes.append((Axis("", ""), Axis("", "")))
        self._scales.append((1.0, 1.0))
        self._units.append(("", ""))

    def _has_log_x(self, pane: Pane) -> bool:
        return (self.is_log_x or pane.x_is_log) and not pane.is_square

    def _has_log_y(self, pane: Pane) -> bool:
        return (self.is_log or pane.y_is_log) and not pane.is_square

    def _moved(self, box: Any) -> None:
        """Draw another part of the curves; a range that follows the data shows all of them already."""
        is_first = box is self.plots[0].vb
        if is_first and not box.state["autoRange"][0]:
            self._soon.start(0)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what has come while nobody saw it."""
        super().showEvent(event)
        self._touch()

    def _touch(self) -> None:
        self._turns.ask(self, self.refresh)

    def refresh(self, *, everything: bool = False) -> None:
        """Draw what has changed: new samples, or another part of the curves."""
        panes = VIEWS[self.view_name].panes
        for index, (pane, plot, curves) in enumerate(zip(panes, self.plots, self._curves, strict=True)):
            self._take_new(index, pane, curves)
            pixels = max(int(plot.vb.width()), 300)
            follows = bool(plot.vb.state["autoRange"][0]) or everything
            low, high = (-np.inf, np.inf) if follows else plot.vb.viewRange()[0]
            has_log_x = self._has_log_x(pane)
            if has_log_x and not follows:
                low, high = 10.0**low, 10.0**high
            # What is drawn is divided, not all there is.
            x_scale, y_scale = self._scales[index]
            low, high = low * x_scale, high * x_scale
            for curve in curves.values():
                if pane.rises and has_log_x:
                    x, y = thinned_decades(curve.x, curve.y, low, high, pixels)
                elif pane.rises:
                    x, y = thinned(curve.x, curve.y, low, high, pixels, curve.overview)
                else:
                    x, y = thinned_path(*curve.overview, pixels)
                curve.item.setData(x / x_scale, y / y_scale)
        # Ranges follow the data now, not while it is painted: that would have it painted twice.
        self.canvas.scene().prepareForPaint()

    def _take_new(self, index: int, pane: Pane, curves: dict[Source, Curve]) -> None:
        stale = [source for source, curve in curves.items() if curve.version != source.version]
        if not stale:
            return
        found = {
            source: (pane.x(source, self.current_unit), pane.y(source, self.current_unit)) for source in stale
        }
        (x_axis, _), (y_axis, _) = next(iter(found.values()))
        # All curves of a pane are in the same units: those for the largest value of any.
        old_scales, old_axes = self._scales[index], self._axes[index]
        for source, ((_, x), (_, y)) in found.items():
            curve = curves[source]
            curve.x, curve.y = x, np.abs(y) if self._has_log_y(pane) else y
            curve.overview = overview(curve.x, curve.y, rises=pane.rises)
            curve.version = source.version
        x_scale, x_unit = shown_scale(x_axis, max(_size(curve.overview[0]) for curve in curves.values()))
        y_scale, y_unit = shown_scale(y_axis, max(_size(curve.overview[1]) for curve in curves.values()))
        self._scales[index], self._axes[index] = (x_scale, y_scale), (x_axis, y_axis)
        self._units[index] = (x_unit, y_unit)
        if old_axes != self._axes[index] or (x_scale, y_scale) != old_scales:
            plot = self.plots[index]
            if plot.getAxis("bottom").style["showValues"]:
                plot.getAxis("bottom").set_name(_label(x_axis, x_unit), x_unit, self.theme.text)
            bars = ("|", "|") if self._has_log_y(pane) and "|" not in y_axis.name else ("", "")
            plot.getAxis("left").set_name(_label(y_axis, y_unit, bars), y_unit, self.theme.text)

    def _point(self, event: tuple[QPointF]) -> None:
        """Say what is under the mouse: the nearest sample of the first curve."""
        position = event[0]
        for plot, curves in zip(self.plots, self._curves, strict=True):
            if not plot.sceneBoundingRect().contains(position) or not curves:
                continue
            x = plot.vb.mapSceneToView(position).x()
            for cursor in self._cursors:
                cursor.setPos(x)
                cursor.show()
            self.pointed.emit(self._values_at(plot.vb.mapSceneToView(position), plot))
            return
        for cursor in self._cursors:
            cursor.hide()
        self.pointed.emit("")

    def _values_at(self, point: QPointF, plot: PlotItem) -> str:
        pane = VIEWS[self.view_name].panes[0]
        has_log_x = self._has_log_x(pane)
        said: list[str] = []
        source = next(iter(self._curves[0]))
        index = 0
        for number, curves in enumerate(self._curves):
            curve = curves[source]
            if not len(curve.x):
                return ""
            if number == 0:
                x_scale, y_scale = self._scales[number]
                if pane.rises:
                    at = 10.0 ** point.x() if has_log_x else point.x()
                    index = min(int(np.searchsorted(curve.x, at * x_scale)), len(curve.x) - 1)
                else:
                    wide, high = plot.vb.viewPixelSize()
                    with np.errstate(divide="ignore", invalid="ignore"):
                        x, y = curve.x / x_scale, curve.y / y_scale
                        x = np.log10(x) if has_log_x else x
                        y = np.log10(y) if self._has_log_y(pane) else y
                        far = np.hypot((x - point.x()) / wide, (y - point.y()) / high)
                    index = int(np.nanargmin(far)) if np.isfinite(far).any() else 0
                said.append(self._value(number, 0, curve.x[index]))
            if index < len(curve.y):
                said.append(self._value(number, 1, curve.y[index]))
        return "   ".join(said)

    def _value(self, number: int, which: int, value: float) -> str:
        axis, unit = self._axes[number][which], self._units[number][which]
        return f"{axis.name} {value / self._scales[number][which]:.5g} {unit}".rstrip()


def _size(values: Floats) -> float:
    if not len(values):
        return 0.0
    # Those that are no number are passed over.
    low, high = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    return max(abs(low), abs(high)) if np.isfinite(low + high) else 0.0


def _label(axis: Axis, unit: str, bars: tuple[str, str] = ("", "")) -> str:
    return f"{bars[0]}{axis.name}{bars[1]} ({unit})" if unit else f"{bars[0]}{axis.name}{bars[1]}"

"""What a protocol will do, before it does it: the programmed course, its length, and every problem."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ...core.units import pretty_duration
from ...engine.service.client import Client, ServiceError
from ...protocols import Cell, Preview, Protocol, preview
from ..numbers import bytes_text
from ..plots.graphics import PlotDataItem, PlotItem, pg
from ..plots.thinning import thinned
from ..plots.views import time_scale
from ..theme import Theme, colour_of
from ..widgets import label

if TYPE_CHECKING:
    from ...engine.service.requests import Foreseen

_PIXELS = 600


@dataclass(frozen=True)
class Outlook:
    """What was found out about a run that is being planned.

    Parameters
    ----------
    course : Preview or None
        The programmed course; None where there is none.
    foreseen : dict
        By channel, what the engine foresees.
    problems : tuple of str
        Why it cannot be run.
    """

    course: Preview | None = None
    foreseen: dict[str, Foreseen] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def look_ahead(
    client: Client, channels: list[str], protocols: list[Protocol], cell: Cell, limits: dict[str, Any]
) -> Outlook:
    """Find out what a run would do on every channel; it may take a while: for another thread."""
    problems: list[str] = []
    course, foreseen = None, {}
    try:
        course = preview(protocols[0], cell)
    except Exception as error:  # noqa: BLE001  a user's own protocol may raise anything
        problems.append(_sentence(str(error)))
    if not problems:
        for channel in channels:
            for protocol in protocols:
                try:
                    foreseen[channel] = client.preview(channel, protocol, cell, limits=limits)
                except ServiceError as error:
                    problems.append(f"{channel}: {_sentence(str(error))}")
    return Outlook(course, foreseen, tuple(dict.fromkeys(problems)))


class PreviewPane(QWidget):
    """Draws the programmed course and lists the checks."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setMinimumHeight(220)
        self._plots: list[PlotItem] = []
        self._curves: list[PlotDataItem] = []
        self.summary = label(wraps=True, is_rich=True)
        self.checks = label(wraps=True, is_rich=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.checks)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.canvas.clear()
        self.canvas.setBackground(theme.panel)
        self._plots, self._curves = [], []
        for row, (name, unit) in enumerate((("E", "V"), ("I", "A"))):
            plot = self.canvas.addPlot(row=row, col=0)
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

    def show_outlook(self, outlook: Outlook, count: int) -> None:
        """Show what was found out about `count` runs on each channel."""
        self._draw(outlook.course)
        self.summary.setText(_summary(outlook, count))
        lines = [
            f"<span style='color:{self._theme.danger}'>✕ {escape(each)}</span>" for each in outlook.problems
        ]
        if not lines:
            good = colour_of("finished", self._theme).name()
            said = ["the cell has all that is needed", "within all limits"]
            if outlook.foreseen:
                said.append(f"{', '.join(outlook.foreseen)} can run it")
            lines = [f"<span style='color:{good}'>✓</span> {escape(each)}" for each in said]
        self.checks.setText("<br>".join(lines))

    def _draw(self, course: Preview | None) -> None:
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
            self.canvas.ci.layout.setRowMaximumHeight(row, 10_000 if has_any[row] else 0)
            x, y = thinned(time_s / divisor, numbers, -np.inf, np.inf, _PIXELS)
            curve.setData(x, y)
            plot.setVisible(has_any[row])


def _summary(outlook: Outlook, count: int) -> str:
    if outlook.course is None:
        return ""
    seconds = outlook.course.duration_s * count
    end = datetime.datetime.now().astimezone() + datetime.timedelta(seconds=min(seconds, 3e9))
    said = [f"<b>{pretty_duration(outlook.course.duration_s)}</b> at most"]
    if count > 1:
        said.append(f"{count} runs, {pretty_duration(seconds)} together")
    said.append(f"until {end:%a %d %b %Y, %H:%M}")
    foreseen = next(iter(outlook.foreseen.values()), None)
    if foreseen is not None:
        said.append(f"{foreseen.samples:,} samples".replace(",", " "))
        said.append(f"{bytes_text(foreseen.bytes)} of {bytes_text(foreseen.free_bytes)} free")
    return " · ".join(said)


def _sentence(text: str) -> str:
    """Return a text as a sentence."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")

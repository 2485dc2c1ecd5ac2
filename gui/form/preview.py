"""What a protocol will do, before it does it: the programmed course, its length, and every problem."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ...core.units import pretty_duration
from ...engine.service.client import Client, ServiceError
from ...protocols import Cell, Preview, Protocol, preview
from ..numbers import bytes_text
from ..theme import Theme, colour_of
from ..widgets import label

if TYPE_CHECKING:
    from ...engine.service.requests import Foreseen
    from .course import CourseView

_COURSE_HEIGHT = 220


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
    # What draws it takes a third of a second to load: the window goes on meanwhile.

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
        self._view: CourseView | None = None
        place = QWidget()
        place.setMinimumHeight(_COURSE_HEIGHT)
        self._place = QVBoxLayout(place)
        self._place.setContentsMargins(0, 0, 0, 0)
        self.summary = label(wraps=True, is_rich=True)
        self.checks = label(wraps=True, is_rich=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(place, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.checks)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        if self._view is not None:
            self._view.set_theme(theme)

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
        if self._view is not None:
            self._view.draw(course)
        elif course is not None:
            from .course import CourseView  # noqa: PLC0415  loaded by `look_ahead`

            self._view = CourseView(self._theme)
            self._place.addWidget(self._view)
            self._view.draw(course)


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

"""Whose turn it is to be drawn."""

import pytest

pytest.importorskip(
    "PySide6.QtWidgets", reason="the window needs the system's libraries libegl1, libgl1 and libxkbcommon"
)
from PySide6.QtCore import QElapsedTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shiboken6 import delete

from faradaic.gui.plots.turns import Turns


@pytest.fixture
def widgets(qtbot):
    made = [QWidget() for _ in range(3)]
    for each in made:
        qtbot.addWidget(each)
        each.show()
    return made


def test_each_is_drawn_once_one_after_another_with_rests(widgets, qtbot):
    turns, drawn, clock = Turns(), [], QElapsedTimer()
    clock.start()

    def draw(widget):
        drawn.append((widget, clock.elapsed()))
        QTest.qSleep(30)

    for _ in range(5):
        for each in widgets:
            turns.ask(each, lambda each=each: draw(each))
    qtbot.waitUntil(lambda: len(drawn) == 3)
    assert [widget for widget, _ in drawn] == widgets
    times_ms = [time_ms for _, time_ms in drawn]
    # What takes 30 ms is followed by a rest of four times as long, in which the window is free.
    assert all(later - earlier >= 150 for earlier, later in zip(times_ms, times_ms[1:], strict=False))
    QTest.qWait(300)
    assert len(drawn) == 3


def test_what_asks_again_while_others_wait_comes_after_them(widgets, qtbot):
    turns, drawn = Turns(), []
    first, second, third = widgets

    def again():
        drawn.append(first)
        if len(drawn) == 1:
            turns.ask(first, again)

    turns.ask(first, again)
    turns.ask(second, lambda: drawn.append(second))
    turns.ask(third, lambda: drawn.append(third))
    qtbot.waitUntil(lambda: len(drawn) == 4)
    assert drawn == [first, second, third, first]


def test_what_is_hidden_or_closed_meanwhile_is_passed_over(widgets, qtbot):
    turns, drawn = Turns(), []
    gone, (hidden, seen, _) = QWidget(), widgets
    gone.show()
    for each in (gone, hidden, seen):
        turns.ask(each, lambda each=each: drawn.append(each))
    delete(gone)
    hidden.hide()
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [seen]
    # Nothing of it is left over: the next one has its turn.
    turns.ask(seen, lambda: drawn.append(seen))
    qtbot.waitUntil(lambda: len(drawn) == 2)

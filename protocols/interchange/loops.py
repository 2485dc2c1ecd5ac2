"""Long lists of steps written with loops."""

from collections.abc import Sequence

from ..schedule import Loop, Scheduled

_LONGEST_BODY = 200
"""Steps in a loop; a longer repetition is left as it is."""


def rolled(steps: Sequence[Scheduled]) -> tuple[Scheduled, ...]:
    """Return the same course with what follows itself written as loops, loops in loops included."""
    found = list(steps)
    while True:
        shorter = _rolled_once(found)
        if len(shorter) == len(found):
            return tuple(found)
        found = shorter


def _rolled_once(steps: list[Scheduled]) -> list[Scheduled]:
    # Comparing numbers is quicker than comparing steps.
    numbers: dict[Scheduled, int] = {}
    keys = [numbers.setdefault(step, len(numbers)) for step in steps]
    found: list[Scheduled] = []
    at = 0
    while at < len(steps):
        length, times = _best_loop(keys, at)
        if times == 1:
            found.append(steps[at])
        else:
            found.append(Loop(times=times, steps=rolled(steps[at : at + length])))
        at += length * times
    return found


def _best_loop(keys: list[int], at: int) -> tuple[int, int]:
    """Return length and times of the repetition that begins here and saves most; (1, 1) without any."""
    best, saved = (1, 1), 0
    for length in range(1, min(_LONGEST_BODY, (len(keys) - at) // 2) + 1):
        if keys[at] != keys[at + length]:
            continue
        body, times = keys[at : at + length], 1
        while keys[at + times * length : at + (times + 1) * length] == body:
            times += 1
        if length * (times - 1) > saved:
            best, saved = (length, times), length * (times - 1)
    return best

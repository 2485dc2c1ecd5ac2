"""Asking, and switching off, when the way to the instrument is disturbed."""

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from .errors import InstrumentError, NotConnected, Timeout

INSIST_S = 5.0
"""For how long it is tried again."""
_BETWEEN_S = 0.2


Answer = TypeVar("Answer")


def asked(ask: Callable[[], Answer], tries: int, retried: tuple[type[InstrumentError], ...]) -> Answer:
    """Return the answer to what may be asked again, at once, for up to so many times."""
    for _ in range(tries - 1):
        with contextlib.suppress(*retried):
            return ask()
    return ask()


def insist(
    switch_off: Callable[[], None], complaint: str, retried: tuple[type[InstrumentError], ...]
) -> None:
    """Switch off, again and again until the instrument confirms it.

    Parameters
    ----------
    switch_off : callable
        Raises `InstrumentError` where it was not confirmed.
    complaint : str
        What a person is told when it never is.
    retried : tuple of error types
        After which it is tried again.

    Raises
    ------
    NotConnected, Timeout
        It was not confirmed: the cell may still be on.
    """
    until = time.monotonic() + INSIST_S
    while True:
        try:
            switch_off()
        except InstrumentError as error:
            if not isinstance(error, retried) or time.monotonic() > until:
                kind = NotConnected if isinstance(error, NotConnected) else Timeout
                raise kind(f"{complaint} ({error})") from error
            time.sleep(_BETWEEN_S)
        else:
            return

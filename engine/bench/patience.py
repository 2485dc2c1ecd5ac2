"""Bounding the time of code that is not ours."""

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

from ...protocols import ProtocolError

Answer = TypeVar("Answer")


class _TooLong(BaseException):
    """Raised in a thread whose time is over; not an `Exception`, so that code does not catch it."""


def patiently(ask: Callable[[], Answer], wait_s: float, what: str) -> Answer:
    """Return what a call returns, or end it after a while.

    A protocol is anybody's code, and may loop for ever without yielding a step. It is run in a
    thread of its own, in which an exception is raised when its time is over.

    Raises
    ------
    ProtocolError
        It took too long.
    Exception
        Whatever the call raises.
    """
    outcome: list[Answer] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(ask())
        except _TooLong:
            return
        except BaseException as error:  # noqa: BLE001  raised again below
            failure.append(error)

    thread = threading.Thread(target=work, name="asked", daemon=True)
    thread.start()
    thread.join(wait_s)
    if thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_TooLong)
        )
        raise ProtocolError(f"{what} has not said within {wait_s:g} s what it would do: does it ever end?")
    if failure:
        raise failure[0]
    return outcome[0]

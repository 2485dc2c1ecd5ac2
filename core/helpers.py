"""Processes that help another one of ours: they end with it, in good order, and not before.

A service manager (systemd by default), Ctrl+C and ``kill -- -GROUP`` tell every process at once to
end. Only the one that acquires decides what that means, and needs its helpers until it has ended.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

# Those that this program was given, before it chose among them.
_CORES = os.sched_getaffinity(0) if sys.platform == "linux" else set[int]()
_ENDING = (signal.SIGINT, signal.SIGTERM)


def start_helper(module: str, *arguments: str, **streams: Any) -> "subprocess.Popen[str]":
    """Start a module of ours in a process that ends by itself, when its input ends or its work is done.

    Parameters
    ----------
    module : str
        Such as "faradaic.storage.writer"; its ``main`` begins with `leave_ending_to_the_parent`.
    arguments : str
        For its command line.
    streams
        ``stdin``, ``stdout`` and ``stderr`` as `subprocess.Popen` takes them.

    Raises
    ------
    OSError
        It cannot be started.
    """
    with _deaf():
        helper = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", module, *arguments],
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            **streams,
        )
    # Whoever stays on one core does not keep its helpers there; a container may forbid to say so.
    with suppress(OSError):
        if sys.platform == "linux":
            os.sched_setaffinity(helper.pid, _CORES)
    return helper


def leave_ending_to_the_parent() -> None:
    """Ignore the signals that ask a program to end."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _deaf() -> Iterator[None]:
    """Block those signals in this thread: what is started meanwhile is deaf to them from its first moment."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""What went wrong in the window itself: into a file, and one sentence for the person; runs go on."""

import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from .. import __version__
from .places import own_folder


def report_crashes(tell: Callable[[str], None]) -> None:
    """Write every error that nobody caught into a file, and tell the person about it.

    Parameters
    ----------
    tell : callable
        Takes a sentence; may be called from any thread.
    """

    def take(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        path = write_report("".join(traceback.format_exception(kind, error, trace)))
        tell(
            f"Something went wrong in the window ({kind.__name__}); runs go on. "
            f"What happened is written in {path}: please send it to the developers."
        )

    sys.excepthook = take
    threading.excepthook = lambda args: take(args.exc_type, args.exc_value, args.exc_traceback)


def write_report(text: str) -> Path:
    """Write a report of a crash; return its file."""
    folder = own_folder() / "crashes"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y-%m-%d %H%M%S')}.txt"
    about = f"faradaic {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(about + text)
    return path

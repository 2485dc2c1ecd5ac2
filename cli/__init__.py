"""The command line: ``faradaic --help``.

Everything heavy is imported by the command that needs it, so that help comes at once.
"""

from . import window, running, reading, converting, looking, bench  # noqa: I001  in the order in which the help lists them
from .app import app, main

__all__ = ["app", "bench", "converting", "looking", "main", "reading", "running", "window"]

"""Runs that other programs recorded, brought into run files."""

from .import_run import import_run
from .recording import Recording

__all__ = ["Recording", "import_run"]

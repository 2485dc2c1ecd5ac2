"""Runs written in the formats of other programs."""

from .export_run import FORMATS, TITLES, export_run
from .names import safe_name

__all__ = ["FORMATS", "TITLES", "export_run", "safe_name"]

"""Runs written in the formats of other programs."""

from .export_run import FORMATS, export_run
from .names import safe_name

__all__ = ["FORMATS", "export_run", "safe_name"]

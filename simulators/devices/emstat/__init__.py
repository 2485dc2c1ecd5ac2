"""Simulated PalmSens EmStat instruments: MethodSCRIPT over a serial line."""

from .device import EmStatDevice
from .models import MODELS

__all__ = ["MODELS", "EmStatDevice"]

"""Keithley 2450, 2460 and 2461 source-measure units: SCPI over VISA."""

from .driver import Keithley

__all__ = ["Keithley"]

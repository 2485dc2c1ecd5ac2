"""Simulated Keithley 2450, 2460 and 2461 source-measure units, which speak SCPI."""

from .device import KeithleyDevice

__all__ = ["KeithleyDevice"]

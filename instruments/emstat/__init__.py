"""PalmSens EmStat Pico, EmStat4 and Nexus: MethodSCRIPT over a serial port."""

from .driver import EmStat

__all__ = ["EmStat"]

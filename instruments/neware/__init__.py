"""Neware battery cyclers, through the XML interface of their BTS server."""

from .driver import Neware

__all__ = ["Neware"]

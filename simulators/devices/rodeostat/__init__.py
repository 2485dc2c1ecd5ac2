"""A simulated IO Rodeo Rodeostat, which speaks JSON in lines."""

from .device import RodeostatDevice

__all__ = ["RodeostatDevice"]

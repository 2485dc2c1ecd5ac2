"""A simulated Neware BTS: a server with the channels of a cycler, which run whole programs by themselves."""

from .device import NewareDevice

__all__ = ["NewareDevice"]

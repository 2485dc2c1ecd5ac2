"""A simulated Neware BTS: a server with the channels of a cycler, which run whole programs by themselves."""

from .device import CHANNELS, NewareDevice

__all__ = ["CHANNELS", "NewareDevice"]

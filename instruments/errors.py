"""What can go wrong with an instrument; every message is written for the person at the bench."""

from typing import Self


class InstrumentError(Exception):
    """Something is wrong with an instrument or the way to it."""


class NotConnected(InstrumentError):
    """There is no instrument at the address, or the connection to it is lost."""


class Timeout(InstrumentError):
    """The instrument did not answer in time."""


class BadReply(InstrumentError):
    """The instrument answered with something that makes no sense.

    Parameters
    ----------
    message : str
        What happened, for the person at the bench.
    reply : bytes
        The answer as it came.
    """

    def __init__(self, message: str, reply: bytes) -> None:
        super().__init__(message)
        self.reply = reply

    def __reduce__(self) -> tuple[type[Self], tuple[str, bytes]]:
        return type(self), (str(self), self.reply)


class OutOfRange(InstrumentError):
    """The instrument cannot do what was asked for; refused before the cell is connected."""


class InstrumentFault(InstrumentError):
    """The instrument reports a fault of its own.

    Parameters
    ----------
    message : str
        What happened, with the instrument's own text, for the person at the bench.
    code : str
        The instrument's own code.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (str(self), self.code)

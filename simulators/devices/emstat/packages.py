"""How the instrument writes values: 28-bit integers with an SI prefix, and their metadata."""

import math
from bisect import bisect_left
from enum import IntFlag

_OFFSET = 0x8000000
_LARGEST = 0x7FFFFFF
_PREFIXES = "afpnum kMGTPE"
_SCALES = [10.0 ** (18 - 3 * index) for index in range(len(_PREFIXES))]
# A magnitude up to here still rounds to the largest integer of the prefix.
_EDGES = [math.nextafter((_LARGEST + 0.5) / scale, 0.0) for scale in _SCALES]

NAN = "     nan"
ZERO = "8000000 "


class Status(IntFlag):
    """Flags of a measured value."""

    OK = 0
    TIMING_NOT_MET = 1
    OVERLOAD = 2
    UNDERLOAD = 4
    OVERLOAD_WARNING = 8


def encode_float(value: float) -> str:
    """Write a value with the finest prefix that holds it, in 8 characters; beyond all, the largest."""
    if value == 0.0:
        return ZERO
    if value != value:  # noqa: PLR0124  faster than isnan, and this is the inner loop
        return NAN
    index = bisect_left(_EDGES, abs(value))
    if index == len(_EDGES):
        return f"{_OFFSET + (_LARGEST if value > 0 else -_LARGEST):07X}E"
    return "%07X%s" % (round(value * _SCALES[index]) + _OFFSET, _PREFIXES[index])  # noqa: UP031  faster


def encode_integer(value: int) -> str:
    """Write an integer in 8 characters.

    Raises
    ------
    OverflowError
        It does not fit in 28 bits.
    """
    if not -_LARGEST <= value <= _LARGEST:
        raise OverflowError(f"{value} does not fit in a data package.")
    return f"{value + _OFFSET:07X}i"


def metadata(status: Status, range_index: int | None, has_noise_level: bool) -> str:
    """Write the metadata of a measured value, such as ",10,20F,40"."""
    text = f",1{status:X}"
    if range_index is not None:
        text += f",2{range_index:02X}"
    return f"{text},40" if has_noise_level else text

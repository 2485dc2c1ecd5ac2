"""Reading MethodSCRIPT data packages: ``Peb80186A0u;da8000800u;ba8000800u,10,20B``.

A variable is a two-letter type, seven hex digits, an SI prefix and metadata. Its value is
(digits - 2^27) times the prefix; " " is the prefix of 1, "i" marks an integer, and five
spaces with "nan" stand for a missing value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Values are divided, not multiplied, so that 3.7 V comes back as 3.7.
_DIVISORS = {
    "a": 1e18, "f": 1e15, "p": 1e12, "n": 1e9, "u": 1e6, "m": 1e3, " ": 1.0, "i": 1.0,
    "k": 1e-3, "M": 1e-6, "G": 1e-9, "T": 1e-12, "P": 1e-15, "E": 1e-18,
    "": np.nan,
}  # fmt: skip
_OFFSET = 2**27
_VARIABLE = "(?:([0-9A-F]{7})([afpnum ikMGTPE])|     nan)((?:,[0-9A-F]+)*)"


@dataclass(frozen=True)
class Decoded:
    """What a batch of packages held.

    Parameters
    ----------
    values : tuple of ndarray, shape (packages,)
        One array a variable, in SI units; NaN where the instrument gave none.
    status : ndarray of int, shape (packages,)
        The status flags of all variables of a package together.
    dropped : int
        How many lines were not whole packages of the expected format.
    """

    values: tuple[NDArray[np.float64], ...]
    status: NDArray[np.int64]
    dropped: int

    def __len__(self) -> int:
        return len(self.status)


class PackageFormat:
    """The packages of one script: which variables they hold, in order.

    Parameters
    ----------
    types : sequence of str
        Two-letter variable types; "ba|db" accepts either.
    is_closed : bool
        Whether the first variable comes once more at the end. A line that was put together from
        parts of two packages, because what was between them is lost, is known by that.
    """

    def __init__(self, types: Sequence[str], *, is_closed: bool = False) -> None:
        line = "P" + ";".join(f"(?:{kind}){_VARIABLE}" for kind in types)
        self._line = re.compile(line + (rf";{types[0]}\1\2(?:,[0-9A-F]+)*" if is_closed else ""))
        self._count = len(types)

    def decode(self, lines: Sequence[str]) -> Decoded:
        """Decode lines (without their ends); one that is not whole is dropped and counted."""
        rows = [match.groups("") for match in map(self._line.fullmatch, lines) if match is not None]
        columns: list[Any] = list(zip(*rows, strict=True)) or [()] * (3 * self._count)
        values = tuple(
            _numbers(digits, prefixes) for digits, prefixes in zip(columns[::3], columns[1::3], strict=True)
        )
        status = np.zeros(len(rows), np.int64)
        for metadata in columns[2::3]:
            if any(metadata):
                status |= np.fromiter(map(_status, metadata), np.int64, len(rows))
        return Decoded(values, status, len(lines) - len(rows))


def _numbers(digits: Sequence[str], prefixes: Sequence[str]) -> NDArray[np.float64]:
    different = set(prefixes)
    if "" in different:
        digits = [text or "0" for text in digits]
    divisor: Any = (
        _DIVISORS[prefixes[0]] if len(different) == 1 else list(map(_DIVISORS.__getitem__, prefixes))
    )
    return (np.array(list(map(int, digits, repeat(16))), np.float64) - _OFFSET) / divisor


@lru_cache(maxsize=4096)
def _status(metadata: str) -> int:
    """Return the status flags in the metadata of a variable, such as ",14,284"."""
    return sum(int(item[1:], 16) for item in metadata.split(",") if len(item) == 2 and item[0] == "1")

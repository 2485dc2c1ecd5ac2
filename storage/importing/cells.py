"""Numbers, times and dates in the cells of text tables."""

import datetime
import math
import re
from collections.abc import Sequence

import numpy as np

from .recording import Floats

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
_CLOCK = re.compile(r"(?:(\d{1,6})\s*(?:d|days?|-)\s*)?(\d{1,7}):([0-5]?\d):([0-5]?\d(?:\.\d+)?)")
_AMERICAN_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}:\d{2}:\d{2}(?:\.\d{1,6})?)")


def has_decimal_comma(cells: Sequence[str]) -> bool:
    """Whether numbers are written like "1,5": more cells look so than like "1.5"."""
    commas = sum(_DECIMAL_COMMA.fullmatch(cell.strip()) is not None for cell in cells)
    return commas > sum(_DECIMAL_POINT.fullmatch(cell.strip()) is not None for cell in cells)


def floats(cells: Sequence[str], *, decimal_comma: bool = False) -> Floats:
    """Return cells as numbers, NaN where one is none.

    A duration such as "1:30:00" is in seconds, a date with time of day in seconds of Unix time.
    """
    if decimal_comma:
        cells = [cell.replace(",", ".") for cell in cells]
    try:
        return np.fromiter(map(float, cells), float, len(cells))
    except ValueError:
        return np.fromiter(map(number, cells), float, len(cells))


def number(cell: str) -> float:
    """Return one cell as a number; see `floats`."""
    try:
        return float(cell)
    except ValueError:
        pass
    cell = cell.strip()
    # Most cells that are no numbers are empty or words.
    if not cell or not cell[0].isdigit() or ":" not in cell:
        return math.nan
    if match := _CLOCK.fullmatch(cell):
        days, hours, minutes, seconds = match.groups()
        return int(days or 0) * 86400.0 + int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds)
    return unix_time_s(cell)


def unix_time_s(text: str) -> float:
    """Return a date with a time of day as Unix time, NaN where it is none.

    It is read as "2026-02-28 13:00:00" or, as EC-Lab writes, "02/28/2026 13:00:00"; without a
    time zone it is taken for UTC.
    """
    text = text.strip()
    if match := _AMERICAN_DATE.fullmatch(text):
        month, day, year, clock = match.groups()
        text = f"{year}-{month:0>2}-{day:0>2} {clock:0>{len(clock) + (clock[1] == ':')}}"
    try:
        moment = datetime.datetime.fromisoformat(text.replace("/", "-"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return math.nan

"""Tables of numbers in text files."""

import csv
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import StorageError
from .recording import Floats


def read_text(path: Path) -> str:
    """Return a text file; old programs write Latin-1.

    Raises
    ------
    StorageError
        There is no such file, or it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_table(lines: Iterable[str], delimiter: str) -> tuple[list[str], dict[str, Floats], int]:
    """Read a table with a line of heads.

    Returns
    -------
    heads : list of str
        As they stand.
    columns : dict of str to array
        NaN where a cell is empty or no number.
    broken : int
        How many lines had another number of cells than the heads; what they hold is kept.
    """
    rows = csv.reader(lines, delimiter=delimiter)
    heads = [head.strip() for head in next(rows, [])]
    values: list[list[float]] = []
    broken = 0
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        broken += len(row) != len(heads)
        cells = [_number(cell) for cell in row[: len(heads)]]
        values.append(cells + [math.nan] * (len(heads) - len(cells)))
    table = np.array(values, float).reshape(len(values), len(heads))
    return heads, {head: table[:, index] for index, head in enumerate(heads)}, broken


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan

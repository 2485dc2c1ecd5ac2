"""Tables in text files: which line holds the heads, and what stands below it."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import StorageError
from .cells import floats, has_decimal_comma, number
from .table import Table

if TYPE_CHECKING:
    from .recording import Floats

_DELIMITERS = ("\t", ";", "|", ",", " ")
"""In this order: a comma may also be a decimal sign, and a blank belong to a head."""
_LONGEST_PREAMBLE = 1000
_ROWS_AT_ONCE = 500
"""More take longer: Python looks through all that is alive again and again."""
_ROWS_LOOKED_AT = 50
_MOST_COLUMNS = 2000


def read_text_table(text: str, path: Path) -> Table:
    """Read the first table of a text; lines before its heads are left out.

    Raises
    ------
    StorageError
        There is no table.
    """
    lines = text.split("\n")
    found = _find_heads(lines)
    if found is None:
        raise StorageError(
            f"{path} holds no table: there is no line of column names with lines of numbers below it."
        )
    return read_rows(lines[found[0] :], found[1], path)


def read_rows(lines: list[str], delimiter: str, path: Path) -> Table:
    """Read a table whose heads are the first line.

    Raises
    ------
    StorageError
        A line cannot be divided into cells.
    """
    try:
        return _read(lines, delimiter, path)
    except csv.Error as error:
        raise StorageError(f"{path} is not a table that can be read: {error}.") from None


def _read(lines: list[str], delimiter: str, path: Path) -> Table:
    heads = _unique(_row(lines[0], delimiter))
    if len(heads) > _MOST_COLUMNS:
        raise StorageError(f"{path} has {len(heads)} columns; at most {_MOST_COLUMNS} are read.")
    rows = _rows(lines[1:], delimiter)
    chunks: list[list[Floats]] = []
    broken, comma = 0, None
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        chunk, damaged = _even(chunk, len(heads))
        broken += damaged
        if not chunk:
            continue
        if comma is None:
            comma = has_decimal_comma([cell for row in chunk[:_ROWS_LOOKED_AT] for cell in row])
        chunks.append(
            [
                floats(column, decimal_comma=comma) if head else np.empty(0)
                for head, column in zip(heads, zip(*chunk, strict=True), strict=True)
            ]
        )
    columns = {
        head: np.concatenate([chunk[index] for chunk in chunks]) if chunks else np.empty(0)
        for index, head in enumerate(heads)
        if head
    }
    texts = [head for head, values in columns.items() if len(values) and not np.any(np.isfinite(values))]
    return Table({head: each for head, each in columns.items() if head not in texts}, texts, broken)


def _find_heads(lines: list[str]) -> tuple[int, str] | None:
    """Return which line holds the heads, and what divides its cells.

    They stand right above the first line of numbers that has as many cells.
    """
    looked_at = lines[:_LONGEST_PREAMBLE]
    for delimiter in _DELIMITERS:
        above: tuple[int, list[str]] | None = None
        for index, line in enumerate(looked_at):
            if not line.strip():
                continue
            cells = _row(line, delimiter)
            if _is_numeric(cells):
                if above is not None and 2 <= len(above[1]) <= len(cells) + 1:
                    return above[0], delimiter
                above = None
            else:
                above = (index, _without_last_blank(cells))
    # Perhaps a recording that ended before its first sample.
    for delimiter in _DELIMITERS[:-1]:
        for index, line in enumerate(looked_at):
            if len(_without_last_blank(_row(line, delimiter))) > 1:
                return index, delimiter
    return None


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    numbers = sum(not np.isnan(number(cell.replace(",", "."))) for cell in filled)
    return numbers >= 2 and 2 * numbers >= len(filled)


def _row(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.lstrip("#").split()
    try:
        row = next(csv.reader([line.lstrip("# ")], delimiter=delimiter), [])
    except csv.Error:
        return [line]
    return [cell.strip() for cell in row]


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=delimiter)


def _even(rows: list[list[str]], count: int) -> tuple[list[list[str]], int]:
    """Return rows of `count` cells each, and how many of them had another number.

    Many programs end each line with a delimiter; a blank cell at its end is none.
    """
    if set(map(len, rows)) == {count}:
        return rows, 0
    even, broken = [], 0
    for row in rows:
        cells = row
        if len(cells) == count + 1 and not cells[-1].strip():
            cells = cells[:-1]
        elif not any(cell.strip() for cell in cells):
            continue
        broken += len(cells) != count
        even.append([*cells[:count], *[""] * (count - len(cells))])
    return even, broken


def _without_last_blank(cells: list[str]) -> list[str]:
    return cells[:-1] if cells and not cells[-1] else cells


def _unique(heads: list[str]) -> list[str]:
    """Return heads without quotes; one that comes again gets a number."""
    seen: dict[str, int] = {}
    result = []
    for head in heads:
        plain = re.sub(r"\s+", " ", head).strip().strip(";")
        seen[plain] = seen.get(plain, 0) + 1
        result.append(f"{plain} ({seen[plain]})" if plain and seen[plain] > 1 else plain)
    return result

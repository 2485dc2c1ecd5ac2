"""Writing whole files, and tables of text."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StorageError

_ROWS_AT_ONCE = 10_000


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give the place where a file is written before it takes its name: half a file is never left behind.

    Raises
    ------
    StorageError
        It cannot be written; what was there under its name is unchanged.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from error


def write_csv(
    path: Path, columns: Mapping[str, NDArray[Any]], *, digits: Mapping[str, int] | None = None
) -> None:
    """Write a table as CSV: comma, decimal point, UTF-8, nothing where a value is missing.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of str to array, shape (n,)
        Head to values; floats are written so that reading gives back the very same.
    digits : mapping of str to int, optional
        The columns that need no more than so many significant digits.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    with whole_file(path) as place, place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(_rows(columns, digits or {}))


def _rows(columns: Mapping[str, NDArray[Any]], digits: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    count = min((len(values) for values in columns.values()), default=0)
    for start in range(0, count, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        cells = [texts(values[part], digits.get(head)) for head, values in columns.items()]
        yield from zip(*cells, strict=True)


def texts(values: NDArray[Any], digits: int | None = None) -> Iterable[Any]:
    """Return values as they stand in a text file; NaN becomes nothing."""
    if values.dtype.kind == "f" and digits is not None:
        return ["" if math.isnan(value) else f"{value:.{digits}g}" for value in values.tolist()]
    if values.dtype == np.float32:
        # 25.1 and not 25.100000381469727; both are the same float32.
        return ["" if text == "nan" else text for text in values.astype(str).tolist()]
    if values.dtype.kind == "f":
        return ["" if math.isnan(value) else value for value in values.tolist()]
    if values.dtype.kind == "S":
        return [value.decode(errors="replace") for value in values.tolist()]
    return values.tolist()

"""Parquet files: the Battery Data Format and what other programs write as tables."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StorageError
from .recording import Floats
from .table import Table

SIGNATURE = b"PAR1"
_MOST_CELLS = 500_000_000


def read_parquet(path: Path) -> Table:
    """Read the columns of numbers and dates of a Parquet file.

    Raises
    ------
    StorageError
        pyarrow is not installed, or the file cannot be read.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  an optional dependency
        from pyarrow import parquet as pq  # noqa: PLC0415
    except ImportError:
        raise StorageError(
            "Parquet files are read by pyarrow, which is not installed: pip install 'faradaic[parquet]'."
        ) from None
    try:
        with pq.ParquetFile(path) as file:
            cells = file.metadata.num_rows * file.metadata.num_columns
            content = file.read() if cells <= _MOST_CELLS else None
        columns = (
            {}
            if content is None
            else {
                name: _floats(column, pa)
                for name, column in zip(content.column_names, content.columns, strict=True)
            }
        )
    except Exception as error:  # noqa: BLE001  a damaged file raises whatever its part raises
        reason = " ".join(str(error).split())[:200]
        raise StorageError(f"{path} is not a Parquet file that can be read: {reason}.") from None
    if cells > _MOST_CELLS:
        raise StorageError(f"{path} has {cells} cells; at most {_MOST_CELLS} are imported.")
    numbers = {name: each for name, each in columns.items() if each is not None and np.any(np.isfinite(each))}
    return Table(numbers, [name for name in columns if name not in numbers])


def _floats(column: Any, pa: Any) -> Floats | None:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        parts_per_s = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return _plain(column.cast(pa.int64()), pa) / parts_per_s
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return _plain(column, pa)
    return None


def _plain(column: Any, pa: Any) -> Floats:
    return column.cast(pa.float64(), safe=False).to_numpy().astype(float)

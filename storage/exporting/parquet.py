"""Tables as Parquet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StorageError
from .files import whole_file


def write_parquet(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write a table as Parquet; what is missing is null.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of str to array, shape (n,)
        Head to values.

    Raises
    ------
    StorageError
        It cannot be written, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  an optional dependency
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise StorageError(
            "Parquet files need pyarrow, which is not installed: pip install 'faradaic[parquet]'."
        ) from None
    arrays = {
        head: pa.array(np.ascontiguousarray(values), from_pandas=True) for head, values in columns.items()
    }
    with whole_file(path) as place:
        parquet.write_table(pa.table(arrays), place, compression="zstd")

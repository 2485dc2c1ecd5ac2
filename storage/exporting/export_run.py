"""One run in one of the formats."""

from collections.abc import Callable
from pathlib import Path

from ..errors import StorageError
from ..run import Run
from .bdf import export_bdf, export_bdf_parquet
from .excel import export_xlsx
from .mpt import export_mpt
from .names import default_stem
from .plain_csv import export_csv

FORMATS: dict[str, Callable[[Run, Path, str], list[Path]]] = {
    "bdf": export_bdf,
    "bdf-parquet": export_bdf_parquet,
    "mpt": export_mpt,
    "csv": export_csv,
    "xlsx": export_xlsx,
}
"""What writes which format."""

TITLES = {
    "bdf": "Battery Data Format, CSV",
    "bdf-parquet": "Battery Data Format, Parquet",
    "mpt": "EC-Lab-style text",
    "csv": "CSV, a file for each table",
    "xlsx": "Excel",
}
"""What people read for each of `FORMATS`."""


def export_run(run: Run, folder: Path, file_format: str = "bdf") -> list[Path]:
    """Write a run in a format of other programs; files of the same names are replaced.

    Parameters
    ----------
    run : Run
        What is written.
    folder : Path
        Where; made if it is not there.
    file_format : str
        One of `FORMATS`.

    Returns
    -------
    list of Path
        The files, named after instrument, cell, date and run.

    Raises
    ------
    StorageError
        There is no such format, a package that it needs is missing, the run holds nothing that the
        format has a place for, or the files cannot be written.
    """
    write = FORMATS.get(file_format)
    if write is None:
        raise StorageError(f"There is no format {file_format!r}; use {', '.join(FORMATS)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror or error}.") from error
    files = write(run, folder, default_stem(run))
    if not files:
        raise StorageError(f"{run.path} holds neither samples nor spectra: there is nothing to write.")
    return files

"""Neware files (.nda, .ndax), read by fastnda."""

import zipfile
from pathlib import Path

from ..errors import StorageError
from .from_table import recording_of
from .recording import Recording
from .table import Table

ENDINGS = (".nda", ".ndax")
_LARGEST_UNPACKED_BYTES = 2**32


def read_neware(path: Path, mapping: dict[str, str]) -> Recording:
    """Read a file of Neware BTS.

    Raises
    ------
    StorageError
        fastnda is not installed, or the file cannot be read.
    """
    try:
        import fastnda  # noqa: PLC0415  an optional dependency
    except ImportError:
        raise StorageError(
            "Neware files (.nda, .ndax) are read by fastnda, which is not installed: "
            "pip install 'faradaic[neware]'."
        ) from None
    _check_size(path)
    try:
        # Cycles as the cycler counted them.
        frame = fastnda.read(path, cycle_mode="raw")
        is_number = {name: dtype.is_numeric() for name, dtype in frame.schema.items()}
        columns = {name: frame[name].cast(float).to_numpy() for name in frame.columns if is_number[name]}
    except Exception as error:  # noqa: BLE001  a damaged file raises whatever its part raises
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise StorageError(f"{path} is not a Neware file that can be read: {reason}.") from None
    found = recording_of(
        Table(columns, [name for name, known in is_number.items() if not known]), path, mapping
    )
    found.instrument = {"model": "Neware"}
    return found


def _check_size(path: Path) -> None:
    """Refuse an archive that would fill the memory."""
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise StorageError(f"{path} cannot be read: {error}.") from None
    if unpacked > _LARGEST_UNPACKED_BYTES:
        raise StorageError(f"{path} would unpack to {unpacked / 2**30:.1f} GB; at most 4 GB are imported.")

"""What a file holds before it is known what its columns mean."""

from dataclasses import dataclass, field
from pathlib import Path

from ..errors import StorageError
from .recording import Floats

_LARGEST_BYTES = 2**31


@dataclass
class Table:
    """Columns of numbers with their heads as they stand in the file.

    Parameters
    ----------
    columns : dict of str to array, shape (n,)
        NaN where a cell is empty or no number; all of one length.
    texts : list of str
        Heads of columns without any number.
    broken : int
        How many rows had too few or too many cells; what they hold is in the columns.
    """

    columns: dict[str, Floats]
    texts: list[str] = field(default_factory=list)
    broken: int = 0

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    @property
    def heads(self) -> list[str]:
        """All heads."""
        return [*self.columns, *self.texts]


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises
    ------
    StorageError
        There is no such file, it cannot be read, or it is larger than memory should be filled with.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise StorageError(f"{path} has {size / 2**30:.1f} GB; files of at most 2 GB are imported.")
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from None


def decoded(data: bytes, path: Path) -> str:
    """Return text with plain line ends; programs of instruments write UTF-8, UTF-16 or the code page 1252.

    Raises
    ------
    StorageError
        It is not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Latin-1 takes the five bytes that the code page 1252 leaves undefined.
            text = data.decode("cp1252") if _fits_cp1252(data) else data.decode("latin-1")
    if "\x00" in text:
        raise StorageError(
            f"{path} is not a text file; save the recording as text, or see docs/importing.md."
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _fits_cp1252(data: bytes) -> bool:
    return not any(byte in data for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))

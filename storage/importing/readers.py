"""Which reader a file needs; what it begins with decides, where it has a signature."""

from collections.abc import Mapping
from pathlib import Path

from ..errors import StorageError
from . import eclab, gamry, mpr, neware, parquet
from .from_table import recording_of
from .recording import Recording
from .table import decoded, read_bytes
from .text_table import read_text_table

_OTHERS = {
    b"\x89HDF": "an HDF5 file; a run file of faradaic is opened as it is, and others are not imported",
    b"PK\x03\x04": "an archive or a sheet of Excel; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old sheet of Excel; save the sheet as CSV",
}
_LONGEST_SIGNATURE = 64
TEXT_ENDINGS = (".csv", ".txt", ".tsv", ".dat", ".mpt", ".dta")
ENDINGS = (*TEXT_ENDINGS, ".parquet", *neware.ENDINGS, ".mpr")
"""What recordings of other programs are usually called; tables of text may be called otherwise."""


def read_recording(path: Path, mapping: Mapping[str, str]) -> Recording:
    """Read what another program recorded.

    Parameters
    ----------
    path : Path
        Any of the formats in docs/importing.md.
    mapping : mapping of str to str
        For quantities the columns that a person named.

    Raises
    ------
    StorageError
        It cannot be read, or is none of them; the message says why.
    """
    begin = _begin_of(path)
    named = dict(mapping)
    if path.suffix.lower() in neware.ENDINGS:
        return neware.read_neware(path, named)
    if begin.startswith(mpr.SIGNATURE) or path.suffix.lower() == ".mpr":
        return mpr.read_mpr(path, named)
    if begin.startswith(parquet.SIGNATURE):
        return recording_of(parquet.read_parquet(path), path, named)
    for signature, sentence in _OTHERS.items():
        if begin.startswith(signature):
            raise StorageError(f"{path} is {sentence}.")
    text = decoded(read_bytes(path), path)
    first = text.lstrip().partition("\n")[0].strip()
    if first.startswith(eclab.SIGNATURES):
        return eclab.read_eclab(text.lstrip(), path, named)
    if first == gamry.SIGNATURE:
        return gamry.read_gamry(text.lstrip(), path, named)
    return recording_of(read_text_table(text, path), path, named)


def _begin_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            begin = file.read(_LONGEST_SIGNATURE)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from None
    if not begin:
        raise StorageError(f"{path} is empty.")
    return begin

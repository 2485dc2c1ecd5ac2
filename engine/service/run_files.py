"""Run files below the data folder, and nothing else."""

from pathlib import Path

from ...storage.journal import journal_path
from .requests import RunFile

_MOST = 10_000


def run_files(folder: Path) -> list[RunFile]:
    """Return the run files below a folder, the latest first."""
    found: list[RunFile] = []
    for path in folder.rglob("*.h5"):
        try:
            known = path.stat()
        except OSError:
            # Removed meanwhile.
            continue
        found.append(
            RunFile(
                path=path.relative_to(folder).as_posix(),
                bytes=known.st_size,
                changed=known.st_mtime,
                is_recorded=journal_path(path).exists(),
            )
        )
    found.sort(key=lambda file: file.changed, reverse=True)
    return found[:_MOST]


def run_file_below(folder: Path, path: str) -> Path:
    """Return a run file below a folder.

    Raises
    ------
    FileNotFoundError
        There is none at this path, or it leads out of the folder.
    """
    try:
        found = (folder / path).resolve()
        is_there = found.suffix == ".h5" and found.is_relative_to(folder.resolve()) and found.is_file()
    except (OSError, ValueError, RuntimeError):
        # Names that no file can have, or links that lead to themselves.
        is_there, found = False, folder
    if not is_there:
        raise FileNotFoundError(f"There is no run file {path!r} in the data folder.")
    return found

"""The lock of a run that is being recorded."""

from pathlib import Path

from filelock import FileLock


def run_lock(path: Path) -> FileLock:
    """Return the lock that the program holds that is recording a run."""
    return FileLock(path.with_name(path.name + ".lock"), is_singleton=False, thread_local=False)

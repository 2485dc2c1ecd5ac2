"""Recording a run: everything goes to its journal first, and from there into the HDF5 file."""

import contextlib
from pathlib import Path
from typing import Any, Self

from filelock import Timeout as Locked

from ..core.samples import Block
from .errors import StorageError
from .journal import Kind, journal_path
from .journal_writer import JournalWriter
from .lock import run_lock
from .reopening import write_journal_again
from .run import Run
from .writer_process import writer


class Recorder:
    """Records one run.

    Parameters
    ----------
    path : Path
        The run file to be; it and its journal must not exist yet.
    metadata : dict
        ``run`` (root attributes), ``protocol`` (JSON), ``cell``, ``instrument`` and ``environment``
        (flat dictionaries of text and numbers).

    Raises
    ------
    StorageError
        The file cannot be written or exists already; nothing is changed.
    """

    def __init__(self, path: Path, metadata: dict[str, Any]) -> None:
        self.path = path.absolute()
        _refuse_existing(self.path)
        self._acquire()
        try:
            self._journal = JournalWriter(journal_path(self.path), built_from_it=self.path)
        except StorageError:
            self._unlock()
            raise
        try:
            self._begin(metadata)
        except StorageError:
            with contextlib.suppress(StorageError):
                self._journal.close()
            self._journal.path.unlink()
            self._unlock()
            raise
        writer.open(self.path)

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Go on recording a run that has ended, in its file.

        Raises
        ------
        StorageError
            There is no such run, it is being recorded, or the journal cannot be written; the
            file is unchanged then.
        """
        recorder = cls.__new__(cls)
        recorder.path = path.absolute()
        # Recovers the run where that is needed, which takes the lock itself.
        Run.open(recorder.path).close()
        recorder._acquire()
        try:
            write_journal_again(recorder.path)
            journal = journal_path(recorder.path)
            recorder._journal = JournalWriter(journal, built_from_it=recorder.path, goes_on=True)
        except BaseException:
            recorder._unlock()
            raise
        writer.open(recorder.path)
        return recorder

    def _begin(self, metadata: dict[str, Any]) -> None:
        self._journal.check_space()
        self._journal.append_json(Kind.RUN, metadata)
        if not self._journal.flush():
            raise StorageError(self._journal.trouble or f"{self.path} takes no data.")

    def _acquire(self) -> None:
        self._lock = run_lock(self.path)
        try:
            self._lock.acquire(timeout=0)
        except Locked:
            if not Path(self._lock.lock_file).exists():
                # The lock could not even be made.
                raise StorageError(
                    f"{self.path} cannot be written: the folder {self.path.parent} takes no files."
                ) from None
            raise StorageError(f"{self.path} is being written by another program.") from None
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}.") from error

    def samples(self, rows: Block) -> None:
        """Record rows of `SAMPLE`."""
        self._journal.append(Kind.SAMPLES, rows.tobytes())

    def impedance(self, rows: Block) -> None:
        """Record rows of `IMPEDANCE`."""
        self._journal.append(Kind.IMPEDANCE, rows.tobytes())

    def step_begun(self, values: dict[str, Any]) -> None:
        """Record that a step begins; `values` are columns of the table of steps."""
        self._journal.append_json(Kind.STEP_BEGUN, values)

    def step_ended(self, values: dict[str, Any]) -> None:
        """Record how the step that began last ended; `values` are columns of the table of steps."""
        self._journal.append_json(Kind.STEP_ENDED, values)

    def event(self, values: dict[str, Any]) -> None:
        """Record something that happened; `values` are columns of the table of events."""
        self._journal.append_json(Kind.EVENT, values)

    @property
    def is_written(self) -> bool:
        """Whether all that was recorded survives the end of this program: the sample is acknowledged."""
        return self._journal.is_written

    @property
    def trouble(self) -> str | None:
        """Why what is recorded waits in memory, in a sentence; None while the disk takes it."""
        return self._journal.trouble

    def close(self, state: str) -> None:
        """Close the run for good.

        Raises
        ------
        StorageError
            The HDF5 file is not complete; everything is in the journal, from which the file is
            completed when it is opened.
        """
        try:
            with contextlib.suppress(StorageError):
                # A full disk may not even take this; the journal then ends without it.
                self._journal.append_json(Kind.END, {"state": state})
            self._journal.close()
            writer.finish(self.path)
        finally:
            self._unlock()

    def _unlock(self) -> None:
        self._lock.release()
        with contextlib.suppress(OSError):
            Path(self._lock.lock_file).unlink()


def _refuse_existing(path: Path) -> None:
    try:
        existing = [file for file in (path, journal_path(path)) if file.exists()]
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
    if existing:
        raise StorageError(f"{existing[0]} exists already; choose another name for the new run.")
    if not path.parent.is_dir():
        raise StorageError(f"{path} cannot be written: there is no folder {path.parent}.")

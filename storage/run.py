"""Reading a run: finished, interrupted or still under way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import h5py
import numpy as np
from filelock import Timeout as Locked

from ..core.closing import Closing
from ..core.samples import Block
from . import nexus
from .errors import NotARunFile, StorageError
from .journal import journal_path
from .lock import run_lock
from .recovery import recover, snapshot
from .results import Result, Results, Table
from .results_file import read_results, write_results
from .schema import FORMAT, FORMAT_VERSION

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StepRecord:
    """One executed step, or one segment of a step that was interrupted.

    Parameters
    ----------
    step_count : int
        Number of the step in the file, from 1.
    program_index, segment : int
        Which step of the protocol it is, from 0, and which segment of it.
    cycle_count : int
        The cycle it belongs to (for sweeps of several cycles, the first).
    kind, label, role, part : str
        As the protocol named them.
    samples, impedance : slice
        Its rows in `Run.samples` and `Run.impedance`.
    begin_s, end_s : float
        Test time; the end is that of the last sample while the step is under way.
    charge_Ah, energy_Wh : float
        What passed through the cell in it.
    end_reason : str
        Empty while the step is under way, and where the run was interrupted in it.
    parameters, result : dict
        The step as it was asked for, and its `StepResult`; empty until there is one.
    """

    step_count: int
    program_index: int
    segment: int
    cycle_count: int
    kind: str
    label: str
    role: str
    part: str
    samples: slice
    impedance: slice
    begin_s: float
    end_s: float
    charge_Ah: float
    energy_Wh: float
    end_reason: str
    parameters: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that happened during a run."""

    test_time_s: float
    unix_time_s: float
    severity: str
    source: str
    text: str


class Run(Closing):
    """A recorded run; a context manager that closes the file.

    `samples` and `impedance` are structured arrays whose fields are named as in the Battery
    Data Format; they are read when they are first asked for.
    """

    def __init__(self, path: Path, file: h5py.File, *, is_live: bool) -> None:
        self.path = path
        self.is_live = is_live
        self._file = file

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a run; one whose program ended without closing it is recovered first.

        Raises
        ------
        StorageError
            There is no such file, or it is not a run.
        """
        path = Path(path).absolute()
        file, is_live = _open(path)
        return cls(path, file, is_live=is_live)

    def refresh(self) -> None:
        """Look again at a run that is under way."""
        self._forget()
        self._file.close()
        self._file, self.is_live = _open(self.path)

    def close(self) -> None:
        """Let go of the file; idempotent. What was read already stays available."""
        self._file.close()

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """Run id, time of creation (ISO 8601, UTC), software, state, names of protocol and cell."""
        found = _attributes(self._file)
        return {name: value for name, value in found.items() if name not in nexus.ATTRIBUTES}

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``stopped``, ``interrupted`` or ``failed: …``."""
        return str(self.attributes["state"])

    @cached_property
    def protocol(self) -> Mapping[str, Any]:
        """The protocol's name and parameters, quantities as text with units."""
        return json.loads(self._dataset("protocol")[()])

    @cached_property
    def cell(self) -> Mapping[str, Any]:
        """Metadata of the cell."""
        return _attributes(self._group("cell"))

    @cached_property
    def instrument(self) -> Mapping[str, Any]:
        """Which instrument measured."""
        return _attributes(self._group("instrument"))

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """The program and the computer that recorded."""
        return _attributes(self._group("environment"))

    @cached_property
    def samples(self) -> Block:
        """All recorded samples."""
        return self._dataset("samples")[()]

    @property
    def sample_count(self) -> int:
        """How many samples are recorded."""
        return len(self._dataset("samples"))

    def read_samples(self, rows: Block, first: int) -> None:
        """Read samples into an array from its row `first` on, for who wants a long run piece by piece."""
        self._dataset("samples").read_direct(rows, np.s_[first : first + len(rows)])

    @cached_property
    def impedance(self) -> Block:
        """All points of all spectra."""
        return self._dataset("impedance")[()]

    @cached_property
    def steps(self) -> tuple[StepRecord, ...]:
        """The executed steps, in order."""
        rows = self._dataset("steps")[()]
        ends = {"samples": len(self._dataset("samples")), "impedance": len(self._dataset("impedance"))}
        steps = tuple(_step_record(row, ends) for row in rows)
        return tuple(step if step.end_reason else self._until_now(step) for step in steps)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What happened, in order."""
        return tuple(
            Event(
                float(row["test_time_second"]),
                float(row["unix_time_second"]),
                row["severity"].decode(),
                row["source"].decode(),
                row["text"].decode(),
            )
            for row in self._dataset("events")[()]
        )

    @cached_property
    def results(self) -> Mapping[str, Result | Table]:
        """What analysis derived."""
        return read_results(self._file)

    def write_results(self, results: Results) -> None:
        """Put results into the file, in place of those that are there.

        Raises
        ------
        StorageError
            The run is under way, or the file cannot be written; it is then unchanged.
        """
        if self.is_live:
            raise StorageError(f"{self.path} is still being recorded; write results when the run has ended.")
        self._file.close()
        try:
            write_results(self.path, results)
        finally:
            self.refresh()

    def to_pandas(self) -> "pd.DataFrame":
        """Return the samples as a data frame; needs pandas."""
        import pandas as pd  # noqa: PLC0415  an optional dependency

        return pd.DataFrame(self.samples)

    def _until_now(self, step: StepRecord) -> StepRecord:
        """Return a step that has not ended, or never did, with the time of its last row as its end."""
        end_s = step.begin_s
        for table, rows in (("samples", step.samples), ("impedance", step.impedance)):
            if rows.stop > rows.start:
                end_s = max(end_s, float(self._dataset(table)[rows.stop - 1]["test_time_second"]))
        return replace(step, end_s=end_s)

    def _forget(self) -> None:
        for name, attribute in vars(type(self)).items():
            if isinstance(attribute, cached_property):
                vars(self).pop(name, None)

    def _dataset(self, name: str) -> h5py.Dataset:
        dataset = self._file[name]
        if not isinstance(dataset, h5py.Dataset):
            raise NotARunFile(f"{self.path} is damaged: /{name} is not a table.")
        return dataset

    def _group(self, name: str) -> h5py.Group:
        group = self._file[name]
        if not isinstance(group, h5py.Group):
            raise NotARunFile(f"{self.path} is damaged: /{name} is not a group.")
        return group


def _open(path: Path) -> tuple[h5py.File, bool]:
    """Return the HDF5 file of a run, recovered where that is needed, and whether it is under way."""
    if not journal_path(path).exists():
        return _open_file(path, swmr=False), False
    lock = run_lock(path)
    try:
        lock.acquire(timeout=0)
    except Locked:
        return _open_live(path), True
    try:
        if journal_path(path).exists():
            return _recovered(path), False
        return _open_file(path, swmr=False), False
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _open_live(path: Path) -> h5py.File:
    try:
        return _open_file(path, swmr=True)
    except StorageError:
        # The HDF5 file is not there yet, or its writer is in trouble: the journal has everything.
        return snapshot(path, is_recovery=False).file


def _recovered(path: Path) -> h5py.File:
    try:
        recover(path)
    except NotARunFile:
        raise
    except (StorageError, OSError):
        # No space for the file, or a read-only disk: what the journal holds can be read all the same.
        return snapshot(path, is_recovery=True).file
    return _open_file(path, swmr=False)


def _open_file(path: Path, *, swmr: bool) -> h5py.File:
    if not path.is_file():
        raise StorageError(f"There is no file {path}.")
    try:
        # Our own lock file keeps writers apart; HDF5's would keep a reader and the writer apart.
        # Nothing is read twice, so that HDF5 need not keep what it has read.
        libver = "latest" if swmr else None
        file = h5py.File(path, "r", libver=libver, swmr=swmr, locking=False, rdcc_nbytes=0)
    except OSError as error:
        raise NotARunFile(f"{path} is not a run file, or it is damaged: {error}.") from error
    version = file.attrs.get("format_version", 0)
    if file.attrs.get("format") != FORMAT or version > FORMAT_VERSION:
        newer = f" (version {version}; this program reads {FORMAT_VERSION})" if version else ""
        file.close()
        raise NotARunFile(f"{path} is not a run file of this version of faradaic{newer}.")
    return file


def _attributes(group: h5py.Group) -> dict[str, Any]:
    return {name: value.item() if hasattr(value, "item") else value for name, value in group.attrs.items()}


def _step_record(row: Any, ends: Mapping[str, int]) -> StepRecord:
    is_open = not row["end_reason"]

    def rows(table: str, first: str, count: str) -> slice:
        start = int(row[first])
        return slice(start, ends[table] if is_open and not row[count] else start + int(row[count]))

    return StepRecord(
        step_count=int(row["step_count"]),
        program_index=int(row["program_index"]),
        segment=int(row["segment"]),
        cycle_count=int(row["cycle_count"]),
        kind=row["kind"].decode(),
        label=row["label"].decode(),
        role=row["role"].decode(),
        part=row["part"].decode(),
        samples=rows("samples", "first_sample", "sample_count"),
        impedance=rows("impedance", "first_impedance", "impedance_count"),
        begin_s=float(row["begin_test_time_second"]),
        end_s=float(row["end_test_time_second"]),
        charge_Ah=float(row["charge_ampere_hour"]),
        energy_Wh=float(row["energy_watt_hour"]),
        end_reason=row["end_reason"].decode(),
        parameters=_json(row["parameters"]),
        result=_json(row["result"]),
    )


def _json(text: bytes) -> dict[str, Any]:
    return json.loads(text) if text else {}

"""Building a run's HDF5 file from the frames of its journal."""

import json
import logging
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .errors import NotARunFile, StorageError
from .journal import Frame, Kind
from .nexus import bytes_of, standard_plots, write_plots
from .schema import CHUNK_ROWS, FORMAT, FORMAT_VERSION, TABLES, row

_SPARE_BYTES = 2**20
"""HDF5 does not survive a full disk: it is never asked to write without this much to spare."""
_SPARE_BYTES_FOR_PLOTS = 64 * 2**20
"""The copies that plots need are left out long before the disk is full."""

log = logging.getLogger(__name__)


class RunFileBuilder:
    """Writes the HDF5 file of one run, readable by others meanwhile (SWMR).

    Parameters
    ----------
    path : Path or None
        The file, which must not exist: a program that was given up on may still be about to
        create it. None builds it in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.state = "running"
        self.rows = dict.fromkeys(TABLES, 0)
        """How many rows each table has, pending ones included."""
        self._file: h5py.File | None = None
        self._pending: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in TABLES}
        # The row of the step that began last; the array is shared with the pending rows.
        self._step: np.ndarray[Any, Any] | None = None
        # Rows of steps that may have been written before they ended, by their place in the table.
        self._ended_steps: dict[int, np.ndarray[Any, Any]] = {}

    @property
    def file(self) -> h5py.File:
        """The HDF5 file; only there once the journal's first frame was applied."""
        if self._file is None:
            raise NotARunFile("the journal holds no run")
        return self._file

    def apply(self, frame: Frame) -> None:
        """Take a frame in; `flush` writes it."""
        match frame.kind:
            case Kind.RUN:
                self._file = self._create(frame.json())
            case Kind.SAMPLES:
                self._append("samples", np.frombuffer(frame.payload, TABLES["samples"]))
            case Kind.IMPEDANCE:
                self._append("impedance", np.frombuffer(frame.payload, TABLES["impedance"]))
            case Kind.EVENT:
                self._append("events", row(TABLES["events"], frame.json()))
            case Kind.STEP_BEGUN:
                self._begin_step(frame.json())
            case Kind.STEP_ENDED:
                self._end_step(frame.json())
            case Kind.END:
                self.state = frame.json()["state"]

    def has_space(self) -> bool:
        """Whether the disk has room for what is pending, with some to spare."""
        pending = sum(rows.nbytes for tables in self._pending.values() for rows in tables)
        return self.path is None or shutil.disk_usage(self.path.parent).free > pending + _SPARE_BYTES

    def flush(self) -> None:
        """Write what is pending and let readers see it."""
        if self._file is None:
            return
        written = False
        for name, blocks in self._pending.items():
            if not blocks:
                continue
            rows = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
            dataset = self._dataset(name)
            count = len(dataset)
            dataset.resize(count + len(rows), axis=0)
            dataset[count:] = rows
            blocks.clear()
            written = True
        for place, ended in self._ended_steps.items():
            self._dataset("steps")[place] = ended
            written = True
        self._ended_steps.clear()
        if written:
            self._file.flush()

    def close(self) -> None:
        """Write what is pending and close the file as it is; idempotent."""
        if self._file is not None:
            if self._step is not None and not self._step["end_reason"][0]:
                self._end_step({})
            self.flush()
        self.discard()

    def discard(self) -> None:
        """Let go of the file without completing it; idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> None:
        """Close the file for good, with the run's state, and verify that it holds every row.

        Raises
        ------
        StorageError
            The file does not hold what it should.
        """
        if self.path is None:
            raise StorageError("a run in memory cannot be finished")
        self.close()
        with h5py.File(self.path, "r+", locking=False) as file:
            file.attrs["state"] = self.state
        self._add_plots(self.path)
        with h5py.File(self.path, "r", locking=False) as file:
            for name, count in self.rows.items():
                table = file.get(name)
                if not isinstance(table, h5py.Dataset) or len(table) != count:
                    raise StorageError(f"{self.path} does not hold all rows of /{name}.")
        with self.path.open("rb") as written:
            os.fsync(written.fileno())

    def _add_plots(self, path: Path) -> None:
        """Add what viewers of HDF5 files show; the run is complete without, and verified after it."""
        try:
            with h5py.File(path, "r", locking=False) as file:
                plots = standard_plots(file)
            if shutil.disk_usage(path.parent).free < bytes_of(plots) + _SPARE_BYTES_FOR_PLOTS:
                return
            with h5py.File(path, "r+", locking=False) as file:
                write_plots(file, plots)
        except Exception as error:  # noqa: BLE001  whatever it is, the run matters more
            log.warning("%s has no plots for viewers of HDF5 files: %s", path, error)

    def _create(self, metadata: dict[str, Any]) -> h5py.File:
        if self.path is None:
            file = h5py.File(f"{uuid.uuid4()}.h5", "w", driver="core", backing_store=False)
        else:
            file = h5py.File(self.path, "x", libver="latest")
        for name, value in metadata["run"].items():
            file.attrs[name] = value
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["state"] = self.state
        file["protocol"] = json.dumps(metadata["protocol"], ensure_ascii=False, indent=1)
        for name in ("cell", "instrument", "environment"):
            group = file.create_group(name)
            for key, value in metadata.get(name, {}).items():
                group.attrs[key] = value
        for name, dtype in TABLES.items():
            file.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(CHUNK_ROWS[name],))
        if self.path is not None:
            file.swmr_mode = True
        return file

    def _dataset(self, name: str) -> h5py.Dataset:
        dataset = self.file[name]
        if not isinstance(dataset, h5py.Dataset):
            raise NotARunFile(f"/{name} is not a table")
        return dataset

    def _append(self, table: str, rows: np.ndarray[Any, Any]) -> None:
        self._pending[table].append(rows)
        self.rows[table] += len(rows)

    def _begin_step(self, values: dict[str, Any]) -> None:
        self._step = row(TABLES["steps"], values)
        self._step["first_sample"] = self.rows["samples"]
        self._step["first_impedance"] = self.rows["impedance"]
        self._append("steps", self._step)

    def _end_step(self, values: dict[str, Any]) -> None:
        if self._step is None:
            return
        ended = row(TABLES["steps"], values)
        for name in values:
            self._step[name] = ended[name]
        self._step["sample_count"] = self.rows["samples"] - self._step["first_sample"]
        self._step["impedance_count"] = self.rows["impedance"] - self._step["first_impedance"]
        self._ended_steps[self.rows["steps"] - 1] = self._step

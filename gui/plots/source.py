"""What is plotted: the samples of one run, under way or recorded."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from ...core.samples import IMPEDANCE, SAMPLE, Block
from ...protocols import Cell
from .thinning import Floats

Found = TypeVar("Found")
_FIRST = 4096
_MOST_LIVE = 4_000_000
"""Beyond so many samples of a run under way, every second of the older half is left out of the picture."""
_READ_AT_ONCE = 1_000_000
_PLOTTED = ("test_time_second", "voltage_volt", "current_ampere")
"""The columns of nearly every plot."""


@dataclass(frozen=True)
class Recording:
    """What a plot needs of a run file.

    Parameters
    ----------
    label : str
        What the curve is called.
    cell : Cell
        The cell that was measured.
    protocol : str
        The protocol's name; of an imported run, what it is analysed as.
    samples, impedance : array
        Rows of `SAMPLE` and of `IMPEDANCE`.
    columns : mapping
        Fields of the samples, each contiguous in memory.
    """

    label: str
    cell: Cell
    protocol: str
    samples: Block
    impedance: Block
    columns: Mapping[str, Floats]


class Source(QObject):
    """The samples of a run.

    Parameters
    ----------
    label : str
        What the curve is called.
    cell : Cell
        Its area and mass make densities of currents.
    protocol : str
        The protocol's name.

    Attributes
    ----------
    changed : Signal
        There are more samples.
    restarted : Signal
        It is another run now.
    """

    changed = Signal()
    restarted = Signal()

    def __init__(
        self, label: str, cell: Cell, protocol: str, path: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.label = label
        self.cell = cell
        self.protocol = protocol
        self.path = path
        self.run = ""
        """Id of the run."""
        self.version = 0
        """Counts up with every change."""
        self._samples = np.empty(_FIRST, SAMPLE)
        self._count = 0
        self._impedance = np.empty(0, IMPEDANCE)
        self._derived: dict[str, Any] = {}

    @property
    def samples(self) -> Block:
        """All samples, as `SAMPLE` rows."""
        return self._samples[: self._count]

    @property
    def impedance(self) -> Block:
        """All points of spectra, as `IMPEDANCE` rows."""
        return self._impedance

    def column(self, name: str) -> Floats:
        """Return one field of the samples, contiguous in memory."""
        return self.derived(name, lambda: np.ascontiguousarray(self.samples[name], dtype=np.float64))

    def derived(self, name: str, compute: Callable[[], Found]) -> Found:
        """Return what follows from the samples, computed once for all plots until there are more of them."""
        if name not in self._derived:
            self._derived[name] = compute()
        return self._derived[name]

    def replace(self, recording: Recording) -> None:
        """Take what a file holds in place of what is known; later samples that are known stay behind it."""
        samples, impedance = recording.samples, recording.impedance
        end_s = samples["test_time_second"][-1] if len(samples) else -np.inf
        newer = self.samples[self.samples["test_time_second"] > end_s]
        # Ten million samples are not copied where nothing follows them.
        self._samples = np.concatenate([samples, newer]) if len(newer) else samples
        self._count = len(self._samples)
        end_s = impedance["test_time_second"][-1] if len(impedance) else -np.inf
        self._impedance = np.concatenate(
            [impedance, self._impedance[self._impedance["test_time_second"] > end_s]]
        )
        self._tell(None if len(newer) else recording.columns)

    def restart(self, label: str, cell: Cell, protocol: str, path: Path | None) -> None:
        """Become another run, of which nothing is known yet."""
        self.label, self.cell, self.protocol, self.path = label, cell, protocol, path
        self._count, self._impedance = 0, self._impedance[:0]
        self._tell()
        self.restarted.emit()

    def append(self, rows: Block) -> None:
        """Take more rows of `SAMPLE` or of `IMPEDANCE`."""
        if rows.dtype != SAMPLE:
            self._impedance = np.concatenate([self._impedance, rows])
        else:
            if self._count > _MOST_LIVE:
                self._leave_out_half()
            if self._count + len(rows) > len(self._samples):
                larger = np.empty(max(2 * len(self._samples), self._count + len(rows)), SAMPLE)
                larger[: self._count] = self.samples
                self._samples = larger
            self._samples[self._count : self._count + len(rows)] = rows
            self._count += len(rows)
        self._tell()

    def _leave_out_half(self) -> None:
        half = self._count // 2
        kept = np.concatenate([self._samples[:half:2], self._samples[half : self._count]])
        self._samples[: len(kept)], self._count = kept, len(kept)

    def _tell(self, derived: Mapping[str, Any] | None = None) -> None:
        self.version += 1
        self._derived = dict(derived or {})
        self.changed.emit()


def source_of(path: Path, recording: Recording, parent: QObject) -> Source:
    """Return a recorded run as a source, of what `read_run` found in its file."""
    source = Source(recording.label, recording.cell, recording.protocol, path, parent)
    source.replace(recording)
    return source


def read_run(path: Path) -> Recording:
    """Read what a plot needs of a run file; may take long, so that it belongs in another thread.

    Raises
    ------
    StorageError
        It is not a run file.
    """
    from ...storage import Run  # noqa: PLC0415  the window is there before HDF5 is loaded

    with Run.open(path) as run, ThreadPoolExecutor(1) as pool:
        samples = np.empty(run.sample_count, SAMPLE)
        columns = {name: np.empty(len(samples)) for name in _PLOTTED}

        def fill_columns(rows: slice) -> None:
            for name, values in columns.items():
                values[rows] = samples[name][rows]

        filled: list[Future[None]] = []
        for first in range(0, len(samples), _READ_AT_ONCE):
            rows = slice(first, first + _READ_AT_ONCE)
            run.read_samples(samples[rows], first)
            # Beside the reading of the next ones.
            filled.append(pool.submit(fill_columns, rows))
        for each in filled:
            each.result()
        return Recording(
            label=f"{run.attributes['cell']} · {run.attributes['protocol']}",
            cell=Cell.from_metadata(run.cell),
            protocol=str(run.protocol.get("analysed_as") or run.attributes["protocol"]),
            samples=samples,
            impedance=run.impedance,
            columns=columns,
        )

"""The runs under way as sources of plots: their past from the file, their present from the bench."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from ..engine.bench import Record, StationStatus
from ..protocols import Cell
from .asking import Asking
from .bench import BenchState
from .plots.source import Recording, Source, read_run


class LiveSources(QObject):
    """One source for each channel that is plotted; it goes on with the channel's next run.

    Parameters
    ----------
    bench : BenchState
        Publishes the samples.
    asking : Asking
        Reads files in other threads.
    """

    def __init__(self, bench: BenchState, asking: Asking, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench, self._asking = bench, asking
        self._sources: dict[str, Source] = {}
        bench.recorded.connect(self._take)

    def of(self, channel: str) -> Source:
        """Return the source of a channel's run, the one under way or the last."""
        known = self._sources.get(channel)
        if known is not None:
            return known
        source = self._sources[channel] = Source(channel, Cell(), "", None, self)
        self._follow(source, self._bench.statuses[channel])
        return source

    def _follow(self, source: Source, status: StationStatus) -> None:
        """Go over to the run that a channel has now, where that is another one."""
        source.run = status.run
        path = Path(status.file) if status.file else None
        if path is None or path == source.path:
            return
        source.restart(f"{status.channel} · {status.cell}", Cell(), status.protocol, path)
        self._read(source, path)

    def _read(self, source: Source, path: Path) -> None:
        def show(recording: Recording) -> None:
            if source.path == path:
                source.cell = recording.cell
                source.replace(recording)

        # A run that has just begun may have no file yet; what it publishes is shown all the same.
        self._asking.do(lambda: read_run(path), show, lambda _: None)

    def _take(self, record: Record) -> None:
        if record.kind == "missed":
            # The files have what did not come.
            for each in self._sources.values():
                if each.path is not None:
                    self._read(each, each.path)
            return
        source, status = self._sources.get(record.channel), self._bench.statuses.get(record.channel)
        if source is None or status is None:
            return
        if record.kind == "state":
            self._follow(source, status)
        if record.rows is not None and record.run == source.run:
            known = source.samples if record.kind == "samples" else source.impedance
            end_s = known["test_time_second"][-1] if len(known) else -np.inf
            rows = record.rows[record.rows["test_time_second"] > end_s]
            if len(rows):
                source.append(rows)

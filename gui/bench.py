"""What the window knows of the bench: kept up to date by the service."""

import threading
import time
from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import QObject, QTimer, Signal

from ..engine.bench import Alarm, Record
from ..engine.service.client import Client, ServiceError
from ..engine.service.following import followed
from ..engine.service.requests import EngineStatus
from .theme import is_under_way

_DRAIN_MS = 50
_TELL_MS = 100
_PARTS = 5
"""What has changed is told of a fifth of the channels at a time: all at once would be much to draw."""
_STATUS_S = 15.0
_BEFORE = 5000
"""So many of the records from before the window are asked for."""
SPARKS = 60


class BenchState(QObject):
    """The bench as it stands.

    Parameters
    ----------
    client : Client
        Of the service.
    first : EngineStatus
        How the bench stands now.

    Attributes
    ----------
    changed : Signal(set)
        Names of channels that stand differently now.
    recorded : Signal(object)
        A `Record`: everything that the bench publishes.
    alarmed : Signal
        Something about the alarms has changed.
    link_changed : Signal(bool)
        Whether the service answers.
    """

    changed = Signal(set)
    recorded = Signal(object)
    alarmed = Signal()
    link_changed = Signal(bool)

    def __init__(self, client: Client, first: EngineStatus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = client
        self.engine = first
        self._first_engine, self._first_seq = first.engine, first.seq
        self.statuses = {each.channel: each for each in first.channels}
        self.alarms = list(first.alarms)
        self.sparks: dict[str, deque[float]] = {name: deque(maxlen=SPARKS) for name in self.statuses}
        """The last currents of each channel."""
        self.is_linked = True
        self._arrived: deque[Record] = deque()
        self._looked: deque[EngineStatus | None] = deque()
        self._told: dict[str, Record] = {}
        """The last record of each channel's state."""
        self._closing, self._wake = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(
                target=self._listen, args=(max(first.seq - _BEFORE, 0),), name="bench feed", daemon=True
            ),
            threading.Thread(target=self._look, name="bench look", daemon=True),
        ]
        self._touched: set[str] = set()
        self._part = 0
        # Numbers change slowly enough for eyes; a new state is told at once.
        self._pace = QTimer(self)
        self._pace.timeout.connect(self._tell_part)
        self._pace.start(_TELL_MS)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._drain)
        self._timer.start(_DRAIN_MS)
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return sum(is_under_way(each.state) for each in self.statuses.values())

    def close(self) -> None:
        """Stop listening; runs go on."""
        self._closing.set()
        self._wake.set()
        self._timer.stop()
        self._pace.stop()
        self.client.close()

    def take(self, records: Iterable[Record]) -> None:
        """Take in what the bench has published."""
        has_alarm = False
        news: set[str] = set()
        for record in records:
            if record.engine == self._first_engine and record.seq <= self._first_seq:
                # From before the window: only plots want it, whose file may be behind.
                if record.rows is not None:
                    self.recorded.emit(record)
                continue
            before = self.statuses.get(record.channel)
            if before is not None:
                self.statuses[record.channel] = followed(before, record)
                self._touched.add(record.channel)
                if record.kind == "state":
                    self._told[record.channel] = record
                    news.add(record.channel)
                if record.kind == "samples" and record.rows is not None:
                    self.sparks[record.channel].append(float(record.rows["current_ampere"][-1]))
            if record.kind == "alarm":
                has_alarm = True
                self._take_alarm(Alarm.model_validate({**record.data, "channel": record.channel}))
            self.recorded.emit(record)
        self._tell(news)
        if has_alarm:
            self.alarmed.emit()

    def _tell_part(self) -> None:
        """Tell what has changed in the next part of the bench."""
        self._part = (self._part + 1) % _PARTS
        self._tell(self._touched.intersection(list(self.statuses)[self._part :: _PARTS]))

    def _tell(self, channels: set[str]) -> None:
        if channels:
            self._touched -= channels
            self.changed.emit(channels)

    def _take_alarm(self, alarm: Alarm) -> None:
        self.alarms = [alarm, *(each for each in self.alarms if each.id != alarm.id)]

    def _listen(self, since: int) -> None:
        try:
            for record in self.client.live(since):
                self._arrived.append(record)
                if self._closing.is_set():
                    return
        except (ServiceError, RuntimeError):
            # Told by the other thread, which asks again and again.
            self._wake.set()

    def _look(self) -> None:
        """Ask how the bench stands now and then: the link, the disk, and what no record told."""
        while not self._closing.is_set():
            if self._wake.wait(_STATUS_S if self.is_linked else 1.0):
                self._wake.clear()
            if self._closing.is_set():
                return
            try:
                self._looked.append(self.client.status())
            except (ServiceError, RuntimeError):
                self._looked.append(None)

    def _drain(self) -> None:
        while self._looked:
            self._take_look(self._looked.popleft())
        if not self._arrived:
            return
        begun = time.perf_counter()
        records = []
        while self._arrived and time.perf_counter() - begun < _DRAIN_MS / 2e3:
            records.append(self._arrived.popleft())
        self.take(records)

    def _take_look(self, status: EngineStatus | None) -> None:
        if (status is not None) != self.is_linked:
            self.is_linked = status is not None
            self.link_changed.emit(self.is_linked)
        if status is None:
            return
        self.engine = status
        self.alarms = list(status.alarms)
        before = self.statuses
        self.statuses = {
            each.channel: before[each.channel] if self._is_older(status, each.channel) else each
            for each in status.channels
        }
        news: set[str] = set()
        for name, each in self.statuses.items():
            self.sparks.setdefault(name, deque(maxlen=SPARKS))
            if name not in before or each.state != before[name].state:
                news.add(name)
            elif each != before[name]:
                self._touched.add(name)
        self._tell(news)
        self.alarmed.emit()

    def _is_older(self, status: EngineStatus, channel: str) -> bool:
        """Whether a look is from before what was told of a channel meanwhile."""
        told = self._told.get(channel)
        return told is not None and told.engine == status.engine and told.seq > status.seq

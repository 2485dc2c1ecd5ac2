"""Keeping one instrument of a bench connected, for as long as the bench lives."""

import logging
import threading
from collections.abc import Callable

from ...core.clock import Clock
from ...instruments import Chamber, Instrument, InstrumentError, open_instrument
from ...instruments.bench_channel import channel_named
from ...instruments.bench_file import BenchInstrument
from .desk import Connection
from .station import Station

_RETRY_S, _LONGEST_RETRY_S = 2.0, 60.0

log = logging.getLogger(__name__)


class Keeper:
    """Opens an instrument, and opens it again when it was lost and nothing runs on it.

    Parameters
    ----------
    name : str
        What people call it.
    described : BenchInstrument
        Where it is.
    clock : Clock
        The time it lives in.
    stations : dict of str to Station
        By the instrument's own names for its channels.
    chamber_of : callable
        Returns the chamber in which the cell of a channel stands.
    warn : callable
        Called with a sentence when the instrument does not answer any more, and when it does again.
    """

    def __init__(
        self,
        name: str,
        described: BenchInstrument,
        clock: Clock,
        stations: dict[str, Station],
        chamber_of: Callable[[str], Chamber | None],
        warn: Callable[[str], None],
    ) -> None:
        self.name = name
        self.described = described
        self.stations = stations
        self._clock = clock
        self._chamber_of = chamber_of
        self._warn = warn
        self._has_answered = self._is_missed = False
        self._instrument: Instrument | None = None
        self._lost, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"keeper {name}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def lose(self, sentence: str) -> None:
        """Say that the instrument does not answer, and why; it is opened again when nothing runs on it."""
        if any(station.is_busy for station in self.stations.values()):
            return
        for station in self.stations.values():
            station.disconnect(sentence)
        self._lost.set()

    def close(self) -> None:
        """Put all channels at rest and let go of the instrument; idempotent."""
        self._closing.set()
        self._lost.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        wait_s = _RETRY_S
        while not self._closing.is_set():
            try:
                self._open()
            except (InstrumentError, ValueError) as error:
                for station in self.stations.values():
                    station.disconnect(str(error))
                self._tell_missed(str(error))
                self._closing.wait(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_RETRY_S)
                continue
            wait_s = _RETRY_S
            self._tell_back()
            self._lost.wait()
            self._lost.clear()
            self._let_go()

    def _tell_missed(self, why: str) -> None:
        # Whoever starts a bench sees what does not answer; one that fell silent since would not be noticed.
        if self._has_answered and not self._is_missed:
            self._is_missed = True
            self._warn(f"{self._called} does not answer any more. {why}")

    def _tell_back(self) -> None:
        self._has_answered = True
        if self._is_missed:
            self._is_missed = False
            self._warn(f"{self._called} answers again.")

    @property
    def _called(self) -> str:
        names = ", ".join(station.name for station in self.stations.values())
        return f"{self.name} ({names})" if names else self.name

    def _open(self) -> None:
        described = self.described
        instrument = open_instrument(described.driver, described.address, self._clock, wires=described.wires)
        try:
            connections = {
                own: Connection(channel_named(instrument, own), self._chamber_of(station.name))
                for own, station in self.stations.items()
            }
        except (InstrumentError, ValueError):
            instrument.close()
            raise
        self._instrument = instrument
        try:
            for own, station in self.stations.items():
                station.connect(connections[own])
        except InstrumentError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        instrument, self._instrument = self._instrument, None
        if instrument is None:
            return
        try:
            instrument.close()
        except InstrumentError as error:
            log.warning("%s was not closed in good order: %s", self.name, error)

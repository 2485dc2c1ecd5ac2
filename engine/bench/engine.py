"""The engine of a bench: owns its instruments, runs what is asked for, and keeps the cells safe."""

import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from filelock import Timeout as Locked

from ...core.closing import Closing
from ...core.helpers import start_helper
from ...core.units import pretty_duration
from ...instruments import Chamber, InstrumentError, Julabo
from ...instruments.bench_channel import clock_of, open_chamber
from ...instruments.bench_file import Bench
from ...protocols import tightest_limits
from ...storage import StorageError
from ..commands import Pause
from ..preflight import preflight
from .alarms import Alarms
from .guard import Guard
from .jobs import Agenda, Job, JobRequest, load_end_conditions, load_limits
from .keeper import Keeper
from .log import BenchLog
from .names import safe_name
from .patience import patiently
from .publication import Publisher
from .shared_chamber import SharedChamber
from .space import LOW_BYTES, bytes_foreseen, check_space, free_bytes, samples_foreseen
from .station import Refused, Station
from .status import Alarm, StationStatus

_WATCH_S = 1.0
_SPACE_EVERY = 30
_CHECK_S = 20.0
_AT_ONCE = 64
_FEW = 32


class NoSuchChannel(ValueError):
    """The bench has no channel with this name."""


class BenchEngine(Closing):
    """Runs a bench; a context manager that ends all runs so that they can be gone on with.

    Parameters
    ----------
    bench : Bench
        What stands on it.
    folder : Path
        Where run files go; the engine's own files lie in ``.faradaic`` inside it.
    name : str
        What the bench is called, in alarms.

    Raises
    ------
    StorageError
        The folder cannot be written, or another engine works in it.
    """

    def __init__(self, bench: Bench, folder: Path, *, name: str = "bench") -> None:
        self.bench = bench
        self.name = name
        self.folder = folder.absolute()
        self.own_folder = self.folder / ".faradaic"
        try:
            self.own_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{self.folder} cannot be written: {error.strerror}.") from error
        self._lock = FileLock(self.own_folder / "engine.lock", is_singleton=False, thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Locked:
            raise StorageError(f"Another engine works in {self.folder}; there can be only one.") from None
        try:
            self._guard = Guard(self.own_folder)
        except TimeoutError as error:
            self._lock.release()
            raise StorageError(str(error)) from None
        self.publisher = Publisher()
        self.log = BenchLog(self.own_folder / "bench.log")
        self.alarms = Alarms(bench.alarms, name, self._alarm_raised)
        self._clocks = {each: clock_of(bench, is_simulated=each) for each in (False, True)}
        self._chambers: dict[str, tuple[Julabo, dict[str, float], threading.Lock]] = {}
        self._chambers_lock = threading.Lock()
        self._analyst = ThreadPoolExecutor(1, thread_name_prefix="analyst")
        self.stations: dict[str, Station] = {}
        self._keepers: dict[str, Keeper] = {}
        for key, described in bench.instruments.items():
            own = {
                terminal: Station(
                    channel.name,
                    key,
                    described.limits_of(terminal),
                    Agenda(self.own_folder / f"queue {safe_name(channel.name)}.json"),
                    self,
                )
                for terminal, channel in described.channels.items()
            }
            clock = self._clocks[described.simulated is not None]
            self._keepers[key] = Keeper(
                key, described, clock, own, self._chamber_of, partial(self.alarm, "", "warning")
            )
            self.stations |= {station.name: station for station in own.values()}
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        self.log.write("engine", "", "The engine begins.", channels=len(self.stations))
        self._take_up_interrupted()
        for keeper in self._keepers.values():
            keeper.start()
        for station in self.stations.values():
            station.start()
        self._watcher.start()

    # What a person asks for

    def station(self, name: str) -> Station:
        """Return a channel; raise `NoSuchChannel` where there is none with this name."""
        if name not in self.stations:
            known = ", ".join(self.stations) if len(self.stations) <= _FEW else f"{len(self.stations)} others"
            raise NoSuchChannel(f"There is no channel {name!r} on this bench; there are {known}.")
        return self.stations[name]

    def statuses(self) -> list[StationStatus]:
        """Return how all channels stand."""
        return [station.status() for station in self.stations.values()]

    def preview(self, name: str, request: JobRequest) -> dict[str, Any]:
        """Check a request without running it; return what is foreseen.

        Raises
        ------
        ValueError, InstrumentError, StorageError
            It is refused; the message says why.
        """
        return patiently(lambda: self._preview(self.station(name), request), _CHECK_S, "The protocol")

    def add(
        self, name: str, request: JobRequest, by: str, now_unix_s: float, place: int | None = None
    ) -> Job:
        """Check a request and put it into the queue of a channel.

        Raises
        ------
        ValueError, InstrumentError, StorageError
            It is refused; the message says why.
        """
        station = self.station(name)
        self.preview(name, request)
        job = Job.new(request, by, now_unix_s)
        station.add(job, place)
        self.log.write(by, name, f"Queue: {job.title}.", job=job.id)
        return job

    def remove(self, name: str, job_id: str, by: str) -> Job:
        """Take a job out of the queue of a channel."""
        job = self.station(name).remove(job_id)
        self.log.write(by, name, f"Out of the queue: {job.title}.", job=job_id)
        return job

    def reorder(self, name: str, job_ids: Sequence[str], by: str) -> None:
        """Put the queue of a channel into another order, which names every job once."""
        self.station(name).reorder(job_ids)
        self.log.write(by, name, "Change the order of the queue.")

    def pause(self, name: str, kind: Pause, by: str) -> None:
        """Interrupt the step under way, with the cell at rest or held at its potential."""
        self._runner(name).commands.pause(kind, by)
        self.log.write(by, name, "Pause with the cell " + ("at rest." if kind == "rest" else "held."))

    def resume(self, name: str, by: str) -> None:
        """End a pause, go on with an interrupted run, or let a held queue go on: whatever waits."""
        station = self.station(name)
        if station.runner is not None:
            station.runner.commands.resume(by)
        elif station.interrupted is not None:
            station.go_on()
        else:
            station.release()
        self.log.write(by, name, "Go on.")

    def give_up(self, name: str, by: str) -> None:
        """Leave an interrupted run as it is."""
        self.station(name).give_up()
        self.log.write(by, name, "Give the interrupted run up.")

    def skip_step(self, name: str, by: str) -> None:
        """End the step under way, and go on with the next one."""
        self._runner(name).commands.skip_step(by)
        self.log.write(by, name, "Skip this step.")

    def stop(self, name: str, by: str) -> None:
        """End the run under way, with the cell at rest."""
        self._runner(name).commands.stop(by)
        self.log.write(by, name, "Stop.")

    def change_limits(self, name: str, limits: dict[str, Any], by: str) -> None:
        """Replace the limits of the run under way; those of protocol and channel stay."""
        station = self.station(name)
        runner = self._runner(name)
        tightest = tightest_limits((load_limits(limits), *station.limits), runner.cell)
        runner.commands.change_limits(tightest, by)
        self.log.write(by, name, "Change the limits.", limits=limits)

    def change_until(self, name: str, conditions: dict[str, Any], by: str) -> None:
        """Replace the end conditions of the step under way."""
        runner = self._runner(name)
        runner.commands.change_until(load_end_conditions(conditions).resolve(runner.cell), by)
        self.log.write(by, name, "Change the end conditions.", conditions=conditions)

    def emergency_stop(self, by: str, name: str | None = None) -> list[str]:
        """Put one cell or all at rest at once; return a sentence for each."""
        stations = list(self.stations.values()) if name is None else [self.station(name)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sentences = list(pool.map(lambda station: station.emergency_stop(by), stations))
        self.log.write(by, name or "", "EMERGENCY STOP.", outcome=sentences)
        self.alarm(name or "", "warning", f"Emergency stop by {by}.")
        return sentences

    def prepare_to_end(self, by: str, *, interrupt: bool) -> list[str]:
        """Note who ends the engine; return what becomes of the runs under way, a sentence for each.

        Raises
        ------
        Refused
            Runs are under way, and may not be interrupted.
        """
        names = [name for name, station in self.stations.items() if station.is_running]
        if names and not interrupt:
            raise Refused(
                f"Runs are under way on {', '.join(names)}: stop them first, or interrupt them (faradaic end "
                "--interrupt), which puts their cells at rest; they can be gone on with later."
            )
        self.log.write(by, "", "End the engine.", interrupted=names)
        return [f"The run on {name} is interrupted; it can be gone on with." for name in names]

    def close(self) -> None:
        """End all runs so that the next engine can go on with them; idempotent."""
        if self._closing.is_set():
            return
        self._closing.set()
        _all_at_once(station.close for station in self.stations.values())
        _all_at_once(keeper.close for keeper in self._keepers.values())
        for chamber, _, _ in self._chambers.values():
            with suppress(InstrumentError):
                chamber.close()
        self._watcher.join()
        self._analyst.shutdown(cancel_futures=True)
        self.log.write("engine", "", "The engine ends.")
        self.alarms.close()
        self._guard.close()
        self._lock.release()

    # What stations need

    def begin(self, station: Station) -> None:
        """Have the watchdog look after an instrument that does nothing by itself when we die."""
        connection = station.connection
        if connection is not None and connection.channel.needs_computer:
            described = self.bench.instruments[station.instrument]
            self._guard.watch(station.name, described.driver, described.address)

    def end(self, station: Station, state: str, path: Path | None) -> None:
        """Tell the end of a run, and analyse it."""
        self._guard.forget(station.name)
        self.log.write("engine", station.name, f"The run has ended: {state}.", file=str(path or ""))
        connection = station.connection
        if connection is not None and isinstance(connection.chamber, SharedChamber):
            connection.chamber.release()
        if path is not None and not self._closing.is_set():
            self._analyst.submit(self._analyse, station.name, path)
        if state.startswith(("failed: link", "failed: instrument")):
            self.lost(station, f"It did not answer in the last run ({state}).")

    def lost(self, station: Station, sentence: str) -> None:
        """Have an instrument opened again."""
        self._keepers[station.instrument].lose(sentence)

    def alarm(self, channel: str, severity: str, text: str) -> None:
        """Tell people at once."""
        self.alarms.raise_(channel, severity, text)

    def _preview(self, station: Station, request: JobRequest) -> dict[str, Any]:
        connection = station.connection
        if connection is None:
            raise Refused(f"{station.name} is offline: {station.status().detail}")
        protocol, cell = request.load_protocol(), request.load_cell()
        limits = tightest_limits((request.load_limits(), *station.limits), cell)
        course = preflight(protocol, cell, connection.channel, limits, connection.chamber)
        needed = bytes_foreseen(course)
        check_space(self.folder, needed)
        return {
            "steps": len(course.steps),
            "duration_s": course.duration_s,
            "samples": samples_foreseen(course),
            "bytes": needed,
            "free_bytes": free_bytes(self.folder),
        }

    def _runner(self, name: str) -> Any:
        runner = self.station(name).runner
        if runner is None:
            raise Refused(f"Nothing runs on {name}.")
        return runner

    def _take_up_interrupted(self) -> None:
        for station in self.stations.values():
            job = station.interrupted
            if job is None:
                continue
            self.log.write("engine", station.name, f"Interrupted: {job.title}.", file=job.file)
            if self.bench.resume == "automatic":
                station.go_on()
                self.alarm(station.name, "warning", f"{job.title} was interrupted, and is gone on with.")
            else:
                self.alarm(
                    station.name, "warning", f"{job.title} was interrupted. Go on with it, or give it up."
                )

    def _chamber_of(self, name: str) -> Chamber | None:
        key = self.bench.chamber_of(name)
        if key is None:
            return None
        described = self.bench.chambers[key]
        with self._chambers_lock:
            if key not in self._chambers:
                clock = self._clocks[described.simulated]
                try:
                    chamber = open_chamber(described, clock)
                except InstrumentError as error:
                    self.alarm(name, "warning", f"{name} works without its chamber {key}. {error}")
                    return None
                self._chambers[key] = (chamber, {}, threading.Lock())
            return SharedChamber(*self._chambers[key], name)

    def _analyse(self, name: str, path: Path) -> None:
        with start_helper(
            "faradaic.engine.bench.analyst", str(path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as analyst:
            _, said = analyst.communicate()
        if analyst.returncode:
            reason = said.strip().splitlines()[-1:] or [f"exit code {analyst.returncode}"]
            self.log.write("engine", name, f"The run was not analysed: {reason[0]}", file=str(path))

    def _alarm_raised(self, alarm: Alarm) -> None:
        self.publisher.publish("alarm", alarm.channel, **alarm.model_dump(exclude={"channel"}))
        if alarm.acknowledged_by:
            self.log.write(alarm.acknowledged_by, alarm.channel, f"Seen: {alarm.text}")
        else:
            self.log.write("engine", alarm.channel, f"Alarm: {alarm.text}")

    def _watch(self) -> None:
        count = 0
        before: int | None = None
        while not self._closing.wait(_WATCH_S):
            for station in self.stations.values():
                station.watch()
            if count % _SPACE_EVERY == 0:
                before = self._watch_space(before)
            count += 1

    def _watch_space(self, before: int | None) -> int | None:
        try:
            free = free_bytes(self.folder)
        except StorageError as error:
            self.alarm("", "error", str(error))
            return None
        if free < LOW_BYTES:
            rate = 0.0 if before is None else (before - free) / (_SPACE_EVERY * _WATCH_S)
            lasting = f", which last {pretty_duration(free / rate)} at this rate" if rate > 0 else ""
            self.alarm("", "error", f"The disk of {self.folder} is nearly full{lasting}. Free some space.")
        return free


def _all_at_once(actions: Any) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

"""One channel of a bench with its queue: runs one job after the other, and says how it stands."""

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...core.samples import SAMPLE
from ...instruments import InstrumentError
from ...protocols import SafetyLimits
from ...storage import StorageError
from ..messages import CycleCompleted, Happened, Message, Recorded, RunEnded, StepBegun, StepEnded
from ..resume import resumed
from ..runner import Runner
from .aftermath import watcher
from .desk import Connection, Desk
from .jobs import MOST_JOBS, Agenda, Job
from .names import new_run_path
from .space import bytes_foreseen, check_space
from .status import StationStatus

_LOOK_S = 30.0
"""How often a channel with nothing to do is looked at."""
_WAKE_S = 1.0
_UNDER_WAY = ("starting", "running", "paused", "holding")

log = logging.getLogger(__name__)


class Refused(ValueError):
    """Something cannot be done with a channel as it stands; the message says why."""


class Station:
    """One channel of a bench.

    Parameters
    ----------
    name, instrument : str
        What people call the channel and its instrument.
    limits : sequence of SafetyLimits
        That hold for everything that runs on it: the instrument's and its own.
    agenda : Agenda
        Its jobs.
    desk : Desk
        The bench.
    """

    def __init__(
        self, name: str, instrument: str, limits: Sequence[SafetyLimits], agenda: Agenda, desk: Desk
    ) -> None:
        self.name = name
        self.instrument = instrument
        self.limits = limits
        self.connection: Connection | None = None
        self.runner: Runner | None = None
        self._agenda = agenda
        self._desk = desk
        self._changed = threading.Condition()
        self._closing = False
        self._held = bool(agenda.running)
        self._state = "interrupted" if agenda.running else "idle"
        self._detail = "not connected yet"
        self._is_unsafe = self._is_silent = False
        self._last: StationStatus | None = None
        self._idle_V: float | None = None
        self._aftermath: Runner | None = None
        self._rescue: threading.Thread | None = None
        self._run_id = ""
        self._thread = threading.Thread(target=self._work, name=f"channel {name}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self) -> None:
        """End the run under way, so that it can be gone on with, and the thread; idempotent."""
        with self._changed:
            self._closing = True
            if self.runner is not None:
                self.runner.commands.stop("the engine, which ends")
            self._wake()
        if self._thread.is_alive():
            self._thread.join()

    def connect(self, connection: Connection) -> None:
        """Say that the instrument answers; a cell that may still be on is put at rest first.

        Raises
        ------
        InstrumentError
            It cannot be put at rest.
        """
        if self._is_unsafe:
            connection.channel.rest()
        with self._changed:
            self.connection = connection
            self._detail = ""
            self._is_unsafe = False
            self._changed.notify_all()
        self._tell_state()

    def disconnect(self, sentence: str) -> None:
        """Say that the instrument does not answer, and why."""
        with self._changed:
            was_connected = self.connection is not None
            self.connection = None
            self._idle_V = None
            is_news = was_connected or self._detail != sentence
            self._detail = sentence
        if is_news:
            self._tell_state()

    @property
    def is_busy(self) -> bool:
        """Whether a run, or the watch over a resting cell, is under way."""
        return self.runner is not None or self._aftermath is not None

    @property
    def is_running(self) -> bool:
        """Whether a run is under way, or just about to begin."""
        return self.runner is not None or self._next() is not None

    @property
    def interrupted(self) -> Job | None:
        """The run that an earlier engine did not end; None where there is none."""
        return self._agenda.running if self.runner is None else None

    @property
    def state(self) -> str:
        """In one word, or two: see `StationStatus.state`."""
        if self.runner is not None:
            return self.runner.state if self.runner.state in _UNDER_WAY else "ending"
        if self._is_unsafe:
            return "unsafe"
        return self._state if self.connection is not None else "offline"

    def status(self) -> StationStatus:
        """Return how the channel stands."""
        connection, runner, job = self.connection, self.runner, self._agenda.running
        instrument = self.instrument
        if connection is not None:
            instrument = f"{instrument}: {connection.channel.identity}"
        known: dict[str, Any] = {
            "channel": self.name,
            "instrument": instrument,
            "state": self.state,
            "detail": self._detail,
            "queue": list(self._agenda.queue),
            "is_held": self._held and bool(self._agenda.queue),
        }
        if runner is None or job is None:
            before = self._last.model_dump() if self._last else {}
            idle_V = self._aftermath.progress.potential_V if self._aftermath else self._idle_V
            if idle_V is not None:
                before |= {"potential_V": idle_V, "current_A": None}
            return StationStatus.model_validate({**before, **known})
        progress = runner.progress
        return StationStatus(
            **known,
            protocol=type(runner.protocol).__name__,
            cell=runner.cell.name,
            step=progress.step,
            cycle=progress.cycle,
            potential_V=progress.potential_V,
            current_A=progress.current_A,
            net_charge_Ah=progress.net_charge_C / 3600.0,
            elapsed_s=progress.elapsed_s,
            remaining_s=progress.remaining_s,
            fraction=progress.fraction,
            until=progress.until,
            run=self._run_id,
            file=str(runner.path),
        )

    def add(self, job: Job, place: int | None = None) -> None:
        """Put a job into the queue, at its end or at a place in it; an idle channel begins at once.

        Raises
        ------
        Refused
            The queue is full.
        """
        with self._changed:
            if len(self._agenda.queue) >= MOST_JOBS:
                raise Refused(f"The queue of {self.name} is full: it takes {MOST_JOBS} jobs.")
            if not self._agenda.queue and self._agenda.running is None:
                self._held = False
            self._agenda.queue.insert(len(self._agenda.queue) if place is None else place, job)
            self._save()
            self._wake()
        self._tell_state()

    def remove(self, job_id: str) -> Job:
        """Take a job out of the queue; raise `Refused` where it is not in there."""
        with self._changed:
            job = self._find(job_id)
            self._agenda.queue.remove(job)
            self._save()
        self._tell_state()
        return job

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Put the queue into this order; raise `Refused` unless it names every job once."""
        with self._changed:
            if sorted(job_ids) != sorted(job.id for job in self._agenda.queue):
                raise Refused("The order must name every job of the queue once.")
            self._agenda.queue = [self._find(job_id) for job_id in job_ids]
            self._save()
        self._tell_state()

    def release(self) -> None:
        """Let the queue go on."""
        with self._changed:
            if self._agenda.running is not None and self.runner is None:
                raise Refused(
                    f"{self.name} has a run that was interrupted: go on with it, or give it up, first."
                )
            self._held = False
            self._state = "idle"
            self._wake()
        self._tell_state()

    def go_on(self) -> None:
        """Go on with the run that was interrupted."""
        with self._changed:
            if self.interrupted is None:
                raise Refused(f"There is no interrupted run on {self.name}.")
            self._state = "resuming"
            self._changed.notify_all()

    def give_up(self) -> None:
        """Leave the interrupted run as it is."""
        with self._changed:
            if self.interrupted is None:
                raise Refused(f"There is no interrupted run on {self.name}.")
            self._agenda.running = None
            self._state = "idle"
            self._held = bool(self._agenda.queue)
            self._save()
        self._tell_state()

    def emergency_stop(self, by: str) -> str:
        """Put the cell at rest now, whatever goes on; return a sentence that says what came of it."""
        connection, runner = self.connection, self.runner
        self._held = True
        if runner is not None:
            runner.commands.stop(by)
        elif self._aftermath is not None:
            self._aftermath.commands.stop(by)
        if connection is None:
            return f"{self.name} is offline: its cell could not be reached."
        try:
            connection.channel.rest()
        except InstrumentError as error:
            self._unsafe(f"The cell on {self.name} may still be on: {error}")
            return self._detail
        self._is_unsafe = False
        return f"{self.name} is at rest."

    def watch(self) -> None:
        """Put the cell at rest where a sample is long overdue, unless its instrument goes on by itself."""
        runner = self.runner
        was_silent, self._is_silent = self._is_silent, runner is not None and runner.has_fallen_silent
        if runner is None or not self._is_silent:
            return
        # Its program has the limits on board, and nothing of what it measures is lost.
        goes_on = runner.channel.capabilities.runs_programs
        if not was_silent:
            what = (
                "its instrument goes on with the program by itself and is read out when it answers. "
                "Check its connection"
                if goes_on
                else "its cell is put at rest"
            )
            self._desk.alarm(self.name, "error", f"{self.name} gives no samples any more; {what}.")
        if not goes_on and (self._rescue is None or not self._rescue.is_alive()):
            # In another thread: what has blocked the channel's own may block this one too.
            self._rescue = threading.Thread(
                target=self.emergency_stop, args=("the engine's watch",), daemon=True
            )
            self._rescue.start()

    def _wake(self) -> None:
        """Let the channel's thread look whether there is something to do."""
        if self._aftermath is not None and (self._closing or self._next() is not None):
            self._aftermath.commands.stop("the engine, which has something else to do")
        self._changed.notify_all()

    def _work(self) -> None:
        looked_at = 0.0
        while True:
            with self._changed:
                if self._closing:
                    return
                job = self._next()
                if job is None:
                    self._changed.wait(_WAKE_S if self.connection is None else _LOOK_S)
                    if self._closing:
                        return
                    job = self._next()
            if job is not None:
                self._run(job)
                looked_at = time.monotonic()
            elif time.monotonic() - looked_at >= _LOOK_S:
                looked_at = time.monotonic()
                self._look()

    def _next(self) -> Job | None:
        """Return the job that is to be run now; None where there is none."""
        if self.connection is None or self._is_unsafe:
            return None
        if self._state == "resuming":
            return self._agenda.running
        if self._held or self._agenda.running is not None or not self._agenda.queue:
            return None
        return self._agenda.queue[0]

    def _look(self) -> None:
        """Read the potential of a cell on which nothing runs."""
        connection = self.connection
        if connection is None:
            return
        try:
            self._idle_V = float(connection.channel.read()["potential_V"][-1])
        except InstrumentError as error:
            self._desk.lost(self, str(error))
        connection.channel.notices.clear()

    def _watch_aftermath(self, ended: Runner) -> None:
        """Go on recording a cell that is at rest because of a limit, until something else is to be done."""
        connection = self.connection
        if connection is None:
            return
        try:
            self._aftermath = watcher(ended, self._desk.folder, self.name, connection, self.limits)
            self._aftermath.path.parent.mkdir(parents=True, exist_ok=True)
            with self._changed:
                self._wake()
            self._aftermath.run()
        except Exception as error:
            log.exception("the watch over %s failed", self.name)
            self._desk.alarm(self.name, "warning", f"The resting cell is not recorded any more: {error}")
        finally:
            self._aftermath = None

    def _run(self, job: Job) -> None:
        """Run a job to its end; whatever happens, the thread goes on."""
        state, path, runner = "failed: error", None, None
        try:
            runner = self._prepared(job)
            path = runner.path
            self._desk.begin(self)
            self.runner = runner
            self._tell_begun(job, runner)
            state = runner.run()
        except (ValueError, InstrumentError, StorageError) as error:
            state = "failed: refused"
            self._detail = str(error)
            self._desk.alarm(self.name, "error", f"{job.title} was not begun: {error}")
        except Exception as error:
            log.exception("the run on %s failed", self.name)
            self._detail = f"{type(error).__name__}: {error}"
            self._desk.alarm(self.name, "error", f"{job.title} failed: {self._detail}")
        self._ended(state, path)
        if runner is not None and state == "failed: limit":
            self._watch_aftermath(runner)

    def _prepared(self, job: Job) -> Runner:
        """Return what runs a job, and note durably that it is under way before the cell is connected."""
        connection = self.connection
        if connection is None:
            raise Refused(f"{self.name} is offline.")
        self._detail, self._run_id = "", ""
        subscribers = [self._publish]
        if job.file:
            path = Path(job.file)
            runner = resumed(
                path,
                connection.channel,
                bench_limits=self.limits,
                chamber=connection.chamber,
                subscribers=subscribers,
            )
            self._state = "idle"
        else:
            request = job.request
            cell, protocol = request.load_cell(), request.load_protocol()
            path = new_run_path(self._desk.folder, cell.name, type(protocol).__name__, self.name, time.time())
            runner = Runner(
                protocol,
                connection.channel,
                cell=cell,
                out=path,
                limits=request.load_limits(),
                bench_limits=self.limits,
                chamber=connection.chamber,
                subscribers=subscribers,
                operator=job.by,
                notes=request.notes,
            )
            check_space(self._desk.folder, bytes_foreseen(runner.preview))
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(f"{path.parent} cannot be made: {error.strerror}.") from error
        self._run_id = runner.run_id
        with self._changed:
            if self._agenda.queue and self._agenda.queue[0].id == job.id:
                del self._agenda.queue[0]
            self._agenda.running = job.model_copy(update={"file": str(path)})
            self._agenda.save()
        return runner

    def _tell_begun(self, job: Job, runner: Runner) -> None:
        self._desk.publisher.publish(
            "run_started",
            self.name,
            run=runner.run_id,
            file=str(runner.path),
            protocol=type(runner.protocol).__name__,
            cell=runner.cell.name,
            operator=job.by,
            is_resumed=bool(job.file),
        )
        # At once, not with the first step: who looks between the two would not know the run.
        self._tell_state()

    def _ended(self, state: str, path: Path | None) -> None:
        last = self.status() if self.runner is not None else None
        with self._changed:
            self.runner = None
            self._last = last or self._last
            self._state = state
            if self._closing and path is not None and state == "stopped":
                # The next engine goes on with it.
                return
            self._agenda.running = None
            # What was refused, or went wrong, is not tried again for ever.
            self._held = self._held or state != "finished"
            self._save()
        self._desk.end(self, state, path if last is not None else None)
        self._tell_state()

    def _publish(self, message: Message) -> None:
        publish = partial(self._desk.publisher.publish, channel=self.name, run=self._run_id)
        match message:
            case Recorded(rows):
                publish("samples" if rows.dtype == SAMPLE else "impedance", rows=rows)
            case StepBegun(count, step):
                publish(
                    "step_started", step_count=count, step=step.model_dump(mode="json", exclude_none=True)
                )
                self._tell_state()
            case StepEnded(count, result):
                publish(
                    "step_ended", step_count=count, result=result.model_dump(mode="json", exclude_none=True)
                )
            case CycleCompleted(statistics):
                publish("cycle", **vars(statistics))
            case Happened(severity, source, text):
                publish("event", severity=severity, source=source, text=text)
                if severity == "error":
                    self._detail = text
                    self._desk.alarm(self.name, severity, text)
                if "may still be" in text:
                    self._unsafe(text)
            case RunEnded(state):
                publish("run_ended", state=state)

    def _tell_state(self) -> None:
        status = self.status()
        self._desk.publisher.publish(
            "state", self.name, run=status.run, **status.model_dump(mode="json", exclude={"channel", "run"})
        )

    def _unsafe(self, sentence: str) -> None:
        self._is_unsafe, self._detail = True, sentence
        self._desk.alarm(self.name, "error", sentence)

    def _find(self, job_id: str) -> Job:
        for job in self._agenda.queue:
            if job.id == job_id:
                return job
        raise Refused(f"There is no job {job_id!r} in the queue of {self.name}.")

    def _save(self) -> None:
        try:
            self._agenda.save()
        except StorageError as error:
            self._desk.alarm(self.name, "warning", f"The queue is kept in memory only. {error}")

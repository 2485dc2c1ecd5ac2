"""Running one protocol on one channel, into one file."""

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import takewhile
from pathlib import Path

from ..core.units import pretty_duration
from ..instruments import Chamber
from ..instruments.base import Channel
from ..instruments.errors import BadReply, InstrumentError, NotConnected, OutOfRange, Timeout
from ..instruments.insisting import asked
from ..protocols import (
    Cell,
    ConstantPotential,
    Limits,
    Protocol,
    ProtocolError,
    Record,
    Rest,
    SafetyLimits,
    Step,
    StepResult,
    Steps,
    Until,
    foreseen,
    tightest_limits,
)
from ..storage import Recorder, StorageError
from .commands import Commands
from .contact import contact_fault
from .cycle_tracker import CycleTracker
from .history import History
from .messages import Subscriber
from .metadata import run_metadata
from .preflight import check_step, preflight
from .progress import Progress
from .record import RunRecord
from .segment import Segment
from .tempering import Tempering
from .totals import Totals

log = logging.getLogger(__name__)

_TEN_YEARS_S = 3.15e8
_PAUSE_RECORD_S = 10.0
_CONTACT_TRIES = 3
_SLOW_S = 1.0
"""Between samples that are so far apart, there is time to ask the chamber."""
_SILENT_INTERVALS, _SILENT_S = 3.0, 30.0
"""A channel may be silent for so many intervals and so long; drivers themselves give up earlier."""


class _Ended(Exception):
    """The run ends here, in the state that the exception carries."""

    def __init__(self, state: str, sentence: str, severity: str = "error") -> None:
        super().__init__(sentence)
        self.state = state
        self.severity = severity


class Runner:
    """Runs one protocol on one channel.

    Everything that can be refused is refused when the runner is made, before the cell is
    connected. `commands` may be given from any thread while `run` is under way.

    Parameters
    ----------
    protocol : Protocol
        What to do.
    channel : Channel
        With which terminals of which instrument.
    cell : Cell
        What is connected to them.
    out : path
        The run file, which must not exist yet.
    limits : SafetyLimits, optional
        Limits besides the protocol's own; the tightest hold.
    bench_limits : sequence of SafetyLimits
        Those of the instrument and of the channel, whatever runs on them.
    chamber : Chamber, optional
        Brings the cell to the temperatures that the protocol asks for.
    subscribers : sequence of callables
        Called with every `Message`, in the thread that runs; one that raises is left out from then on.
    operator, notes : str
        Recorded with the run.

    Raises
    ------
    ValueError, OutOfRange
        The protocol cannot be run on this cell, within these limits, or by this channel.
    """

    def __init__(
        self,
        protocol: Protocol,
        channel: Channel,
        *,
        cell: Cell,
        out: str | Path,
        limits: SafetyLimits | None = None,
        bench_limits: Sequence[SafetyLimits] = (),
        chamber: Chamber | None = None,
        subscribers: Sequence[Subscriber] = (),
        operator: str = "",
        notes: str = "",
    ) -> None:
        self.protocol = protocol
        self.channel = channel
        self.cell = cell
        self.path = Path(out).absolute()
        self.commands = Commands(self._stop_at_once, self.channel.wake)
        self._stopping: threading.Thread | None = None
        self.state = "starting"
        self._limits = tightest_limits((limits or SafetyLimits(), *bench_limits), cell)
        self.preview = preflight(protocol, cell, channel, self._limits, chamber)
        self._tempering = Tempering(chamber, channel.clock)
        self._metadata = run_metadata(
            protocol,
            cell,
            channel,
            chamber,
            limits=self._limits,
            operator=operator,
            notes=notes,
        )
        self._subscribers = subscribers
        self._record: RunRecord
        self._segment: Segment | None = None
        self._heard_at = time.monotonic()
        self._begin_s = 0.0
        self._step_count = 0
        self._program_index = 0
        self._net_charge_C = 0.0
        self._history: History | None = None
        self._before_s = 0.0
        self._run_id: str = self._metadata["run"]["run_id"]
        self._results: list[StepResult] = []

    def run(self) -> str:
        """Run the protocol and return the state in which it ended.

        ``finished``, ``stopped`` (by a person), or ``failed: …`` (limit, link, instrument, storage or
        protocol). Whatever happens, the cell is put at rest and the file is closed.

        Raises
        ------
        StorageError
            The file cannot be written; nothing was done.
        """
        clock, history = self.channel.clock, self._history
        recorder = Recorder(self.path, self._metadata) if history is None else Recorder.reopen(self.path)
        cycles = CycleTracker() if history is None else history.cycles
        self._record = RunRecord(recorder, clock, self._subscribers, cycles, self._before_s)
        # Time goes on through a gap; where clocks disagree about it, it at least never runs backwards.
        gap_s = 0.0 if history is None else max(clock.utc() - history.end_unix_s, 0.0)
        self._begin_s = clock.now() - self._before_s - gap_s
        self.state = "running"
        try:
            self.state = self._run_to_an_end()
        except BaseException:
            self.state = "failed: error"
            raise
        finally:
            self._make_safe()
            self._record.close(self.state)
        return self.state

    def go_on_from(self, history: History, limits: Limits, run_id: str) -> None:
        """Complete a run that was interrupted, instead of beginning one; see `resume.resumed`."""
        self._history = history
        self._run_id = run_id
        # What was said since then may be tighter, and never loosens what was said then.
        self._limits = limits.tightest(self._limits)
        self._before_s = history.end_test_s
        self._step_count = history.step_count
        self._net_charge_C = history.net_charge_C

    @property
    def run_id(self) -> str:
        """The run's own id, which its file carries."""
        return self._run_id

    @property
    def progress(self) -> Progress:
        """How far the run has come; may be asked for from any thread."""
        segment = self._segment
        if segment is None:
            return Progress(state=self.state, remaining_s=self.preview.duration_s)
        last, now = self._record.last_sample, segment.latest
        to_come_s = sum(self.preview.durations_s[self._program_index :]) - segment.totals.duration_s
        return Progress(
            state=self.state,
            step=segment.step.label,
            cycle=segment.step.cycle if last is None else int(last["cycle_count"]),
            potential_V=None if now is None else now[0],
            current_A=None if now is None else now[1],
            net_charge_C=self._net_charge_C + segment.charge_C,
            last_cycle=self._record.last_cycle,
            elapsed_s=self._record.end_s,
            remaining_s=max(0.0, to_come_s),
            until=None if self.commands.step is None else self.commands.step.until,
        )

    @property
    def has_fallen_silent(self) -> bool:
        """Whether a sample is long overdue.

        Whoever watches the run should put the cell at rest then, unless the instrument runs programs.
        """
        segment = self._segment
        if segment is None:
            return False
        interval_s = segment.step.measure_every_s / self.channel.clock.speed
        return time.monotonic() - self._heard_at > _SILENT_INTERVALS * interval_s + _SILENT_S

    def _run_to_an_end(self) -> str:
        what = f"{type(self.protocol).__name__} on cell {self.cell.name!r}, {self.channel}"
        if self._history is None:
            self._record.event("info", "engine", f"Begin: {what}.")
        else:
            gap_s = self.channel.clock.now() - self._begin_s - self._before_s
            where = f"with step {len(self._history.results) + 1} of the protocol"
            since = f", {pretty_duration(gap_s)} after the last sample" if gap_s > 0 else ""
            self._record.event("warning", "engine", f"Go on{since}, {where}: {what}.")
        try:
            if self._history is None:
                self._check_contact()
            self._run_program()
        except _Ended as end:
            self._record.event(end.severity, "engine", str(end))
            return end.state
        except InstrumentError as error:
            self._record.event("error", "instrument", str(error))
            return "failed: link" if isinstance(error, NotConnected | Timeout) else "failed: instrument"
        except StorageError as error:
            self._record.event("error", "storage", f"The run ends, because it cannot be recorded. {error}")
            return "failed: storage"
        except KeyboardInterrupt:
            self._record.event("info", "operator", "Stopped from the keyboard.")
            return "stopped"
        self._record.event("info", "engine", "The protocol has come to its end.")
        return "finished"

    def _stop_at_once(self) -> None:
        """Put the cell at rest from beside the thread that measures, which may be waiting for a sample."""
        if self._segment is not None:
            stopping = threading.Thread(target=self._rest_quietly, name="stop", daemon=True)
            stopping.start()
            # Whoever sees it may wait for it.
            self._stopping = stopping

    def _rest_quietly(self) -> None:
        # What fails here is tried again, and told, when the run ends.
        with suppress(InstrumentError):
            self.channel.rest()

    def _check_contact(self) -> None:
        """Look at the cell before anything is applied to it."""
        try:
            reading = asked(self.channel.read, _CONTACT_TRIES, (BadReply, Timeout))
        except OutOfRange:
            # An instrument that cannot watch an open circuit.
            return
        self._pass_on_notices()
        fault = contact_fault(reading, self.cell, self._limits)
        if fault is not None:
            raise _Ended("failed: contact", f"{fault} Nothing was applied to it.")
        # The run's time begins with its first step.
        self._begin_s = self.channel.clock.now()

    def _run_program(self) -> None:
        program = self.protocol.program(self.cell)
        history = self._history or History()
        result: StepResult | None = None
        for self._program_index in itertools.count():
            step = _next_step(program, result)
            if step is None:
                return
            if self._program_index < len(history.results):
                result = history.results[self._program_index]
            elif self._program_index == len(history.results):
                result = self._run_step(step, history.totals, history.segments)
            else:
                result = self._run_step(step, Totals(), 0)
            if self.channel.capabilities.runs_programs:
                # Only those look ahead, and then from the beginning.
                self._results.append(result)

    def _run_step(self, step: Step, totals: Totals, number: int) -> StepResult:
        """Run a step, in as many segments as it takes, and return what it measured.

        `totals` and `number` tell what `number` earlier segments of it have done.
        """
        self.commands.begin_step(step)
        work: deque[Step] = deque(totals.remaining(step) if number else [step])
        reason = "completed" if work else self._nothing_left(step, totals, number)
        while work:
            reason = self.commands.interruption()
            if reason is None and self._tempering.needs(step):
                reason = self._temper(step)
            if reason is None:
                part = self._checked(work.popleft())
                follows_on = self._look_ahead(part, totals)
                reason = self._run_segment(part, totals, number, follows_on=follows_on)
                number += 1
            if reason == "stopped":
                raise _Ended("stopped", "Stopped by the operator.", "info")
            if reason in ("paused", "changed"):
                self._pause()
                step, self._limits = self.commands.apply_changes(step, self._limits)
                work = deque(totals.remaining(step))
                reason = "completed" if work else self._nothing_left(step, totals, number)
            elif reason != "completed":
                break
        return totals.result(reason)

    def _checked(self, part: Step) -> Step:
        """Return a step with its limits; one that was not foreseen may be beyond them, and ends the run."""
        try:
            return check_step(part, self.channel, self._limits)
        except ProtocolError as error:
            raise _Ended("failed: protocol", f"The protocol cannot go on: {error}.") from None

    def _look_ahead(self, part: Step, totals: Totals) -> bool:
        """Tell an instrument that runs programs what comes; return whether it is doing `part` already."""
        if self.channel.follows_on(part):
            return True
        if not self.channel.capabilities.runs_programs:
            return False
        now = part.temperature_degC
        done = len(self._results)
        plan = foreseen(self.protocol, self.cell, self._results)
        # What is run at another temperature waits for it.
        stays = takewhile(lambda step: step.temperature_degC in (None, now), plan[done:])
        checked = [check_step(step, self.channel, self._limits) for step in (*plan[:done], *stays)]
        is_under_way = self.channel.foresee(
            part, checked, done, run_id=self._run_id, elapsed_s=totals.duration_s
        )
        self._pass_on_notices()
        return is_under_way

    def _nothing_left(self, step: Step, totals: Totals, number: int) -> str:
        """Record that a step which was interrupted at its very end is complete; return why it ended."""
        segment = self._new_segment(step, totals)
        self._record.begin(segment, self._program_index, number)
        reason = totals.met(step)
        self._record.end(segment, reason)
        return reason

    def _temper(self, step: Step) -> str | None:
        """Bring the cell to the temperature of a step, at rest; return what interrupted that."""
        wait = check_step(self._tempering.begin(step), self.channel, self._limits)
        self._record.event(
            "info", "engine", f"{self._tempering.chamber} set to {step.temperature_degC:g} °C."
        )
        reason = self._run_segment(wait, Totals(), 0)
        if reason == "settled":
            self._record.event("info", "engine", f"The cell is at {self._tempering.reading}.")
            return None
        if reason == "skipped":
            return None
        if reason == "chamber":
            raise _Ended("failed: instrument", self._tempering.failure or "")
        self._tempering.give_up()
        return reason

    def _run_segment(
        self, step: Step, totals: Totals, number: int, *, in_pause: bool = False, follows_on: bool = False
    ) -> str:
        """Run one segment and return why it ended; raise `_Ended` where the run ends with it."""
        self._tempering.poll(at_once=True)
        self._segment = segment = self._new_segment(step, totals, follows_on=follows_on)
        self._record.begin(segment, self._program_index, number)
        ending: str | None = None
        self._heard_at = time.monotonic()
        with closing(self.channel.run(step)) as blocks:
            for block in blocks:
                if len(block):
                    self._heard_at = time.monotonic()
                self._tempering.fill(block)
                rows = segment.take(block) if len(block) else None
                if ending is None:
                    ending = (
                        segment.ending
                        or self.commands.interruption(in_pause=in_pause)
                        or self._follow_chamber(step)
                    )
                    if ending is not None:
                        # Safe first, recorded then; the channel still yields what is under way.
                        if segment.breach or ending != segment.ending:
                            self.channel.rest()
                        else:
                            self.channel.finish()
                self._record.rows(rows)
                self._pass_on_notices()
                self._tell_gap(segment)
        self._record.rows(segment.last_row())
        self._pass_on_notices()
        self._net_charge_C += segment.charge_C
        # Whoever stops a run may also put the channel at rest himself, which ends the step at once.
        ending = ending or ("stopped" if self.commands.interruption() == "stopped" else None)
        reason = "limit" if segment.breach else ending or segment.natural_end()
        self._record.end(segment, reason)
        if segment.breach:
            raise _Ended("failed: limit", f"{segment.breach} The cell was put at rest.")
        if reason == "instrument":
            raise _Ended(
                "failed: instrument",
                f"{self.channel} ended the step before it was complete. Check the instrument: it may have "
                "been stopped by somebody, or started again.",
            )
        return reason

    def _tell_gap(self, segment: Segment) -> None:
        if segment.gap_s:
            self._record.event(
                "warning", "engine", f"Nothing was measured for {pretty_duration(segment.gap_s)}."
            )
            segment.gap_s = 0.0

    def _follow_chamber(self, step: Step) -> str | None:
        """Read the chamber now and then; return why a wait for it is over."""
        if step.measure_every_s >= _SLOW_S:
            self._tempering.poll()
        if step.role != "tempering":
            return None
        if self._tempering.failure:
            self._tempering.poll(at_once=True)
            return "chamber" if self._tempering.failure else None
        return "settled" if self._tempering.is_settled else None

    def _pause(self) -> None:
        """Watch the cell, at rest or held, for as long as a pause was asked for."""
        kind, last = self.commands.pause_kind, self._record.last_sample
        if kind is None:
            return
        until = Until(duration_s=_TEN_YEARS_S)
        record = Record(interval_s=_PAUSE_RECORD_S, sample_interval_s=1.0)
        watch: Step = Rest(until=until, record=record, label="Paused", role="pause")
        if kind == "hold" and last is not None:
            held_V = float(last["voltage_volt"])
            watch = ConstantPotential(
                potential_V=held_V, until=until, record=record, label="Paused, held", role="pause"
            )
        self.state = "holding" if kind == "hold" else "paused"
        self._run_segment(check_step(watch, self.channel, self._limits), Totals(), 0, in_pause=True)
        self.state = "running"

    def _new_segment(self, step: Step, totals: Totals, *, follows_on: bool = False) -> Segment:
        self._step_count += 1
        now_s = self.channel.clock.now() - self._begin_s
        # An instrument's clock may run ahead of ours; time in the file never runs backwards.
        begin_s = self._record.end_s if follows_on else max(now_s, self._record.end_s)
        return Segment(
            step,
            totals,
            step_count=self._step_count,
            begin_test_s=begin_s,
            begin_unix_s=self.channel.clock.utc() + begin_s - now_s,
            net_charge_C=self._net_charge_C,
            follows_on=follows_on,
        )

    def _pass_on_notices(self) -> None:
        notices = self.channel.notices
        while notices:
            self._record.event("warning", "instrument", notices.pop(0))
        for by, sentence in self.commands.take_log():
            self._record.event("info", by, sentence)

    def _make_safe(self) -> None:
        if self._stopping is not None:
            self._stopping.join()
        try:
            self.channel.rest()
        except InstrumentError as error:
            self._record.event("error", "instrument", f"The cell may still be connected: {error}")
        self._pass_on_notices()


def _next_step(program: Steps, result: StepResult | None) -> Step | None:
    """Return the protocol's next step, None at its end; whatever it does wrong ends the run."""
    try:
        return next(program) if result is None else program.send(result)
    except StopIteration:
        return None
    except Exception as error:
        log.debug("the protocol failed", exc_info=True)
        raise _Ended("failed: protocol", f"The protocol cannot go on: {error}.") from error

"""The record of a run: what goes into its file, and to whoever watches."""

import logging
from collections.abc import Sequence

from ..core.clock import Clock
from ..core.cycles import CycleStatistics
from ..core.samples import SAMPLE, Block
from ..storage import Recorder, StorageError
from .cycle_tracker import CycleTracker
from .messages import CycleCompleted, Happened, Message, Recorded, RunEnded, StepBegun, StepEnded, Subscriber
from .segment import ASIDE, Segment

log = logging.getLogger(__name__)


class RunRecord:
    """Writes the run file and tells the subscribers.

    Parameters
    ----------
    recorder : Recorder
        Of the run file.
    clock : Clock
        Stamps the events.
    subscribers : sequence of callables
        One that raises is left out from then on.
    cycles : CycleTracker
        With what an earlier part of the run has done of the cycle under way.
    end_s : float
        Test time of what was recorded before.
    """

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock,
        subscribers: Sequence[Subscriber],
        cycles: CycleTracker,
        end_s: float = 0.0,
    ) -> None:
        self.end_s = end_s
        """Test time of the last row."""
        self.last_sample: Block | None = None
        self.last_cycle: CycleStatistics | None = None
        """The last one that is complete."""
        self._cycles = cycles
        self._recorder = recorder
        self._clock = clock
        self._trouble: str | None = None
        self._subscribers = list(subscribers)

    def begin(self, segment: Segment, program_index: int, number: int) -> None:
        """Record that a segment begins: the `number`-th of a step of the protocol."""
        step = segment.step
        self._recorder.step_begun(
            {
                "step_count": segment.step_count,
                "program_index": program_index,
                "segment": number,
                "cycle_count": step.cycle,
                "kind": step.kind,
                "label": step.label,
                "role": step.role,
                "part": step.part,
                "begin_test_time_second": segment.begin_test_s,
                "begin_unix_time_second": segment.begin_unix_s,
                "parameters": step.model_dump_json(exclude_none=True),
            }
        )
        self._publish(StepBegun(segment.step_count, step))

    def rows(self, rows: Block | None) -> None:
        """Record rows of `SAMPLE` or of `IMPEDANCE`."""
        if rows is None or not len(rows):
            return
        if rows.dtype == SAMPLE:
            self._recorder.samples(rows)
            self.last_sample = rows[-1]
        else:
            self._recorder.impedance(rows)
        self.end_s = float(rows["test_time_second"][-1])
        self._publish(Recorded(rows))
        self._watch_disk()

    def end(self, segment: Segment, reason: str) -> None:
        """Record how a segment ended."""
        result = segment.totals.result(reason)
        self._recorder.step_ended(
            {
                "end_test_time_second": segment.end_test_s,
                "end_unix_time_second": segment.end_unix_s,
                "charge_ampere_hour": segment.charge_C / 3600,
                "energy_watt_hour": segment.energy_J / 3600,
                "end_reason": reason,
                "result": result.model_dump_json(exclude_none=True),
            }
        )
        self._publish(StepEnded(segment.step_count, result))
        step = segment.step
        if step.role not in ASIDE:
            self._cycle_ended(self._cycles.add(step.cycle, segment.charge_C / 3600, segment.energy_J / 3600))

    def event(self, severity: str, source: str, text: str) -> None:
        """Record that something happened; never raises, because the cell comes first."""
        try:
            self._recorder.event(
                {
                    "test_time_second": self.end_s,
                    "unix_time_second": self._clock.utc(),
                    "severity": severity,
                    "source": source,
                    "text": text,
                }
            )
        except StorageError as error:
            log.warning("not recorded, because %s %s: %s", error, severity, text)
        self._publish(Happened(severity, source, text))

    def _watch_disk(self) -> None:
        """Tell when the disk stops taking data, and when it takes them again."""
        before, self._trouble = self._trouble, self._recorder.trouble
        if self._trouble is not None and before is None:
            self.event("error", "storage", f"{self._trouble} What is measured is kept in memory meanwhile.")
        elif before is not None and self._trouble is None:
            self.event("info", "storage", "The disk takes data again; nothing is missing.")

    def _cycle_ended(self, statistics: CycleStatistics | None) -> None:
        if statistics is not None:
            self.last_cycle = statistics
            self._publish(CycleCompleted(statistics))

    def close(self, state: str) -> None:
        """Close the file for good; where that fails, everything is in the journal."""
        if state == "finished":
            self._cycle_ended(self._cycles.finished())
        try:
            self._recorder.close(state)
        except StorageError as error:
            log.warning("the run is kept in its journal, from which it is read: %s", error)
        self._publish(RunEnded(state))

    def _publish(self, message: Message) -> None:
        for subscriber in list(self._subscribers):
            try:
                subscriber(message)
            except Exception as error:
                log.exception("a subscriber failed")
                self._subscribers.remove(subscriber)
                self.event("warning", "engine", f"A program that watched this run failed: {error!r}.")

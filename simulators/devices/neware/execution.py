"""Executing a step file on one channel: steps, cycles, records, protections."""

from dataclasses import dataclass, field

from .points import Layer, Points
from .step_file import CYCLE, END, NAMES, REST, SCAN, FileStep, StepFile
from .terminals import Reading, Terminals, scan_s

_RESOLUTION_s = 1e-3
_TICKS_IN_RECORD = 10
LOG_START, LOG_END, LOG_PROTECT = 100000, 100001, 100213


@dataclass
class _Progress:
    """Where the present step has come to."""

    step: FileStep
    began_s: float
    ticks: int = 0
    recorded_s: float = 0.0
    recorded: Reading | None = None
    last: Reading | None = None
    charge_C: float = 0.0
    energy_J: float = 0.0


@dataclass
class Execution:
    """A test: a program on its way through time.

    Parameters
    ----------
    program : StepFile
        What is done.
    terminals : Terminals
        To what.
    began_s, began_unix_s : float
        When it was started.

    Attributes
    ----------
    status : str
        "working", "finish", "stop" or "protect".
    """

    program: StepFile
    terminals: Terminals
    began_s: float
    began_unix_s: float
    status: str = "working"
    points: Points = field(default_factory=Points)
    layers: list[Layer] = field(default_factory=list)
    log: list[tuple[int, float]] = field(default_factory=list)
    cycle: int = 1

    def __post_init__(self) -> None:
        self._now_s = self.began_s
        self._next = 0
        self._passes: dict[int, int] = {}
        self._progress: _Progress | None = None
        record_s = self.program.record_s
        has_changes = self.program.record_V is not None or self.program.record_A is not None
        self._tick_s = record_s / _TICKS_IN_RECORD if has_changes else record_s
        self._note(LOG_START)
        self._go_on()

    @property
    def step(self) -> FileStep | None:
        """The present step; None when the test has ended."""
        return None if self._progress is None else self._progress.step

    @property
    def time_in_step_s(self) -> float:
        """How long the present step has lasted."""
        return 0.0 if self._progress is None else self._now_s - self._progress.began_s

    @property
    def total_s(self) -> float:
        """How long the test has lasted."""
        return self._now_s - self.began_s

    @property
    def amounts(self) -> tuple[float, float]:
        """Charge in Ah and energy in Wh of the present step."""
        now = self._progress
        return (0.0, 0.0) if now is None else (abs(now.charge_C) / 3600.0, abs(now.energy_J) / 3600.0)

    def advance(self, until_s: float) -> None:
        """Let the program run up to a time; it stays where it ended."""
        while self._progress is not None and self._now_s < until_s:
            self._advance_step(self._progress, until_s)

    def stop(self) -> None:
        """End the test here, as a person does."""
        if self._progress is not None:
            self._end_step(self._progress)
            self._end("stop", LOG_END)

    def _advance_step(self, now: _Progress, until_s: float) -> None:
        due_s = now.began_s + (now.ticks + 1) * self._tick_s
        ends_s = now.began_s + _duration_s(now.step)
        to_s = min(due_s, ends_s, until_s)
        before = self.terminals.cell.snapshot()
        reading = self._driven(now, to_s)
        if self._crossed(now, reading):
            to_s, reading = self._first_crossing(now, before, to_s)
        self._add_up(now, reading, to_s - self._now_s)
        self._now_s, now.last = to_s, reading
        if self._is_beyond(now, reading):
            self._record(now, reading)
            self._end_step(now)
            self._end("protect", LOG_PROTECT)
        elif self._met(now.step, reading) or to_s >= ends_s:
            self._record(now, reading)
            self._end_step(now)
            self._go_on()
        elif to_s >= due_s:
            now.ticks += 1
            if self._is_worth_recording(now, reading):
                self._record(now, self.terminals.noisy(reading))

    def _first_crossing(self, now: _Progress, before: dict, late_s: float) -> tuple[float, Reading]:  # pyright: ignore[reportMissingTypeArgument]
        """Return when an end or a protection was met, to a millisecond, with the cell at that moment."""
        cell, early_s = self.terminals.cell, self._now_s
        while late_s - early_s > _RESOLUTION_s:
            middle_s = (early_s + late_s) / 2.0
            cell.restore(before)
            if self._crossed(now, self._driven(now, middle_s)):
                late_s = middle_s
            else:
                early_s = middle_s
        cell.restore(before)
        return late_s, self._driven(now, late_s)

    def _driven(self, now: _Progress, to_s: float) -> Reading:
        return self.terminals.drive(now.step, self._now_s - now.began_s, to_s - self._now_s)

    def _crossed(self, now: _Progress, reading: Reading) -> bool:
        return self._met(now.step, reading) or self._is_beyond(now, reading)

    @staticmethod
    def _met(step: FileStep, reading: Reading) -> bool:
        if step.stop_V is not None:
            is_charge = NAMES[step.kind] == "cc"
            reached = reading.potential_V >= step.stop_V if is_charge else reading.potential_V <= step.stop_V
            if reached:
                return True
        return step.stop_A is not None and abs(reading.current_A) <= step.stop_A

    def _is_beyond(self, now: _Progress, reading: Reading) -> bool:
        """Tell whether a protection is exceeded."""
        program, potential_V, current_A = self.program, reading.potential_V, reading.current_A
        return (
            (program.potential_max_V is not None and potential_V >= program.potential_max_V)
            or (program.potential_min_V is not None and potential_V <= program.potential_min_V)
            or (program.current_max_A is not None and current_A >= program.current_max_A)
            or (program.current_min_A is not None and current_A <= program.current_min_A)
            or (program.charge_max_C is not None and abs(now.charge_C) >= program.charge_max_C)
        )

    def _is_worth_recording(self, now: _Progress, reading: Reading) -> bool:
        program, before = self.program, now.recorded
        if before is None or self._now_s - now.began_s - now.recorded_s >= program.record_s - _RESOLUTION_s:
            return True
        by_V, by_A = program.record_V, program.record_A
        return (by_V is not None and abs(reading.potential_V - before.potential_V) >= by_V) or (
            by_A is not None and abs(reading.current_A - before.current_A) >= by_A
        )

    def _record(self, now: _Progress, reading: Reading) -> None:
        now.recorded_s, now.recorded = self._now_s - now.began_s, reading
        self.points.add(
            now.step.number,
            self.cycle,
            now.step.kind,
            now.recorded_s,
            self.began_unix_s + self._now_s - self.began_s,
            reading.potential_V,
            reading.current_A,
            abs(now.charge_C) / 3600.0,
            abs(now.energy_J) / 3600.0,
        )
        self.layers[-1].last = len(self.points)

    def _add_up(self, now: _Progress, reading: Reading, seconds: float) -> None:
        last = now.last or reading
        now.charge_C += (last.current_A + reading.current_A) / 2.0 * seconds
        power_W = last.current_A * last.potential_V + reading.current_A * reading.potential_V
        now.energy_J += power_W / 2.0 * seconds

    def _end_step(self, now: _Progress) -> None:
        if now.last is not None and self._now_s - now.began_s > now.recorded_s:
            self._record(now, now.last)
        self._progress = None

    def _end(self, status: str, code: int) -> None:
        self.status = status
        self._note(code)

    def _go_on(self) -> None:
        """Begin the next step that does something; end the test where there is none."""
        while True:
            step = self.program.steps[self._next]
            if step.kind == END:
                self._end("finish", LOG_END)
                return
            self._next += 1
            if step.kind != CYCLE:
                self._begin(step)
                return
            self.cycle += 1
            passes = self._passes.get(step.number, 1)
            if passes < step.count:
                self._passes[step.number] = passes + 1
                self._next = step.to - 1
            else:
                self._passes.pop(step.number, None)

    def _begin(self, step: FileStep) -> None:
        self._progress = now = _Progress(step, self._now_s)
        self.layers.append(Layer(len(self.points) + 1, len(self.points)))
        now.last = self.terminals.drive(step, 0.0, 0.0)
        self._record(now, self.terminals.noisy(now.last))

    def _note(self, code: int) -> None:
        self.log.append((code, self.began_unix_s + self._now_s - self.began_s))


def _duration_s(step: FileStep) -> float:
    if step.kind == SCAN:
        return scan_s(step)
    if step.time_s is None:
        return 0.0 if step.kind == REST else float("inf")
    return step.time_s

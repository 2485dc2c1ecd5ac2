"""A list of steps with loops, as cyclers are programmed."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .half_cycles import measured_every_s
from .open_circuit import measured_ocv_V, ocv_rest
from .plain_yaml import parse_plain_yaml
from .quantities import (
    Current,
    CurrentAmplitude,
    Duration,
    Frequency,
    PositiveCurrent,
    Potential,
    PotentialAmplitude,
    PotentialStep,
    ScanRate,
)
from .steps import (
    ConstantCurrent,
    ConstantPotential,
    Frozen,
    Impedance,
    PotentialSweep,
    Record,
    Rest,
    Step,
    Until,
)

_SWEEP_SAMPLE_V = 1e-3
_OCV_s = 10.0


class ScheduledRest(Frozen):
    """Leave the cell at open circuit."""

    step: Literal["rest"] = "rest"
    duration: Duration
    """How long."""


class ScheduledCurrent(Frozen):
    """Charge (positive) or discharge (negative) with a constant current, until one of its ends is met."""

    step: Literal["current"] = "current"
    current: Current
    """Such as "1 mA", "-0.2 mA/cm²" or "-C/10"; positive charges the cell."""
    duration: Duration | None = None
    """At most this long."""
    until_above: Potential | None = None
    """Until the potential has risen to this."""
    until_below: Potential | None = None
    """Until the potential has fallen to this."""

    @model_validator(mode="after")
    def _flows_and_ends(self) -> Self:
        if self.current.value == 0:
            raise ValueError("a current of 0 is a rest; write 'step: rest'")
        if self.duration is None and self.until_above is None and self.until_below is None:
            raise ValueError("a current needs an end: duration, until_above or until_below")
        return self


class ScheduledHold(Frozen):
    """Hold a potential, until one of its ends is met."""

    step: Literal["hold"] = "hold"
    potential: Potential
    """Which."""
    duration: Duration | None = None
    """At most this long."""
    until_current: PositiveCurrent | None = None
    """Until the magnitude of the current has fallen to this, such as "C/20"."""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.duration is None and self.until_current is None:
            raise ValueError("a hold needs an end: duration or until_current")
        return self


class ScheduledSweep(Frozen):
    """Sweep the potential."""

    step: Literal["sweep"] = "sweep"
    start: Potential
    """Where it begins."""
    stop: Potential
    """Where it ends."""
    rate: ScanRate
    """How fast the potential changes."""

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.stop:
            raise ValueError(f"start and stop are both {self.stop:g} V; a sweep needs two potentials")
        return self


class ScheduledSpectrum(Frozen):
    """Measure an impedance spectrum: around the potential that the cell has at rest, or around no current."""

    step: Literal["spectrum"] = "spectrum"
    amplitude: PotentialAmplitude | None = None
    """Root-mean-square amplitude of the potential."""
    current_amplitude: CurrentAmplitude | None = None
    """Root-mean-square amplitude of the current, instead of one of the potential."""
    frequency_max: Frequency
    """Where it begins."""
    frequency_min: Frequency
    """Where it ends."""
    points_per_decade: Annotated[int, Field(ge=1, le=100)] = 10
    """Frequencies in a decade."""

    @model_validator(mode="after")
    def _one_amplitude(self) -> Self:
        if (self.amplitude is None) == (self.current_amplitude is None):
            raise ValueError("a spectrum needs one amplitude: either amplitude or current_amplitude")
        if self.frequency_max <= self.frequency_min:
            raise ValueError("frequency_max must be above frequency_min")
        return self


class Loop(Frozen):
    """Do steps several times."""

    step: Literal["repeat"] = "repeat"
    times: Annotated[int, Field(ge=1, le=1_000_000)]
    """How often in all."""
    steps: "Annotated[tuple[Scheduled, ...], Field(min_length=1, max_length=10_000)]"
    """What."""


Scheduled: TypeAlias = Annotated[
    ScheduledRest | ScheduledCurrent | ScheduledHold | ScheduledSweep | ScheduledSpectrum | Loop,
    Field(discriminator="step"),
]
"""A step of a schedule; `step` tells them apart in files."""


def _read_text(value: object) -> object:
    """Read the steps from YAML where they are text, as in a form."""
    return parse_plain_yaml(value) if isinstance(value, str) else value


class Schedule(Protocol):
    """Run a list of steps with loops, as cyclers are programmed."""

    method: Annotated[
        tuple[Scheduled, ...], BeforeValidator(_read_text), Field(min_length=1, max_length=10_000)
    ] = (ScheduledRest.model_validate({"duration": "10 min"}),)
    """The steps in order, such as "{step: current, current: C/10, until_above: 4.2 V}"."""
    sample_every: Duration = 10.0
    """Time between samples."""
    record_potential_change: PotentialStep | None = None
    """A sample is also kept whenever the potential has changed by this much."""
    record_current_change: PositiveCurrent | None = None
    """A sample is also kept whenever the current has changed by this much."""

    def steps(self, cell: Cell) -> Steps:
        """Yield the steps; a cycle begins whenever the cell is driven as it was at first again."""
        cycle, first, last = 0, 0, 0
        for scheduled in unrolled(self.method):
            direction = _direction(scheduled)
            if direction:
                first = first or direction
                cycle += direction == first != last
                last = direction
            if isinstance(scheduled, ScheduledSpectrum) and scheduled.amplitude is not None:
                rest = ocv_rest(_OCV_s).model_copy(update={"cycle": cycle})
                yield self._spectrum(scheduled, cycle, measured_ocv_V((yield rest)))
            else:
                yield self._step(scheduled, cell, cycle, last)

    def _step(self, scheduled: "Single", cell: Cell, cycle: int, last: int) -> Step:
        """Return what is done; `last` is the direction in which the cell was driven last."""
        if isinstance(scheduled, ScheduledSpectrum):
            return self._spectrum(scheduled, cycle, None)
        if isinstance(scheduled, ScheduledSweep):
            return PotentialSweep(
                path_V=(scheduled.start, scheduled.stop),
                rate_V_per_s=scheduled.rate,
                sample_every_V=self.record_potential_change or _SWEEP_SAMPLE_V,
                cycle=cycle,
                label="Sweep",
                role="sweep",
            )
        if isinstance(scheduled, ScheduledRest):
            return Rest(
                until=Until(duration_s=scheduled.duration),
                record=self._record(cell, min(self.sample_every, scheduled.duration / 2)),
                cycle=cycle,
                label="Rest",
                role="rest",
            )
        if isinstance(scheduled, ScheduledHold):
            until_A = None if scheduled.until_current is None else scheduled.until_current.amperes(cell)
            return ConstantPotential(
                potential_V=scheduled.potential,
                until=Until(duration_s=scheduled.duration, current_below_A=until_A),
                record=self._record(cell, self.sample_every),
                cycle=cycle,
                label="Hold",
                role="discharge_hold" if last < 0 else "charge_hold",
            )
        current_A = scheduled.current.amperes(cell)
        role = "charge" if current_A > 0 else "discharge"
        return ConstantCurrent(
            current_A=current_A,
            until=Until(
                duration_s=scheduled.duration,
                potential_above_V=scheduled.until_above,
                potential_below_V=scheduled.until_below,
            ),
            record=self._record(
                cell, self.sample_every, measured_every_s(cell, current_A, self.sample_every)
            ),
            cycle=cycle,
            label=role.capitalize(),
            role=role,
        )

    def _record(self, cell: Cell, interval_s: float, measure_every_s: float | None = None) -> Record:
        change = self.record_current_change
        return Record(
            interval_s=interval_s,
            sample_interval_s=measure_every_s,
            potential_change_V=self.record_potential_change,
            current_change_A=None if change is None else change.amperes(cell),
        )

    @staticmethod
    def _spectrum(scheduled: ScheduledSpectrum, cycle: int, bias_V: float | None) -> Impedance:
        return Impedance(
            frequency_max_Hz=scheduled.frequency_max,
            frequency_min_Hz=scheduled.frequency_min,
            points_per_decade=scheduled.points_per_decade,
            amplitude_V=scheduled.amplitude,
            bias_V=bias_V,
            amplitude_A=scheduled.current_amplitude,
            bias_A=None if scheduled.current_amplitude is None else 0.0,
            cycle=cycle,
            label="Impedance spectrum",
            role="spectrum",
        )


Single: TypeAlias = ScheduledRest | ScheduledCurrent | ScheduledHold | ScheduledSweep | ScheduledSpectrum
"""A step that is not a loop."""


def unrolled(method: Iterable[Scheduled]) -> Iterator[Single]:
    """Yield the steps of a schedule with their loops run through."""
    for scheduled in method:
        if not isinstance(scheduled, Loop):
            yield scheduled
            continue
        for _ in range(scheduled.times):
            yield from unrolled(scheduled.steps)


def _direction(scheduled: Single) -> int:
    """Return 1 where a step charges the cell or raises its potential, -1 for the opposite, else 0."""
    if isinstance(scheduled, ScheduledCurrent):
        return 1 if scheduled.current.value > 0 else -1
    if isinstance(scheduled, ScheduledSweep):
        return 1 if scheduled.stop > scheduled.start else -1
    return 0

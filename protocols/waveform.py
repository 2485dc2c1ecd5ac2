"""What a protocol would do, shown before anything is connected."""

import math
from dataclasses import dataclass
from itertools import pairwise

from .base import Protocol, ProtocolError
from .cell import Cell
from .steps import ConstantCurrent, ConstantPotential, Impedance, PotentialSweep, Rest, Step, StepResult

MAX_STEPS = 1_000_000
"""A protocol that asks for more steps than this is taken for one that never ends."""

_HIGHEST_FREQUENCY_HZ = 1e6
_SECONDS_PER_POINT = 0.2
_PERIODS_PER_POINT = 3.0
_SCANS_DRAWN = 1000


@dataclass(frozen=True)
class Preview:
    """The programmed course of a protocol.

    Parameters
    ----------
    steps : tuple of Step
        The steps in order, as far as they can be foreseen.
    durations_s : tuple of float
        How long each is expected to take; for a step that ends on what it measures, the longest it may take.
    time_s, potential_V, current_A : tuple of float
        The programmed waveform; NaN where the cell decides (the potential under a current, and so on).
    """

    steps: tuple[Step, ...]
    durations_s: tuple[float, ...]
    time_s: tuple[float, ...]
    potential_V: tuple[float, ...]
    current_A: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        """How long the whole protocol is expected to take."""
        return math.fsum(self.durations_s)


def preview(protocol: Protocol, cell: Cell) -> Preview:
    """Run a protocol's generator against a stub that measures what was programmed.

    Raises
    ------
    ValueError
        The protocol cannot be run on this cell, or never ends; the message says why.
    """
    steps: list[Step] = []
    durations_s: list[float] = []
    waveform: list[tuple[float, float, float]] = []
    now_s, potential_V = 0.0, cell.assumed_open_circuit_V
    program = protocol.program(cell)
    result: StepResult | None = None
    while True:
        try:
            step = next(program) if result is None else program.send(result)
        except StopIteration:
            break
        if len(steps) == MAX_STEPS:
            raise ProtocolError(f"the protocol has more than {MAX_STEPS:,} steps: does it ever end?")
        duration_s = expected_duration_s(step, cell)
        corners = _corners(step, duration_s, potential_V)
        waveform += [(now_s + at_s, potential, current) for at_s, potential, current in corners]
        potential_V = corners[-1][1] if math.isfinite(corners[-1][1]) else potential_V
        result = _foreseen(step, duration_s, potential_V)
        steps.append(step)
        durations_s.append(duration_s)
        now_s += duration_s
    time_s, potentials_V, currents_A = zip(*waveform, strict=True) if waveform else ((), (), ())
    return Preview(tuple(steps), tuple(durations_s), time_s, potentials_V, currents_A)


def expected_duration_s(step: Step, cell: Cell) -> float:
    """Return how long a step is expected to take, in seconds."""
    if isinstance(step, PotentialSweep):
        return step.duration_s
    if isinstance(step, Impedance):
        return sum(
            max(_SECONDS_PER_POINT, _PERIODS_PER_POINT / frequency_Hz)
            for frequency_Hz in step.frequencies_Hz(_HIGHEST_FREQUENCY_HZ)
        )
    bounds = [step.until.duration_s or math.inf]
    if isinstance(step, ConstantCurrent) and step.current_A != 0:
        if step.until.charge_C is not None:
            bounds.append(step.until.charge_C / abs(step.current_A))
        if cell.nominal_capacity is not None:
            bounds.append(cell.nominal_capacity / abs(step.current_A))
    expected = min(bounds)
    return expected if math.isfinite(expected) else 3600.0


def _corners(step: Step, duration_s: float, last_V: float) -> list[tuple[float, float, float]]:
    """Return the corners of the programmed waveform: time in the step, potential, current."""
    unknown = math.nan
    if isinstance(step, Rest):
        return [(0.0, last_V, 0.0), (duration_s, last_V, 0.0)]
    if isinstance(step, ConstantPotential):
        return [(0.0, step.potential_V, unknown), (duration_s, step.potential_V, unknown)]
    if isinstance(step, ConstantCurrent):
        return [(0.0, unknown, step.current_A), (duration_s, unknown, step.current_A)]
    if isinstance(step, Impedance):
        bias_V = unknown if step.bias_V is None else step.bias_V
        bias_A = unknown if step.bias_A is None else step.bias_A
        return [(0.0, bias_V, bias_A), (duration_s, bias_V, bias_A)]
    corners, at_s = [(0.0, step.path_V[0], unknown)], 0.0
    for _ in range(min(step.scans, _SCANS_DRAWN)):
        for start, stop in pairwise(step.path_V):
            at_s += abs(stop - start) / step.rate_V_per_s
            corners.append((at_s, stop, unknown))
    return corners


def _foreseen(step: Step, duration_s: float, potential_V: float) -> StepResult:
    """Return what a step would measure, as far as that is programmed."""
    ends_itself = isinstance(step, PotentialSweep | Impedance)
    end_reason = "completed" if ends_itself else "duration_s"
    if isinstance(step, ConstantCurrent):
        # The cell decides the potential.
        current_A = step.current_A
        return StepResult(
            end_reason=end_reason,
            duration_s=duration_s,
            charge_C=current_A * duration_s,
            current_first_A=current_A,
            current_last_A=current_A,
            current_min_A=current_A,
            current_max_A=current_A,
        )
    return StepResult(
        end_reason=end_reason,
        duration_s=duration_s,
        potential_first_V=potential_V,
        potential_last_V=potential_V,
        potential_min_V=potential_V,
        potential_max_V=potential_V,
        current_first_A=0.0,
        current_last_A=0.0,
        current_min_A=0.0,
        current_max_A=0.0,
    )

"""What a step has measured, over all of its segments."""

import math
from collections import deque

from ..protocols.segments import remaining
from ..protocols.steps import Step, StepResult
from .conditions import Course

_TAIL = 10
_DIGITS = 9


class Totals:
    """Adds up what the segments of a step measure."""

    def __init__(self) -> None:
        self.duration_s = 0.0
        self.charge_C = 0.0
        self.energy_J = 0.0
        self.samples = 0
        self.last_frequency_Hz: float | None = None
        self._first: tuple[float, float] | None = None
        self._potentials = [math.inf, -math.inf]
        self._currents = [math.inf, -math.inf]
        self._tail: deque[tuple[float, float, float]] = deque(maxlen=_TAIL)

    def add(self, course: Course, before_s: float) -> None:
        """Take in the samples of a block; `before_s` is how long earlier segments took."""
        # Plain floats: blocks are short, and calls of NumPy cost more.
        potentials_V, currents_A = course.potential_V.tolist(), course.current_A.tolist()
        self.samples += len(potentials_V)
        if self._first is None:
            self._first = (potentials_V[0], currents_A[0])
        for values, extremes in ((potentials_V, self._potentials), (currents_A, self._currents)):
            # NaN is neither less nor more than what is known, which comes first.
            extremes[0], extremes[1] = min(extremes[0], *values), max(extremes[1], *values)
        times_s = (before_s + course.time_s[-_TAIL:]).tolist()
        self._tail.extend(zip(times_s, potentials_V[-_TAIL:], currents_A[-_TAIL:], strict=True))

    def remaining(self, step: Step) -> list[Step]:
        """Return the steps that complete `step`; none where nothing is left to do."""
        return remaining(
            step,
            elapsed_s=self.duration_s,
            charge_C=self.charge_C,
            energy_J=self.energy_J,
            last_frequency_Hz=self.last_frequency_Hz,
        )

    def met(self, step: Step) -> str:
        """Return the end condition that left nothing of a step; "completed" for a sweep or a spectrum."""
        done = {
            "duration_s": self.duration_s,
            "charge_C": abs(self.charge_C),
            "energy_J": abs(self.energy_J),
        }
        for name, amount in done.items():
            wanted = getattr(step.until, name)
            if wanted is not None and amount >= wanted:
                return name
        return "completed"

    def result(self, end_reason: str) -> StepResult:
        """Return what the protocol is told; numbers are rounded so that a replay gives the same ones."""
        first_V, first_A = self._first or (math.nan, math.nan)
        _, last_V, last_A = self._tail[-1] if self._tail else (math.nan, math.nan, math.nan)
        return StepResult(
            end_reason=end_reason,
            duration_s=_rounded(self.duration_s),
            charge_C=_rounded(self.charge_C),
            energy_J=_rounded(self.energy_J),
            samples=self.samples,
            potential_first_V=_known(first_V),
            potential_last_V=_known(last_V),
            potential_min_V=_known(self._potentials[0]),
            potential_max_V=_known(self._potentials[1]),
            current_first_A=_known(first_A),
            current_last_A=_known(last_A),
            current_min_A=_known(self._currents[0]),
            current_max_A=_known(self._currents[1]),
            tail=tuple(
                (_rounded(time_s), _rounded(potential_V), _rounded(current_A))
                for time_s, potential_V, current_A in self._tail
                if math.isfinite(potential_V) and math.isfinite(current_A)
            ),
        )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _known(value: float) -> float | None:
    return _rounded(value) if math.isfinite(value) else None

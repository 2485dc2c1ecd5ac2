"""One uninterrupted stretch of a step: what comes from the channel becomes what is recorded."""

import numpy as np
from numpy.typing import NDArray

from ..core.integration import Floats, Integrator
from ..core.samples import IMPEDANCE, SAMPLE, Block, Flag, steps_between
from ..protocols.steps import Impedance, PotentialSweep, Step
from .conditions import Course, EndConditions, LimitCheck
from .thinning import Thinner
from .totals import Totals

_GAP, _GAP_S = 3.0, 1.0
"""So many regular intervals, and so much more, without a sample are a gap."""
ASIDE = ("pause", "tempering")
"""Roles of what the engine does beside the protocol's own steps."""


class Segment:
    """Turns a channel's blocks into rows of the run file, and watches limits and end conditions.

    Parameters
    ----------
    step : Step
        What is run: the whole step, or what was left of it.
    totals : Totals
        Of the step; carried on from segment to segment.
    step_count : int
        Number of the segment in the run file.
    begin_test_s, begin_unix_s : float
        When it begins.
    net_charge_C : float
        What has passed in the run before it.
    follows_on : bool
        Whether nothing is missing between it and the segment before.
    """

    def __init__(
        self,
        step: Step,
        totals: Totals,
        *,
        step_count: int,
        begin_test_s: float,
        begin_unix_s: float,
        net_charge_C: float,
        follows_on: bool = False,
    ) -> None:
        self.step = step
        self.totals = totals
        self.step_count = step_count
        self.begin_test_s = begin_test_s
        self.begin_unix_s = begin_unix_s
        self.breach: str | None = None
        """A sentence about the limit that was exceeded."""
        self.gap_s = 0.0
        """The longest time in which nothing was measured and that has not been told yet."""
        self._longest_wait_s = _GAP * max(step.measure_every_s, step.record.interval_s) + _GAP_S
        self._condition: str | None = None
        self._last_s = 0.0
        self._count = 0
        self._interval_s = 0.0
        self._integrator = Integrator()
        self._before_s, self._before_C, self._before_J = totals.duration_s, totals.charge_C, totals.energy_J
        self._net_charge_C = net_charge_C
        self._follows_on = follows_on
        self._limits = LimitCheck(step.limits, charge_C=totals.charge_C, energy_J=totals.energy_J)
        self._until = EndConditions(step.until)
        self._thinner = Thinner(step.record)
        self._left_out: Block | None = None
        self._course: Course | None = None

    @property
    def ending(self) -> str | None:
        """Why the segment has to end now: ``limit``, or the end condition that was met."""
        return "limit" if self.breach else self._condition

    @property
    def latest(self) -> tuple[float, float] | None:
        """Potential and current as measured last, whether kept or not; None before the first sample."""
        course = self._course
        return None if course is None else (float(course.potential_V[-1]), float(course.current_A[-1]))

    @property
    def charge_C(self) -> float:
        """Charge that has passed in the segment."""
        return self._integrator.charge_C

    @property
    def energy_J(self) -> float:
        """Energy that has passed in the segment."""
        return self._integrator.energy_J

    @property
    def end_test_s(self) -> float:
        """Test time of the last sample."""
        return self.begin_test_s + self._last_s

    @property
    def end_unix_s(self) -> float:
        """Unix time of the last sample."""
        return self.begin_unix_s + self._last_s

    def take(self, block: Block) -> Block:
        """Take in a block from the channel; return the rows of `SAMPLE` or `IMPEDANCE` to record."""
        if isinstance(self.step, Impedance):
            return self._take_spectrum(block)
        time_s, potential_V, current_A = block["time_s"], block["potential_V"], block["current_A"]
        charge_C, energy_J = self._integrator.add(time_s, potential_V, current_A)
        course = Course(time_s, potential_V, current_A, block["temperature_degC"], charge_C, energy_J)
        self.breach = self.breach or self._limits.check(course)
        self._condition = self._condition or self._until.check(course)
        is_first, after_gap = self._course is None, self._after_gap(time_s)
        self._add_up(course)
        rows = np.empty(len(block), SAMPLE)
        self._fill_common(rows, block)
        rows["voltage_volt"] = potential_V
        rows["current_ampere"] = current_A
        rows["net_capacity_ah"] = (charge_C + self._net_charge_C) / 3600
        rows["cycle_count"] = block["scan"] + self.step.cycle
        if after_gap is not None:
            rows["flags"][after_gap] |= np.uint32(Flag.AFTER_GAP)
        if is_first and self._before_s > 0 and not self._follows_on:
            rows["flags"][0] |= Flag.AFTER_GAP
        keep = self._thinner.choose(block)
        if keep is None:
            return rows
        self._left_out = None if keep[-1] else rows[-1:]
        return rows[keep]

    def last_row(self) -> Block | None:
        """Return the last sample where it was left out of the record: the last is always kept."""
        row, self._left_out = self._left_out, None
        return row

    def natural_end(self) -> str:
        """Say why the channel ended the segment by itself.

        ``completed`` for a sweep or spectrum that ran to its end, the end condition that the
        instrument found met, or ``instrument`` where nothing explains it.
        """
        if isinstance(self.step, Impedance):
            last_Hz = self.totals.last_frequency_Hz
            reached = last_Hz is not None and last_Hz <= self.step.frequency_min_Hz * 1.01
            return "completed" if reached else "instrument"
        if isinstance(self.step, PotentialSweep):
            interval_s = self.step.measure_every_s
            # By its time or by its points: an instrument may count time from its first point.
            has_every_point = self._count >= round(self.step.duration_s / interval_s)
            if has_every_point or self._last_s >= self.step.duration_s - 1.5 * interval_s:
                return "completed"
        if self._course is None:
            return "instrument"
        return self._until.nearest(self._course, self._interval_s) or "instrument"

    def _after_gap(self, time_s: Floats) -> NDArray[np.bool_] | None:
        """Return which samples come long after the one before; None where none does."""
        waits_s = steps_between(time_s, self._last_s)
        longest_s = float(waits_s.max())
        if longest_s <= self._longest_wait_s:
            return None
        self.gap_s = max(self.gap_s, longest_s)
        return waits_s > self._longest_wait_s

    def _take_spectrum(self, block: Block) -> Block:
        rows = np.empty(len(block), IMPEDANCE)
        self._fill_common(rows, block)
        rows["frequency_hertz"] = block["frequency_Hz"]
        rows["real_impedance_ohm"] = block["real_ohm"]
        rows["imaginary_impedance_ohm"] = block["imaginary_ohm"]
        rows["cycle_count"] = self.step.cycle
        self._advance_to(float(block["time_s"][-1]))
        self.totals.last_frequency_Hz = float(block["frequency_Hz"][-1])
        return rows

    def _fill_common(self, rows: Block, block: Block) -> None:
        rows["test_time_second"] = block["time_s"] + self.begin_test_s
        rows["unix_time_second"] = block["time_s"] + self.begin_unix_s
        rows["step_count"] = self.step_count
        rows["ambient_temperature_celsius"] = block["temperature_degC"]
        rows["flags"] = block["flags"]

    def _add_up(self, course: Course) -> None:
        last_s = float(course.time_s[-1])
        self._count += len(course.time_s)
        self._interval_s = (last_s - self._last_s) / len(course.time_s)
        self._course = course
        self.totals.add(course, self._before_s)
        self.totals.charge_C = self._before_C + self._integrator.charge_C
        self.totals.energy_J = self._before_J + self._integrator.energy_J
        self._advance_to(last_s)

    def _advance_to(self, time_s: float) -> None:
        self._last_s = max(self._last_s, time_s)
        self.totals.duration_s = self._before_s + self._last_s

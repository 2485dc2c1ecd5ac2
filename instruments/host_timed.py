"""The loop of instruments that the computer times: set, wait until the deadline, measure."""

import math
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple, TypeVar

import numpy as np

from ..core.clock import Clock
from ..core.samples import MEASUREMENT, Block, Flag
from ..protocols.steps import (
    ConstantCurrent,
    ConstantPotential,
    PotentialSweep,
    Record,
    Step,
    sweep_potential_V,
)
from .base import Channel, Identity
from .checks import Capabilities
from .errors import BadReply, NotConnected, Timeout
from .waiting import NOTHING, waited_until

_ABOVE = 1.05
_ABOVE_LIMIT_V = 0.02
_PER_DECADE = 9
_TRIES = 4
_LINK_PATIENCE_S = 10.0
_REOPEN_S = 0.2
_WHOLE = 1e-9
_ASLEEP_S = 2.0
"""A deadline missed by more, and by more than an interval, is not made up for: the computer slept."""
Answer = TypeVar("Answer")


class Reading(NamedTuple):
    """What an instrument reads at one moment."""

    potential_V: float
    current_A: float
    flags: int = 0


class Output(NamedTuple):
    """What the output is to do.

    Parameters
    ----------
    mode : {"potential", "current", "open"}
        What is controlled; "open" drives no current.
    level : float
        In V or A.
    compliance : float
        Largest current in A, or for the others largest magnitude of the potential in V.
    """

    mode: str
    level: float
    compliance: float


class HostTimedChannel(Channel):
    """A channel whose samples the computer asks for one by one, at absolute deadlines.

    A driver says how to arm, to set, to measure and to switch off. A step never starts on
    settings that were not read back, and every step arms a compliance: the instrument itself
    keeps it when the computer is gone.

    Parameters
    ----------
    name, identity, capabilities, clock
        As for `Channel`.
    """

    needs_computer = True

    def __init__(self, name: str, identity: Identity, capabilities: Capabilities, clock: Clock) -> None:
        super().__init__(name, identity, capabilities, clock)
        self._stop = threading.Event()

    @abstractmethod
    def _arm(self, output: Output) -> None:
        """Prepare an output with the cell still disconnected; read back what matters.

        Raises
        ------
        InstrumentFault
            A setting is not what was asked for.
        """

    @abstractmethod
    def _switch_on(self) -> None:
        """Connect the cell."""

    @abstractmethod
    def _set_level(self, level: float) -> None:
        """Change the level of the armed output."""

    @abstractmethod
    def _measure(self) -> Reading:
        """Return one reading."""

    @abstractmethod
    def _verify(self) -> None:
        """Make sure that the instrument is on, with its settings as they were.

        Raises
        ------
        InstrumentFault
            It is not: it was switched off, tripped, or started again.
        """

    @abstractmethod
    def _reconnect(self) -> None:
        """Open a lost connection again, to the same instrument with the same settings and the last level.

        Raises
        ------
        NotConnected
            It is still away.
        InstrumentError
            Another instrument answers, or the settings are lost.
        """

    @abstractmethod
    def _switch_off(self) -> None:
        """Disconnect the cell, and make sure of it; callable from any thread."""

    def run(self, step: Step) -> Generator[Block, None, None]:
        """Run a step and yield what it measures, one sample a block; see `Channel.run`."""
        self._stop.clear()
        try:
            self._arm(self._output_for(step))
            self._switch_on()
            yield from self._sweep(step) if isinstance(step, PotentialSweep) else self._hold(step)
        finally:
            self.rest()

    def rest(self) -> None:
        """Switch the output off; see `Channel.rest`."""
        self._stop.set()
        self._switch_off()

    def _output_for(self, step: Step) -> Output:
        known = self.capabilities
        limits = step.limits
        if isinstance(step, ConstantPotential | PotentialSweep):
            level = step.potential_V if isinstance(step, ConstantPotential) else step.path_V[0]
            wanted = [known.current_max_A]
            if limits.current_max_A is not None:
                wanted.append(_ABOVE * limits.current_max_A)
            return Output("potential", level, min(wanted))
        highest_V = max(abs(known.potential_min_V), abs(known.potential_max_V))
        bounds = [
            abs(bound) for bound in (limits.potential_max_V, limits.potential_min_V) if bound is not None
        ]
        # A little more than the limit: what breaches it is still seen, and ends the run.
        compliance = min(highest_V, max(bounds) + _ABOVE_LIMIT_V) if bounds else highest_V
        if isinstance(step, ConstantCurrent):
            return Output("current", step.current_A, compliance)
        return Output("open", 0.0, highest_V)

    def _hold(self, step: Step) -> Generator[Block, None, None]:
        duration_s = step.until.duration_s
        begin_s = self.clock.now()
        longest_s = max(step.measure_every_s, _ASLEEP_S)
        has_slept = False
        for offset_s in _moments(step.record, self.capabilities.shortest_interval_s, duration_s):
            if self.clock.now() - begin_s - offset_s > longest_s and offset_s != duration_s:
                has_slept = True
                continue
            yield from self._wait_until(begin_s + offset_s)
            if self._stop.is_set():
                return
            block = yield from self._reading(begin_s)
            if has_slept:
                block["flags"] |= int(Flag.AFTER_GAP)
                has_slept = False
            yield block
            if self._stop.is_set() or (duration_s is not None and block["time_s"][0] >= duration_s):
                return

    def _sweep(self, step: PotentialSweep) -> Generator[Block, None, None]:
        """Step through the path: each potential is held for one interval and measured at its end."""
        interval_s = step.measure_every_s
        count = round(step.duration_s / interval_s)
        begin_s = self.clock.now()
        level_V = step.path_V[0]
        lost_s = 0.0
        for index in range(count + 1):
            late_s = self.clock.now() - begin_s - lost_s - (index + 1) * interval_s
            has_slept = late_s > max(interval_s, _ASLEEP_S)
            if has_slept:
                # The sweep goes on at its rate; a jump in potential is not what was asked for.
                lost_s += late_s + interval_s
            within_s = index * interval_s % step.scan_duration_s if index < count else step.scan_duration_s
            wanted_V = sweep_potential_V(step.path_V, step.rate_V_per_s, within_s)
            if wanted_V != level_V:
                try:
                    self._set_level(wanted_V)
                except NotConnected as loss:
                    # Coming back includes setting the level.
                    yield from self._wait_for_link(loss)
                level_V = wanted_V
            yield from self._wait_until(begin_s + lost_s + (index + 1) * interval_s)
            if self._stop.is_set():
                return
            block = yield from self._reading(begin_s + interval_s)
            if has_slept:
                block["flags"] |= int(Flag.AFTER_GAP)
            # The point where one pass ends and the next begins belongs to the one that it ends.
            block["scan"] = max(math.ceil(index * interval_s / step.scan_duration_s - _WHOLE) - 1, 0)
            yield block

    def _reading(self, begin_s: float) -> Generator[Block, None, Block]:
        """Return a sample; what is lost on the way is measured again, and a lost link waited for.

        Raises
        ------
        InstrumentError
            The instrument gives no reading, or is not as it was.
        """
        block, was_disturbed = yield from self._insistently(lambda: self._sample(begin_s))
        if was_disturbed:
            block["flags"] |= int(Flag.AFTER_GAP)
        return block

    def _insistently(self, asked: Callable[[], Answer]) -> Generator[Block, None, tuple[Answer, bool]]:
        """Ask for something until it comes, waiting for a lost link; return it, and whether it was hard.

        Raises
        ------
        InstrumentError
            It does not come, or the instrument is not as it was.
        """
        for attempt in range(_TRIES):
            try:
                return asked(), attempt > 0
            except NotConnected as loss:
                yield from self._wait_for_link(loss)
            except (Timeout, BadReply) as error:
                if attempt == _TRIES - 1:
                    raise
                self._verify()
                self.notices.append(f"A reading was lost, and taken again. {error}")
        raise Timeout(
            f"{self.identity} has given no reading {_TRIES} times. Check its cable and its display."
        )

    def _wait_for_link(self, loss: NotConnected) -> Generator[Block, None, None]:
        lost_at = time.monotonic()
        while time.monotonic() - lost_at < _LINK_PATIENCE_S:
            yield NOTHING
            if self._stop.is_set():
                return
            try:
                self._reconnect()
            except NotConnected:
                time.sleep(_REOPEN_S)
            else:
                away_s = time.monotonic() - lost_at
                self.notices.append(
                    f"{loss} It was back after {away_s:.1f} s, with its settings as they were."
                )
                return
        raise loss

    def _sample(self, begin_s: float) -> Block:
        block = np.zeros(1, MEASUREMENT)
        before_s = self.clock.now()
        reading = self._measure()
        # In the middle of the measurement.
        block["time_s"] = max((before_s + self.clock.now()) / 2.0 - begin_s, 0.0)
        block["potential_V"], block["current_A"] = reading.potential_V, reading.current_A
        block["temperature_degC"] = np.nan
        block["flags"] = reading.flags
        return block

    def _wait_until(self, moment_s: float) -> Generator[Block, None, None]:
        return waited_until(moment_s, self.clock, self._stop)


def _moments(record: Record, shortest_s: float, duration_s: float | None) -> Iterator[float]:
    """Yield when to measure, from the begin of a step; the last one at its end."""
    interval_s = record.measure_every_s
    now_s = 0.0
    if record.logarithmic_s is not None:
        spacing_s = shortest_s
        until_s = min(record.logarithmic_s, duration_s or record.logarithmic_s)
        while spacing_s < interval_s and now_s + spacing_s < until_s:
            now_s += spacing_s
            yield now_s
            if now_s >= (_PER_DECADE + 1) * spacing_s:
                spacing_s *= 10.0
    elif duration_s is None or shortest_s * 2 < interval_s < duration_s:
        # The first one early: what a step begins with is worth knowing.
        yield shortest_s
    count = 1
    while duration_s is None or now_s + count * interval_s < duration_s * (1 - 1e-9):
        yield now_s + count * interval_s
        count += 1
    if duration_s is not None:
        yield duration_s


def overflowed(reading: float, limit: float) -> tuple[float, int]:
    """Return NaN and the flag for a reading that stands for "beyond the range"."""
    if abs(reading) >= limit:
        return float("nan"), int(Flag.OVERLOAD)
    return reading, 0

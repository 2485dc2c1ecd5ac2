"""Bringing a cell to the temperature that a step asks for."""

import math

import numpy as np

from ..core.clock import Clock
from ..core.samples import Block
from ..instruments import Chamber
from ..protocols import Record, Rest, Step, Until

_RECORD_S = 10.0
_TOLERANCE_K = 0.3
_TEN_YEARS_S = 3.15e8


class Tempering:
    """Sets a chamber, waits for it, and puts its temperature into the samples.

    A reading takes the chamber some milliseconds; it is taken between two blocks, every
    `Chamber.poll_s`, and not while a step samples faster than once a second.

    Parameters
    ----------
    chamber : Chamber or None
        None where temperatures are not controlled.
    clock : Clock
        Of the channel.
    """

    def __init__(self, chamber: Chamber | None, clock: Clock) -> None:
        self.chamber = chamber
        self._clock = clock
        self._goal_degC = math.nan
        self._measured_degC = math.nan
        self._polled_s = -math.inf
        self._settled_since_s: float | None = None
        self._begun_s = 0.0

    def needs(self, step: Step) -> bool:
        """Whether the cell has to be brought to another temperature before a step."""
        return step.temperature_degC is not None and step.temperature_degC != self._goal_degC

    def begin(self, step: Step) -> Rest:
        """Set the chamber to what a step asks for; return the rest in which it gets there."""
        if self.chamber is None or step.temperature_degC is None:
            raise ValueError("there is no chamber to set")
        self.chamber.set_temperature(step.temperature_degC)
        self._goal_degC = step.temperature_degC
        self._settled_since_s = None
        self._begun_s = self._clock.now()
        return Rest(
            until=Until(duration_s=_TEN_YEARS_S),
            record=Record(interval_s=_RECORD_S, sample_interval_s=1.0),
            limits=step.limits,
            cycle=step.cycle,
            label=f"Wait for {step.temperature_degC:g} °C",
            role="tempering",
            part=step.part,
        )

    def give_up(self) -> None:
        """Forget the goal, because somebody ended the wait."""
        self._goal_degC = math.nan

    def fill(self, block: Block) -> None:
        """Put the last reading into the rows of a block that have none."""
        if self.chamber is not None and len(block):
            missing = np.isnan(block["temperature_degC"])
            block["temperature_degC"][missing] = self._measured_degC

    def poll(self, *, at_once: bool = False) -> None:
        """Read the chamber where it is time to; raise `InstrumentError` for its alarms."""
        if self.chamber is None:
            return
        now_s = self._clock.now()
        if not at_once and now_s - self._polled_s < self.chamber.poll_s:
            return
        self._polled_s = now_s
        self._measured_degC = self.chamber.read()
        # NaN is not close to anything.
        if not abs(self._measured_degC - self._goal_degC) <= _TOLERANCE_K:
            self._settled_since_s = None
        elif self._settled_since_s is None:
            self._settled_since_s = now_s

    @property
    def is_settled(self) -> bool:
        """Whether the chamber has been at its goal for a while."""
        if self.chamber is None or self._settled_since_s is None:
            return False
        return self._polled_s - self._settled_since_s >= self.chamber.settling_s

    @property
    def failure(self) -> str | None:
        """A sentence about a chamber that has not got there in time; None while there is hope."""
        if self.chamber is None or self._settled_since_s is not None:
            return None
        if self._clock.now() - self._begun_s <= self.chamber.patience_s:
            return None
        hours = self.chamber.patience_s / 3600
        return f"{self.chamber} was set to {self._goal_degC:g} °C and after {hours:g} h is at {self.reading}."

    @property
    def reading(self) -> str:
        """The last reading, for people."""
        return f"{self._measured_degC:.4g} °C"

"""What a running script works on: the clock, the electronics, the output, and the host's wishes."""

import threading
from collections import deque

from ....core.clock import Clock, VirtualClock
from .electronics import Electronics
from .output import Output

_LOOP_PASS_s = 50e-6
"""Time that one pass of an ordinary loop takes, so that a loop that watches the timer ends."""
_MAY_RUN_AHEAD_s = 0.01
_POLL_s = 0.5


class Closed(Exception):
    """The device is being closed while a script runs."""


class Machine:
    """The state of the instrument that scripts run on.

    `time` is the instrument's own time, on the scale of the clock. It follows the schedule of
    the script exactly; the clock is waited for, and where it is late the script catches up.

    Parameters
    ----------
    clock : Clock
        Paces the script.
    electronics : Electronics
        Drives the cell.
    output : Output
        Takes the lines that the script sends.

    Attributes
    ----------
    time : float
        Instrument time in s.
    attention : bool
        The host wants something; `attend` finds out what.
    aborting : bool
        The script is being aborted.
    emit : callable
        Sends a line, unless the script has switched its output off.
    """

    def __init__(self, clock: Clock, electronics: Electronics, output: Output) -> None:
        self.clock = clock
        self.electronics = electronics
        self.output = output
        self.time = clock.now()
        self.start_time = self.time
        self.attention = False
        self._waits_are_free = isinstance(clock, VirtualClock)
        self._wake = threading.Event()
        self._go_on = threading.Event()
        self._go_on.set()
        self._closed = False
        self.begin()

    def begin(self) -> None:
        """Prepare for a new script."""
        self.aborting = False
        self.finishing = False
        self.timer_start = self.time
        self.interval = 0.0
        self.interval_due = self.time
        self.output_is_on = True
        self.emit = self.output.write
        self.channel = 0
        self._measuring = False
        self._skipping = False
        self.reversing = False
        self._wishes: deque[str] = deque()
        self.attention = False
        self._wake.clear()
        self._go_on.set()

    def set_output(self, on: bool) -> None:
        """Send lines, or drop them."""
        self.output_is_on = on
        self.emit = self.output.write if on else _drop

    # Wishes of the host, from its own thread

    def ask(self, wish: str) -> None:
        """Pass on a command that came while the script runs: Z, Y, h, H or R."""
        if wish == "h":
            self._go_on.clear()
        if wish in "HZ":
            self._go_on.set()
        self._wishes.append(wish)
        self.attention = True
        self._wake.set()

    def close(self) -> None:
        """Make a running script stop wherever it is."""
        self._closed = True
        self.ask("Z")

    # Time, for the script

    def settle(self) -> None:
        """Let the cell age until now: time has passed in which no script ran."""
        seconds = self.clock.now() - self.time
        if seconds > 0.0:
            self.electronics.advance(seconds)
            self.time += seconds

    def turn_back(self, seconds: float) -> None:
        """Let the timers that a script reads jump back."""
        self.start_time += seconds
        self.timer_start += seconds

    def sleep(self, seconds: float) -> bool:
        """Wait with the cell as it is; return whether the script is to stop here."""
        before = self.time
        stopped = self.pace(seconds)
        if not stopped:
            self.electronics.advance(self.time - before)
        return stopped

    def pace(self, seconds: float) -> bool:
        """Wait, and leave it to the caller to advance the cell by `seconds`.

        Returns whether the script, or the measurement loop, is to stop here; then the cell has
        been advanced by the time that has passed.
        """
        due = self.time + seconds
        if not self.attention:
            remaining = due - self.clock.now()
            if remaining > 0.0:
                if not self._waits_are_free:
                    self.output.flush()
                if self.clock.wait(remaining, self._wake):
                    return self._interrupted(due)
            self.time = due
            return False
        return self._interrupted(due)

    def attend(self) -> bool:
        """Do what the host wants at the end of a pass; return whether to leave the loop."""
        self.output.flush_if_due()
        if not self.attention:
            return False
        self._take_wishes()
        return self._must_stop()

    def loop_pass(self) -> bool:
        """Let the time of a pass of an ordinary loop pass; return whether to leave the loop."""
        self.electronics.advance(_LOOP_PASS_s)
        self.time += _LOOP_PASS_s
        if self.time - self.clock.now() > _MAY_RUN_AHEAD_s and self.pace(0.0):
            return True
        return self.attend()

    def set_measuring(self, measuring: bool) -> None:
        """Start or end a measurement loop: what was asked of an earlier one does not concern it."""
        self._measuring = measuring
        self._skipping = False
        self.reversing = False

    def finish(self) -> None:
        """Start the part of the script that runs in any case, and cannot be aborted."""
        self.aborting = False
        self.finishing = True

    def abort(self) -> None:
        """Abort the script, unless it is in the part that runs in any case."""
        self.aborting = not self.finishing

    def _interrupted(self, due: float) -> bool:
        while True:
            due += self._take_wishes()
            now = self.clock.now()
            if self._must_stop():
                elapsed = max(min(now, due) - self.time, 0.0)
                self.electronics.advance(elapsed)
                self.time += elapsed
                return True
            if now >= due:
                break
            self.output.flush()
            if not self.clock.wait(due - now, self._wake):
                break
        self.time = due
        return False

    def _must_stop(self) -> bool:
        return self.aborting or self._skipping

    def _take_wishes(self) -> float:
        """Take note of what the host wants; return for how long the script was halted, in s."""
        self.attention = False
        self._wake.clear()
        halted = 0.0 if self._go_on.is_set() else self._stay_halted()
        if self._closed:
            raise Closed
        while self._wishes:
            wish = self._wishes.popleft()
            if wish == "Z" and not self.finishing:
                self.aborting = True
            elif wish == "Y" and self._measuring:
                self._skipping = True
            elif wish == "R":
                self.reversing = True
        return halted

    def _stay_halted(self) -> float:
        """Wait for the host, not for the clock; the cell stays as it is meanwhile."""
        start = self.clock.now()
        self.output.flush()
        while not self._go_on.wait(_POLL_s):
            pass
        halted = self.clock.now() - start
        self.electronics.advance(halted)
        self.time += halted
        return halted


def _drop(line: str) -> None:
    """Take no notice of a line."""

"""One script on its way: what it has sent, and how it ended."""

import re
import threading
import time

import numpy as np

from ...core.samples import Block, Flag, steps_between
from ..errors import InstrumentFault, Timeout
from ..ordering import InOrder
from .models import ERRORS
from .pace import SETTLING_S, Pace, end_of_slot
from .packages import Decoded
from .script import Script
from .wire import ANSWER_WAIT_S, Wire

_BUSY = "0006"
_SAMPLE_WAIT_S = 0.5
_GRACE_S = 10.0
"""How much longer than the time between samples an instrument may be silent."""
_ERROR = re.compile(r"([a-z]?)!([0-9A-F]{4})(?:: ?(.*))?")


class ScriptRun:
    """A script that an instrument executes.

    Parameters
    ----------
    wire : Wire
        The connection.
    script : Script
        What is executed; it is sent at once.
    who : str
        The instrument, for messages.
    speed : float
        How much of the instrument's time passes in a second of the computer's.
    """

    def __init__(self, wire: Wire, script: Script, who: str, *, speed: float = 1.0) -> None:
        self.ended = False
        self.was_refused = False
        """The instrument answered with an error, after which it hears nothing for a while."""
        self.fault: InstrumentFault | None = None
        self.was_busy = False
        """The script was refused, because another one is running."""
        self.cell_may_be_on = False
        """A run-time error leaves the cell on: ``on_finished:`` is not executed."""
        self.dropped = 0
        self.after_gap = False
        """Samples were lost before the next one."""
        self.texts: list[str] = []
        self._wire = wire
        self._script = script
        self._who = who
        self._blocks: list[Block] = []
        self._open_loops = 0
        self._scan = 0
        self._scans_begun = 0
        self._is_over = False
        self._is_accepted = False
        self._unanswered_stops = 0
        self._was_told_to_stop = False
        self._heard_at = time.monotonic()
        self._pace = Pace(script.interval_s / speed)
        self._woken = threading.Event()
        self._order: InOrder[Block] = InOrder(script.interval_s)
        wire.send("e", *script.lines, "")

    def stop(self) -> None:
        """Ask the instrument to abort the script; it then executes ``on_finished:``."""
        self._unanswered_stops += 1
        self._was_told_to_stop = True
        self._wire.send("Z")
        self.wake()

    def wake(self) -> None:
        """Have `pump` return without waiting for a sample; callable from any thread."""
        self._woken.set()

    def pump(self) -> None:
        """Read what has arrived, waiting a moment for it.

        Raises
        ------
        Timeout
            The instrument has been silent for longer than the step allows.
        """
        if self._dozed():
            return
        looked_at = time.monotonic()
        lines = self._wire.lines(_SAMPLE_WAIT_S)
        if not lines:
            self._check_silence()
            return
        self._heard_at = time.monotonic()
        if lines[-1].startswith("P") and not self._pace.foresaw(looked_at, self._heard_at):
            time.sleep(end_of_slot(self._heard_at) - self._heard_at)
            if self._pace.left_s > 0.0:
                lines += self._wire.lines(SETTLING_S)
        packages: list[str] = []
        for index, line in enumerate(lines):
            if line.startswith("P"):
                # What comes before the script was accepted belongs to one that should have ended.
                if self._is_accepted:
                    packages.append(line)
                else:
                    self.dropped += 1
                continue
            self._store(packages)
            packages = []
            self._handle(line)
            if self.ended:
                self._wire.put_back(lines[index + 1 :])
                return
        self._store(packages)

    def take(self) -> list[Block]:
        """Return the blocks that have come since the last call."""
        blocks, self._blocks = self._blocks, []
        return blocks

    def _dozed(self) -> bool:
        """Sleep until the next sample should be there; return whether somebody wanted it otherwise."""
        left_s = 0.0 if self._was_told_to_stop else self._pace.left_s
        if left_s <= 0.0 or not self._woken.wait(left_s):
            return False
        self._woken.clear()
        return True

    def _check_silence(self) -> None:
        silent_s = time.monotonic() - self._heard_at
        if self._is_over and silent_s > ANSWER_WAIT_S:
            # The script's end was heard; the answer to a late abort was lost.
            self.ended = True
            return
        if self._unanswered_stops == 0 and silent_s > self._script.interval_s + _GRACE_S:
            # Perhaps only the line that ends the script was lost: the answer to an abort tells.
            self.texts.append("The instrument fell silent in the middle of a step; it was told to stop.")
            self._heard_at = time.monotonic()
            self.stop()
        elif self._unanswered_stops > 0 and silent_s > _GRACE_S:
            raise Timeout(
                f"{self._who} has been silent for {silent_s:.0f} s in the middle of a measurement. "
                "Check its cable and its power."
            )

    def _store(self, lines: list[str]) -> None:
        if not lines:
            return
        decoded = self._script.package.decode(lines)
        self.dropped += decoded.dropped
        if not len(decoded):
            return
        block = self._in_order(self._block(decoded))
        if len(block):
            self._blocks.append(block)

    def _in_order(self, block: Block) -> Block:
        """Leave out what is out of place in time."""
        order = self._order
        steps_s = steps_between(block["time_s"], order.latest_s)
        if steps_s.min() >= 0.0 and steps_s.max() <= order.longest_jump_s:
            order.latest_s = float(block["time_s"][-1])
            return block
        kept = [
            each for row in np.split(block, len(block)) for each in order.take(float(row["time_s"][0]), row)
        ]
        self.dropped, order.dropped = self.dropped + order.dropped, 0
        return np.concatenate(kept) if kept else block[:0]

    def _block(self, decoded: Decoded) -> Block:
        block = np.zeros(len(decoded), self._script.dtype)
        block["temperature_degC"] = np.nan
        for name, values in zip(self._script.columns, decoded.values, strict=True):
            block[name] = values
        block["flags"] = decoded.status
        if self._scan:
            block["scan"] = self._scan
        if self.after_gap:
            block["flags"][0] |= Flag.AFTER_GAP
            self.after_gap = False
        return block

    def _handle(self, line: str) -> None:
        match line[:1]:
            case "":
                self._handle_end()
            case "M":
                self._open_loops += 1
                self._is_accepted = True
            case "*":
                self._open_loops -= 1
            case "C":
                self._scan = self._scans_begun
                self._scans_begun += 1
            case "e" if line == "e":
                self._is_accepted = True
            case "e" if line.startswith("eM"):
                # Older firmware does not end the line after its "e".
                self._open_loops += 1
                self._is_accepted = True
            case "T":
                self.texts.append(line[1:])
            case "Z" if line == "Z":
                self._open_loops = 0
                self._unanswered_stops -= 1
            case "Z" if self._unanswered_stops > 0:
                # Nothing was running any more: the script had ended, and with it the cell was off.
                self._unanswered_stops -= 1
                self.was_refused = self.ended = True
            case "Z":
                pass
            case "-" | "L" | "+":
                pass
            case _:
                self._handle_error(line)

    def _handle_end(self) -> None:
        if self._open_loops <= 0:
            # An abort that came too late is still to be answered, with an error.
            self._is_over = True
            self.ended = self._unanswered_stops <= 0
            return
        # An end inside a loop is a line that was mangled on the way, or a lost end of a loop:
        # abort, and let the answer tell whether the script still runs.
        self.dropped += 1
        self.stop()

    def _handle_error(self, line: str) -> None:
        error = _ERROR.fullmatch(line)
        if error is None:
            self.dropped += 1
            return
        command, code, where = error.groups()
        meaning = ERRORS.get(code, "see the instrument's manual for the code")
        place = f" at {where.lower()} of the script" if where else ""
        self.fault = InstrumentFault(f"{self._who} reports error {code}{place}: {meaning}.", code)
        self.was_busy = (command, code) == ("e", _BUSY)
        self.cell_may_be_on = not command
        self.was_refused = self.ended = True

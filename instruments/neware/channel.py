"""One channel of a cycler: programs that run on board, and what they record, read out in order."""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from ...core.clock import Clock
from ...core.samples import MEASUREMENT, Block
from ...protocols.steps import PotentialSweep, Step
from ..base import Channel, Identity
from ..checks import Capabilities
from ..errors import BadReply, InstrumentFault, NotConnected, OutOfRange, Timeout
from ..insisting import insist
from ..waiting import NOTHING, waited_until
from .folder import StepFolder
from .points import Points, no_points
from .step_file import (
    ends_on_board,
    is_bounded,
    on_board,
    record_every_s,
    step_file,
)
from .step_points import TIME_RESOLUTION_S, StepPoints
from .terminals import BUSY, Terminals

_AT_MOST = 1000
"""Points in a reply."""
_POLL_S, _LONGEST_POLL_S = 1.0, 5.0
_PATIENCE_S = 86_400.0
"""A cycler that goes on by itself is waited for: for a day."""
_RETRY_S, _LONGEST_RETRY_S = 0.1, 5.0
_DISTURBED = (NotConnected, Timeout, BadReply)
Answer = TypeVar("Answer")


@dataclass
class _Test:
    """A program on the cycler.

    Parameters
    ----------
    barcode : str
        By which it is known again.
    testid : int
        The cycler's number for it.
    expected : deque of Step
        The steps that have not been asked for yet.
    next_number : int
        Of the next point to download.
    done_s : float
        How much of the first step was recorded before.
    waiting : array of POINT
        Downloaded, and not yet passed on.
    """

    barcode: str
    testid: int
    expected: deque[Step]
    next_number: int = 1
    done_s: float = 0.0
    waiting: Points = field(default_factory=no_points)


class NewareChannel(Channel):
    """One channel of a cycler.

    Parameters
    ----------
    terminals : Terminals
        The channel in the server's terms.
    identity, capabilities, clock
        As for `Channel`.
    folder : StepFolder
        For its programs.
    """

    def __init__(
        self,
        terminals: Terminals,
        identity: Identity,
        capabilities: Capabilities,
        clock: Clock,
        folder: StepFolder,
    ) -> None:
        super().__init__(str(terminals), identity, capabilities, clock)
        self._terminals = terminals
        self._folder = folder
        self._test: _Test | None = None
        self._running: Step | None = None
        self._stop = threading.Event()

    def check(self, step: Step) -> None:
        """Raise `OutOfRange` where the channel cannot run a step; nothing is sent, the cell stays off."""
        super().check(step)
        if not is_bounded(step):
            raise OutOfRange(
                f"{self} finds no end of this step by itself, so that it would go on for ever if this "
                "computer failed. Give the step a duration as well."
            )

    def foresee(
        self, step: Step, plan: Sequence[Step], index: int, *, run_id: str, elapsed_s: float = 0.0
    ) -> bool:
        """Start as much of a plan as one program holds, or find the one that runs already."""
        self._stop.clear()
        found = self._rejoined(step, plan, index, run_id, elapsed_s)
        self._test = found or self._started([step, *plan[index + 1 :]], index, run_id)
        return found is not None

    def follows_on(self, step: Step) -> bool:
        """Tell whether the cycler goes over into a step by itself; see `Channel.follows_on`."""
        test = self._test
        return test is not None and bool(test.expected) and test.expected[0] == step

    def run(self, step: Step) -> Generator[Block, None, None]:
        """Run a step, or read out what the cycler does of it by itself; see `Channel.run`."""
        if not self.follows_on(step):
            self.foresee(step, [step], 0, run_id=uuid.uuid4().hex)
        test = self._test
        if test is None:
            return
        self._running = test.expected.popleft()
        done_s, test.done_s = test.done_s, 0.0
        try:
            yield from self._read_out(test, step, done_s)
        except BaseException:
            self.rest()
            raise

    def finish(self) -> None:
        """Let a step end where the cycler finds its end by itself; end it where it does not."""
        if self._running is None or not ends_on_board(self._running):
            self.rest()

    def read(self) -> Block:
        """Return the present reading as one `MEASUREMENT` row, without switching the cell on."""
        found = self._terminals.inquire()
        row = np.zeros(1, MEASUREMENT)
        row["potential_V"], row["current_A"] = _number(found, "voltage"), _number(found, "current")
        row["temperature_degC"] = np.nan
        return row

    def rest(self) -> None:
        """Stop the program that was started here; idempotent, and callable from any thread."""
        self._stop.set()
        test, self._test = self._test, None
        if test is None:
            return
        complaint = (
            f"{self} did not confirm that it stopped: its program may still be on, with the protections "
            "that the cycler keeps by itself. Stop the channel in the BTS client."
        )
        insist(lambda: self._stop_test(test.barcode), complaint, _DISTURBED)

    def _stop_test(self, barcode: str) -> None:
        if not self._is_running(barcode):
            return
        self._terminals.stop()
        if self._is_running(barcode):
            raise Timeout(f"{self} still runs.")

    def _is_running(self, barcode: str) -> bool:
        found = self._terminals.inquire()
        return found["workstatus"] in BUSY and found.get("barcode") == barcode

    # Starting and finding programs

    def _started(self, steps: Sequence[Step], index: int, run_id: str) -> _Test:
        """Start a program with as many of the steps as it can hold.

        Raises
        ------
        InstrumentFault
            The channel is busy, or the cycler refuses the program.
        """
        found = self._terminals.inquire()
        if found["workstatus"] in BUSY:
            raise InstrumentFault(
                f"{self} is busy with the test {found.get('barcode', '')!r}, which was not started here. "
                "Wait for it, or stop it in the BTS client.",
                found["workstatus"],
            )
        program = on_board(steps)
        # Every start has a name of its own: one whose answer was lost can be told from those before.
        barcode = f"{run_id[:12]}-{index}-{uuid.uuid4().hex[:6]}"
        text = step_file(program, barcode, _number(found, "voltage"), self.capabilities.current_max_A)
        path, folder = self._folder.write(barcode, text)
        # Known before it is started: where the answer is lost, `rest` still stops it.
        self._test = _Test(barcode, 0, deque())
        answers: list[str] = []
        insist(
            lambda: answers.append(self._start_once(path, folder, barcode)),
            f"{self} did not confirm that it started. Look at the channel in the BTS client.",
            _DISTURBED,
        )
        if answers[-1] != "ok":
            raise InstrumentFault(
                f"{self} refused the program {path} ({answers[-1] or 'no answer'}). Open it in the BTS "
                "client: a current or a potential may be beyond the channel's range.",
                answers[-1],
            )
        testid, _ = self._terminals.count()
        return _Test(barcode, testid, deque(program))

    def _start_once(self, path: str, folder: str, barcode: str) -> str:
        """Start a program, unless an attempt whose answer was lost has done it; return the answer."""
        if self._terminals.inquire().get("barcode") == barcode:
            return "ok"
        return self._terminals.start(path, folder, barcode)

    def _rejoined(
        self, step: Step, plan: Sequence[Step], index: int, run_id: str, elapsed_s: float
    ) -> _Test | None:
        """Return the program of this run that is on the channel already; None where there is none."""
        found = self._terminals.inquire()
        barcode = found.get("barcode", "")
        name, _, place = barcode.partition("-")
        if name != run_id[:12]:
            return None
        begun_at = int(place.partition("-")[0])
        executed, firsts = index - begun_at, self._terminals.first_points()
        # The program ends where it was foreseen to end when it was started.
        program = on_board(plan[begun_at:])
        if isinstance(step, PotentialSweep) or not 0 <= executed < min(len(firsts), len(program)):
            self._stop_test(barcode)
            return None
        testid, count = self._terminals.count()
        later = program[executed + 1 :]
        test = _Test(barcode, testid, deque([step, *later]), firsts[executed], elapsed_s)
        if found["workstatus"] not in BUSY and not self._has_more(test, count):
            return None
        self.notices.append(f"{self} went on by itself; what it has recorded since is read from it.")
        return test

    def _has_more(self, test: _Test, count: int) -> bool:
        """Tell whether a program that has ended holds points that were not recorded yet."""
        first, last = (
            self._terminals.download(test.testid, number, 1)[0] for number in (test.next_number, count)
        )
        goes_on = last["time_s"] > test.done_s + TIME_RESOLUTION_S
        return bool(goes_on) or (last["step"], last["cycle"]) != (first["step"], first["cycle"])

    # Reading

    def _read_out(self, test: _Test, step: Step, done_s: float) -> Generator[Block, None, None]:
        """Yield the points of a step, until the next one begins or the program has ended."""
        points = StepPoints(step, done_s, self.capabilities.current_max_A)
        poll_s = self._poll_every_s(test, step)
        goes_on, are_all = True, False
        while True:
            block, test.waiting = points.take(test.waiting)
            if points.dropped:
                self.notices.append(
                    f"The clock of {self} ran backwards: {points.dropped} points are left out, as their time "
                    "is not known."
                )
                points.dropped = 0
            if len(block):
                yield block
            if points.are_complete:
                return
            if are_all and not goes_on:
                if self._test is test:
                    self._test = None
                return
            if are_all:
                yield from waited_until(self.clock.now() + poll_s, self.clock, self._stop)
            # Asked before the points are fetched: what was recorded at the very end is among them.
            goes_on = yield from self._patiently(lambda: self._goes_on(test))
            test.waiting, are_all = yield from self._patiently(lambda: self._fetched(test))

    def _poll_every_s(self, test: _Test, step: Step) -> float:
        """Return how long to wait for new points: a second or a few, longer where time runs faster."""
        interval_s, speed = record_every_s(step), self.clock.speed
        # Nobody has to act at the end of a step that the cycler goes on from.
        ahead = _AT_MOST if test.expected else 1
        return min(max(_POLL_S * speed, interval_s), _LONGEST_POLL_S * speed, ahead * interval_s)

    def _fetched(self, test: _Test) -> tuple[Points, bool]:
        """Return the next points, as many as there are and one reply holds; and whether these are all."""
        testid, count = self._terminals.count()
        if testid != test.testid:
            raise InstrumentFault(
                f"Another test was started on {self}: what it measures does not belong to this run.",
                str(testid),
            )
        new = count - test.next_number + 1
        if new <= 0:
            return no_points(), True
        points = self._terminals.download(testid, test.next_number, min(new, _AT_MOST))
        test.next_number += len(points)
        return points, len(points) == new

    def _goes_on(self, test: _Test) -> bool:
        """Tell whether the program still runs; say so where it ended in another way than by its end."""
        found = self._terminals.inquire()
        status = found["workstatus"]
        if found.get("barcode") == test.barcode and status in BUSY:
            return True
        if status in ("stop", "protect") and not self._stop.is_set():
            whom = "a protection of the cycler" if status == "protect" else "somebody at the BTS"
            self.notices.append(f"{self}: the program was ended by {whom}.")
        return False

    def _patiently(self, asked: Callable[[], Answer]) -> Generator[Block, None, Answer]:
        """Ask until there is an answer: a cycler goes on by itself, and forgets nothing meanwhile.

        Raises
        ------
        InstrumentError
            There has been none for a day, or the step was stopped meanwhile.
        """
        lost_at: float | None = None
        pause_s = _RETRY_S
        while True:
            try:
                answer = asked()
            except _DISTURBED as error:
                if lost_at is None:
                    lost_at = time.monotonic()
                    self.notices.append(
                        f"{error} The program goes on by itself on the cycler, and it is asked again."
                    )
                elif time.monotonic() - lost_at > _PATIENCE_S or self._stop.is_set():
                    raise
                yield NOTHING
                self._stop.wait(pause_s)
                pause_s = min(2.0 * pause_s, _LONGEST_RETRY_S)
            else:
                if lost_at is not None:
                    away_s = time.monotonic() - lost_at
                    self.notices.append(f"{self} answers again after {away_s:.1f} s; nothing is missing.")
                return answer


def _number(found: dict[str, str], name: str) -> float:
    try:
        return float(found.get(name, "nan"))
    except ValueError:
        # "--" stands for no value.
        return float("nan")

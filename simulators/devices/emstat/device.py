"""The simulated instrument as its host sees it: bytes in, bytes out."""

import logging
import threading
import time
from collections.abc import Callable

from ....core.clock import Clock, SystemClock
from ....core.closing import Closing
from ...cells import SimulatedCell
from . import arithmetic, loops, sending, settings, timing
from .compiler import Builder, Compiler, run_block
from .electronics import Electronics
from .errors import Code, RuntimeFault, SyntaxFault
from .inquiries import Inquiries, Refused
from .lines import LineReader
from .machine import Closed, Machine
from .models import MODELS
from .output import Output
from .parser import LARGEST_SCRIPT_LINES, parse
from .program import Program

_log = logging.getLogger(__name__)

_BUILDERS: dict[str, Builder] = {
    **arithmetic.BUILDERS,
    **sending.BUILDERS,
    **timing.BUILDERS,
    **settings.BUILDERS,
    **loops.BUILDERS,
}
_DEAF_s = 0.05
"""After an error the instrument takes no input for this long."""
_LONGEST_STOP_s = 5.0
_TURNED_BACK_s = 3.0
_OVERRUN_LINES = 40


class EmStatDevice(Closing):
    """A simulated PalmSens instrument with one channel, which runs MethodSCRIPT.

    Scripts run on a thread of the device, paced by `clock`; with a virtual clock as fast as
    they can. While no script runs, the cell ages with the clock, at open circuit or driven as
    the last script left it.

    Parameters
    ----------
    model : str
        A name of `models.MODELS`: "emstat-pico", "emstat4-lr", "emstat4-hr" or "nexus".
    cell : SimulatedCell
        What is connected to the electrodes.
    clock : Clock, optional
        By default the computer's.
    seed : int
        Decides serial number, errors and noise.

    Raises
    ------
    ValueError
        The model is unknown.
    """

    def __init__(self, model: str, cell: SimulatedCell, clock: Clock | None = None, seed: int = 1) -> None:
        if model not in MODELS:
            raise ValueError(f"{model!r} is not a simulated instrument; there are {', '.join(MODELS)}.")
        self.model = MODELS[model]
        self.serial_number = f"{self.model.serial_prefix}{seed % 10000:04d}"
        self._clock = clock or SystemClock()
        self._output = Output()
        self._machine = Machine(self._clock, Electronics(self.model, cell, seed), self._output)
        self._inquiries = Inquiries(self.model, self.serial_number)
        self._reader = LineReader()
        self._lock = threading.RLock()
        self._loading: list[str] | None = None
        self._load_command = ""
        self._loaded: Program | None = None
        self._stored: Program | None = None
        self._running: Program | None = None
        self._deaf_until = (0.0, 0.0)
        self._host: Callable[[bytes], None] | None = None
        self._is_rebooting = False
        self._refuses_next = False
        self._closed = False
        self._start = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"simulated {model}", daemon=True)
        self._thread.start()

    # What is true, for tests and displays

    @property
    def cell(self) -> SimulatedCell:
        """The connected cell; while no script runs, as it is now."""
        with self._lock:
            if self._running is None:
                self._machine.settle()
            return self._machine.electronics.cell

    @property
    def cell_is_on(self) -> bool:
        """Whether the instrument drives the cell."""
        return self._machine.electronics.cell_is_on

    @property
    def is_running(self) -> bool:
        """Whether a script runs."""
        return self._running is not None

    FAULTS = ("reboot", "refuse", "artefact", "clock", "overrun")
    """The firmware starts again in the middle of a script; it does not take the next script; one reading
    of the current is taken while its range changes; its timers jump back by 3 s; its output buffer
    overruns, which loses 40 lines."""

    def suffer(self, fault: str) -> None:
        """Let one of `FAULTS` happen."""
        with self._lock:
            if fault == "refuse":
                self._refuses_next = True
            elif fault == "artefact":
                self._machine.electronics.spoil_next_current()
            elif fault == "clock":
                self._machine.turn_back(_TURNED_BACK_s)
            elif fault == "overrun":
                self._output.lose(_OVERRUN_LINES)
            elif self._running is not None:
                self._output.connect(None)
                self._is_rebooting = True
                self._machine.ask("Z")

    # The wire

    def attach(self, send: Callable[[bytes], None] | None) -> None:
        """Send what the instrument says to a host from now on, or to nobody."""
        self._host = send
        self._output.connect(send)
        if send is not None and self.model.sends_xon:
            send(b"\x11")

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        with self._lock:
            for line, overlong in self._reader.feed(data):
                self._line(line, overlong)
        self._output.flush()

    def close(self) -> None:
        """Stop a running script where it is, and end the thread; the cell stays as it is."""
        with self._lock:
            self._closed = True
            self._output.connect(None)
            self._machine.close()
            self._start.set()
        self._thread.join(_LONGEST_STOP_s)

    def _line(self, line: str, overlong: bool) -> None:
        if self._is_deaf() or self._closed:
            return
        if self._loading is not None:
            self._load_line(line, overlong)
        elif overlong:
            self._refuse(line[0], Code.LINE_TOO_LONG)
        elif self._running is not None:
            self._line_while_running(line)
        else:
            self._line_while_idle(line)

    def _line_while_running(self, line: str) -> None:
        if line in {"Z", "Y", "h", "H", "R"}:
            self._output.write(line)
            self._machine.ask(line)
        elif line == "t":
            self._say(*(self._inquiries.answer(line) or ()))
        elif line:
            self._refuse(line[0], Code.WRONG_MODE)

    def _line_while_idle(self, line: str) -> None:
        if not line:
            self._say("")
            return
        try:
            answer = self._inquiries.answer(line)
        except Refused as refusal:
            self._refuse(line[0], refusal.code)
            return
        if answer is not None:
            self._say(*answer)
        elif line in {"e", "l"}:
            self._loading = []
            self._load_command = line
        elif line == "r":
            self._run_loaded()
        elif line in {"Fmscr", "Lmscr"}:
            self._store_or_load(line)
        elif line in {"Z", "Y", "h", "H", "R"}:
            self._refuse(line, Code.WRONG_MODE)
        else:
            self._refuse(line[0], Code.UNKNOWN_COMMAND)

    def _load_line(self, line: str, overlong: bool) -> None:
        lines = self._loading
        if lines is None:
            return
        if line:
            if len(lines) <= LARGEST_SCRIPT_LINES:  # the parser refuses one more
                # One character too many is enough for the parser to refuse it with its number.
                lines.append(f"{line}x" if overlong else line)
            return
        self._loading = None
        if self._refuses_next:
            self._refuses_next = False
            self._refuse(self._load_command, Code.UNKNOWN_COMMAND)
            return
        try:
            self._loaded = parse(lines)
        except SyntaxFault as fault:
            self._loaded = None
            self._say(f"{self._load_command}{fault}")
            self._become_deaf()
            return
        self._say(self._load_command)
        if self._load_command == "e":
            self._run(self._loaded)

    def _run_loaded(self) -> None:
        if self._loaded is None:
            self._refuse("r", Code.NO_SCRIPT)
            return
        self._say("r")
        self._run(self._loaded)

    def _store_or_load(self, command: str) -> None:
        source = self._loaded if command == "Fmscr" else self._stored
        if source is None:
            self._refuse(command[0], Code.NO_SCRIPT)
            return
        self._loaded = self._stored = source
        self._say(command)

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._output.write(line)

    def _refuse(self, command: str, code: Code) -> None:
        self._say(f"{command}!{code:04X}")
        self._become_deaf()

    def _become_deaf(self) -> None:
        self._deaf_until = (self._clock.now() + _DEAF_s, time.monotonic() + _DEAF_s)

    def _is_deaf(self) -> bool:
        # Whichever is first: a host on a virtual clock may wait by either.
        by_clock, by_wall = self._deaf_until
        return self._clock.now() < by_clock and time.monotonic() < by_wall

    # Scripts, on the device's own thread

    def _run(self, program: Program) -> None:
        self._machine.settle()
        self._machine.begin()
        self._running = program
        self._start.set()

    def _work(self) -> None:
        while True:
            self._start.wait()
            self._start.clear()
            program = self._running
            if self._closed or program is None:
                return
            try:
                ending = self._run_script(program)
            except Closed:
                return
            except Exception:  # noqa: BLE001  a mistake here must not hang the host
                _log.exception("The simulated %s failed in a script", self.model.title)
                ending = [f"!{Code.UNSPECIFIED:04X}: Line 1", ""]
            with self._lock:
                # Idle first: the host may send its next command as soon as it reads the end.
                self._running = None
                if len(ending) > 1:
                    self._become_deaf()
                if self._is_rebooting:
                    # The end as well as everything else that it said meanwhile is lost.
                    self._output.connect(self._host)
                    self._is_rebooting = False
                else:
                    self._say(*ending)
            self._output.flush()

    def _run_script(self, program: Program) -> list[str]:
        """Run a script; return the lines that end it."""
        compiler = Compiler(program, self._machine, _BUILDERS)
        try:
            run_block(compiler.block(program.commands))
            # After a run-time error this part is not run, and the cell stays as it is.
            self._machine.finish()
            run_block(compiler.block(program.on_finished))
        except RuntimeFault as fault:
            return [f"!{fault.code:04X}: Line {fault.line}", ""]
        return [""]

"""The driver of the EmStat family."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from ...core.clock import Clock
from ...core.samples import Block
from ...protocols.steps import Step
from ..base import Channel, Identity, Instrument
from ..errors import BadReply, InstrumentError, InstrumentFault, NotConnected, Timeout
from ..insisting import insist
from ..link import Link, PatientLink, open_link
from ..waiting import NOTHING
from .models import BAUDRATES, MODELS, Model
from .script import CELL_OFF, READ_POTENTIAL, Script, compile_step
from .script_run import ScriptRun
from .wire import PAUSE_AFTER_ERROR_S, Wire

_STOP_WAIT_S = 3.0


class EmStat(Instrument):
    """An EmStat Pico, EmStat4 LR or HR, MultiEmStat4 or Nexus by PalmSens.

    Parameters
    ----------
    address : str
        The port: ``COM5``, ``/dev/ttyACM0``, or a pyserial URL such as ``socket://host:port``.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.

    Raises
    ------
    NotConnected, Timeout, BadReply
        There is no EmStat at the address.
    """

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        super().__init__(address, clock)
        self._wire = _connect(address)
        try:
            model, self.identity = _identify(self._wire, address)
        except InstrumentError:
            self._wire.close()
            raise
        self._channel = EmStatChannel(self._wire, self.identity, model, self.clock)
        self.channels = (self._channel,)

    @classmethod
    def probe(cls, address: str) -> tuple[Identity, tuple[str, ...]]:
        """Ask for the firmware, and nothing else; see `Instrument.probe`."""
        silence: InstrumentError | None = None
        for reopen in _ways_to(address):
            wire = Wire(reopen(), address)
            try:
                return _identify(wire, address)[1], ("1",)
            except InstrumentError as error:
                silence = error
            finally:
                wire.close()
        raise silence or Timeout(f"Nothing on {address} answers.")

    def _let_go(self) -> None:
        self._wire.close()


def _ways_to(address: str) -> Iterator[Callable[[], Link]]:
    """Yield how the port can be opened: at each baud rate; sockets have none."""
    for baudrate, flow_control in BAUDRATES.items():
        yield partial(open_link, address, baudrate=baudrate, xonxoff=flow_control)
        if address.startswith("socket://"):
            return


def _connect(address: str) -> Wire:
    """Open the port at the baud rate at which something answers; USB devices ignore it."""
    silence = None
    for reopen in _ways_to(address):
        wire = Wire(PatientLink(reopen), address)
        try:
            wire.synchronise()
        except Timeout as error:
            silence = error
            wire.close()
        except InstrumentError:
            wire.close()
            raise
        else:
            return wire
    raise silence or Timeout(f"Nothing on {address} answers.")


def _identify(wire: Wire, address: str) -> tuple[Model, Identity]:
    first, *_ = wire.ask("t", is_last=lambda line: line.endswith("*"))
    model = MODELS.get(first[1:7])
    if model is None:
        raise BadReply(
            f"The device on {address} is not a model that this driver knows: it calls itself {first[1:]!r}.",
            first.encode(),
        )
    serial = wire.ask("i")[0][1:]
    return model, Identity(model.name, serial, firmware=first[7:], address=address)


class EmStatChannel(Channel):
    """The cell terminals of an EmStat."""

    def __init__(self, wire: Wire, identity: Identity, model: Model, clock: Clock) -> None:
        super().__init__("1", identity, model.capabilities, clock)
        self._wire = wire
        self._model = model
        self._run: ScriptRun | None = None
        # Held by whoever reads; the thread that measures and one that calls `rest` take turns.
        self._reading = threading.RLock()
        # Two that abort a script at once would cost each other the pause after an error.
        self._resting = threading.Lock()

    def check(self, step: Step) -> None:
        """Raise `OutOfRange` where the channel cannot run a step; nothing is sent, the cell stays off."""
        super().check(step)
        compile_step(step, self._model)

    def run(self, step: Step) -> Generator[Block, None, None]:
        """Run a step on board and yield what it measures, until it ends; see `Channel.run`."""
        self.check(step)
        run = yield from self._run_script(compile_step(step, self._model))
        if run.was_busy:
            # An abort was lost on the way: nothing has begun, so that it may be asked for once more.
            self._wire.synchronise()
            run = yield from self._run_script(compile_step(step, self._model))
        if run.fault is not None:
            raise run.fault

    def _run_script(self, script: Script) -> Generator[Block, None, ScriptRun]:
        run = self._start(script)
        try:
            while not run.ended:
                with self._reading:
                    self._pump(run)
                    blocks = run.take()
                yield from blocks or (NOTHING,)
            yield from run.take()
        except BaseException:
            self._rest_after_failure()
            raise
        return run

    def read(self) -> Block:
        """Return the cell's potential now, as one `MEASUREMENT` row, without switching the cell on."""
        blocks = self._execute(READ_POTENTIAL)
        if not blocks:
            raise BadReply(f"{self.identity} gave no reading. Check its cable.", b"")
        return blocks[0][-1:]

    def wake(self) -> None:
        """Have `run` yield at once; see `Channel.wake`."""
        if self._run is not None:
            self._run.wake()

    def rest(self) -> None:
        """Switch the cell off; idempotent, and callable from any thread; see `Channel.rest`."""
        with self._resting:
            self._rest()

    def _rest(self) -> None:
        run = self._run
        if run is None or run.ended:
            try:
                self._execute(CELL_OFF)
            except (NotConnected, Timeout, InstrumentFault):
                self._recover_control(self._run)
            return
        try:
            has_stopped = self._stop(run)
        except (NotConnected, Timeout):
            has_stopped = False
        if not has_stopped:
            self._recover_control(run)
        if run.fault is not None and run.cell_may_be_on:
            raise run.fault

    def _stop(self, run: ScriptRun) -> bool:
        """Abort a script; return whether it ended in time."""
        deadline = time.monotonic() + _STOP_WAIT_S
        run.stop()
        while not run.ended and time.monotonic() < deadline:
            with self._reading:
                if not run.ended:
                    self._pump(run)
        return run.ended

    def _start(self, script: Script) -> ScriptRun:
        with self._reading:
            if self._run is not None and not self._run.ended:
                raise InstrumentError(f"{self.identity} is still busy with another measurement.")
            self._run = ScriptRun(self._wire, script, str(self.identity), speed=self.clock.speed)
            return self._run

    def _execute(self, script: Script) -> list[Block]:
        """Run a short script to its end and return what it sent."""
        with self._reading:
            run = self._start(script)
            while not run.ended:
                self._pump(run)
            if run.fault is not None:
                raise run.fault
            return run.take()

    def _pump(self, run: ScriptRun) -> None:
        run.pump()
        if losses := self._wire.take_losses():
            self.notices += losses
            run.after_gap = True
        if run.dropped:
            self.notices.append(
                f"Lines from {self.identity} are left out, damaged or out of order: {run.dropped}."
            )
            run.dropped = 0
        self.notices += run.texts
        run.texts.clear()
        if run.was_refused:
            run.was_refused = False
            time.sleep(PAUSE_AFTER_ERROR_S)
        if run.cell_may_be_on:
            run.cell_may_be_on = False
            self._switch_off_after_fault(run)

    def _switch_off_after_fault(self, run: ScriptRun) -> None:
        # The instrument does not execute on_finished: after an error of its own.
        try:
            self._wire.synchronise()
            self._execute(CELL_OFF)
        except InstrumentError as error:
            run.cell_may_be_on = True
            self.notices.append(f"The cell on {self.identity} may still be on: {error}")

    def _recover_control(self, run: ScriptRun | None) -> None:
        """Give up on a script that does not stop: start over with the instrument, and switch off."""
        with self._reading:
            if run is not None:
                run.ended = True
            insist(
                self._start_over,
                f"{self.identity} does not stop, and its cell may still be on. "
                "Switch the instrument off or disconnect the cell.",
                retried=(NotConnected, Timeout, BadReply, InstrumentFault),
            )

    def _start_over(self) -> None:
        self._wire.synchronise()
        self._execute(CELL_OFF)

    def _rest_after_failure(self) -> None:
        try:
            self.rest()
        except InstrumentError as error:
            self.notices.append(str(error))

"""Keithley 2450, 2460 and 2461 source-measure units (SCPI command set).

Commands: Model 2450 Reference Manual 2450-901-01, section 6. The output-off state is always
HIMP: in the normal one the instrument sources 0 V, which would discharge a cell. The potential is
sensed with four wires unless told otherwise.
"""

import contextlib
from collections.abc import Generator

import numpy as np

from ...core.clock import Clock
from ...core.samples import MEASUREMENT, Block, Flag
from ...core.units import pretty_duration
from ...protocols.steps import PotentialSweep
from ..base import Identity
from ..checks import Capabilities
from ..errors import InstrumentError, InstrumentFault, NotConnected, Timeout
from ..host_timed import HostTimedChannel, Output, Reading, overflowed
from ..insisting import insist
from ..ordering import ForwardTime
from ..scpi import Scpi
from .settings import Setting
from .staircase import Staircase, staircases

_OVERFLOW = 9.8e37
_KINDS = frozenset({"rest", "constant_potential", "constant_current", "potential_sweep"})
_HIGHEST_V = 20.0
"""No electrochemical cell needs more, and a source of 200 V at a coin cell is a hazard."""
_SHORTEST_S = 0.02
_OPEN_A = 1e-6
_NPLC = 0.1
_MEASURING_S = 0.003
"""What a measurement of so many power line cycles takes, with what goes with it."""
_AT_ONCE = 200
_SILENCE, _SILENCE_S = 3.0, 5.0
_BESIDE_COMPLIANCE = 5e-4
"""How far a reading may be beside the compliance, as a share of it, and still be taken for held by it."""


class KeithleyChannel(HostTimedChannel):
    """The terminals of a source-measure unit.

    Parameters
    ----------
    scpi : Scpi
        The dialogue.
    identity, clock
        Of the instrument.
    current_max_A : float
        Its largest current.
    four_wire : bool
        Whether the potential is sensed at the cell.
    """

    def __init__(
        self, scpi: Scpi, identity: Identity, current_max_A: float, clock: Clock, *, four_wire: bool
    ) -> None:
        capabilities = Capabilities(
            kinds=_KINDS,
            potential_min_V=-_HIGHEST_V,
            potential_max_V=_HIGHEST_V,
            current_max_A=current_max_A,
            shortest_interval_s=_SHORTEST_S,
        )
        super().__init__("1", identity, capabilities, clock)
        self._scpi = scpi
        self.wires = 4 if four_wire else 2
        self._output = Output("open", 0.0, 1.0)
        self._armed: list[Setting] = []
        self._is_sweeping = False
        scpi.write(":ABOR", ":OUTP OFF", ":OUTP:VOLT:SMOD HIMP", ":OUTP:CURR:SMOD HIMP", "*CLS")
        self._confirm([Setting(":OUTP:VOLT:SMOD", "HIMP"), Setting(":OUTP:CURR:SMOD", "HIMP")])

    def read(self) -> Block:
        """Return one reading without current through the cell; the output is off afterwards."""
        try:
            self._arm(Output("open", 0.0, _HIGHEST_V))
            self._switch_on()
            return self._sample(self.clock.now())
        finally:
            self.rest()

    def _arm(self, output: Output) -> None:
        source, measured = ("VOLT", "CURR") if output.mode == "potential" else ("CURR", "VOLT")
        limit = ":SOUR:VOLT:ILIM" if output.mode == "potential" else ":SOUR:CURR:VLIM"
        level_range = max(abs(output.level), _OPEN_A if source == "CURR" else 2.0)
        if output.mode == "potential":
            # Sweeps change the level: the range covers all that may come.
            level_range = _HIGHEST_V
        settings = [
            Setting(":SOUR:FUNC", source),
            Setting(f":SENS:{measured}:RSEN", 1.0 if self.wires == 4 else 0.0),
            Setting(f":SOUR:{source}:READ:BACK", 1.0),
            Setting(limit, output.compliance),
            Setting(f":SOUR:{source}", output.level),
        ]
        self._scpi.write(
            ":OUTP OFF",
            f":SOUR:FUNC {source}",
            f':SENS:FUNC "{measured}"',
            f":SENS:{measured}:RANG:AUTO ON",
            f":SENS:{measured}:NPLC {_NPLC:g}",
            f":SENS:{measured}:AZER OFF",
            f":SOUR:{source}:RANG {level_range:.7g}",
        )
        self._scpi.write(*(setting.command for setting in settings))
        self._scpi.write(':TRAC:CLE "defbuffer1"')
        self._scpi.raise_errors()
        self._confirm(settings)
        self._output = output
        self._armed = settings

    def _switch_on(self) -> None:
        self._scpi.write(":OUTP ON")
        self._scpi.raise_errors()
        self._confirm([Setting(":OUTP", 1.0)])

    def _set_level(self, level: float) -> None:
        source = "VOLT" if self._output.mode == "potential" else "CURR"
        # The level stands last among what was armed.
        self._armed[-1] = Setting(f":SOUR:{source}", level)
        self._scpi.write(self._armed[-1].command)

    def _sweep(self, step: PotentialSweep) -> Generator[Block, None, None]:
        """Let the instrument itself step through the path, where its legs hold whole steps.

        Its own clock times the points, and its buffer keeps them while the link is lost.
        """
        legs = staircases(step)
        if legs is None:
            yield from super()._sweep(step)
            return
        begin_s = self.clock.now()
        self._is_sweeping = True
        try:
            for index, leg in enumerate(legs):
                yield from self._staircase(leg, begin_s, index // (len(step.path_V) - 1))
                if self._stop.is_set():
                    return
        finally:
            self._is_sweeping = False

    def _staircase(self, leg: Staircase, begin_s: float, scan: int) -> Generator[Block, None, None]:
        """Start one leg on the trigger model, and yield what its buffer gains until it is complete."""
        delay_s = max(leg.interval_s - _MEASURING_S, 0.0)
        self._scpi.write(
            ':TRAC:CLE "defbuffer1"',
            f":SOUR:SWE:VOLT:LIN {leg.start_V:.7g},{leg.stop_V:.7g},{leg.points},{delay_s:.6g},1,FIX,OFF",
            ":INIT",
        )
        self._scpi.raise_errors()
        # The first point comes one interval after the start, and counts as the time zero of its level.
        started_s = silent_since_s = self.clock.now()
        first_s = started_s - begin_s
        time = ForwardTime(leg.interval_s)
        taken = 0
        while taken < leg.points:
            # As soon as the next point is due, so that the last one is not dwelt on.
            due_s = started_s + (taken + 1) * leg.interval_s
            yield from self._wait_until(max(due_s, self.clock.now() + _SHORTEST_S))
            if self._stop.is_set():
                return
            rows, _ = yield from self._insistently(lambda: self._buffered(taken))  # noqa: B023
            if rows:
                yield self._points(rows, first_s, scan, time)
                taken += len(rows)
                silent_since_s = self.clock.now()
            elif self.clock.now() - silent_since_s > _SILENCE * leg.interval_s + _SILENCE_S:
                self._verify()
                raise Timeout(f"{self.identity} has stopped in the middle of a sweep. Check its display.")

    def _buffered(self, taken: int) -> list[tuple[float, float, float]]:
        """Return source, reading and time of what has come into the buffer; nothing is taken from it."""
        (count,) = self._scpi.numbers(':TRAC:ACT? "defbuffer1"', 1)
        if count < taken:
            self._verify()
            raise InstrumentFault(
                f"{self.identity} has lost readings of the sweep: its buffer holds {count:g} of at least "
                f"{taken}. Leave its front panel alone while it measures, and start the run again.",
                "buffer",
            )
        last = min(int(count), taken + _AT_ONCE)
        if last <= taken:
            return []
        numbers = self._scpi.numbers(
            f':TRAC:DATA? {taken + 1},{last},"defbuffer1",SOUR,READ,REL', 3 * (last - taken)
        )
        return list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))

    def _points(
        self, rows: list[tuple[float, float, float]], first_s: float, scan: int, time: ForwardTime
    ) -> Block:
        block = np.zeros(len(rows), MEASUREMENT)
        for point, (source, value, time_s) in zip(block, rows, strict=True):
            point["time_s"] = first_s + time.of(time_s)
            point["potential_V"], point["current_A"], point["flags"] = self._told(source, value)
        block["scan"], block["temperature_degC"] = scan, np.nan
        if time.turned_back_s:
            self.notices.append(
                f"The clock of {self.identity} jumped back by {pretty_duration(time.turned_back_s)}; "
                "time was counted on by the interval of the sweep."
            )
            time.turned_back_s = 0.0
        return block

    def _measure(self) -> Reading:
        return self._told(*self._scpi.numbers(':READ? "defbuffer1",SOUR,READ', 2))

    def _told(self, source: float, value: float) -> Reading:
        """Return what the instrument says of its source and of what it measures."""
        (source, source_flag), (value, value_flag) = (overflowed(each, _OVERFLOW) for each in (source, value))
        flags = source_flag | value_flag
        if self._output.mode == "potential":
            return Reading(source, value, flags | self._compliance(value))
        return Reading(value, source, flags | self._compliance(value))

    def _verify(self) -> None:
        *others, _ = self._armed
        try:
            self._confirm([*others, Setting(":OUTP", 1.0)])
        except InstrumentFault as error:
            raise InstrumentFault(
                f"{self.identity} is not as it was left: its output was switched off, or it was started "
                f"again. Check its display. ({error})",
                error.code,
            ) from error

    def _reconnect(self) -> None:
        self._scpi.reopen()
        self._verify()
        if self._is_sweeping:
            return
        level = self._armed[-1]
        # Whether the last level arrived is not known; it may be set again.
        self._scpi.write(level.command)
        self._confirm([level])

    def _switch_off(self) -> None:
        insist(
            self._confirm_off,
            f"The output of {self.identity} may still be on: switch it off at the instrument.",
            retried=(InstrumentError,),
        )

    def _confirm_off(self) -> None:
        try:
            self._scpi.write(":ABOR", ":OUTP OFF")
            self._confirm([Setting(":OUTP", 0.0)])
        except NotConnected:
            # For the next attempt.
            with contextlib.suppress(InstrumentError):
                self._scpi.reopen()
            raise

    def _compliance(self, value: float) -> int:
        """Return the flag of a reading that the compliance holds, instead of the level."""
        held = abs(value) >= self._output.compliance * (1.0 - _BESIDE_COMPLIANCE)
        return int(Flag.COMPLIANCE) if held and self._output.mode != "open" else 0

    def _confirm(self, settings: list[Setting]) -> None:
        for setting in settings:
            reply = self._scpi.query(f"{setting.header}?")
            if not setting.is_told_by(reply):
                # Before the instrument is blamed, the line is: what came may belong to another question.
                self._scpi.synchronise()
                reply = self._scpi.query(f"{setting.header}?")
            if not setting.is_told_by(reply):
                raise InstrumentFault(
                    f"{self.identity} was told {setting.command!r} but says {reply[:40]!r}. "
                    "Check the instrument's display.",
                    "setting",
                )

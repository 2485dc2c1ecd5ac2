"""The simulated source-measure unit as its host sees it: lines in, lines out."""

import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ....core.clock import Clock, SystemClock
from ...cells import SimulatedCell
from ..scpi import ErrorQueue, Header, ScpiError, Unit, split_message
from .models import MODELS
from .readings import Buffer, Reading
from .settings import Setting, settings
from .source_meter import OVERFLOW, Drive, SourceMeter

_LINE_HZ = 50.0
_OVERHEAD_S = 8e-4
_OVERFLOWING = 10
_TURNED_BACK_S = 3.0
_LONGEST_LINE = 65_536
_CACHED_HEADERS = 512
_NO_ERROR = '0,"No error;0;0 0"'


class Point(NamedTuple):
    """A point of the trigger model: when, and the level that is set before it (None: as it is)."""

    at_s: float
    level: float | None
    buffer: str


class KeithleyDevice:
    """A simulated 2450, 2460 or 2461 in its SCPI command set.

    Parameters
    ----------
    model : {"2450", "2460", "2461"}
        Which one.
    cell : SimulatedCell
        What is connected to its terminals.
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
            raise ValueError(f"{model!r} is not a simulated source meter; there are {', '.join(MODELS)}.")
        self.model = MODELS[model]
        self.serial_number = f"0409{seed % 10000:04d}"
        self._clock = clock or SystemClock()
        self._meter = SourceMeter(self.model, cell, seed)
        self._errors = ErrorQueue()
        self._settings = settings(self.model.highest_V, self.model.highest_A)
        self._handlers = self._table()
        self._found: dict[tuple[tuple[str, ...], bool], Setting | Callable[..., str | None] | None] = {}
        self._lock = threading.RLock()
        self._send: Callable[[bytes], None] | None = None
        self._received = b""
        self._at_s = self._clock.now()
        self._overflowing = 0
        self._turned_back_s = 0.0
        self._event_enable = 0
        self._reset()

    def close(self) -> None:
        """Switch the instrument off."""
        with self._lock:
            self._send = None
            self._reset()
            self._values["off_voltage"] = self._values["off_current"] = "HIMP"

    # What is true, for tests and displays

    @property
    def cell(self) -> SimulatedCell:
        """The connected cell as it is now."""
        with self._lock:
            self._settle()
            return self._meter.cell

    @property
    def cell_is_on(self) -> bool:
        """Whether the output is on."""
        return bool(self._values["output"])

    FAULTS = ("reboot", "trip", "overflow", "artefact", "clock", "overrun")
    """Settings lost, output switched off by itself, ten readings beyond every range, or one while the range
    changes; the clock jumps back by 3 s; the buffer loses what it holds."""

    def suffer(self, fault: str) -> None:
        """Let one of `FAULTS` happen."""
        with self._lock:
            self._settle()
            if fault in ("overflow", "artefact"):
                self._overflowing = _OVERFLOWING if fault == "overflow" else 1
                return
            if fault == "clock":
                self._turned_back_s += _TURNED_BACK_S
                return
            if fault == "overrun":
                for buffer in self._buffers.values():
                    buffer.clear()
                return
            self._pending.clear()
            self._values["output"] = 0.0
            if fault == "reboot":
                self._reset()

    # The wire

    def attach(self, send: Callable[[bytes], None] | None) -> None:
        """Send replies to a host from now on, or to nobody; the output stays as it is."""
        self._send = send
        self._received = b""

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        with self._lock:
            *lines, self._received = (self._received + data).split(b"\n")
            self._received = self._received[-_LONGEST_LINE:]
            for line in lines:
                self._message(line.decode("ascii", "replace").strip())

    def _message(self, text: str) -> None:
        replies = []
        try:
            for unit in split_message(text):
                reply = self._carry_out(unit)
                if reply is not None:
                    replies.append(reply)
        except ScpiError as error:
            # What comes behind an error in the same message is not carried out.
            self._errors.add(error)
        if replies and self._send is not None:
            self._send(";".join(replies).encode("ascii") + b"\n")

    def _carry_out(self, unit: Unit) -> str | None:
        self._settle()
        found = self._find(unit)
        if found is None:
            raise ScpiError(-113, "Undefined header")
        if isinstance(found, Setting):
            return self._ask(found) if unit.is_query else self._change(found, unit.arguments)
        try:
            return found(*unit.arguments)
        except (TypeError, ValueError):
            raise ScpiError(-109, "Missing parameter") from None

    def _find(self, unit: Unit) -> Setting | Callable[..., str | None] | None:
        """Return the setting or the handler of a header; found once for each spelling."""
        key = (unit.nodes, unit.is_query)
        if key not in self._found:
            if len(self._found) >= _CACHED_HEADERS:
                self._found.clear()
            setting = next((each for each in self._settings if each.header.matches(unit.nodes)), None)
            self._found[key] = setting or next(
                (
                    handler
                    for header, asks, handler in self._handlers
                    if asks == unit.is_query and header.matches(unit.nodes)
                ),
                None,
            )
        return self._found[key]

    def _table(self) -> list[tuple[Header, bool, Callable[..., str | None]]]:
        """Return what is not only a setting: header, whether it is a query, and what it does."""
        table: list[tuple[str, Callable[..., str | None]]] = [
            ("*IDN?", lambda: f"KEITHLEY INSTRUMENTS,MODEL {self.model.name},{self.serial_number},1.7.12b"),
            ("*LANG?", lambda: "SCPI"),
            ("*ESE", self._enable_events),
            ("*ESE?", lambda: str(self._event_enable)),
            ("*OPC?", lambda: "1"),
            ("*WAI", lambda: None),
            ("*RST", self._reset),
            ("*CLS", self._errors.clear),
            (":STATus:PRESet", lambda: None),
            (":SYSTem:CLEar", self._errors.clear),
            (":SYSTem:BEEPer[:IMMediate]", lambda *_: None),
            (":SYSTem:ERRor[:NEXT]?", self._next_error),
            (":SYSTem:ERRor:COUNt?", lambda: str(len(self._errors))),
            (":SOURce[1]:VOLTage:ILIMit[:LEVel]:TRIPped?", self._is_tripped),
            (":SOURce[1]:CURRent:VLIMit[:LEVel]:TRIPped?", self._is_tripped),
            (":SENSe[1]:FUNCtion[:ON]", self._set_measured),
            (":SENSe[1]:FUNCtion[:ON]?", lambda: f'"{self._measured}:DC"'),
            (":SENSe[1]:AZERo:ONCE", lambda: None),
            (":OUTPut[1]:SMODe", self._set_both_off_states),
            (":READ?", self._read),
            (":MEASure?", self._read),
            (":FETCh?", self._fetch),
            (":TRACe:MAKE", self._make_buffer),
            (":TRACe:DELete", self._delete_buffer),
            (":TRACe:CLEar", lambda name="defbuffer1": self._buffer(name).clear()),
            (":TRACe:POINts?", lambda name="defbuffer1": str(self._buffer(name).capacity)),
            (":TRACe:POINts", self._set_points),
            (":TRACe:ACTual?", lambda name="defbuffer1": str(len(self._buffer(name)))),
            (":TRACe:DATA?", self._data),
            (":TRACe:STATistics:AVERage?", self._average),
            (":TRIGger:LOAD", self._load_loop),
            (":TRIGger:STATe?", self._trigger_state),
            (":INITiate[:IMMediate]", self._start),
            (":ABORt", self._abort),
            (":SOURce[1]:SWEep:VOLTage:LINear", functools.partial(self._load_sweep, "VOLT")),
            (":SOURce[1]:SWEep:CURRent:LINear", functools.partial(self._load_sweep, "CURR")),
        ]
        return [(Header(text.rstrip("?")), text.endswith("?"), handler) for text, handler in table]

    # Settings

    def _enable_events(self, mask: str) -> None:
        if not 0 <= int(mask) <= 255:
            raise ScpiError(-222, "Parameter data out of range")
        self._event_enable = int(mask)

    def _reset(self) -> None:
        self._values: dict[str, float | str] = {each.name: each.default for each in self._settings}
        self._measured = "CURR"
        self._buffers = {"DEFBUFFER1": Buffer(), "DEFBUFFER2": Buffer()}
        self._loaded: list[tuple[float, float | None, str]] = []
        self._pending: deque[Point] = deque()

    def _ask(self, setting: Setting) -> str:
        return setting.text(self._values[setting.name])

    def _change(self, setting: Setting, arguments: tuple[str, ...]) -> None:
        if not arguments:
            raise ScpiError(-109, "Missing parameter")
        value = setting.read(arguments[0])
        if setting.name in ("source_voltage", "source_current"):
            self._check_range(setting.name, float(value))
        if setting.name == "terminals" and value != self._values["terminals"]:
            self._values["output"] = 0.0
        if setting.name.endswith("_range"):
            self._values[setting.name.replace("_range", "_auto")] = 0.0
        self._values[setting.name] = value

    def _check_range(self, name: str, value: float) -> None:
        fixed = not self._values[f"{name}_auto"]
        if fixed and abs(value) > 1.05 * abs(float(self._values[f"{name}_range"])):
            raise ScpiError(-221, "Settings conflict")

    def _set_measured(self, function: str) -> None:
        word = function.upper().removesuffix(":DC")[:4]
        if word not in ("VOLT", "CURR", "RES"):
            raise ScpiError(-224, "Illegal parameter value")
        self._measured = word

    def _set_both_off_states(self, state: str) -> None:
        for name in ("off_voltage", "off_current"):
            setting = next(each for each in self._settings if each.name == name)
            self._change(setting, (state,))

    def _next_error(self) -> str:
        error = self._errors.take()
        return _NO_ERROR if error is None else f'{error.number},"{error.text};1;2026/01/01 00:00:00.000"'

    def _is_tripped(self) -> str:
        return "1" if self.cell_is_on and self._meter.is_limited else "0"

    # Measuring

    def _drive(self) -> Drive:
        sources_voltage = self._values["source_function"] == "VOLT"
        return Drive(
            is_on=self.cell_is_on,
            sources_voltage=sources_voltage,
            voltage_V=float(self._values["source_voltage"]),
            current_A=float(self._values["source_current"]),
            current_limit_A=float(self._values["current_limit"]),
            voltage_limit_V=float(self._values["voltage_limit"]),
            off_state=str(self._values["off_voltage" if sources_voltage else "off_current"]),
        )

    def _settle(self) -> None:
        """Bring the cell to the present, through the points of the trigger model that are due."""
        now_s = self._clock.now()
        while self._pending:
            point = self._pending[0]
            # The level is set where the point before it ended.
            if point.level is not None:
                name = "source_voltage" if self._values["source_function"] == "VOLT" else "source_current"
                self._values[name] = point.level
            if point.at_s > now_s:
                break
            self._pending.popleft()
            self._advance_to(point.at_s)
            self._buffer(point.buffer).add(self._reading(point.at_s))
        self._advance_to(now_s)

    def _advance_to(self, time_s: float) -> None:
        if time_s > self._at_s:
            self._meter.advance(self._drive(), time_s - self._at_s)
            self._at_s = time_s

    def _reading(self, at_s: float) -> Reading:
        sources_voltage = self._values["source_function"] == "VOLT"
        voltage = self._meter.measure_voltage(self._fixed_range("voltage"))
        current = self._meter.measure_current(self._fixed_range("current"))
        if self._overflowing:
            self._overflowing -= 1
            voltage = current = OVERFLOW
        value = {"VOLT": voltage, "CURR": current, "RES": voltage / current if current else 9.9e37}
        source = voltage if sources_voltage else current
        if not self._values["voltage_read_back" if sources_voltage else "current_read_back"]:
            source = float(self._values["source_voltage" if sources_voltage else "source_current"])
        units = {"VOLT": "Volt DC", "CURR": "Amp DC", "RES": "Ohm"}
        told_s = at_s - self._turned_back_s
        return Reading(value[self._measured], source, told_s, self._meter.is_limited, units[self._measured])

    def _fixed_range(self, quantity: str) -> float | None:
        if self._values[f"sense_{quantity}_auto"]:
            return None
        return abs(float(self._values[f"sense_{quantity}_range"]))

    def _read(self, buffer: str = "defbuffer1", *elements: str) -> str:
        if not self.cell_is_on:
            # It measures only with its output on.
            raise ScpiError(5076, "Output is off")
        kept = self._buffer(buffer)
        nplc = float(self._values["sense_voltage_nplc" if self._measured == "VOLT" else "sense_current_nplc"])
        self._clock.wait(nplc / _LINE_HZ + _OVERHEAD_S)
        self._settle()
        kept.add(self._reading(self._at_s))
        return kept.text(len(kept), len(kept), elements)

    def _fetch(self, buffer: str = "defbuffer1", *elements: str) -> str:
        kept = self._buffer(buffer)
        return kept.text(len(kept), len(kept), elements)

    # Buffers

    def _buffer(self, name: str) -> Buffer:
        found = self._buffers.get(name.upper())
        if found is None:
            raise ScpiError(-224, "Illegal parameter value")
        return found

    def _make_buffer(self, name: str, capacity: str, *_: str) -> None:
        self._buffers[name.upper()] = Buffer(self._count(capacity))

    def _delete_buffer(self, name: str) -> None:
        self._buffer(name)
        del self._buffers[name.upper()]

    def _set_points(self, capacity: str, name: str = "defbuffer1") -> None:
        self._buffer(name)
        self._buffers[name.upper()] = Buffer(self._count(capacity))

    def _data(self, first: str, last: str, name: str = "defbuffer1", *elements: str) -> str:
        return self._buffer(name).text(int(float(first)), int(float(last)), elements)

    def _average(self, name: str = "defbuffer1") -> str:
        values = self._buffer(name).values()
        return f"{sum(values) / len(values):.6E}" if values else "9.910000E+37"

    @staticmethod
    def _count(text: str) -> int:
        value = int(float(text))
        if not 1 <= value <= 6_875_000:
            raise ScpiError(-222, "Parameter data out of range")
        return value

    # The trigger model: points after one another, with the time since the one before and a level

    def _load_loop(self, kind: str, count: str, delay: str = "0", buffer: str = "defbuffer1") -> None:
        if kind.upper() != "SIMPLELOOP":
            raise ScpiError(-224, "Illegal parameter value")
        self._buffer(buffer)
        self._loaded = [(float(delay), None, buffer)] * self._count(count)

    def _load_sweep(
        self, function: str, start: str, stop: str, points: str, delay: str = "0", count: str = "1",
        range_type: str = "BEST", fail_abort: str = "ON", dual: str = "OFF", buffer: str = "defbuffer1",
    ) -> None:  # fmt: skip
        del range_type, fail_abort
        number, first, last = self._count(points), float(start), float(stop)
        if number < 2:
            raise ScpiError(-222, "Parameter data out of range")
        name = "source_voltage" if function == "VOLT" else "source_current"
        setting = next(each for each in self._settings if each.name == name)
        for level in (first, last):
            setting.read(str(level))
        self._buffer(buffer)
        levels = [first + (last - first) * index / (number - 1) for index in range(number)]
        if dual.upper() == "ON":
            levels += levels[-2::-1]
        self._values["source_function"] = function
        self._loaded = [(float(delay), level, buffer) for level in levels] * self._count(count)

    def _start(self) -> None:
        if not self._loaded:
            raise ScpiError(-200, "Execution error")
        # A sweep switches the output on by itself.
        if any(level is not None for _, level, _ in self._loaded):
            self._values["output"] = 1.0
        quantity = "voltage" if self._measured == "VOLT" else "current"
        each_s = float(self._values[f"sense_{quantity}_nplc"]) / _LINE_HZ + _OVERHEAD_S
        at_s = self._at_s
        self._pending.clear()
        for delay_s, level, buffer in self._loaded:
            at_s += delay_s + each_s
            self._pending.append(Point(at_s, level, buffer))

    def _abort(self) -> None:
        self._pending.clear()

    def _trigger_state(self) -> str:
        state = "RUNNING" if self._pending else "IDLE"
        return f"{state};{state};1"

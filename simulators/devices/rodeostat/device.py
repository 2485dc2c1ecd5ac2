"""The simulated potentiostat as its host sees it: objects in JSON, one a line."""

import itertools
import json
import random
import threading
from collections.abc import Callable
from typing import Any

from ....core.clock import Clock, SystemClock
from ...cells import SimulatedCell
from .variants import VOLTAGE_RANGES_V, CURRENT_RANGES_uA
from .waveforms import DEFAULTS, QUIET, checked, waveform

_DAC_STEPS = 4095
_ADC_STEPS = 65535
_NOISE_OF_RANGE = 1e-5
_LONGEST_LINE = 4096
_TURNED_BACK_ms = 3000
_OVERRUN_SAMPLES = 40


class RodeostatDevice:
    """A simulated Rodeostat of hardware version 0.2.

    Parameters
    ----------
    variant : str
        A key of `variants.CURRENT_RANGES_uA`.
    cell : SimulatedCell
        What is connected.
    clock : Clock, optional
        By default the computer's.
    seed : int
        Decides the noise.

    Raises
    ------
    ValueError
        The variant is unknown.
    """

    def __init__(self, variant: str, cell: SimulatedCell, clock: Clock | None = None, seed: int = 1) -> None:
        if variant not in CURRENT_RANGES_uA:
            raise ValueError(f"{variant!r} is not a Rodeostat; there are {', '.join(CURRENT_RANGES_uA)}.")
        self.variant = variant
        self._cell = cell
        self._clock = clock or SystemClock()
        self._ranges = CURRENT_RANGES_uA[variant]
        self._current_range = list(self._ranges)[-1]
        self._voltage_range = "1V"
        self._volt = 0.0
        self._period_ms = 10
        self._device_id = 0
        self._parameters = {name: {**QUIET, **values} for name, values in DEFAULTS.items()}
        self._connected: dict[str, bool] = dict.fromkeys(("Ref", "Ctr", "Wrk"), True)
        chance = random.Random(seed)  # noqa: S311  noise, not secrets
        self._noise = itertools.cycle([chance.gauss(0.0, 1.0) for _ in range(4096)])
        self._current_A = 0.0
        self._at_s = self._clock.now()
        self._lock = threading.RLock()
        self._send: Callable[[bytes], None] | None = None
        self._received = b""
        self._is_silent = False
        self._turned_back_ms = 0
        self._to_lose = 0
        self._stop = threading.Event()
        self._worker: threading.Thread | None = None

    def close(self) -> None:
        """Switch the instrument off."""
        self._stop.set()
        if self._worker is not None:
            self._worker.join(5)

    # What is true, for tests and displays

    @property
    def cell(self) -> SimulatedCell:
        """The connected cell as it is now."""
        with self._lock:
            self._settle()
            return self._cell

    @property
    def cell_is_on(self) -> bool:
        """Whether the counter electrode is connected, so that current can flow."""
        return self._connected["Ctr"] and self._connected["Wrk"]

    FAULTS = ("reboot", "clock", "overrun")
    """The firmware starts again: what ran is forgotten, and everything is at its default; its timer jumps
    back by 3 s; its output overruns, which loses the next 40 samples."""

    def suffer(self, fault: str) -> None:
        """Let one of `FAULTS` happen."""
        if fault == "clock":
            self._turned_back_ms += _TURNED_BACK_ms
            return
        if fault == "overrun":
            self._to_lose = _OVERRUN_SAMPLES
            return
        self._is_silent = True
        self._stop.set()
        if self._worker is not None:
            self._worker.join(5)
        with self._lock:
            self._settle()
            self._is_silent = False
            self._volt, self._voltage_range, self._period_ms = 0.0, "1V", 10
            self._connected = dict.fromkeys(self._connected, True)

    # The wire

    def attach(self, send: Callable[[bytes], None] | None) -> None:
        """Send to a host from now on, or to nobody."""
        self._send = send
        self._received = b""

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        *lines, rest = (self._received + data).split(b"\n")
        self._received = rest[-_LONGEST_LINE:]
        for line in lines:
            if line.strip():
                self._request(line)

    def _say(self, thing: dict[str, Any]) -> None:
        if self._send is not None and not self._is_silent:
            self._send(json.dumps(thing).encode("ascii") + b"\r\n")

    def _request(self, line: bytes) -> None:
        try:
            request = json.loads(line)
            name = request["command"]
        except (ValueError, KeyError, TypeError):
            self._refuse("unable to parse json")
            return
        handler = getattr(self, f"_do_{name}", None) if isinstance(name, str) else None
        if handler is None:
            self._refuse(f"command, {name}, not found")
            return
        try:
            with self._lock:
                self._settle()
                response = handler(request)
        except KeyError as missing:
            self._refuse(f"json does not contain key: {missing.args[0]}")
        except (ValueError, TypeError, OverflowError) as wrong:
            self._refuse(str(wrong))
        else:
            self._say({"success": True, "response": {"command": name, **response}})
            if name == "runTest":
                self._start(request["test"])

    def _refuse(self, message: str) -> None:
        self._say({"success": False, "message": message, "response": {}})

    # Commands

    def _do_getVersion(self, _: Any) -> dict[str, Any]:
        return {"version": "FW0.1.0"}

    def _do_getVariant(self, _: Any) -> dict[str, Any]:
        return {"variant": self.variant}

    def _do_getHardwareVersion(self, _: Any) -> dict[str, Any]:
        return {"version": "V0.2"}

    def _do_getDeviceId(self, _: Any) -> dict[str, Any]:
        return {"deviceId": self._device_id}

    def _do_setDeviceId(self, request: Any) -> dict[str, Any]:
        self._device_id = int(request["deviceId"]) % 256
        return {"deviceId": self._device_id}

    def _do_getTestNames(self, _: Any) -> dict[str, Any]:
        return {"testNames": list(DEFAULTS)}

    def _do_getVolt(self, _: Any) -> dict[str, Any]:
        return {"v": self._volt}

    def _do_setVolt(self, request: Any) -> dict[str, Any]:
        self._volt = self._quantised(float(request["v"]))
        return {"v": self._volt}

    def _do_getCurr(self, _: Any) -> dict[str, Any]:
        return {"i": self._reading()[0]}

    def _do_getRefVolt(self, _: Any) -> dict[str, Any]:
        # The working electrode is at virtual ground.
        potential_V = self._volt if self.cell_is_on else self._cell.potential_V
        full = 10.0
        return {"r": -round(potential_V / full * _ADC_STEPS / 2) * full * 2 / _ADC_STEPS}

    def _do_getVoltRange(self, _: Any) -> dict[str, Any]:
        return {"voltRange": self._voltage_range}

    def _do_setVoltRange(self, request: Any) -> dict[str, Any]:
        wanted = request["voltRange"]
        if wanted not in VOLTAGE_RANGES_V:
            raise ValueError(f"voltRange, {wanted}, not found")
        self._voltage_range = wanted
        return {"voltRange": wanted}

    def _do_getCurrRange(self, _: Any) -> dict[str, Any]:
        return {"currRange": self._current_range}

    def _do_setCurrRange(self, request: Any) -> dict[str, Any]:
        wanted = request["currRange"]
        if wanted not in self._ranges:
            raise ValueError(f"currRange, {wanted}, not found")
        self._current_range = wanted
        return {"currRange": wanted}

    def _do_getSamplePeriod(self, _: Any) -> dict[str, Any]:
        return {"samplePeriod": self._period_ms}

    def _do_setSamplePeriod(self, request: Any) -> dict[str, Any]:
        period = request["samplePeriod"]
        if period < 1:
            raise ValueError("json samplePeriod value is too small")
        if period > 1000:
            raise ValueError("json samplePeriod value is too large")
        self._period_ms = int(period)
        return {"samplePeriod": self._period_ms}

    def _do_getParam(self, request: Any) -> dict[str, Any]:
        test = self._test(request)
        return {"test": test, "param": self._parameters[test]}

    def _do_setParam(self, request: Any) -> dict[str, Any]:
        test, given = self._test(request), request["param"]
        known = self._parameters[test]
        self._parameters[test] = {
            **known,
            **{name: checked(name, given[name]) for name in known if name in given},
        }
        return {"test": test, "param": self._parameters[test]}

    def _do_getTestDoneTime(self, request: Any) -> dict[str, Any]:
        test = self._test(request)
        _, duration = waveform(test, self._parameters[test])
        return {"test": test, "testDoneTime": self._parameters[test]["quietTime"] + duration}

    def _do_runTest(self, request: Any) -> dict[str, Any]:
        # The maker's library asks for the name in the answer.
        return {"test": self._test(request)}

    def _do_stopTest(self, _: Any) -> dict[str, Any]:
        self._stop.set()
        return {}

    def _do_getMuxEnabled(self, _: Any) -> dict[str, Any]:
        return {"muxEnabled": False}

    def _do_setAllElectConnected(self, request: Any) -> dict[str, Any]:
        wanted = bool(request["connected"])
        self._connected = dict.fromkeys(self._connected, wanted)
        return {"connected": wanted}

    def _do_getAllElectConnected(self, _: Any) -> dict[str, Any]:
        return {"connected": all(self._connected.values())}

    def _connect(self, electrode: str, request: Any) -> dict[str, Any]:
        self._connected[electrode] = bool(request["connected"])
        return {"connected": self._connected[electrode]}

    def _do_setRefElectConnected(self, request: Any) -> dict[str, Any]:
        return self._connect("Ref", request)

    def _do_setCtrElectConnected(self, request: Any) -> dict[str, Any]:
        return self._connect("Ctr", request)

    def _do_setWrkElectConnected(self, request: Any) -> dict[str, Any]:
        return self._connect("Wrk", request)

    def _do_getCtrElectConnected(self, _: Any) -> dict[str, Any]:
        return {"connected": self._connected["Ctr"]}

    def _test(self, request: Any) -> str:
        if request["test"] not in self._parameters:
            raise ValueError("test not found")
        return request["test"]

    # Measuring

    def _settle(self) -> None:
        """Bring the cell to the present, with the potential as it is."""
        self._advance(self._clock.now() - self._at_s)

    def _advance(self, seconds: float) -> None:
        if seconds <= 0.0:
            return
        if self.cell_is_on:
            self._current_A = self._cell.hold_potential(self._volt, seconds)
        else:
            self._cell.rest(seconds)
            self._current_A = 0.0
        self._at_s += seconds

    def _quantised(self, volt: float) -> float:
        full = VOLTAGE_RANGES_V[self._voltage_range]
        count = min(max(round((volt + full) / (2 * full) * _DAC_STEPS), 0), _DAC_STEPS)
        return round(count / _DAC_STEPS * 2 * full - full, 6)

    def _reading(self) -> tuple[float, bool]:
        """Return the current in µA as the converter reads it, and whether it is beyond the range."""
        full = self._ranges[self._current_range]
        value = self._current_A * 1e6 + full * _NOISE_OF_RANGE * next(self._noise)
        count = min(max(round((full - value) / (2 * full) * _ADC_STEPS), 0), _ADC_STEPS)
        return full - count / _ADC_STEPS * 2 * full, count in (0, _ADC_STEPS)

    def _start(self, test: str) -> None:
        self._stop.set()
        if self._worker is not None:
            self._worker.join(5)
        self._stop.clear()
        self._worker = threading.Thread(target=self._run, args=(test,), name="rodeostat test", daemon=True)
        self._worker.start()

    def _run(self, test: str) -> None:
        parameters = dict(self._parameters[test])
        shape, duration_ms = waveform(test, parameters)
        quiet_ms, quiet_V = parameters["quietTime"], parameters["quietValue"]
        levels = [shape(duration_ms * share / 200) for share in range(201)] + [quiet_V]
        most = max(abs(level) for level in levels)
        # The firmware takes the smallest range that fits.
        self._voltage_range = next(
            (name for name, full in VOLTAGE_RANGES_V.items() if most <= full), self._voltage_range
        )
        begin_s = self._clock.now()
        now_ms = 0.0
        self._turned_back_ms = self._to_lose = 0
        while now_ms < quiet_ms + duration_ms and not self._stop.is_set():
            with self._lock:
                self._settle()
                self._volt = self._quantised(quiet_V if now_ms < quiet_ms else shape(now_ms - quiet_ms))
            now_ms += self._period_ms
            if self._clock.wait(begin_s + now_ms / 1e3 - self._clock.now(), self._stop):
                break
            with self._lock:
                self._settle()
                current_uA, is_beyond = self._reading()
                told_ms = int(now_ms) - self._turned_back_ms
                sample: dict[str, Any] = {"t": told_ms, "v": self._volt, "i": round(current_uA, 6)}
            if is_beyond:
                sample["le"] = True
            if self._to_lose:
                self._to_lose -= 1
            else:
                self._say(sample)
        with self._lock:
            self._settle()
            self._volt = self._quantised(0.0)
        self._say({})

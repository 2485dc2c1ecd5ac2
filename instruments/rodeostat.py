"""IO Rodeo Rodeostat: an open-hardware potentiostat that speaks JSON in lines.

Source: the firmware and the Python library of github.com/iorodeo/potentiostat (MIT). The firmware
runs constant potentials, linear sweeps and cyclic voltammograms by itself, and knows neither
limits nor end conditions: those are kept by the computer. Hardware from version 0.2 on can
disconnect its electrodes; older ones cannot watch an open circuit.
"""

import contextlib
import json
import math
import re
import threading
import time
from collections.abc import Generator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.clock import Clock
from ..core.samples import MEASUREMENT, Block, Flag
from ..protocols.steps import ConstantPotential, PotentialSweep, Rest, Step
from .base import Channel, Identity, Instrument
from .checks import Capabilities
from .errors import BadReply, InstrumentError, InstrumentFault, NotConnected, OutOfRange, Timeout
from .insisting import asked, insist
from .link import PatientLink, open_link
from .ordering import InOrder
from .waiting import NOTHING

_REPLY_S = 2.0
_TRIES = 3
_SILENT_S = 10.0
_QUIET_S = 0.15
_LONGEST_PERIOD_MS = 1000
_PACKET = 64
_CAN_DISCONNECT = (0, 2)
"""Version of the hardware from which on electrodes can be disconnected."""
_HIGHEST_V = 10.0
_ABOVE = 1.05

CURRENT_RANGES_A: dict[str, dict[str, float]] = {
    "nanoAmp": {"60nA": 6e-8, "100nA": 1e-7, "1uA": 1e-6, "10uA": 1e-5},
    "microAmp": {"1uA": 1e-6, "10uA": 1e-5, "100uA": 1e-4, "1000uA": 1e-3},
    "10MilliAmp": {"10uA": 1e-5, "100uA": 1e-4, "1000uA": 1e-3, "10000uA": 1e-2},
    "24MilliAmp": {"100uA": 1e-4, "1000uA": 1e-3, "12000uA": 1.2024e-2, "24000uA": 2.4048e-2},
    "milliAmp": {"100uA": 1e-4, "1000uA": 1e-3, "12000uA": 1.2024e-2, "24000uA": 2.4048e-2},
}
"""Full scales by a word in the variant; the first that occurs counts."""


class Rodeostat(Instrument):
    """A Rodeostat.

    Parameters
    ----------
    address : str
        The port: ``COM5``, ``/dev/ttyACM0``, or ``socket://host:port``.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.

    Raises
    ------
    NotConnected, Timeout, BadReply
        There is no Rodeostat at the address.
    """

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        super().__init__(address, clock)
        self._dialogue = _Dialogue(address)
        try:
            self.identity, ranges, can_disconnect = self._identify()
            self._channel = RodeostatChannel(
                self._dialogue, self.identity, ranges, self.clock, can_disconnect=can_disconnect
            )
            self._channel.rest()
        except InstrumentError:
            self._dialogue.close()
            raise
        self.channels = (self._channel,)

    @classmethod
    def probe(cls, address: str) -> tuple[Identity, tuple[str, ...]]:
        """Ask for variant and firmware, and nothing else; see `Instrument.probe`."""
        with contextlib.closing(_Dialogue(address)) as dialogue:
            variant, firmware = (
                str(dialogue.ask(f"get{what}")[what.lower()]) for what in ("Variant", "Version")
            )
        return Identity(f"Rodeostat {variant}", "", firmware, address), ("1",)

    def _let_go(self) -> None:
        self._dialogue.close()

    def _identify(self) -> tuple[Identity, dict[str, float], bool]:
        ask = self._dialogue.ask
        self._dialogue.quieten()
        variant, firmware = str(ask("getVariant")["variant"]), str(ask("getVersion")["version"])
        ranges = next((ranges for word, ranges in CURRENT_RANGES_A.items() if word in variant), None)
        if ranges is None:
            raise BadReply(
                f"The Rodeostat at {self.address} is of the variant {variant!r}, "
                "which this driver does not know.",
                variant.encode(),
            )
        try:
            hardware = str(ask("getHardwareVersion")["version"])
        except InstrumentFault:
            # Boards before 0.2 do not know the question.
            hardware = "V0.1"
        number = str(ask("getDeviceId")["deviceId"])
        identity = Identity(f"Rodeostat {variant}", number, firmware, self.address)
        return identity, ranges, tuple(map(int, re.findall(r"\d+", hardware))) >= _CAN_DISCONNECT


class RodeostatChannel(Channel):
    """The electrodes of a Rodeostat.

    Parameters
    ----------
    dialogue : _Dialogue
        With the instrument.
    identity, clock
        Of the instrument.
    ranges : dict of str to float
        Full scales in A, the smallest first.
    can_disconnect : bool
        Whether the electrodes can be disconnected.
    """

    needs_computer = True

    def __init__(
        self,
        dialogue: "_Dialogue",
        identity: Identity,
        ranges: dict[str, float],
        clock: Clock,
        *,
        can_disconnect: bool,
    ) -> None:
        kinds = {"constant_potential", "potential_sweep"} | ({"rest"} if can_disconnect else set())
        capabilities = Capabilities(
            kinds=frozenset(kinds),
            potential_min_V=-_HIGHEST_V,
            potential_max_V=_HIGHEST_V,
            current_max_A=max(ranges.values()),
            shortest_interval_s=1e-3,
        )
        super().__init__("1", identity, capabilities, clock)
        self._dialogue = dialogue
        self._ranges = ranges
        self._can_disconnect = can_disconnect
        self._stop = threading.Event()

    def run(self, step: Step) -> Generator[Block, None, None]:
        """Run a step and yield what it measures; see `Channel.run`."""
        self.check(step)
        self._stop.clear()
        try:
            if isinstance(step, Rest):
                yield from self._watch(step)
            elif isinstance(step, PotentialSweep | ConstantPotential):
                self._set_range(step)
                yield from self._drive(step)
        finally:
            self.rest()

    def check(self, step: Step) -> None:
        """Raise `OutOfRange` where the channel cannot run a step."""
        super().check(step)
        limit_A = step.limits.current_max_A
        if limit_A is not None and limit_A > self.capabilities.current_max_A * _ABOVE:
            # A current beyond the range cannot be seen, so that such a limit would protect nothing.
            raise OutOfRange(
                f"{self.identity} measures up to {self.capabilities.current_max_A:g} A; "
                f"a limit of {limit_A:g} A cannot be kept."
            )

    def read(self) -> Block:
        """Return the potential now, with the counter electrode disconnected."""
        self._open_circuit()
        return self._open_potential(0.0)

    def rest(self) -> None:
        """Stop what runs and disconnect the cell; see `Channel.rest`."""
        self._stop.set()
        insist(
            self._disconnect,
            f"The cell on {self.identity} may still be on, as it does not confirm that it is disconnected: "
            "pull its plug.",
            retried=(NotConnected, Timeout, BadReply),
        )

    def _disconnect(self) -> None:
        self._dialogue.stop_test()
        if self._can_disconnect:
            self._dialogue.ask("setAllElectConnected", connected=False)
        else:
            self._dialogue.ask("setVolt", v=0.0)

    def _set_range(self, step: Step) -> None:
        limit_A = step.limits.current_max_A
        wanted_A = max(self._ranges.values()) if limit_A is None else limit_A * _ABOVE
        name = next((name for name, full in self._ranges.items() if full >= wanted_A), list(self._ranges)[-1])
        told = self._dialogue.ask("setCurrRange", currRange=name)["currRange"]
        if told != name:
            raise InstrumentFault(f"{self.identity} was set to the range {name} but says {told}.", "range")

    def _drive(self, step: ConstantPotential | PotentialSweep) -> Generator[Block, None, None]:
        begin_s, scan = 0.0, 0
        for test, parameters, duration_s, scans in _tests(step):
            interval_s = step.measure_every_s
            keep = max(math.ceil(interval_s * 1e3 / _LONGEST_PERIOD_MS - 1e-9), 1)
            period_ms = max(round(interval_s * 1e3 / keep), 1)
            self._dialogue.ask("setSamplePeriod", samplePeriod=period_ms)
            told = self._dialogue.ask("setParam", test=test, param=parameters)["param"]
            for name, value in parameters.items():
                if not math.isclose(float(told.get(name, math.nan)), value, rel_tol=1e-5, abs_tol=1e-6):
                    raise InstrumentFault(
                        f"{self.identity} was set to {name} = {value:g} but says {told.get(name)!r}.",
                        "parameter",
                    )
            if self._can_disconnect:
                self._dialogue.ask("setAllElectConnected", connected=True)
            each_scan_s = duration_s / scans
            for rows in self._stream(test, keep, period_ms / 1e3):
                if rows is not NOTHING:
                    rows["scan"] = scan + np.minimum(
                        (rows["time_s"] / each_scan_s - 1e-9).astype(int), scans - 1
                    )
                    rows["time_s"] += begin_s
                yield rows
            if self._stop.is_set():
                return
            begin_s += duration_s
            scan += scans if isinstance(step, PotentialSweep) and step.path_V[0] == step.path_V[-1] else 0

    def _stream(self, test: str, keep: int, interval_s: float) -> Generator[Block, None, None]:
        """Run a test that samples every `interval_s`, and yield every `keep`-th sample, until its end."""
        self._dialogue.start_test(test)
        order: InOrder[dict[str, Any]] = InOrder(interval_s)
        count, heard_at, has_gap = 0, time.monotonic(), False
        while True:
            # What came with the end still counts.
            goes_on = self._dialogue.is_running
            objects = self._dialogue.stream()
            rows = []
            for sample in (each for thing in objects for each in order.take(thing["t"] / 1e3, thing)):
                count += 1
                if count % keep == 0:
                    flags = int(Flag.OVERLOAD) if sample.get("le") else 0
                    rows.append((sample["t"] / 1e3, sample["v"], sample["i"] * 1e-6, np.nan, 0, flags))
            has_gap = self._tell_losses(order) or has_gap
            if rows and has_gap:
                rows[0] = (*rows[0][:5], rows[0][5] | int(Flag.AFTER_GAP))
                has_gap = False
            yield np.array(rows, MEASUREMENT) if rows else NOTHING
            if not goes_on:
                return
            if objects:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > _SILENT_S:
                raise Timeout(
                    f"{self.identity} has been silent for {_SILENT_S:g} s in the middle of a measurement. "
                    "Check its cable and its power."
                )

    def _tell_losses(self, order: InOrder[dict[str, Any]]) -> bool:
        """Put what was lost on the way into the notices; return whether the connection was."""
        lost = self._dialogue.dropped + order.dropped
        self._dialogue.dropped = order.dropped = 0
        if lost:
            self.notices.append(f"Lines from {self.identity} are left out, damaged or out of order: {lost}.")
        losses = self._dialogue.take_losses()
        self.notices += losses
        return bool(losses)

    def _watch(self, step: Rest) -> Generator[Block, None, None]:
        """Ask for the potential at rest, at absolute deadlines."""
        self._open_circuit()
        begin_s = self.clock.now()
        interval_s, duration_s = step.measure_every_s, step.until.duration_s
        count = 1
        while not self._stop.is_set():
            due_s = count * interval_s if duration_s is None else min(count * interval_s, duration_s)
            while (left_s := begin_s + due_s - self.clock.now()) > 0.0:
                piece_s = min(left_s, 0.2 * self.clock.speed)
                if self.clock.wait(piece_s, self._stop):
                    return
                if left_s > piece_s:
                    yield NOTHING
            yield self._open_potential(begin_s)
            if duration_s is not None and due_s >= duration_s:
                return
            count += 1

    def _open_circuit(self) -> None:
        for electrode, wanted in (("Ctr", False), ("Ref", True), ("Wrk", True)):
            self._dialogue.ask(f"set{electrode}ElectConnected", connected=wanted)

    def _open_potential(self, begin_s: float) -> Block:
        # The working electrode is at the virtual ground of the instrument.
        potential_V = -float(self._dialogue.ask("getRefVolt")["r"])
        time_s = max(self.clock.now() - begin_s, 0.0)
        return np.array([(time_s, potential_V, 0.0, np.nan, 0, 0)], MEASUREMENT)


def _tests(step: ConstantPotential | PotentialSweep) -> list[tuple[str, dict[str, float], float, int]]:
    """Return the firmware's tests that make a step: name, parameters, duration in s, scans in it."""
    if isinstance(step, ConstantPotential):
        duration_s = step.until.duration_s or (2**32 - 1) / 1e3
        values = {"quietValue": step.potential_V, "quietTime": 0, "value": step.potential_V}
        return [("constant", {**values, "duration": round(duration_s * 1e3)}, duration_s, 1)]
    path = step.path_V
    low, high = min(path), max(path)
    if path[0] == path[-1] and len(path) in (3, 4) and len(set(path)) <= 3:
        # A triangle, entered where the path begins: rising in its first half, falling in its second.
        span = high - low
        rises = path[1] > path[0]
        shift = (path[0] - low) / (2 * span) if rises else 0.5 + (high - path[0]) / (2 * span)
        period_s = step.scan_duration_s
        values = {
            "quietValue": path[0], "quietTime": 0, "amplitude": span / 2, "offset": (low + high) / 2,
            "period": round(period_s * 1e3), "numCycles": step.scans, "shift": shift % 1.0,
        }  # fmt: skip
        return [("cyclic", values, step.duration_s, step.scans)]
    tests = []
    for start, stop in list(pairwise(path)) * step.scans:
        duration_s = abs(stop - start) / step.rate_V_per_s
        values = {
            "quietValue": start, "quietTime": 0, "startValue": start, "finalValue": stop,
            "duration": round(duration_s * 1e3),
        }  # fmt: skip
        tests.append(("linearSweep", values, duration_s, 1))
    return tests


class _Dialogue:
    """Requests and replies, and the stream of samples between them.

    Parameters
    ----------
    address : str
        Of the port.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_running = False
        self.dropped = 0
        self._link = PatientLink(partial(open_link, address, baudrate=115_200))
        self._partial = b""
        self._samples: list[dict[str, Any]] = []
        self._lock = threading.RLock()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Return the response to a command.

        Raises
        ------
        Timeout
            There is none within 2 s.
        InstrumentFault
            The instrument refuses; the message is its own.
        """
        # What only asks may be asked again.
        tries = _TRIES if command.startswith("get") else 1
        return asked(lambda: self._ask_once(command, arguments), tries, (Timeout, NotConnected))

    def _ask_once(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._send({"command": command, **arguments})
            until = time.monotonic() + _REPLY_S
            while time.monotonic() < until:
                replies = []
                for thing in self._objects():
                    # Samples may come with the reply, before it and behind it.
                    if "success" in thing:
                        replies.append(thing)
                    else:
                        self._take(thing)
                for reply in replies:
                    if not reply["success"]:
                        text = str(reply.get("message", ""))
                        raise InstrumentFault(
                            f"The Rodeostat on {self.address} refuses {command!r}: {text}.", command
                        )
                    response = reply.get("response", {})
                    # A late answer to an earlier question is none to this one.
                    if response.get("command") == command:
                        return response
            raise Timeout(
                f"The Rodeostat on {self.address} has not answered {command!r} within {_REPLY_S:g} s. "
                "Check its cable and its power."
            )

    def start_test(self, test: str) -> None:
        """Begin a test; what it measures comes through `stream`."""
        with self._lock:
            self._samples.clear()
            self.is_running = True
            try:
                self.ask("runTest", test=test)
            except InstrumentError:
                self.is_running = False
                raise

    def stop_test(self) -> None:
        """Stop a test that runs, and read to its end."""
        with self._lock:
            if not self.is_running:
                return
            self.ask("stopTest")
            until = time.monotonic() + _REPLY_S
            while self.is_running and time.monotonic() < until:
                for thing in self._objects():
                    self._take(thing)
            # An end that was lost on the way: the instrument has confirmed that it stopped.
            self.is_running = False

    def stream(self) -> list[dict[str, Any]]:
        """Return the samples that have come since the last call, after a short wait for them."""
        with self._lock:
            for thing in self._objects():
                self._take(thing)
            samples, self._samples = self._samples, []
            return samples

    def quieten(self) -> None:
        """Bring an instrument of unknown state to rest: whatever runs is stopped."""
        with self._lock:
            self.ask("stopTest")
            until = time.monotonic() + _QUIET_S
            while time.monotonic() < until:
                self._objects()
            self.is_running = False
            self._samples.clear()

    def take_losses(self) -> list[str]:
        """Return sentences about losses of the connection that were overcome."""
        losses, self._link.notices = self._link.notices, []
        return losses

    def close(self) -> None:
        """Let go of the port; idempotent."""
        self._link.close()

    def _take(self, thing: dict[str, Any]) -> None:
        if not thing:
            self.is_running = False
        elif all(isinstance(thing.get(name), int | float) for name in ("t", "v", "i")):
            self._samples.append(thing)
        elif "success" not in thing:
            self.dropped += 1

    def _objects(self) -> list[dict[str, Any]]:
        *lines, self._partial = (self._partial + self._link.read()).split(b"\n")
        found = []
        for line in lines:
            if not line.strip():
                continue
            try:
                thing = json.loads(line)
            except ValueError:
                self.dropped += 1
                continue
            if isinstance(thing, dict):
                found.append(thing)
            else:
                self.dropped += 1
        return found

    def _send(self, request: dict[str, Any]) -> None:
        message = json.dumps(request).encode("ascii") + b"\n"
        # Boards of the SAMD family lose messages whose length is that of whole packets.
        self._link.write(b" " + message if len(message) % _PACKET == 0 else message)

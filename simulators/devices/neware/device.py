"""The simulated BTS server as its clients see it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from ....core.clock import Clock, SystemClock
from ...cells import SimulatedCell
from .execution import Execution
from .messages import TERMINATOR, element, listed, parse, reply
from .points import local_time
from .step_file import CHARGE, DISCHARGE, NAMES, FileStep, StepFile, read_step_file
from .terminals import FULL_SCALE_A, FULL_SCALE_V, Terminals

_PER_UNIT = 8
_DEVICE = {"ip": "127.0.0.1", "devtype": 27, "devid": 21}
_MOST_POINTS = 1000
_LONGEST_REQUEST = 1 << 20
CHANNELS = tuple(
    f"{_DEVICE['devid']}-{unit}-{channel}" for unit in (1, 2) for channel in range(1, _PER_UNIT + 1)
)
"""Names of the 16 channels: device, sub-device and channel."""


class _Channel:
    """One channel: its terminals, and the test that ran last."""

    def __init__(self, number: int, cell: SimulatedCell, now_s: float, seed: int) -> None:
        self.subdevid, self.chlid = number // _PER_UNIT + 1, number % _PER_UNIT + 1
        self.terminals = Terminals(cell, seed)
        self.test: Execution | None = None
        self.testid = 0
        self.barcode = ""
        self._at_s = now_s

    @property
    def attributes(self) -> dict[str, Any]:
        return {**_DEVICE, "subdevid": self.subdevid, "chlid": self.chlid}

    @property
    def status(self) -> str:
        return "finish" if self.test is None else self.test.status

    def advance(self, now_s: float) -> None:
        """Bring the test and the cell to the present."""
        if self.test is not None and self.test.status == "working":
            self.test.advance(now_s)
            self._at_s = self.test.began_s + self.test.total_s
        if now_s > self._at_s:
            self.terminals.rest(now_s - self._at_s)
            self._at_s = now_s

    def start(self, program: StepFile, barcode: str, unix_s: float) -> None:
        self.testid += 1
        self.barcode = barcode
        self.test = Execution(program, self.terminals, self._at_s, unix_s)


class NewareDevice:
    """A BTS server with a cycler of 16 channels, each ±5 V and 100 mA.

    Parameters
    ----------
    cells : sequence of SimulatedCell
        What is connected to each of `CHANNELS`.
    clock : Clock, optional
        By default the computer's.
    seed : int
        Decides the errors of the channels.
    """

    def __init__(self, cells: Sequence[SimulatedCell], clock: Clock | None = None, seed: int = 1) -> None:
        self._clock = clock or SystemClock()
        now_s = self._clock.now()
        self._channels = [
            _Channel(number, cell, now_s, seed * len(CHANNELS) + number)
            for number, (cell, _) in enumerate(zip(cells, CHANNELS, strict=True))
        ]
        self._send: Callable[[bytes], None] | None = None
        self._received = b""
        self._is_known = False
        self._refuses_next = False
        self._lock = threading.RLock()

    def close(self) -> None:
        """Switch it off."""

    # What is true, for tests and displays

    @property
    def cell(self) -> SimulatedCell:
        """The first channel's cell as it is now."""
        with self._lock:
            self._channels[0].advance(self._clock.now())
            return self._channels[0].terminals.cell

    @property
    def cell_is_on(self) -> bool:
        """Whether a channel is running a test."""
        with self._lock:
            for channel in self._channels:
                channel.advance(self._clock.now())
            return any(channel.status == "working" for channel in self._channels)

    FAULTS = ("reboot", "refuse")
    """All tests are stopped; and the next program is not taken."""

    def suffer(self, fault: str) -> None:
        """Let one of `FAULTS` happen."""
        with self._lock:
            if fault == "refuse":
                self._refuses_next = True
                return
            for channel in self._channels:
                channel.advance(self._clock.now())
                if channel.test is not None:
                    channel.test.stop()

    # The wire

    def attach(self, send: Callable[[bytes], None] | None) -> None:
        """Send to a new client from now on, or to nobody."""
        self._send = send
        self._received = b""
        self._is_known = False

    def receive(self, data: bytes) -> None:
        """Take bytes from the client."""
        *messages, rest = (self._received + data).split(TERMINATOR)
        self._received = rest[-_LONGEST_REQUEST:]
        for message in messages:
            with self._lock:
                answer = self._answer(message)
            if answer is not None and self._send is not None:
                self._send(answer)

    def _answer(self, message: bytes) -> bytes | None:
        """Return the answer; like the real server, none to what it does not understand."""
        try:
            command, root = parse(message)
        except ValueError:
            return None
        if command == "connect":
            self._is_known = (root.findtext("username"), root.findtext("password")) == ("admin", "neware")
            return reply(command, element("result", {}, "ok" if self._is_known else "false"))
        handler = getattr(self, f"_do_{command}", None)
        if handler is None or not self._is_known:
            return None
        for channel in self._channels:
            channel.advance(self._clock.now())
        try:
            return reply(command, *handler(root))
        except (ValueError, LookupError):
            return None

    def _found(self, asked: Element) -> _Channel | None:
        wanted = (asked.get("devid"), asked.get("subdevid"), asked.get("chlid"))
        for channel in self._channels:
            if wanted == (str(_DEVICE["devid"]), str(channel.subdevid), str(channel.chlid)):
                return channel
        return None

    def _asked(self, root: Element, name: str) -> list[tuple[Element, _Channel]]:
        pairs = [(asked, self._found(asked)) for asked in root.iter(name)]
        return [(asked, channel) for asked, channel in pairs if channel is not None]

    # Commands

    def _do_getdevinfo(self, _: Element) -> list[str]:
        lines = [
            element(
                "channel",
                {**_DEVICE, "subdevid": each.subdevid, "Channelid": each.chlid},
                "false" if each.status == "working" else "true",
            )
            for each in self._channels
        ]
        server = '<serverip count="1"><server ip="127.0.0.1" port="3306" /></serverip>'
        return [server, f'<middle count="{len(lines)}">', *lines, "</middle>"]

    def _do_getchlstatus(self, root: Element) -> tuple[str, ...]:
        # The real server answers with the first sub-device whichever was asked for.
        return listed(
            [
                element("status", {**each.attributes, "subdevid": 1, "reservepause": 0}, each.status)
                for _, each in self._asked(root, "status")
            ]
        )

    def _do_inquire(self, root: Element) -> tuple[str, ...]:
        return listed([element("inquire", _inquired(each)) for _, each in self._asked(root, "inquire")])

    def _do_inquiredf(self, root: Element) -> tuple[str, ...]:
        lines = []
        for _, each in self._asked(root, "chl"):
            count = 0 if each.test is None else len(each.test.points)
            lines.append(element("chl", {**each.attributes, "testid": each.testid, "count": count}, "true"))
        return listed(lines)

    def _do_start(self, root: Element) -> tuple[str, ...]:
        return listed(
            [
                element("start", each.attributes, "ok" if self._start(asked, each) else "false")
                for asked, each in self._asked(root, "start")
            ]
        )

    def _start(self, asked: Element, channel: _Channel) -> bool:
        if channel.status == "working" or self._refuses_next:
            self._refuses_next = False
            return False
        try:
            program = read_step_file(Path((asked.text or "").strip()))
        except ValueError:
            return False
        if not all(_is_possible(step) for step in program.steps):
            return False
        channel.start(program, asked.get("barcode", ""), self._clock.utc())
        return True

    def _do_stop(self, root: Element) -> tuple[str, ...]:
        lines = []
        for _, each in self._asked(root, "stop"):
            if each.test is not None:
                each.test.stop()
            lines.append(element("stop", each.attributes, "ok"))
        return listed(lines)

    def _do_download(self, root: Element) -> list[str]:
        asked, channel = self._asked(root, "download")[0]
        first, count = int(asked.get("startpos", "0")), int(asked.get("count", "0"))
        test = channel.test
        rows = test.points.rows(first, min(count, _MOST_POINTS)) if test is not None and first > 0 else []
        head = {
            **channel.attributes,
            "auxid": 0,
            "testid": channel.testid,
            "startpos": first if rows else 0,
            "count": len(rows),
        }
        lines = [
            f'<data seqid="{number}" stepid="{step:.0f}" cycleid="{cycle:.0f}" steptype="{NAMES[int(kind)]}" '
            f'testtime="{time_s * 1e3:.0f}" atime="{local_time(int(unix_s))}" volt="{volt:.9f}" '
            f'curr="{ampere:.12f}" cap="{Ah:.12f}" eng="{Wh:.12f}" />'
            for number, (step, cycle, kind, time_s, unix_s, volt, ampere, Ah, Wh) in rows
        ]
        return [element("download", head), *listed(lines)]

    def _do_downloadlog(self, root: Element) -> tuple[str, ...]:
        _, channel = self._asked(root, "download")[0]
        log = [] if channel.test is None else channel.test.log
        return listed(
            [
                element("data", {"seqid": index, "log_code": code, "atime": local_time(int(unix_s))})
                for index, (code, unix_s) in enumerate(log, start=1)
            ]
        )

    def _do_downloadStepLayer(self, root: Element) -> tuple[str, ...]:
        _, channel = self._asked(root, "downloadStepLayer")[0]
        if channel.test is None:
            return listed([])
        points, lines = channel.test.points, []
        for index, layer in enumerate(channel.test.layers, start=1):
            _, first = points.rows(layer.first, 1)[0]
            _, last = points.rows(layer.last, 1)[0]
            step, cycle, kind, time_s, unix_s, volt, ampere, Ah, Wh = last
            lines.append(
                element(
                    "data",
                    {
                        "startseqid": layer.first,
                        "endseqid": layer.last,
                        "stepindex": index,
                        "stepid": int(step),
                        "cycleid": int(cycle),
                        "steptype": NAMES[int(kind)],
                        "steptime": round(time_s * 1e3),
                        "endatime": local_time(int(unix_s)),
                        "startvolt": first[5],
                        "endvolt": volt,
                        "startcurr": first[6],
                        "endcurr": ampere,
                        "cap": Ah,
                        "eng": Wh,
                        "dcir": 0,
                    },
                )
            )
        return listed(lines)

    def _do_light(self, root: Element) -> tuple[str, ...]:
        return listed([element("light", each.attributes, "ok") for _, each in self._asked(root, "light")])

    def _do_clearflag(self, root: Element) -> tuple[str, ...]:
        return listed(
            [element("clearflag", each.attributes, "ok") for _, each in self._asked(root, "clearflag")]
        )


def _inquired(channel: _Channel) -> dict[str, Any]:
    """Return what is true of a channel now."""
    test = channel.test
    step = None if test is None else test.step
    if test is None or step is None:
        reading = channel.terminals.rest(0.0)
        doing: dict[str, Any] = {"cycle_id": 0 if test is None else test.cycle, "step_type": "--"}
        amounts, totals = (0.0, 0.0), (0.0 if test is None else test.total_s, 0.0)
    else:
        reading = channel.terminals.noisy(channel.terminals.drive(step, test.time_in_step_s, 0.0))
        doing = {"cycle_id": test.cycle, "step_id": step.number, "step_type": NAMES[step.kind]}
        amounts, totals = test.amounts, (test.total_s, test.time_in_step_s)
    return {
        "dev": f"{_DEVICE['devtype']}-{_DEVICE['devid']}-{channel.subdevid}-{channel.chlid}-0",
        **doing,
        "workstatus": channel.status,
        "barcode": channel.barcode,
        "current": f"{reading.current_A:.9f}",
        "voltage": f"{reading.potential_V:.6f}",
        "capacity": f"{amounts[0]:.9f}",
        "energy": f"{amounts[1]:.9f}",
        "totaltime": f"{totals[0]:.1f}",
        "relativetime": f"{totals[1]:.0f}",
        "open_or_close": 0,
        "log_code": test.log[-1][0] if test is not None else 0,
    }


def _is_possible(step: FileStep) -> bool:
    """Tell whether the cycler's ranges hold what a step asks for."""
    currents = (step.current_A or 0.0, step.stop_A or 0.0)
    if step.kind in (CHARGE, DISCHARGE) and not step.current_A:
        return False
    potentials = (step.potential_V or 0.0, step.end_V, step.stop_V or 0.0)
    return max(map(abs, currents)) <= FULL_SCALE_A * 1.001 and max(map(abs, potentials)) <= FULL_SCALE_V * 1.2

"""Experiments as PyBaMM writes them: "Charge at C/10 for 12 hours or until 4.1 V".

Written from PyBaMM's documentation; nothing of PyBaMM is needed. A text holds one step a line, or
the Python expression of a script: lists and tuples of such texts, repeated with ``*``, perhaps
inside ``pybamm.Experiment(...)``. It is read, never run.
"""

import ast
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from ..base import ProtocolError, explain
from ..quantities import Current
from ..schedule import Loop, Schedule, Scheduled, ScheduledCurrent, ScheduledHold, ScheduledRest
from .findings import Findings, Incoming
from .loops import rolled

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_STEP = re.compile(
    r"(?P<what>charge|discharge|hold|rest)(?: at (?P<value>.+?))?(?: for (?P<time>.+?))?"
    r"(?: (?:or )?until (?P<until>.+?))?(?: \((?P<period>[^()]+) period\))?",
    re.IGNORECASE,
)
_VALUE = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<milli>m?)(?P<unit>C|A|V|W|Ohm)|C\s*/\s*(?P<divisor>{_NUMBER})"
)
_TIME = re.compile(rf"({_NUMBER})\s*(s|sec|seconds?|m|min|minutes?|h|hr|hours?)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DEFAULT_h = 24.0
_HOW = (
    "write it like 'Charge at C/10 for 12 hours or until 4.1 V', 'Hold at 4.1 V until C/50' "
    "or 'Rest for 1 hour'"
)
_EXPRESSION = re.compile(r"\s*(?:\[|\(|(?:[A-Za-z_]\w*\s*\.\s*)?Experiment\s*\()")
_MOST_TIMES = 1_000_000


class _Value(NamedTuple):
    """A number with its unit: "C", "A", "V", "W" or "Ohm"."""

    number: float
    unit: str


class _Refused(Exception):
    """A step cannot be read; the message says why."""


def read_pybamm(text: str) -> Incoming:
    """Return a PyBaMM experiment as a schedule; a charge is positive in it, as everywhere here.

    Raises
    ------
    ProtocolError
        Something in it is not understood, or cannot be done; the message names the line.
    """
    reading = _Reading()
    found = reading.expression(text) if _EXPRESSION.match(_without_comments(text)) else reading.lines(text)
    reading.findings.check()
    if not found:
        raise ProtocolError(f"There is no step in it; {_HOW}.")
    every = {"sample_every": f"{min(reading.periods_s)!r} s"} if reading.periods_s else {}
    try:
        schedule = Schedule.model_validate({"method": rolled(found), **every})
    except ValidationError as error:
        raise ProtocolError(explain(error, Schedule)) from None
    if len(set(reading.periods_s)) > 1:
        reading.findings.note("", f"samples are kept every {min(reading.periods_s):g} s in all steps")
    return Incoming(schedule, {}, tuple(reading.findings.notes))


class _Reading:
    """Reads one text.

    Attributes
    ----------
    findings : Findings
        What was not understood, and what is done otherwise.
    periods_s : list of float
        Times between samples that were asked for.
    """

    def __init__(self) -> None:
        self.findings = Findings()
        self.periods_s: list[float] = []

    def lines(self, text: str) -> list[Scheduled]:
        """Read one step a line; empty lines and what follows a # do not count."""
        found: list[Scheduled] = []
        for number, line in enumerate(text.splitlines(), start=1):
            said = line.partition("#")[0].strip().strip("\"',").strip()
            if said:
                found += self._step(said, f"line {number}")
        return found

    def expression(self, text: str) -> list[Scheduled]:
        """Read the expression of a script."""
        try:
            tree = ast.parse(_without_comments(text).strip(), mode="eval").body
            return list(self._of(tree))
        except SyntaxError as error:
            raise ProtocolError(
                f"line {error.lineno}: it is neither steps nor a list of steps; {_HOW}."
            ) from None
        except (ValueError, RecursionError, MemoryError):
            raise ProtocolError("It is too deeply nested to be an experiment.") from None

    def _of(self, node: ast.expr) -> Iterator[Scheduled]:
        place = f"line {node.lineno}"
        if isinstance(node, ast.List | ast.Tuple):
            for each in node.elts:
                yield from self._of(each)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from self._step(node.value.strip(), place)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self._of(node.left)
            yield from self._of(node.right)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            yield from self._times(node, place)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Experiment":
            yield from self._experiment(node, place)
        else:
            self.findings.refuse(
                place, f"{_short(ast.unparse(node))} is not a step, a list of steps or a repetition of one"
            )

    def _times(self, node: ast.BinOp, place: str) -> Iterator[Scheduled]:
        body, times = (
            (node.right, node.left) if isinstance(node.left, ast.Constant) else (node.left, node.right)
        )
        count = times.value if isinstance(times, ast.Constant) else None
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_TIMES:
            told = _short(ast.unparse(times))
            self.findings.refuse(
                place, f"{told} is not how often; it must be a number from 1 to {_MOST_TIMES}"
            )
            return
        steps = tuple(self._of(body))
        if steps:
            yield from steps if count == 1 else (Loop(times=count, steps=steps),)

    def _experiment(self, node: ast.Call, place: str) -> Iterator[Scheduled]:
        for keyword in node.keywords:
            if keyword.arg == "period" and isinstance(keyword.value, ast.Constant):
                self._period(str(keyword.value.value), place)
            elif keyword.arg != "operating_conditions":
                told = _cut(ast.unparse(keyword))
                self.findings.refuse(place, f"{told} cannot be part of a schedule; leave it out")
        given = [*node.args, *(each.value for each in node.keywords if each.arg == "operating_conditions")]
        for extra in given[1:]:
            self.findings.refuse(place, f"{_short(ast.unparse(extra))} is not understood; leave it out")
        for steps in given[:1]:
            yield from self._of(steps)

    def _step(self, text: str, place: str) -> list[Scheduled]:
        """Return a step as a list; an empty one where it was refused."""
        match = _STEP.fullmatch(" ".join(text.split()))
        if match is None:
            self.findings.refuse(place, f"{_short(text)} is not a step; {_HOW}")
            return []
        if match["period"]:
            self._period(match["period"], place)
        try:
            return [self._scheduled(match, place)]
        except _Refused as refusal:
            self.findings.refuse(place, f"{_short(text)}: {refusal}")
        except ValidationError as error:
            self.findings.refuse(place, explain(error, Schedule).removesuffix("."))
        return []

    def _scheduled(self, match: re.Match[str], place: str) -> Scheduled:
        what, until = match["what"].lower(), match["until"]
        seconds = None if match["time"] is None else _seconds(match["time"])
        if seconds is None and until is None:
            raise _Refused("it needs an end: 'for' a time, or 'until' a potential or a current")
        if what == "rest":
            if match["value"] is not None:
                raise _Refused("a rest is at no current and no potential")
            if until is not None or seconds is None:
                raise _Refused("a rest ends after a time; PyBaMM ignores what a rest waits for")
            return ScheduledRest.model_validate({"duration": f"{seconds!r} s"})
        if match["value"] is None:
            raise _Refused(f"say at what; {_HOW}")
        value = _value(match["value"])
        if what == "hold":
            return self._hold(value, seconds, until, place)
        return self._current(value, seconds, until, what == "charge", place)

    def _hold(self, value: _Value, seconds: float | None, until: str | None, place: str) -> Scheduled:
        if value.unit != "V":
            raise _Refused(
                "only a potential is held, such as 'Hold at 4.1 V'; say charge or discharge for others"
            )
        below = None if until is None else _value(until)
        if below is not None and below.unit not in ("A", "C"):
            raise _Refused("a hold ends at a current, such as 50 mA or C/50; PyBaMM ignores other ends")
        if seconds is None:
            seconds = self._default(_DEFAULT_h, place)
        return ScheduledHold.model_validate(
            {
                "potential": f"{value.number!r} V",
                "duration": f"{seconds!r} s",
                "until_current": None if below is None else _current(below),
            }
        )

    def _current(
        self, value: _Value, seconds: float | None, until: str | None, charges: bool, place: str
    ) -> Scheduled:
        if value.unit not in ("A", "C"):
            quantity = {"W": "constant power", "Ohm": "constant resistance", "V": "potential"}[value.unit]
            raise _Refused(f"a {quantity} is not among what instruments are asked for here; give a current")
        if value.number < 0:
            other = "Discharge" if charges else "Charge"
            raise _Refused(f"a negative current is not clear; write '{other}' and a positive one")
        if value.number == 0:
            if seconds is None or until is not None:
                raise _Refused("a current of 0 never ends at a potential; write 'Rest for' a time")
            self.findings.note(place, "a current of 0 becomes a rest at open circuit")
            return ScheduledRest.model_validate({"duration": f"{seconds!r} s"})
        ends = {} if until is None else _potential_end(until, charges)
        if seconds is None:
            seconds = self._default(2.0 / value.number if value.unit == "C" else _DEFAULT_h, place)
        return ScheduledCurrent.model_validate(
            {
                "current": _current(_Value(value.number if charges else -value.number, value.unit)),
                "duration": f"{seconds!r} s",
                **ends,
            }
        )

    def _default(self, hours: float, place: str) -> float:
        self.findings.note(place, f"no time is given, so that PyBaMM's own longest time of {hours:g} h holds")
        return hours * 3600.0

    def _period(self, text: str, place: str) -> None:
        try:
            self.periods_s.append(_seconds(text))
        except _Refused as refusal:
            self.findings.refuse(place, str(refusal))


def _potential_end(text: str, charges: bool) -> dict[str, str]:
    """Return how a current ends at a potential: from the side from which it comes, or as < and > say."""
    operator, said = (text[0], text[1:].strip()) if text[0] in "<>" else ("", text)
    value = _value(said)
    if value.unit != "V":
        raise _Refused(
            "a constant current ends at a potential, such as 'until 4.1 V'; its own size never changes"
        )
    above = operator == ">" or (charges and not operator)
    return {"until_above" if above else "until_below": f"{value.number!r} V"}


def _current(value: _Value) -> Current:
    return Current(value.number, "C" if value.unit == "C" else "A")


def _value(text: str) -> _Value:
    match = _VALUE.fullmatch(text)
    if match is None:
        raise _Refused(f"{_short(text)} is not a value; write it like 50 mA, C/10, 0.5C or 4.1 V")
    if match["divisor"] is not None:
        divisor = float(match["divisor"])
        if divisor == 0:
            raise _Refused(f"{text} divides by zero")
        return _finite(_Value(1.0 / divisor, "C"))
    number = float(match["number"])
    # As parse_quantity does: decimal input stays decimal.
    return _finite(_Value(float(f"{number * 1e-3:.15g}") if match["milli"] else number, match["unit"]))


def _finite(value: _Value) -> _Value:
    if not math.isfinite(value.number):
        raise _Refused("it is too large a number")
    return value


def _seconds(text: str) -> float:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise _Refused(f"{_short(text)} is not a time; write it like 10 seconds, 5 minutes or 2 hours")
    seconds = float(match[1]) * _SECONDS[match[2][0]]
    if not 0 < seconds < math.inf:
        raise _Refused(f"{_short(text)} is not a time above 0")
    return seconds


def _without_comments(text: str) -> str:
    """Blank out lines that are only a comment, so that what follows keeps its line number."""
    return "\n".join("" if line.lstrip().startswith("#") else line for line in text.splitlines())


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _short(text: str) -> str:
    return repr(_cut(text))

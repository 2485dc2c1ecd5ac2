"""Protocols of aurora-unicycler, read."""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..base import ProtocolError, explain
from ..quantities import Current
from ..schedule import (
    Loop,
    Schedule,
    Scheduled,
    ScheduledCurrent,
    ScheduledHold,
    ScheduledRest,
    ScheduledSpectrum,
    ScheduledSweep,
)
from . import unicycler_format as unicycler
from .findings import Findings, Incoming

_PLACE = re.compile(r"\bmethod\.(\d+)\.([a-z_]+)\.")


def read_unicycler(description: Any) -> Incoming:
    """Return the protocol of an aurora-unicycler file as a schedule, and what it says of the cell.

    Parameters
    ----------
    description : dict
        What the JSON file holds.

    Raises
    ------
    ProtocolError
        It is no such protocol, or asks for something that cannot be done; the message names the place.
    """
    try:
        described = unicycler.CyclingProtocol.model_validate(description)
    except ValidationError as error:
        told = explain(error, unicycler.CyclingProtocol)
        raise ProtocolError(
            _PLACE.sub(lambda match: f"step {int(match[1]) + 1} ({match[2]}), ", told)
        ) from None
    findings = Findings()
    method = _method(described.method, findings)
    limits = _limits(described.safety, findings)
    findings.check()
    record = described.record
    try:
        schedule = Schedule.model_validate(
            {
                "method": method,
                "limits": limits,
                "sample_every": f"{record.time_s!r} s",
                "record_potential_change": None if record.voltage_V is None else f"{record.voltage_V!r} V",
                "record_current_change": _milliampere(record.current_mA),
            }
        )
    except ValidationError as error:
        raise ProtocolError(explain(error, Schedule)) from None
    cell: dict[str, str] = {}
    if described.sample.name.strip() and described.sample.name != "$NAME":
        cell["name"] = described.sample.name
    if described.sample.capacity_mAh is not None:
        cell["nominal_capacity"] = f"{described.sample.capacity_mAh!r} mAh"
    return Incoming(schedule, cell, tuple(findings.notes))


class _Placed(NamedTuple):
    """A step of the schedule, and where its first and its last step stand in the file, from 0."""

    first: int
    last: int
    step: Scheduled


def _method(steps: Sequence[unicycler.Technique], findings: Findings) -> list[Scheduled]:
    """Return the steps as a tree: what lies between a loop and its begin is the loop's body."""
    tags: dict[str, int] = {}
    done: list[_Placed] = []
    for index, step in enumerate(steps):
        place = f"step {index + 1} ({step.step})"
        if isinstance(step, unicycler.Tag):
            if step.tag in tags:
                findings.refuse(place, f"the tag {step.tag!r} is there already")
            tags[step.tag] = index
        elif isinstance(step, unicycler.LoopBack):
            done = _looped(step, index, tags, done, findings)
        else:
            try:
                scheduled = _step(step, place, findings)
            except ValidationError as error:
                findings.refuse(place, explain(error, Schedule).removesuffix("."))
                continue
            if scheduled is not None:
                done.append(_Placed(index, index, scheduled))
    return [each.step for each in done]


def _looped(
    loop: unicycler.LoopBack, index: int, tags: dict[str, int], done: list[_Placed], findings: Findings
) -> list[_Placed]:
    """Return the steps with those since the begin of a loop as its body."""
    place = f"step {index + 1} (loop)"
    begin = tags.get(loop.loop_to) if isinstance(loop.loop_to, str) else loop.loop_to - 1
    if begin is None:
        findings.refuse(place, f"there is no tag {loop.loop_to!r} before it")
        return done
    if not 0 <= begin < index:
        findings.refuse(place, f"step {loop.loop_to} does not come before it")
        return done
    if any(each.first < begin <= each.last for each in done):
        findings.refuse(place, "it goes back into another loop, which has ended before")
        return done
    body = [each for each in done if each.first >= begin]
    if not body:
        if not findings.refusals:
            findings.refuse(place, "there is nothing between it and where it goes back to")
        return done
    try:
        repeated = Loop(times=loop.cycle_count, steps=tuple(each.step for each in body))
    except ValidationError as error:
        findings.refuse(place, explain(error, Loop).removesuffix("."))
        return done
    return [*done[: len(done) - len(body)], _Placed(body[0].first, index, repeated)]


def _step(step: unicycler.Technique, place: str, findings: Findings) -> Scheduled | None:
    if isinstance(step, unicycler.OpenCircuitVoltage):
        return ScheduledRest.model_validate({"duration": f"{step.until_time_s!r} s"})
    if isinstance(step, unicycler.ConstantCurrent):
        return _current(step, place, findings)
    if isinstance(step, unicycler.ConstantVoltage):
        return _hold(step, place, findings)
    if isinstance(step, unicycler.VoltageScan):
        return ScheduledSweep.model_validate(
            {
                "start": f"{step.start_voltage_V!r} V",
                "stop": f"{step.end_voltage_V!r} V",
                "rate": f"{step.scan_rate_mV_per_s!r} mV/s",
            }
        )
    if isinstance(step, unicycler.ImpedanceSpectroscopy):
        return _spectrum(step, place, findings)
    return None


def _current(step: unicycler.ConstantCurrent, place: str, findings: Findings) -> Scheduled | None:
    current = Current(step.rate_C, "C") if step.rate_C else _milliampere(step.current_mA)
    if current is None or current.value == 0:
        findings.refuse(
            place, "it needs a rate_C or a current_mA other than 0; for a rest write open_circuit_voltage"
        )
        return None
    if step.rate_C and step.current_mA:
        findings.note(place, "rate_C counts and current_mA does not, as in aurora-unicycler")
    if not step.until_time_s and step.until_voltage_V is None:
        findings.refuse(place, "it needs an end: until_time_s above 0, or until_voltage_V")
        return None
    potential_V = step.until_voltage_V
    if potential_V == unicycler.STANDS_FOR_0_V:
        potential_V = 0.0
    towards = "until_above" if current.value > 0 else "until_below"
    return ScheduledCurrent.model_validate(
        {
            "current": current,
            "duration": f"{step.until_time_s!r} s" if step.until_time_s else None,
            towards: None if potential_V is None else f"{potential_V!r} V",
        }
    )


def _hold(step: unicycler.ConstantVoltage, place: str, findings: Findings) -> Scheduled | None:
    until = Current(abs(step.until_rate_C), "C") if step.until_rate_C else None
    if until is None and step.until_current_mA:
        until = _milliampere(abs(step.until_current_mA))
    elif step.until_current_mA:
        findings.note(place, "until_rate_C counts and until_current_mA does not, as in aurora-unicycler")
    if not step.until_time_s and until is None:
        findings.refuse(place, "it needs an end: until_time_s, until_rate_C or until_current_mA other than 0")
        return None
    return ScheduledHold.model_validate(
        {
            "potential": f"{step.voltage_V!r} V",
            "duration": f"{step.until_time_s!r} s" if step.until_time_s else None,
            "until_current": until,
        }
    )


def _spectrum(step: unicycler.ImpedanceSpectroscopy, place: str, findings: Findings) -> Scheduled | None:
    if step.start_frequency_Hz < step.end_frequency_Hz:
        findings.note(place, "it is measured from the highest to the lowest frequency")
    if step.measures_per_point > 1:
        findings.note(place, f"every frequency is measured once, not {step.measures_per_point} times")
    if step.drift_correction:
        findings.note(place, "the drift is not corrected for; the Kramers–Kronig test shows it")
    highest_Hz = max(step.start_frequency_Hz, step.end_frequency_Hz)
    lowest_Hz = min(step.start_frequency_Hz, step.end_frequency_Hz)
    if step.amplitude_V is not None and step.amplitude_mA is not None:
        findings.refuse(place, "it has both amplitude_V and amplitude_mA; leave one of them out")
        return None
    rms_V = None if step.amplitude_V is None else f"{step.amplitude_V / math.sqrt(2.0)!r} V"
    rms_A = None if step.amplitude_mA is None else f"{step.amplitude_mA / math.sqrt(2.0)!r} mA"
    return ScheduledSpectrum.model_validate(
        {
            "amplitude": rms_V,
            "current_amplitude": rms_A,
            "frequency_max": f"{highest_Hz!r} Hz",
            "frequency_min": f"{lowest_Hz!r} Hz",
            "points_per_decade": step.points_per_decade,
        }
    )


def _limits(safety: unicycler.Safety, findings: Findings) -> dict[str, str]:
    """Return the safety limits; ours are never wider than those of the file."""
    limits: dict[str, str] = {}
    if safety.max_voltage_V is not None:
        limits["potential_max"] = f"{safety.max_voltage_V!r} V"
    if safety.min_voltage_V is not None:
        limits["potential_min"] = f"{safety.min_voltage_V!r} V"
    high_mA, low_mA = safety.max_current_mA, safety.min_current_mA
    if (high_mA is not None and high_mA <= 0) or (low_mA is not None and low_mA >= 0):
        findings.refuse("safety", "max_current_mA must be above 0 and min_current_mA below it")
        return limits
    sizes_mA = [abs(each) for each in (high_mA, low_mA) if each is not None]
    if sizes_mA:
        limits["current_max"] = f"{min(sizes_mA)!r} mA"
        if len(sizes_mA) == 1 or sizes_mA[0] != sizes_mA[1]:
            findings.note("safety", f"the current is limited to {min(sizes_mA):g} mA in both directions")
    if safety.max_capacity_mAh is not None:
        if safety.max_capacity_mAh == 0:
            findings.refuse("safety", "max_capacity_mAh is 0; leave it out where nothing is limited")
            return limits
        limits["charge_max"] = f"{safety.max_capacity_mAh!r} mAh"
    if safety.delay_s:
        findings.note("safety", f"limits act at once, not after the delay_s of {safety.delay_s:g} s")
    return limits


def _milliampere(current_mA: float | None) -> Current | None:
    return None if current_mA is None else Current.read(f"{current_mA!r} mA")

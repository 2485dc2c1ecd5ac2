"""Protocols of aurora-unicycler, written."""

import math
from collections.abc import Iterable
from typing import Any

from ..base import Protocol
from ..cell import Cell, MissingMetadataError
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
from .findings import Findings
from .scheduling import as_schedule
from .unicycler_format import STANDS_FOR_0_V

_LOWEST_Hz, _HIGHEST_Hz = 1e-5, 1e7
_DIGITS = 15


def to_unicycler(protocol: Protocol, cell: Cell) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a protocol as an aurora-unicycler file holds it, and notes on what it cannot say.

    Parameters
    ----------
    protocol : Protocol
        Of any kind whose steps do not depend on what is measured.
    cell : Cell
        Its name and capacity are written too; C-rates stay C-rates.

    Raises
    ------
    ValueError
        The format cannot say something that matters to the cell, or the cell lacks what is needed;
        the message names it with its place.
    """
    findings = Findings()
    schedule = as_schedule(protocol, cell, findings)
    writing = _Writing(cell, findings)
    method = writing.method(schedule.method, "method")
    safety = writing.safety(schedule)
    findings.check()
    written = {
        "sample": writing.sample(),
        "record": writing.record(schedule),
        "safety": safety,
        "method": method,
    }
    return written, tuple(findings.notes)


class _Writing:
    """Writes one schedule.

    Parameters
    ----------
    cell : Cell
        Resolves areal currents.
    findings : Findings
        Takes what cannot be said.
    """

    def __init__(self, cell: Cell, findings: Findings) -> None:
        self._cell = cell
        self._findings = findings
        self._loops = 0

    def sample(self) -> dict[str, Any]:
        """Return what is known of the cell."""
        try:
            capacity_mAh = _in(self._cell.capacity_C(""), 3.6)
        except MissingMetadataError:
            capacity_mAh = None
        is_named = self._cell.name != Cell().name
        return {"name": self._cell.name if is_named else "$NAME", "capacity_mAh": capacity_mAh}

    def record(self, schedule: Schedule) -> dict[str, Any]:
        """Return how samples are kept."""
        change = schedule.record_current_change
        return {
            "time_s": schedule.sample_every,
            "voltage_V": schedule.record_potential_change,
            "current_mA": None if change is None else _in(change.amperes(self._cell), 1e-3),
        }

    def safety(self, schedule: Schedule) -> dict[str, Any]:
        """Return the safety limits."""
        limits = schedule.limits
        for name, what in (("temperature_max", "a temperature"), ("energy_max", "an energy")):
            if getattr(limits, name) is not None:
                self._findings.refuse(f"limits.{name}", f"a limit of {what} cannot be said")
        current_mA = None
        if limits.current_max is not None:
            current_mA = _in(limits.current_max.amperes(self._cell), 1e-3)
        return {
            "max_voltage_V": limits.potential_max,
            "min_voltage_V": limits.potential_min,
            "max_current_mA": current_mA,
            "min_current_mA": None if current_mA is None else -current_mA,
            "max_capacity_mAh": None if limits.charge_max is None else _in(limits.charge_max, 3.6),
        }

    def method(self, steps: Iterable[Scheduled], place: str) -> list[dict[str, Any]]:
        """Return steps, loops as a tag before and a loop after them."""
        written: list[dict[str, Any]] = []
        for index, step in enumerate(steps):
            here = f"{place}.{index}"
            if isinstance(step, Loop):
                self._loops += 1
                tag = f"loop {self._loops}"
                written += [
                    {"step": "tag", "tag": tag},
                    *self.method(step.steps, f"{here}.steps"),
                    {"step": "loop", "loop_to": tag, "cycle_count": step.times},
                ]
            else:
                written.append(self._step(step, f"{here} ({step.step})"))
        return written

    def _step(self, step: Scheduled, place: str) -> dict[str, Any]:
        if isinstance(step, ScheduledRest):
            return {"step": "open_circuit_voltage", "until_time_s": step.duration}
        if isinstance(step, ScheduledCurrent):
            return self._current(step, place)
        if isinstance(step, ScheduledHold):
            until = step.until_current
            return {
                "step": "constant_voltage",
                "voltage_V": step.potential,
                "until_time_s": step.duration,
                **({} if until is None else self._strength(until, "until_rate_C", "until_current_mA")),
            }
        if isinstance(step, ScheduledSweep):
            return {
                "step": "voltage_scan",
                "start_voltage_V": step.start,
                "end_voltage_V": step.stop,
                "scan_rate_mV_per_s": _in(step.rate, 1e-3),
            }
        if isinstance(step, ScheduledSpectrum):
            return self._spectrum(step, place)
        raise TypeError(f"{type(step).__name__} is not a step of a schedule")

    def _current(self, step: ScheduledCurrent, place: str) -> dict[str, Any]:
        charges = step.current.value > 0
        until_V, other_V = (
            (step.until_above, step.until_below) if charges else (step.until_below, step.until_above)
        )
        if other_V is not None:
            word, does = ("below", "charges") if charges else ("above", "discharges")
            self._findings.refuse(
                place, f"a current that {does} the cell cannot end {word} a potential ({other_V:g} V)"
            )
        if until_V == 0:
            self._findings.note(
                place,
                f"the cut-off of 0 V is written as {STANDS_FOR_0_V * 1e6:g} µV, because 0 would be ignored",
            )
            until_V = STANDS_FOR_0_V
        return {
            "step": "constant_current",
            **self._strength(step.current, "rate_C", "current_mA"),
            "until_time_s": step.duration,
            "until_voltage_V": until_V,
        }

    def _spectrum(self, step: ScheduledSpectrum, place: str) -> dict[str, Any]:
        for name in ("frequency_max", "frequency_min"):
            frequency_Hz = getattr(step, name)
            if not _LOWEST_Hz <= frequency_Hz <= _HIGHEST_Hz:
                self._findings.refuse(
                    f"{place}, {name}",
                    f"{frequency_Hz:g} Hz; it must be from {_LOWEST_Hz:g} to {_HIGHEST_Hz:g} Hz",
                )
        peak = {}
        if step.amplitude is not None:
            peak = {"amplitude_V": _in(step.amplitude * math.sqrt(2.0), 1.0)}
        elif step.current_amplitude is not None:
            peak = {"amplitude_mA": _in(step.current_amplitude * math.sqrt(2.0), 1e-3)}
        return {
            "step": "impedance_spectroscopy",
            **peak,
            "start_frequency_Hz": step.frequency_max,
            "end_frequency_Hz": step.frequency_min,
            "points_per_decade": step.points_per_decade,
        }

    def _strength(self, current: Current, rate: str, milliampere: str) -> dict[str, float]:
        """Return a current under one of two names: C-rates stay what they are."""
        if current.basis == "C":
            return {rate: current.value}
        return {milliampere: _in(current.amperes(self._cell), 1e-3)}


def _in(value: float, unit: float) -> float:
    """Return a value in another unit, without the last digit that a division spoils."""
    return float(f"{value / unit:.{_DIGITS}g}")

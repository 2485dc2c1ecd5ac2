"""Any protocol as a schedule, as far as it can be foreseen."""

from collections.abc import Iterator
from itertools import pairwise

from ..base import Protocol
from ..cell import Cell
from ..compose import Repeat, Sequence
from ..foresight import foreseen_to_the_end
from ..impedance_spectrum import ImpedanceSpectrum
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
from ..steps import (
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    Limits,
    PotentialSweep,
    Record,
    Rest,
    Step,
    Until,
)
from .findings import Findings
from .loops import rolled

_OWN_REST_s = 10.0
"""How long a spectrum of a schedule looks for the potential at rest."""
_IN_WORDS = {
    "potential_above_V": "to end above a potential",
    "potential_below_V": "to end below a potential",
    "current_above_A": "to end when the current has risen",
    "current_below_A": "to end when the current has fallen",
    "charge_C": "to end after a charge",
    "energy_J": "to end after an energy",
    "potential_rate_below_V_per_s": "to end when the potential hardly changes any more",
}


def as_schedule(protocol: Protocol, cell: Cell, findings: Findings) -> Schedule:
    """Return a protocol as a schedule: the same steps, those that repeat themselves in loops.

    Parameters
    ----------
    protocol : Protocol
        Of any kind.
    cell : Cell
        Resolves areal currents and C-rates of protocols that are not schedules already.
    findings : Findings
        Takes what a schedule cannot say.

    Raises
    ------
    ProtocolError
        Something that matters to the cell cannot be said; the message names all of it.
    """
    if isinstance(protocol, Schedule):
        return protocol
    conversion = _Conversion(cell, protocol.limits.resolve(cell), findings)
    method = conversion.parts(protocol, "")
    findings.check()
    return Schedule.model_validate(
        {"method": method, "limits": protocol.limits, **conversion.record_settings()}
    )


class _Conversion:
    """Turns steps into those of a schedule, and remembers how samples were to be kept.

    Parameters
    ----------
    cell : Cell
        What the protocol runs on.
    limits : Limits
        Those of the whole; a part must not have tighter ones.
    findings : Findings
        Takes what cannot be said.
    """

    def __init__(self, cell: Cell, limits: Limits, findings: Findings) -> None:
        self._cell = cell
        self._limits = limits
        self._findings = findings
        self._records: set[Record] = set()
        self._records_at_rest: set[Record] = set()

    def parts(self, protocol: Protocol, place: str) -> tuple[Scheduled, ...]:
        """Return the steps of a protocol, whose place in the whole is named."""
        inside = f"{place}." if place else ""
        if isinstance(protocol, Sequence):
            self._check_limits(protocol.limits.resolve(self._cell), place)
            return tuple(
                step
                for index, part in enumerate(protocol.protocols)
                for step in self.parts(part, f"{inside}protocols.{index}")
            )
        if isinstance(protocol, Repeat):
            self._check_limits(protocol.limits.resolve(self._cell), place)
            body = self.parts(protocol.body, f"{inside}body")
            return (Loop(times=protocol.times, steps=body),) if body else ()
        if isinstance(protocol, Schedule):
            self._check_limits(protocol.limits.resolve(self._cell), place)
            for step in foreseen_to_the_end(protocol, self._cell)[0]:
                self._remember_record(step)
            return protocol.method
        if isinstance(protocol, ImpedanceSpectrum) and _is_around_rest(protocol):
            self._check_limits(protocol.limits.resolve(self._cell), place)
            return tuple(self._spectrum_at_rest(protocol, place))
        return self._foreseen(protocol, place)

    def record_settings(self) -> dict[str, object]:
        """Return how a schedule keeps samples so that none of these records misses any."""
        # How the potential at rest is followed says nothing of the rest.
        records = self._records or self._records_at_rest
        intervals_s = sorted({record.interval_s for record in records})
        changes_V = [each.potential_change_V for each in records if each.potential_change_V is not None]
        changes_A = [each.current_change_A for each in records if each.current_change_A is not None]
        if len(records) > 1:
            self._findings.note(
                "",
                "steps differ in how samples are kept; the shortest interval "
                f"({intervals_s[0]:g} s) and the smallest changes are taken for all",
            )
        if any(record.logarithmic_s is not None for record in records):
            self._findings.note("", "samples evenly spaced in log(time) become samples at equal intervals")
        return {
            **({"sample_every": f"{intervals_s[0]!r} s"} if intervals_s else {}),
            **({"record_potential_change": f"{min(changes_V)!r} V"} if changes_V else {}),
            **({"record_current_change": Current(min(changes_A), "A")} if changes_A else {}),
        }

    def _foreseen(self, protocol: Protocol, place: str) -> tuple[Scheduled, ...]:
        where = place or type(protocol).__name__
        steps, is_all = foreseen_to_the_end(protocol, self._cell)
        if not is_all:
            after = f"step {len(steps)} ({steps[-1].label})"
            self._findings.refuse(
                where,
                f"what comes after {after} depends on what is measured, which no fixed list of steps can say",
            )
            return ()
        found: list[Scheduled] = []
        for number, step in enumerate(steps, start=1):
            found += self._scheduled(step, f"{where}, step {number} ({step.label or step.kind})")
        return rolled(found)

    def _scheduled(self, step: Step, place: str) -> Iterator[Scheduled]:
        self._check_limits(step.limits, place)
        if step.temperature_degC is not None:
            self._findings.refuse(
                place, f"a temperature of {step.temperature_degC:g} °C cannot be part of a schedule"
            )
        if isinstance(step, Impedance):
            yield from self._spectrum(step, place)
            return
        if isinstance(step, PotentialSweep):
            self._check_ends(step.until, (), place)
            legs = [
                ScheduledSweep.model_validate(
                    {"start": f"{a!r} V", "stop": f"{b!r} V", "rate": f"{step.rate_V_per_s!r} V/s"}
                )
                for a, b in pairwise(step.path_V)
            ]
            yield from legs if step.scans == 1 else [Loop(times=step.scans, steps=tuple(legs))]
            return
        self._remember_record(step)
        if isinstance(step, ConstantCurrent):
            yield from self._current(step, place)
        elif isinstance(step, ConstantPotential):
            self._check_ends(step.until, ("duration_s", "current_below_A"), place)
            below_A = step.until.current_below_A
            if step.until.duration_s is None and not below_A:
                self._findings.refuse(
                    place, "a hold needs a duration, or a current above 0 A at which it ends"
                )
                return
            yield ScheduledHold.model_validate(
                {
                    "potential": f"{step.potential_V!r} V",
                    "duration": _seconds(step.until),
                    "until_current": None if not below_A else Current(below_A, "A"),
                }
            )
        else:
            yield from self._rest(step, place)

    def _remember_record(self, step: Step) -> None:
        records = self._records_at_rest if isinstance(step, Rest) else self._records
        # How often is measured is the cycler's own business.
        records.add(step.record.model_copy(update={"sample_interval_s": None}))

    def _rest(self, step: Rest | ConstantCurrent, place: str) -> Iterator[Scheduled]:
        self._check_ends(step.until, ("duration_s",), place)
        if step.until.duration_s is not None:
            yield ScheduledRest.model_validate({"duration": _seconds(step.until)})

    def _current(self, step: ConstantCurrent, place: str) -> Iterator[Scheduled]:
        if step.current_A == 0:
            self._findings.note(place, "a current of 0 A becomes a rest at open circuit")
            yield from self._rest(step, place)
            return
        ends = ("duration_s", "charge_C", "potential_above_V", "potential_below_V")
        self._check_ends(step.until, ends, place)
        until, lasts_s = step.until, []
        if until.duration_s is not None:
            lasts_s.append(until.duration_s)
        if until.charge_C is not None:
            # At a constant current a charge is a time.
            lasts_s.append(until.charge_C / abs(step.current_A))
        above_V, below_V = until.potential_above_V, until.potential_below_V
        if not lasts_s and above_V is None and below_V is None:
            return
        yield ScheduledCurrent.model_validate(
            {
                "current": Current(step.current_A, "A"),
                "duration": f"{min(lasts_s)!r} s" if lasts_s else None,
                "until_above": None if above_V is None else f"{above_V!r} V",
                "until_below": None if below_V is None else f"{below_V!r} V",
            }
        )

    def _spectrum(self, step: Impedance, place: str) -> Iterator[Scheduled]:
        if step.bias_V is not None or step.bias_A:
            around = f"{step.bias_V:g} V" if step.bias_V is not None else f"{step.bias_A:g} A"
            self._findings.refuse(
                place, f"a spectrum around {around}; a schedule measures them around the potential at rest"
            )
            return
        if step.frequency_max_Hz is None:
            self._findings.refuse(place, "the highest frequency is left to the instrument; say which it is")
            return
        yield ScheduledSpectrum.model_validate(
            {
                "current_amplitude": f"{step.amplitude_A!r} A",
                "frequency_max": f"{step.frequency_max_Hz!r} Hz",
                "frequency_min": f"{step.frequency_min_Hz!r} Hz",
                "points_per_decade": step.points_per_decade,
            }
        )

    def _spectrum_at_rest(self, protocol: ImpedanceSpectrum, place: str) -> Iterator[Scheduled]:
        if protocol.frequency_max is None:
            self._findings.refuse(
                f"{place or 'ImpedanceSpectrum'}.frequency_max",
                "the highest frequency is left to the instrument; say which it is",
            )
            return
        if protocol.rest_before > _OWN_REST_s:
            yield ScheduledRest.model_validate({"duration": f"{protocol.rest_before!r} s"})
        yield ScheduledSpectrum.model_validate(
            {
                "amplitude": f"{protocol.amplitude!r} V",
                "frequency_max": f"{protocol.frequency_max!r} Hz",
                "frequency_min": f"{protocol.frequency_min!r} Hz",
                "points_per_decade": protocol.points_per_decade,
            }
        )

    def _check_ends(self, until: Until, allowed: tuple[str, ...], place: str) -> None:
        given = until.model_dump(exclude={"potential_rate_window_s"}, exclude_none=True)
        for name, value in given.items():
            if name not in allowed:
                self._findings.refuse(place, f"{_IN_WORDS.get(name, name)} ({value:g}) cannot be said")

    def _check_limits(self, limits: Limits, place: str) -> None:
        if self._limits.tightest(limits) != self._limits:
            self._findings.refuse(
                place or "limits",
                "has limits of its own; a schedule has the same limits for all of its steps",
            )


def _is_around_rest(spectrum: ImpedanceSpectrum) -> bool:
    return spectrum.control == "potentiostatic" and spectrum.bias == "OCV"


def _seconds(until: Until) -> str | None:
    return None if until.duration_s is None else f"{until.duration_s!r} s"

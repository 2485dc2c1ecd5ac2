"""Plating and stripping half-cycles of a symmetric cell: overpotential, charge, and how they end."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from ..storage.run import StepRecord
from .measurement import Measurement

Ending = Literal["complete", "short", "open", "interrupted"]

ROLES = ("strip", "plate")
_LAST_SHARE = 0.1
_DROP = 0.5
_SUDDEN_s = 60.0
_OHMIC_SHARE = 0.1
_WHOLE = 0.999
_FAILURES = ("potential_above_V", "potential_below_V")


@dataclass(frozen=True)
class HalfCycle:
    """One half-cycle.

    Parameters
    ----------
    cycle : int
        Which cycle it belongs to.
    current_A : float
        With its sign: positive strips the working electrode.
    begin_h, end_h : float
        Time in the run.
    mean_V, end_V : float
        Magnitude of the potential: mean, and over the last tenth.
    charge_C : float
        What passed, positive.
    ending : {"complete", "short", "open", "interrupted"}
        How it ended.
    failed_h : float
        When it failed; NaN where it did not.
    is_soft : bool
        Whether the short came slowly: the potential did not fall by half within a minute.
    """

    cycle: int
    current_A: float
    begin_h: float
    end_h: float
    mean_V: float
    end_V: float
    charge_C: float
    ending: Ending
    failed_h: float
    is_soft: bool


def half_cycles(measurement: Measurement) -> list[HalfCycle]:
    """Return all half-cycles in order, the segments of an interrupted one together."""
    found: list[HalfCycle] = []
    groups = sorted(
        (group for role in ROLES for group in measurement.grouped(role)),
        key=lambda group: group[0].step_count,
    )
    ended_ohm: dict[bool, float] = {}
    for group in groups:
        rows = np.concatenate([measurement.run.samples[step.samples] for step in group])
        rows = rows[np.isfinite(rows["voltage_volt"])]
        if not len(rows):
            continue
        current_A = float(group[0].parameters["current_A"])
        potential_V = rows["voltage_volt"] * np.sign(current_A)
        time_s = rows["test_time_second"]
        last = potential_V[time_s >= time_s[-1] - _LAST_SHARE * (time_s[-1] - time_s[0])]
        end_ohm = float(np.median(last)) / abs(current_A)
        positive = current_A > 0
        short = _short(time_s, potential_V, abs(current_A), ended_ohm.get(positive))
        ending = _ending(_reason(group), short is not None)
        found.append(
            HalfCycle(
                cycle=group[0].cycle_count,
                current_A=current_A,
                begin_h=group[0].begin_s / 3600.0,
                end_h=group[-1].end_s / 3600.0,
                mean_V=float(trapezoid(potential_V, time_s) / max(time_s[-1] - time_s[0], 1e-9)),
                end_V=float(np.median(last)),
                charge_C=abs(sum(step.charge_Ah for step in group)) * 3600.0,
                ending=ending,
                failed_h=_failed_h(ending, short, time_s),
                is_soft=short is not None and not short[1],
            )
        )
        ended_ohm[positive] = end_ohm
    return found


def failure(cycles: list[HalfCycle]) -> HalfCycle | None:
    """Return the half-cycle in which the cell failed, or None."""
    return next((each for each in cycles if each.ending in ("short", "open")), None)


def _short(
    time_s: NDArray[np.float64], potential_V: NDArray[np.float64], current_A: float, before_ohm: float | None
) -> tuple[int, bool] | None:
    """Return where the potential has fallen by more than half for good, and whether within a minute.

    It has fallen against the largest so far, or lies below a tenth of what Ohm's law gives with
    the resistance of the half-cycle before.
    """
    largest_V = np.maximum.accumulate(potential_V)
    fallen = potential_V < (1.0 - _DROP) * largest_V
    if before_ohm is not None:
        fallen |= potential_V < _OHMIC_SHARE * before_ohm * current_A
    if not fallen[-1]:
        return None
    standing = np.flatnonzero(~fallen)
    first = int(standing[-1]) + 1 if len(standing) else 0
    minute_ago = potential_V[max(int(np.searchsorted(time_s, time_s[first] - _SUDDEN_s)) - 1, 0)]
    return first, bool(potential_V[first] < (1.0 - _DROP) * minute_ago) or first == 0


def _reason(group: list[StepRecord]) -> str:
    """Return why a half-cycle ended; one that was interrupted at its very end has nothing left to do."""
    wanted_s = group[0].parameters.get("until", {}).get("duration_s", np.inf)
    passed_s = sum(step.end_s - step.begin_s for step in group)
    is_whole = passed_s >= _WHOLE * wanted_s and group[-1].end_reason not in _FAILURES
    return "duration_s" if is_whole else group[-1].end_reason


def _ending(reason: str, is_short: bool) -> Ending:
    if reason in _FAILURES:
        return "short" if is_short else "open"
    if is_short:
        return "short"
    return "complete" if reason in ("duration_s", "charge_C") else "interrupted"


def _failed_h(ending: Ending, short: tuple[int, bool] | None, time_s: NDArray[np.float64]) -> float:
    if ending == "short" and short is not None:
        return float(time_s[short[0]]) / 3600.0
    return float(time_s[-1]) / 3600.0 if ending == "open" else np.nan

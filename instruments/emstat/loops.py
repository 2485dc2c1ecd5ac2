"""The measurement loops that a step becomes: their headers and how often they sample."""

from dataclasses import dataclass
from itertools import pairwise

from ...protocols.steps import (
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    PotentialSweep,
    Record,
    Rest,
    Step,
)
from ..errors import OutOfRange
from .literals import literal

_LONGEST_S = 1e8
_FIRST_SAMPLE_S = 0.1
"""A held step is measured this soon after it begins, however slowly it is recorded."""
_LOGARITHMIC_START_S = 1e-3


@dataclass(frozen=True)
class Loop:
    """One measurement loop.

    Parameters
    ----------
    header : str
        The line that begins it.
    interval_s : float
        The time between its samples; for a spectrum, the longest that one takes.
    """

    header: str
    interval_s: float


def loops(step: Step, *, shortest_s: float, highest_Hz: float) -> list[Loop]:
    """Return the loops that run a step, one after the other.

    Parameters
    ----------
    step : Step
        What to do.
    shortest_s : float
        The least time between samples.
    highest_Hz : float
        Where a spectrum starts when it does not say.
    """
    match step:
        case PotentialSweep():
            return _sweep(step)
        case Impedance():
            return [_spectrum(step, highest_Hz)]
        case Rest():
            command = "meas_loop_ocp p"
        case ConstantPotential(potential_V=potential_V):
            command = f"meas_loop_ca p c {literal(potential_V)}"
        case ConstantCurrent(current_A=current_A):
            command = f"meas_loop_cp p c {literal(current_A)}"
    # Half an interval of grace, so that rounding cannot cost a loop its last sample.
    return [
        Loop(f"{command} {literal(interval_s)} {literal(interval_s * (count + 0.5))}", interval_s)
        for interval_s, count in _intervals(step.record, _end_s(step), shortest_s)
    ]


def _end_s(step: Step) -> float:
    end_s = min(step.until.duration_s or _LONGEST_S, _LONGEST_S)
    if isinstance(step, ConstantCurrent) and step.until.charge_C is not None and step.current_A != 0:
        # Under a constant current charge is time.
        end_s = min(end_s, step.until.charge_C / abs(step.current_A))
    return end_s


def _intervals(record: Record, end_s: float, shortest_s: float) -> list[tuple[float, int]]:
    """Return the time between samples and their number, loop by loop, up to exactly `end_s`."""
    every_s = record.measure_every_s
    loops: list[tuple[float, int]] = []
    now_s = 0.0
    if record.logarithmic_s is not None:
        # Nine samples for every factor of ten in time.
        interval_s, until_s = max(_LOGARITHMIC_START_S, shortest_s), min(record.logarithmic_s, end_s)
        while interval_s < every_s and until_s - now_s > interval_s:
            count = round((min(10 * interval_s, until_s) - now_s) / interval_s)
            loops.append((interval_s, count))
            now_s += interval_s * count
            interval_s *= 10
    elif 2 * _FIRST_SAMPLE_S < every_s < end_s:
        loops = [(_FIRST_SAMPLE_S, 1), (every_s - _FIRST_SAMPLE_S, 1)]
        now_s = every_s
    count = int((end_s - now_s) / every_s + 1e-6)
    if count:
        loops.append((every_s, count))
    left_s = end_s - now_s - every_s * count
    if left_s >= max(shortest_s, 1e-6 * end_s) or not loops:
        loops.append((max(left_s, shortest_s), 1))
    return loops


def _sweep(step: PotentialSweep) -> list[Loop]:
    interval_s = step.measure_every_s
    pace = f"{literal(step.sample_every_V)} {literal(step.rate_V_per_s)}"
    path = step.path_V
    if path[0] == path[-1] and len(path) in (3, 4):
        # With three corners the second vertex is where the cycle begins.
        corners = " ".join(literal(potential_V) for potential_V in (*path, path[0])[:3])
        scans = f" nscans({step.scans})" if step.scans > 1 else ""
        return [Loop(f"meas_loop_cv p c {corners} {pace}{scans}", interval_s)]
    if step.scans > 1:
        raise OutOfRange("An EmStat repeats only sweeps with at most two turning points.")
    return [
        Loop(f"meas_loop_lsv p c {literal(start)} {literal(stop)} {pace}", interval_s)
        for start, stop in pairwise(path)
    ]


def _spectrum(step: Impedance, highest_Hz: float) -> Loop:
    start_Hz = step.frequency_max_Hz or highest_Hz
    points = len(step.frequencies_Hz(start_Hz))
    band = f"{literal(start_Hz)} {literal(step.frequency_min_Hz)} {points}"
    if step.amplitude_V is not None:
        command, amplitude, bias = "meas_loop_eis", step.amplitude_V, step.bias_V
    else:
        command, amplitude, bias = "meas_loop_geis", step.amplitude_A, step.bias_A
    header = f"{command} f r j {literal(amplitude or 0)} {band} {literal(bias or 0)}"
    # A point takes a few periods, and twice that when the range has to change.
    return Loop(header, 20 / step.frequency_min_Hz)

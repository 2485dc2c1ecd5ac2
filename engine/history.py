"""What an earlier part of a run has done, as far as its protocol needs to know to go on."""

from dataclasses import dataclass, field

from ..core.integration import Integrator
from ..protocols import StepResult
from ..storage import Run, StepRecord
from .conditions import Course
from .cycle_tracker import CycleTracker
from .segment import ASIDE
from .totals import Totals

_NOT_AN_END = {"", "interrupted", "paused", "changed", "stopped", "limit", "instrument"}
"""End reasons after which a step still has to be completed."""


@dataclass
class History:
    """The recorded part of a run.

    Parameters
    ----------
    results : list of StepResult
        Of the steps that were completed, in order.
    totals : Totals
        Of the step that was interrupted; empty where none was.
    segments : int
        How many segments of it there are.
    step_count : int
        Number of steps and segments in the file.
    net_charge_C : float
        What has passed through the cell.
    cycles : CycleTracker
        Of the cycle that was interrupted.
    end_test_s, end_unix_s : float
        Time of the last sample, in the run and on the clock.
    """

    results: list[StepResult] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    segments: int = 0
    step_count: int = 0
    net_charge_C: float = 0.0
    cycles: CycleTracker = field(default_factory=CycleTracker)
    end_test_s: float = 0.0
    end_unix_s: float = 0.0


def history_of(run: Run) -> History:
    """Return the history of a run that was interrupted, failed or was stopped."""
    found = History(step_count=max((step.step_count for step in run.steps), default=0))
    groups: dict[int, list[StepRecord]] = {}
    for step in run.steps:
        if step.role not in ASIDE:
            found.cycles.add(step.cycle_count, step.charge_Ah, step.energy_Wh)
            groups.setdefault(step.program_index, []).append(step)
    for _, group in sorted(groups.items()):
        last = group[-1]
        if last.end_reason not in _NOT_AN_END and last.result:
            found.results.append(StepResult.model_validate(last.result))
            continue
        found.segments = len(group)
        for step in group:
            _add(found.totals, step, run)
        break
    if len(run.samples):
        found.net_charge_C = float(run.samples[-1]["net_capacity_ah"]) * 3600.0
    for table in (run.samples, run.impedance):
        if len(table) and float(table[-1]["test_time_second"]) >= found.end_test_s:
            found.end_test_s = float(table[-1]["test_time_second"])
            found.end_unix_s = float(table[-1]["unix_time_second"])
    return found


def _add(totals: Totals, step: StepRecord, run: Run) -> None:
    """Add a segment, from what was recorded of it."""
    before_s = totals.duration_s
    spectrum = run.impedance[step.impedance]
    if len(spectrum):
        totals.last_frequency_Hz = float(spectrum[-1]["frequency_hertz"])
        totals.duration_s = before_s + float(spectrum[-1]["test_time_second"]) - step.begin_s
        return
    rows = run.samples[step.samples]
    if not len(rows):
        return
    time_s = rows["test_time_second"] - step.begin_s
    charge_C, energy_J = Integrator().add(time_s, rows["voltage_volt"], rows["current_ampere"])
    totals.add(
        Course(
            time_s,
            rows["voltage_volt"],
            rows["current_ampere"],
            rows["ambient_temperature_celsius"],
            charge_C,
            energy_J,
        ),
        before_s,
    )
    # What every sample added up to is in the file where the segment ended in good order.
    ended = step.end_reason not in ("", "interrupted")
    totals.charge_C += step.charge_Ah * 3600.0 if ended else float(charge_C[-1])
    totals.energy_J += step.energy_Wh * 3600.0 if ended else float(energy_J[-1])
    totals.duration_s = before_s + float(time_s[-1])

"""Resistance of a cell some time after a current begins."""

from dataclasses import dataclass

import numpy as np

from ..protocols import PulseResistance
from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .measurement import Measurement

_MOMENTS_S = (0.0, 1.0, 10.0)
_UNITS = {
    "state": "1",
    "direction": "1",
    "depth_of_discharge": "mAh",
    "equilibrium_potential": "V",
    "resistance_0s": "Ω",
    "resistance_1s": "Ω",
    "resistance_10s": "Ω",
    "first_sample": "s",
}
_SLACK_S = 0.15


@dataclass(frozen=True)
class PulseResistanceAnalysis:
    """Pulses of current at several states of charge.

    Parameters
    ----------
    rows : ndarray
        The table ``pulse_resistance``.
    results : dict
        The table, and ``discharge_resistance_10s`` (median).
    """

    rows: np.ndarray
    results: Results


def analyse_pulse_resistance(measurement: Measurement) -> PulseResistanceAnalysis:
    """Divide the change of the potential by the current, at once, after 1 s and after 10 s."""
    measurement.protocol_as(PulseResistance)
    table, passed_C, before = [], 0.0, None
    for step in measurement.steps:
        if step.role == "pulse" and before is not None:
            row = _row(measurement, before, step)
            if row is not None:
                direction = 1.0 if step.charge_Ah > 0 else -1.0
                table.append((float(step.cycle_count), direction, -passed_C / 3.6, *row))
        if step.role in ("pulse", "onward"):
            passed_C += step.charge_Ah * 3600.0
        before = step
    data = np.array(table, np.dtype([(name, "f8") for name in _UNITS]))
    reason = "" if len(data) else "no pulse was measured"
    method = "ΔE/I against the last sample at rest; at 0 s: the first sample"
    discharges = data["resistance_10s"][(data["direction"] < 0) & np.isfinite(data["resistance_10s"])]
    typical = Result(None, "Ω", reason=reason or "no discharge pulse lasted 10 s")
    if len(discharges):
        what = f"median of {len(discharges)} states of charge"
        typical = Result(float(np.median(discharges)), "Ω", None, what)
    return PulseResistanceAnalysis(
        data,
        {
            "discharge_resistance_10s": typical,
            "pulse_resistance": Table(data, _UNITS, method, reason=reason),
        },
    )


def _row(measurement: Measurement, before: StepRecord, pulse: StepRecord) -> tuple[float, ...] | None:
    rested, rows = (measurement.run.samples[step.samples] for step in (before, pulse))
    if not len(rested) or len(rows) < 2:
        return None
    rest_V = float(rested["voltage_volt"][-1])
    time_s = rows["test_time_second"] - pulse.begin_s
    current_A = float(np.median(rows["current_ampere"]))
    resistance = (rows["voltage_volt"] - rest_V) / current_A
    values = [float(resistance[0])]
    for moment_s in _MOMENTS_S[1:]:
        is_there = time_s[-1] >= moment_s - _SLACK_S
        values.append(float(np.interp(moment_s, time_s, resistance)) if is_there else float("nan"))
    return (rest_V, *values, float(time_s[0]))

"""What a cell lost while it was stored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..protocols import SelfDischarge
from ..storage.results import Result, Results
from .cycling import Curves, complete_cycles, cycles_table
from .measurement import Measurement

_DAY_S = 86_400.0


@dataclass(frozen=True)
class SelfDischargeAnalysis:
    """A cell before, during and after storage.

    Parameters
    ----------
    time_h, potential_V : array, shape (n,)
        The storage.
    curves : Curves
        Of the cycles before, around and after it.
    results : dict
        ``self_discharge_rate``, ``capacity_loss``, ``irreversible_capacity_loss`` and ``cycles``.
    """

    time_h: NDArray[np.float64]
    potential_V: NDArray[np.float64]
    curves: Curves
    results: Results


def analyse_self_discharge(measurement: Measurement) -> SelfDischargeAnalysis:
    """Compare the discharge after storage with the ones before it and after it."""
    measurement.protocol_as(SelfDischarge)
    rows, curves = complete_cycles(measurement)
    stored = measurement.samples("storage")
    stored_s = float(sum(step.end_s - step.begin_s for step in measurement.steps_with("storage")))
    time_s = stored["test_time_second"]
    capacity = {int(row["cycle"]): float(row["discharge_capacity"]) for row in rows}
    return SelfDischargeAnalysis(
        (time_s - time_s[0]) / 3600.0 if len(time_s) else time_s,
        stored["voltage_volt"].astype(float),
        curves,
        {**_losses(capacity, stored_s), "cycles": cycles_table(rows, measurement.cell)},
    )


def _losses(capacity: dict[int, float], stored_s: float) -> dict[str, Result]:
    missing = "the cycles before, around and after the storage are not complete"
    if not {1, 2} <= capacity.keys() or stored_s <= 0.0:
        return {
            name: Result(None, unit, reason=missing)
            for name, unit in (
                ("self_discharge_rate", "%/d"),
                ("capacity_loss", "%"),
                ("irreversible_capacity_loss", "%"),
            )
        }
    days = stored_s / _DAY_S
    lost = 100.0 * (1.0 - capacity[2] / capacity[1])
    method = f"discharge after {days:.3g} d of storage against the one before"
    results = {
        "self_discharge_rate": Result(lost / days, "%/d", None, method),
        "capacity_loss": Result(lost, "%", None, method),
    }
    if 3 in capacity:
        for_good = 100.0 * (1.0 - capacity[3] / capacity[1])
        method = "discharge after the next full charge against the one before storage"
        results["irreversible_capacity_loss"] = Result(for_good, "%", None, method)
    else:
        results["irreversible_capacity_loss"] = Result(None, "%", reason=missing)
    return results

"""Potential at rest and how it drifts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..storage.results import Result
from .measurement import Measurement, valid
from .regression import Line, fit_line
from .sweep_data import usable_points

_LAST_SHARE = 0.1
_FEWEST_IN_LINE = 10
_mV_PER_h = 3.6e6


@dataclass(frozen=True)
class OpenCircuitAnalysis:
    """The points of a rest, and the line through the last of them.

    Parameters
    ----------
    time_s, potential_V : array, shape (n,)
        Time since the rest began.
    line : Line or None
        Through the last tenth; None where there are too few points.
    results : dict of str to Result
        ``open_circuit_potential`` and ``open_circuit_drift``.
    """

    time_s: NDArray[np.float64]
    potential_V: NDArray[np.float64]
    line: Line | None
    results: dict[str, Result]


def analyse_open_circuit(measurement: Measurement) -> OpenCircuitAnalysis:
    """Read the potential at the end of a rest from a line through the last tenth of its points."""
    rows = measurement.samples("open_circuit")
    in_range = rows[valid(rows)]
    time_s, potential_V = usable_points(None, in_range["test_time_second"], in_range["voltage_volt"])
    if not len(time_s):
        beyond = "the potential is beyond what the instrument measures"
        reason = beyond if len(rows) else "nothing was measured at rest"
        return OpenCircuitAnalysis(
            time_s, potential_V, None, _results(None, Result(None, "V", reason=reason), reason)
        )
    time_s = time_s - time_s[0]
    count = max(round(_LAST_SHARE * len(time_s)), _FEWEST_IN_LINE)
    if len(time_s) < _FEWEST_IN_LINE or time_s[-1] == time_s[-count]:
        last = Result(float(potential_V[-1]), "V", method="last point")
        reason = f"only {len(time_s)} points; a drift needs {_FEWEST_IN_LINE}"
        return OpenCircuitAnalysis(time_s, potential_V, None, _results(None, last, reason))
    line = fit_line(time_s[-count:], potential_V[-count:])
    method = f"line through the last {line.to_x - line.from_x:.4g} s, {line.points} points"
    at_end = Result(
        line.at(line.to_x), "V", line.variance_at(line.to_x) ** 0.5, f"{method}, at the end of the rest"
    )
    return OpenCircuitAnalysis(time_s, potential_V, line, _results(line, at_end, method))


def _results(line: Line | None, potential: Result, method: str) -> dict[str, Result]:
    if line is None:
        drift = Result(None, "mV/h", reason=method)
    else:
        drift = Result(line.slope * _mV_PER_h, "mV/h", line.slope_uncertainty * _mV_PER_h, method)
    return {"open_circuit_potential": potential, "open_circuit_drift": drift}

"""Potentiostatic polarization: currents, interfaces and the transference number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..protocols import PotentiostaticPolarization
from ..storage.results import Result, Results
from .measurement import Measurement, valid
from .regression import Line, TooFewPointsError, fit_line
from .spectrum import SpectrumAnalysis, analyse_spectrum
from .transference import Uncertain, bruce_vincent_evans, current_ratio

_LAST_SHARE = 0.1
_STEADY_PER_S = 0.01 / 600.0
_AFTER_SPIKE = 8.0
_SPIKE_s = 0.1
_DECAYED = 0.25
_FEWEST = 8
_GAIN = 0.002
"""Error of a potentiostat's currents and impedances that the scatter of a fit does not show."""
_OFFSET_V = 2e-4
"""The same for the potential that it applies."""


@dataclass(frozen=True)
class PolarizationAnalysis:
    """A polarization with its spectra.

    Parameters
    ----------
    time_s, current_A : array, shape (n,)
        Of the hold.
    initial : Line or None
        Current against the root of time, whose value at 0 is I_0.
    before, after : SpectrumAnalysis
        The spectra.
    results : dict
        The currents, the resistances, and t₊ by both formulas.
    """

    time_s: NDArray[np.float64]
    current_A: NDArray[np.float64]
    initial: Line | None
    before: SpectrumAnalysis
    after: SpectrumAnalysis
    results: Results


def analyse_polarization(measurement: Measurement, circuit: str | None = None) -> PolarizationAnalysis:
    """Determine t₊ by the plain ratio and by Bruce, Vincent and Evans."""
    protocol = measurement.protocol_as(PotentiostaticPolarization)
    before = analyse_spectrum(measurement, circuit, role="eis_before")
    after = analyse_spectrum(measurement, circuit, role="eis_after")
    time_s, current_A = _hold(measurement)
    steady, warnings = _steady(time_s, current_A)
    initial, line = _initial(time_s, current_A, steady, _spike_s(before))
    resistances = [_interface(each) for each in (before, after)]
    results: dict[str, Result] = {
        "initial_current": initial,
        "steady_current": steady,
        "resistance_before": resistances[0],
        "resistance_after": resistances[1],
    }
    results |= _transference(protocol.polarization, list(results.values()), warnings)
    return PolarizationAnalysis(time_s, current_A, line, before, after, results)


def _hold(measurement: Measurement) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = measurement.samples("hold")
    rows = rows[valid(rows) & np.isfinite(rows["current_ampere"])]
    steps = measurement.steps_with("hold")
    begin_s = steps[0].begin_s if steps else 0.0
    return rows["test_time_second"] - begin_s, rows["current_ampere"].astype(float)


def _steady(time_s: NDArray[np.float64], current_A: NDArray[np.float64]) -> tuple[Result, tuple[str, ...]]:
    """Return the mean of the last tenth of the hold, and a warning where it still changes."""
    method = f"mean of the last {_LAST_SHARE:.0%} of the hold"
    chosen = time_s >= (1.0 - _LAST_SHARE) * (time_s[-1] if len(time_s) else 0.0)
    try:
        line = fit_line(time_s[chosen], current_A[chosen])
    except TooFewPointsError as problem:
        return Result(None, "A", method=method, reason=str(problem)), ()
    slope = abs(line.slope) - 2.0 * line.slope_uncertainty
    warnings = ()
    if slope > _STEADY_PER_S * abs(line.y_centre):
        warnings = (f"the current still changes by {slope * 600 / abs(line.y_centre):.1%} in 10 min",)
    return Result(line.y_centre, "A", line.y_variance**0.5, method, warnings), warnings


def _spike_s(before: SpectrumAnalysis) -> float:
    """Return how long the double layers charge: the slowest time constant of the interfaces."""
    ohm, farad = (before.results.get(name) for name in ("interfacial_resistance", "double_layer_capacitance"))
    values = [getattr(each, "value", None) for each in (ohm, farad)]
    return _SPIKE_s if None in values else _AFTER_SPIKE * float(np.prod(np.array(values, dtype=float)))


def _initial(
    time_s: NDArray[np.float64], current_A: NDArray[np.float64], steady: Result, spike_s: float
) -> tuple[Result, Line | None]:
    """Extrapolate the beginning of the diffusion decay, linear in √t, to the start of the hold."""
    if steady.value is None:
        return Result(None, "A", reason=steady.reason), None
    begins = np.flatnonzero(time_s >= spike_s)
    if len(begins) < _FEWEST:
        return Result(None, "A", reason="the hold ended before the double layers were charged"), None
    first = int(begins[0])
    start_A = float(np.median(current_A[first : first + 3]))
    decayed = np.flatnonzero(np.abs(current_A[first:] - start_A) > _DECAYED * abs(start_A - steady.value))
    last = first + max(int(decayed[0]) if len(decayed) else len(current_A), _FEWEST)
    try:
        line = fit_line(np.sqrt(time_s[first:last]), current_A[first:last])
    except TooFewPointsError as problem:
        return Result(None, "A", reason=str(problem)), None
    method = (
        f"line of I against √t from {time_s[first]:.3g} to {time_s[min(last, len(time_s)) - 1]:.3g} s, "
        f"{line.points} points, extrapolated to the start; the first {spike_s:.2g} s charge the double layers"
    )
    return Result(line.at(0.0), "A", line.variance_at(0.0) ** 0.5, method), line


def _interface(analysis: SpectrumAnalysis) -> Result:
    found = analysis.results.get("interfacial_resistance")
    return found if isinstance(found, Result) else Result(None, "Ω", reason="there is no spectrum")


def _transference(
    polarization_V: float, measured: list[Result], warnings: tuple[str, ...]
) -> dict[str, Result]:
    names = ("initial current", "steady current", "resistance before", "resistance after")
    missing = [name for name, each in zip(names, measured, strict=True) if each.value is None]
    values = [
        Uncertain(each.value or 0.0, float(np.hypot(each.uncertainty or 0.0, _GAIN * (each.value or 0.0))))
        for each in measured
    ]
    initial, steady, before, after = values
    currents = [name for name in missing if "current" in name]
    ratio = (
        Result(None, "1", reason=f"there is no {currents[0]}")
        if currents
        else current_ratio(initial, steady, warnings)
    )
    full = (
        Result(None, "1", reason=f"there is no {missing[0]}")
        if missing
        else bruce_vincent_evans(
            Uncertain(polarization_V, _OFFSET_V), initial, steady, before, after, warnings
        )
    )
    return {"transference_number_ratio": ratio, "transference_number_bruce_vincent_evans": full}

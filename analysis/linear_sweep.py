"""Oxidation (or reduction) onset of a linear sweep, by threshold and by tangents."""

from dataclasses import dataclass, replace

from ..protocols import Imported, LinearSweep
from ..storage.results import Result
from .measurement import Measurement, valid
from .sweep_data import SweepData, UnusableSweepError, prepare_sweep
from .tangent_onset import FittedLine, tangent_onset
from .threshold_onset import Crossing, threshold_onset


@dataclass(frozen=True)
class LinearSweepAnalysis:
    """The points of a sweep, and what its onset was read from.

    Parameters
    ----------
    sweep : SweepData or None
        The points; None where they are not a sweep.
    area_m2 : float or None
        Electrode area.
    crossing : Crossing or None
        Fit where the current density passes the threshold.
    baseline, tangent : FittedLine or None
        Lines of the tangent construction.
    results : dict of str to Result
        ``onset_potential`` and ``onset_potential_tangent``.
    """

    sweep: SweepData | None
    area_m2: float | None
    crossing: Crossing | None
    baseline: FittedLine | None
    tangent: FittedLine | None
    results: dict[str, Result]


def analyse_linear_sweep(measurement: Measurement) -> LinearSweepAnalysis:
    """Determine the onset potential of a linear sweep in both ways that papers use."""
    # A sweep that was imported is read at the threshold that papers mostly use.
    protocol = (
        LinearSweep() if isinstance(measurement.protocol, Imported) else measurement.protocol_as(LinearSweep)
    )
    area_m2 = measurement.cell.area
    rows = measurement.samples("sweep")
    try:
        sweep = prepare_sweep(rows["voltage_volt"], rows["current_ampere"], valid(rows))
    except UnusableSweepError as problem:
        nothing = Result(None, "V", reason=str(problem))
        results = {"onset_potential": nothing, "onset_potential_tangent": nothing}
        return LinearSweepAnalysis(None, area_m2, None, None, None, results)
    crossing = None
    if area_m2 is None:
        reason = "a threshold of current density needs the cell's area, which was not given"
        by_threshold = Result(None, "V", reason=reason)
    else:
        by_threshold, crossing = threshold_onset(sweep, protocol.onset_threshold, area_m2)
    by_tangent, baseline, tangent = tangent_onset(sweep)
    warnings = _warnings(sweep, len(rows) - int(valid(rows).sum()))
    results = {
        "onset_potential": _with(by_threshold, warnings),
        "onset_potential_tangent": _with(by_tangent, warnings),
    }
    return LinearSweepAnalysis(sweep, area_m2, crossing, baseline, tangent, results)


def _with(result: Result, warnings: tuple[str, ...]) -> Result:
    return replace(result, warnings=(*result.warnings, *warnings))


def _warnings(sweep: SweepData, overloads: int) -> tuple[str, ...]:
    warnings = []
    if overloads:
        warnings.append(f"{overloads} samples beyond the current range were left out")
    if sweep.spikes:
        warnings.append(f"{sweep.spikes} spikes were left out")
    return tuple(warnings)

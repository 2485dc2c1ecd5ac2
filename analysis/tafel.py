"""Exchange current density from a slow sweep through the equilibrium potential."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ..protocols import TafelPlot
from ..storage.results import Result, Results, Table
from .critical_current_density import MA_PER_CM2
from .measurement import Measurement, valid
from .peak_scaling import FARADAY_C_PER_MOL, GAS_CONSTANT_J_PER_MOL_K
from .regression import TooFewPointsError, correlation_factor, fit_line
from .sweeps import turning_points

_ROOM_K = 298.15
_LOW_FIELD_V = 0.010
_FROM_V = 0.015
_FEWEST = 20
_DISAGREE = 0.15
_UNCERTAIN = 0.3
_SEEN = 0.05
"""Smallest share of the kinetics in an overpotential from which they can be read."""
_STRAIGHT = 0.5
"""Kinetics are seen where they take at least this share from the squares that a straight line leaves."""
_OHMIC_SHARES = (0.1, 0.5, 0.9)
_BRANCHES = {
    "direction": "1",
    "exchange_current_density": "mA/cm²",
    "uncertainty": "mA/cm²",
    "ohmic_resistance": "Ω·cm²",
    "from": "V",
    "to": "V",
}


@dataclass(frozen=True)
class Branch:
    """One side of the equilibrium.

    Parameters
    ----------
    direction : int
        1 anodic, -1 cathodic.
    exchange_A, uncertainty_A : float
        i_0·A.
    ohm, ohm_uncertainty : float
        Resistance in series, of the same fit.
    from_V, to_V : float
        Overpotentials of the fit.
    kinetic_share : float
        How much of the overpotential at its end is charge transfer.
    is_curved : bool
        Whether kinetics describe it better than a resistance alone.
    """

    direction: int
    exchange_A: float
    uncertainty_A: float
    ohm: float
    ohm_uncertainty: float
    from_V: float
    to_V: float
    kinetic_share: float
    is_curved: bool


@dataclass(frozen=True)
class TafelAnalysis:
    """A Tafel plot.

    Parameters
    ----------
    overpotential_V, current_A : array, shape (n,)
        The last leg of the sweep, relative to the potential without current.
    equilibrium_V : float
        That potential.
    branches : tuple of Branch
        Cathodic and anodic, where they could be fitted.
    scale_V : float
        2RT/F times the number of electrodes.
    area_m2 : float or None
        Electrode area.
    results : dict
        ``exchange_current_density``, ``exchange_current_density_low_field`` and ``tafel_branches``.
    """

    overpotential_V: NDArray[np.float64]
    current_A: NDArray[np.float64]
    equilibrium_V: float
    branches: tuple[Branch, ...]
    scale_V: float
    area_m2: float | None
    results: Results


def analyse_tafel(measurement: Measurement) -> TafelAnalysis:
    """Fit both branches with Butler–Volmer kinetics (α = 0.5) and a resistance in series.

    η = I·R + (2RT/F)·asinh(I/2i_0) for each electrode. At high overpotentials this is Tafel's
    straight line; a line fitted to measured points alone takes the ohmic loss for kinetics.
    """
    protocol, cell = measurement.protocol_as(TafelPlot), measurement.cell
    kelvin = cell.temperature or _ROOM_K
    scale_V = 2.0 * protocol.electrodes * GAS_CONSTANT_J_PER_MOL_K * kelvin / FARADAY_C_PER_MOL
    warnings = () if cell.temperature else ("the cell's temperature was not given: 25 °C was assumed",)
    try:
        potential, current = _last_leg(measurement)
        equilibrium = _equilibrium(potential, current)
    except TooFewPointsError as problem:
        return TafelAnalysis(np.zeros(0), np.zeros(0), np.nan, (), scale_V, cell.area, _nothing(str(problem)))
    eta = potential - equilibrium
    branches = tuple(
        branch for direction in (-1, 1) if (branch := _branch(eta, current, direction, scale_V)) is not None
    )
    if cell.area is None:
        results: Results = _nothing("a current density needs the cell's area, which was not given")
    else:
        results = {
            "exchange_current_density": _mean(branches, cell.area, warnings),
            "exchange_current_density_low_field": _low_field(
                eta, current, branches, scale_V, cell.area, warnings
            ),
            "tafel_branches": _table(branches, cell.area),
        }
        results = _compared(results)
    return TafelAnalysis(eta, current, equilibrium, branches, scale_V, cell.area, results)


def _nothing(reason: str) -> Results:
    names = ("exchange_current_density", "exchange_current_density_low_field")
    return {name: Result(None, "mA/cm²", reason=reason) for name in names}


def _last_leg(measurement: Measurement) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = measurement.samples("tafel")
    rows = rows[valid(rows) & np.isfinite(rows["current_ampere"])]
    if len(rows) < _FEWEST:
        raise TooFewPointsError(f"only {len(rows)} valid points; a Tafel plot needs {_FEWEST}")
    potential = rows["voltage_volt"].astype(float)
    begin = turning_points(potential)[-2]
    return potential[begin:], rows["current_ampere"][begin:].astype(float)


def _equilibrium(potential: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Return where the current passes zero, from a line through the points around it."""
    if current.min() >= 0.0 or current.max() <= 0.0:
        raise TooFewPointsError("the current does not pass zero")
    crossing = int(np.argmin(np.abs(current)))
    near = np.abs(potential - potential[crossing]) <= _LOW_FIELD_V
    line = fit_line(current[near], potential[near])
    return line.at(0.0)


def _branch(
    eta: NDArray[np.float64], current: NDArray[np.float64], direction: int, scale_V: float
) -> Branch | None:
    chosen = (eta * direction > _FROM_V) & (current * direction > 0.0)
    if np.count_nonzero(chosen) < _FEWEST:
        return None
    x, y = np.abs(current[chosen]), np.abs(eta[chosen])

    def residuals(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(p[1]) * x + scale_V * np.arcsinh(x / (2.0 * np.exp(p[0]))) - y

    low_ohm = float(y[0] / x[0])
    # Where the ohmic loss is most of it, one start alone may end where all of it is.
    starts = [
        [np.log(0.5 * scale_V / ((1.0 - share) * low_ohm)), np.log(share * float(y[-1] / x[-1]))]
        for share in _OHMIC_SHARES
    ]
    ends = [least_squares(residuals, start, bounds=([-60.0, -30.0], [10.0, 40.0])) for start in starts]
    fitted = min(ends, key=lambda end: end.cost)
    variance = 2.0 * fitted.cost / max(len(x) - 2, 1) * correlation_factor(fitted.fun)
    covariance = np.linalg.pinv(fitted.jac.T @ fitted.jac) * variance
    exchange = float(np.exp(fitted.x[0]))
    straight = y - x * float(x @ y) / float(x @ x)
    return Branch(
        direction,
        exchange,
        exchange * float(np.sqrt(max(covariance[0, 0], 0.0))),
        float(np.exp(fitted.x[1])),
        float(np.exp(fitted.x[1]) * np.sqrt(max(covariance[1, 1], 0.0))),
        float(y.min()) * direction,
        float(y.max()) * direction,
        float(scale_V * np.arcsinh(x[-1] / (2.0 * exchange)) / y[-1]),
        2.0 * float(fitted.cost) < _STRAIGHT * float(straight @ straight),
    )


def _mean(branches: tuple[Branch, ...], area_m2: float, warnings: tuple[str, ...]) -> Result:
    method = "Butler–Volmer with ohmic loss, mean of both branches"
    if len(branches) < 2:
        return Result(None, "mA/cm²", method=method, reason="a branch has too few points")
    values = np.array([branch.exchange_A for branch in branches])
    spread = abs(float(values[1] - values[0])) / 2.0
    uncertainty = float(np.hypot(spread, np.mean([branch.uncertainty_A for branch in branches])))
    mean = float(values.mean())
    if not all(branch.is_curved for branch in branches):
        reason = "a branch is a straight line, as a resistance or a short gives it"
        return Result(None, "mA/cm²", method=method, reason=reason)
    if uncertainty > _UNCERTAIN * mean or min(branch.kinetic_share for branch in branches) < _SEEN:
        reason = "the ohmic loss hides the kinetics: the branches do not tell them apart"
        return Result(None, "mA/cm²", method=method, reason=reason)
    found = [*warnings]
    if spread > _DISAGREE * mean:
        found.append(f"the branches differ by {2 * spread / mean:.0%}")
    scale = MA_PER_CM2 / area_m2
    return Result(mean * scale, "mA/cm²", uncertainty * scale, method, tuple(found))


def _low_field(
    eta: NDArray[np.float64],
    current: NDArray[np.float64],
    branches: tuple[Branch, ...],
    scale_V: float,
    area_m2: float,
    warnings: tuple[str, ...],
) -> Result:
    if branches and not all(branch.is_curved for branch in branches):
        reason = "a branch is a straight line: its slope is a resistance, not the kinetics"
        return Result(None, "mA/cm²", method="RT/(F·R·A)", reason=reason)
    near = np.abs(eta) <= _LOW_FIELD_V
    ohm = float(np.mean([branch.ohm for branch in branches])) if branches else 0.0
    method = f"RT/(F·R·A) from the slope within {_LOW_FIELD_V * 1e3:g} mV, less {ohm:.3g} Ω of the branches"
    try:
        line = fit_line(current[near], eta[near])
    except TooFewPointsError as problem:
        return Result(None, "mA/cm²", method=method, reason=str(problem))
    transfer_ohm = line.slope - ohm
    if transfer_ohm <= max(3.0 * line.slope_uncertainty, _SEEN * line.slope):
        return Result(None, "mA/cm²", method=method, reason="the ohmic loss is all of the slope")
    value = 0.5 * scale_V / transfer_ohm / area_m2 * MA_PER_CM2
    spread = float(np.std([branch.ohm for branch in branches])) if branches else 0.0
    fitted = max((branch.ohm_uncertainty for branch in branches), default=0.0)
    relative = float(np.linalg.norm([line.slope_uncertainty, spread, fitted])) / transfer_ohm
    return Result(value, "mA/cm²", value * relative, method, warnings)


def _compared(results: Results) -> Results:
    """Warn where both ways to the exchange current disagree."""
    fitted, low = results["exchange_current_density"], results["exchange_current_density_low_field"]
    if not (isinstance(fitted, Result) and isinstance(low, Result)):
        return results
    if fitted.value is None or low.value is None or abs(low.value / fitted.value - 1.0) <= _DISAGREE:
        return results
    warning = f"the low-field slope gives {low}, the branches {fitted}"
    return {**results, "exchange_current_density": replace(fitted, warnings=(*fitted.warnings, warning))}


def _table(branches: tuple[Branch, ...], area_m2: float) -> Table:
    scale = MA_PER_CM2 / area_m2
    rows = [
        (
            branch.direction,
            branch.exchange_A * scale,
            branch.uncertainty_A * scale,
            branch.ohm * area_m2 * 1e4,
            branch.from_V,
            branch.to_V,
        )
        for branch in branches
    ]
    dtype = np.dtype([(name, "f8") for name in _BRANCHES])
    method = "η = I·R + (2RT/F)·asinh(I/2i₀) for each electrode, by least squares in η"
    return Table(np.array(rows, dtype), _BRANCHES, method, reason="" if rows else "no branch was measured")

"""The lithium transference number from a polarization and the interfaces before and after it."""

from dataclasses import dataclass

import numpy as np

from ..storage.results import Result

_DRAWS = 20_000
_TOO_WIDE = 0.5
_SMALL_V = 0.025
"""RT/F at room temperature: a polarization must be well below four times this."""


@dataclass(frozen=True)
class Uncertain:
    """A measured value with its standard uncertainty."""

    value: float
    uncertainty: float


def current_ratio(initial_A: Uncertain, steady_A: Uncertain, warnings: tuple[str, ...] = ()) -> Result:
    """Return t₊ as I_ss/I_0, which neglects the interfaces."""
    if initial_A.value == 0.0:
        return Result(None, "1", reason="the initial current is zero")
    ratio = steady_A.value / initial_A.value
    relative = np.hypot(
        initial_A.uncertainty / initial_A.value, steady_A.uncertainty / (steady_A.value or np.inf)
    )
    outside = () if 0.0 <= ratio <= 1.0 else ("outside 0 to 1: not a transference number",)
    return Result(ratio, "1", abs(ratio) * float(relative), "I_ss/I_0", (*warnings, *outside))


def bruce_vincent_evans(
    potential_V: Uncertain,
    initial_A: Uncertain,
    steady_A: Uncertain,
    before_ohm: Uncertain,
    after_ohm: Uncertain,
    warnings: tuple[str, ...] = (),
) -> Result:
    """Return t₊ = I_ss(ΔV - I_0 R_0)/(I_0(ΔV - I_ss R_ss)).

    Bruce and Vincent, J. Electroanal. Chem. 225 (1987) 1; Evans, Vincent and Bruce, Polymer 28
    (1987) 2324. The formula divides small differences, so the uncertainty is that of 20 000 draws
    of all five values; where 95 % of them spread over more than 0.5, nothing was determined.

    Parameters
    ----------
    potential_V : Uncertain
        Polarization ΔV.
    initial_A, steady_A : Uncertain
        I_0 and I_ss.
    before_ohm, after_ohm : Uncertain
        Resistance of both interfaces, R_0 and R_ss.
    """
    method = "Bruce–Vincent–Evans; 95 % interval from draws of ΔV, I_0, I_ss, R_0 and R_ss"
    at = f"at {potential_V.value * 1e3:.3g} mV"
    for current, ohm, name in ((initial_A, before_ohm, "I_0·R_0"), (steady_A, after_ohm, "I_ss·R_ss")):
        if abs(current.value * ohm.value) >= abs(potential_V.value):
            return Result(
                None, "1", method=method, warnings=warnings, reason=f"not physical {at}: {name} exceeds ΔV"
            )
    value = _formula(potential_V.value, initial_A.value, steady_A.value, before_ohm.value, after_ohm.value)
    random = np.random.default_rng(0)
    draws = [
        each.value + each.uncertainty * random.standard_normal(_DRAWS)
        for each in (potential_V, initial_A, steady_A, before_ohm, after_ohm)
    ]
    with np.errstate(all="ignore"):
        low, high = np.nanpercentile(_formula(*draws), [2.5, 97.5])
    span = f"its 95 % interval is {low:.2g} to {high:.2g}"
    if not np.isfinite(high - low) or high - low > _TOO_WIDE or not low <= value <= high:
        share = before_ohm.value * abs(initial_A.value) / abs(potential_V.value)
        reason = f"{span}, because the interfaces take {share:.0%} of ΔV"
        return Result(None, "1", method=method, warnings=warnings, reason=reason)
    found = [*warnings]
    if high - low > 0.1:
        found.append(span)
    if not 0.0 <= value <= 1.0:
        found.append("outside 0 to 1: not a transference number")
    if abs(potential_V.value) > _SMALL_V:
        found.append("the polarization is not small against 4RT/F")
    return Result(float(value), "1", float(high - low) / (2 * 1.96), method, tuple(found))


def _formula(potential, initial, steady, before, after):
    return steady * (potential - initial * before) / (initial * (potential - steady * after))

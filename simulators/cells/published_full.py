"""Full cells of published systems: from what a paper prints to the parameters of `FullCell`."""

import math
from typing import Any

from scipy.optimize import brentq

from .cathode import CATHODES
from .full import FullCell
from .rate_capability import fit_rate_capacities

LOADING_mg_PER_cm2 = 2.0
"""Of active material, where a paper gives none."""
USUAL_RATE_C = 0.5
"""Rate of a cycling experiment, where a paper gives none."""
_AREA_cm2 = 1.0
_THERMAL_mV = 2.0 * 25.693
"""2RT/F at 25 °C."""


def full_cell_parameters(name: str, facts: dict[str, Any], cycling: str = "cycling") -> dict[str, Any]:
    """Return parameters of `FullCell` that give what a paper prints.

    The electrode has 1 cm² and, where the paper gives no loading, 2 mg/cm². Where it gives no rate
    of the cycling, C/2.

    Parameters
    ----------
    name : str
        Such as "LFP|PLLZ".
    facts : dict
        The entry of ``full_cells``.
    cycling : str
        Which of the entry's cycling experiments the retention is taken from.
    """
    cathode = cathode_of(name)
    one_C = facts.get("one_C_mAh_per_g", CATHODES[cathode].one_C_mAh_per_g)
    mass_g = facts.get("loading_mg_per_cm2", LOADING_mg_PER_cm2) * 1e-3 * _AREA_cm2
    window_V = facts.get("window_V", (None, facts.get("upper_cutoff_V")))
    found: dict[str, Any] = {"cathode": cathode, "one_C_mAh_per_g": one_C, "capacity_mAh": one_C * mass_g}
    if window_V[1] is not None:
        found["upper_cutoff_V"] = window_V[1]
    rates = _rates(facts, cycling)
    if rates:
        found["rate_capacities"] = rates
    aged = facts.get(cycling, {})
    if aged.get("retention_percent") and aged.get("cycles"):
        found["retention_percent"] = aged["retention_percent"]
        found["retention_cycles"] = aged["cycles"]
        found["retention_rate_C"] = aged.get("rate_C", USUAL_RATE_C)
    return found | _losses(facts, found, rates, one_C)


def cathode_of(name: str) -> str:
    """Return the key of `CATHODES` for a system such as "pouch NCM811|PPLA".

    Raises
    ------
    ValueError
        There is no such cathode.
    """
    word = name.split("|", maxsplit=1)[0].rsplit(maxsplit=1)[-1]
    kind = "NCM" if word.startswith("NCM") else word
    if kind not in CATHODES:
        raise ValueError(f"{name} names no cathode that can be simulated; there are {', '.join(CATHODES)}.")
    return kind


def _rates(facts: dict[str, Any], cycling: str) -> dict[float, float]:
    """Return what is known of the capacity at each rate; the cycling's own first capacity counts too."""
    rates = dict(facts.get("rate_capacities", {}))
    aged = facts.get(cycling, {})
    first = aged.get("first_mAh_per_g")
    if not rates and first:
        rates[aged.get("rate_C", USUAL_RATE_C)] = first
    if not rates and facts.get("discharge_mAh_per_g"):
        rates[USUAL_RATE_C] = facts["discharge_mAh_per_g"]
    return rates


def _losses(
    facts: dict[str, Any], found: dict[str, Any], rates: dict[float, float], one_C: float
) -> dict[str, float]:
    """Return resistances and exchange current that give the printed polarizations.

    The polarization is the distance between charge and discharge: twice I·R + (2RT/F)·asinh(I/2i_0).
    With two currents both are known; with one, all of it is taken for resistance.
    """
    one_C_mA = found["capacity_mAh"]
    printed = facts.get("polarization_mV", {})
    growth = facts.get("charge_transfer_resistance_ohm", {})
    losses: dict[str, float] = {}
    if "2C" in printed and "first_cycle_1C" in printed:
        ohmic_mV, ratio = _two_currents(printed["first_cycle_1C"] / 2.0, printed["2C"] / 2.0)
        ohm = ohmic_mV / one_C_mA
        losses = {
            "exchange_current_mA": one_C_mA / (2.0 * ratio),
            "series_ohm": 0.2 * ohm,
            "interface_ohm": 0.8 * ohm,
        }
        if "cycle_100_1C" in printed:
            more_ohm = (printed["cycle_100_1C"] - printed["first_cycle_1C"]) / 2.0 / one_C_mA
            ratio = 1.0 + more_ohm / losses["interface_ohm"]
            losses |= _ageing(losses["interface_ohm"], ratio, 100, rates[1.0], rates, one_C)
    elif growth:
        ratio = growth["cycle_20"] / growth["cycle_1"]
        losses = {"exchange_current_mA": 100.0 * one_C_mA}
        losses |= _ageing(growth["cycle_1"], ratio, 20, rates[USUAL_RATE_C], rates, one_C)
        if "polarization_V" in facts:
            whole_ohm = facts["polarization_V"] * 1e3 / 2.0 / (USUAL_RATE_C * one_C_mA)
            losses["series_ohm"] = max(whole_ohm - growth["cycle_1"], 1.0)
    return losses


def _two_currents(at_1C_mV: float, at_2C_mV: float) -> tuple[float, float]:
    """Return the ohmic loss at 1C, and I/2i_0 there, that give the losses at 1C and 2C."""

    def missed(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        return 2.0 * at_1C_mV - at_2C_mV - _THERMAL_mV * (2.0 * math.asinh(ratio) - math.asinh(2.0 * ratio))

    ratio = math.exp(float(brentq(missed, -10.0, 10.0)))  # pyright: ignore[reportArgumentType]
    return max(at_1C_mV - _THERMAL_mV * math.asinh(ratio), 0.1), ratio


def _ageing(
    first_ohm: float, ratio: float, cycle: int, mAh_per_g: float, rates: dict[float, float], one_C: float
) -> dict[str, float]:
    """Return an interface that has `first_ohm` in the first cycle, and `ratio` times that in a later one.

    A cycle at a rate passes only `mAh_per_g`; the resistance grows with the square root of what
    passed, and is taken in the middle of each cycle.
    """
    capacity, _ = fit_rate_capacities(rates, one_C)
    share = mAh_per_g / capacity
    early, late = math.sqrt(0.5 * share), math.sqrt((cycle - 0.5) * share)
    growth = (ratio - 1.0) / (late - ratio * early)
    return {
        "interface_ohm": first_ohm / (1.0 + growth * early),
        "interface_growth_percent_per_sqrt_cycle": 100.0 * growth,
    }


def build_full_cell(name: str, facts: dict[str, Any], papers: dict[str, str], **parameters: Any) -> FullCell:
    """Build the cell of an entry of ``full_cells``; `parameters` replace what follows from the paper.

    ``cycling="cycling_5C"`` takes the retention from another of the entry's cycling experiments.
    """
    cycling = parameters.pop("cycling", "cycling")
    published = full_cell_parameters(name, facts, cycling)
    cell = FullCell(**{**published, **parameters})
    cell.attribute(
        {
            "name": f"{name}|Li",
            "paper": papers[facts["paper"]],
            "published": sorted(published.keys() - parameters.keys()),
        }
    )
    return cell

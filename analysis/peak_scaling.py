"""How peak currents grow with the scan rate: Randles–Sevcik and the exponent b."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .regression import Line, TooFewPointsError, fit_line

FARADAY_C_PER_MOL = 96485.33212
GAS_CONSTANT_J_PER_MOL_K = 8.314462618
_REVERSIBLE = 0.4463
"""Peak of the dimensionless current function (Nicholson and Shain, Anal. Chem. 36 (1964) 706)."""


@dataclass(frozen=True)
class PeakScaling:
    """Lines through peak currents against scan rates.

    Parameters
    ----------
    direction : int
        1 for anodic peaks, -1 for cathodic ones.
    against_root : Line
        I_p in A against √rate in (V/s)^½.
    b, b_uncertainty : float
        Exponent in I_p ∝ rate^b: 0.5 where diffusion limits, 1 for what is on the surface.
    """

    direction: int
    against_root: Line
    b: float
    b_uncertainty: float


def peak_scaling(
    rate_V_per_s: NDArray[np.float64], peak_current_A: NDArray[np.float64], direction: int
) -> PeakScaling:
    """Fit peak currents, shape (n,), against scan rates, shape (n,).

    Raises
    ------
    TooFewPointsError
        There are peaks at fewer than three scan rates.
    """
    if len(np.unique(rate_V_per_s)) < 3:
        raise TooFewPointsError(
            f"a line needs peaks at 3 scan rates, here are {len(np.unique(rate_V_per_s))}"
        )
    exponent = fit_line(np.log10(rate_V_per_s), np.log10(np.abs(peak_current_A)))
    return PeakScaling(
        direction, fit_line(np.sqrt(rate_V_per_s), peak_current_A), exponent.slope, exponent.slope_uncertainty
    )


def randles_sevcik_m2_per_s(
    slope_A: float, electrons: int, concentration_mol_per_m3: float, area_m2: float, temperature_K: float
) -> float:
    """Return the diffusion coefficient from the slope of I_p against √rate, in A/(V/s)^½.

    I_p = 0.4463 n F A c √(n F v D / R T), for a reversible reaction of dissolved species
    (at 25 °C the usual 2.69·10⁵ n^1.5 A c D^0.5 v^0.5 in A, cm and mol/cm³).
    """
    factor = _REVERSIBLE * electrons * FARADAY_C_PER_MOL * area_m2 * concentration_mol_per_m3
    thermal = electrons * FARADAY_C_PER_MOL / (GAS_CONSTANT_J_PER_MOL_K * temperature_K)
    return (slope_A / factor) ** 2 / thermal

"""How a conductivity depends on temperature: the laws of Arrhenius and of Vogel, Tammann and Fulcher."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from .regression import TooFewPointsError, fit_line

BOLTZMANN_eV_PER_K = 8.617333262e-5
kJ_PER_MOL_PER_eV = 96.48533212
_CLOSEST_K = 20.0
"""T_0 stays this far below the lowest temperature, where the law would end."""


@dataclass(frozen=True)
class ActivationFit:
    """A law through conductivities.

    Parameters
    ----------
    law : {"Arrhenius", "VTF"}
        σ = σ_0 exp(-E_a/k_B T), or σ = A T^(-1/2) exp(-E_a/k_B (T - T_0)).
    energy_eV, energy_uncertainty_eV : float
        E_a.
    prefactor : float
        σ_0 in S/cm, or A in S K^(1/2)/cm.
    t0_K, t0_uncertainty_K : float
        T_0; 0 for Arrhenius. The uncertainty is 0 where T_0 lies at the end of what is allowed.
    scatter : float
        Root mean square of the residuals of ln σ.
    points : int
        How many temperatures.
    """

    law: str
    energy_eV: float
    energy_uncertainty_eV: float
    prefactor: float
    t0_K: float
    t0_uncertainty_K: float
    scatter: float
    points: int

    def conductivity_S_per_cm(self, temperature_K: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the fitted conductivity in S/cm at temperatures in K."""
        power = 0.5 if self.law == "VTF" else 0.0
        exponent = self.energy_eV / BOLTZMANN_eV_PER_K / (temperature_K - self.t0_K)
        return self.prefactor * temperature_K**-power * np.exp(-exponent)


def fit_arrhenius(
    temperature_K: NDArray[np.float64], conductivity_S_per_cm: NDArray[np.float64]
) -> ActivationFit:
    """Fit ln σ against 1/T by a line.

    Raises
    ------
    TooFewPointsError
        There are fewer than three temperatures.
    """
    line = fit_line(1.0 / temperature_K, np.log(conductivity_S_per_cm))
    return ActivationFit(
        "Arrhenius",
        -line.slope * BOLTZMANN_eV_PER_K,
        line.slope_uncertainty * BOLTZMANN_eV_PER_K,
        float(np.exp(line.at(0.0))),
        0.0,
        0.0,
        line.scatter,
        line.points,
    )


def fit_vtf(temperature_K: NDArray[np.float64], conductivity_S_per_cm: NDArray[np.float64]) -> ActivationFit:
    """Fit ln(σ√T) against 1/(T - T_0), with the T_0 from 0 on that leaves the least.

    Raises
    ------
    TooFewPointsError
        There are fewer than five temperatures: the law has three values.
    """
    points = len(temperature_K)
    if len(np.unique(np.round(temperature_K, 1))) < 5:
        raise TooFewPointsError(f"the VTF law needs at least 5 temperatures, here are {points}")
    y = np.log(conductivity_S_per_cm * np.sqrt(temperature_K))

    def left(t0_K: float) -> float:
        return fit_line(1.0 / (temperature_K - t0_K), y).scatter

    highest_K = float(temperature_K.min()) - _CLOSEST_K
    starts = np.linspace(0.0, highest_K, 40)
    best = int(np.argmin([left(float(start)) for start in starts]))
    bounds = (float(starts[max(best - 1, 0)]), float(starts[min(best + 1, len(starts) - 1)]))
    found = minimize_scalar(left, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    t0_K = min((0.0, highest_K, float(found.x)), key=left)  # pyright: ignore[reportAttributeAccessIssue]
    line = fit_line(1.0 / (temperature_K - t0_K), y)
    slope_K, is_free = -line.slope, 0.0 < t0_K < highest_K
    # Derivatives of ln(σ√T) by ln A, B and T_0.
    distance = temperature_K - t0_K
    columns = [np.ones(points), -1.0 / distance, -slope_K / distance**2]
    jacobian = np.stack(columns if is_free else columns[:2], axis=1)
    variance = line.scatter**2 * (points - 2) / max(points - jacobian.shape[1], 1)
    errors = np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)) * variance)
    return ActivationFit(
        "VTF",
        slope_K * BOLTZMANN_eV_PER_K,
        float(errors[1]) * BOLTZMANN_eV_PER_K,
        float(np.exp(line.at(0.0))),
        t0_K,
        float(errors[2]) if is_free else 0.0,
        line.scatter,
        points,
    )

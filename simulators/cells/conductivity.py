"""Ionic conductivity against temperature, from whatever a paper prints of it."""

import math

_BOLTZMANN_eV_PER_K = 8.617333262e-5
_ZERO_CELSIUS_K = 273.15
VTF_TEMPERATURE_K = 0.0
"""Default T_0: papers that print a VTF energy of 0.4 eV and more leave T_0 out, and with a T_0 near
the glass transition that energy would change the conductivity by decades within 35 K."""


def conductivity_at(
    temperature_degC: float,
    measured: dict[float, float],
    activation_energy_eV: float | None = None,
    activation_energy_eV_VTF: float | None = None,
    vtf_temperature_K: float = VTF_TEMPERATURE_K,
) -> float:
    """Conductivity at a temperature.

    Two measured values decide the slope between and beyond them, because they are measurements
    and the energy is a fit; with one, the energy extrapolates from it: Arrhenius
    σ = σ_0 exp(-E_a/k_B T), else VTF σ = A T^(-1/2) exp(-E_a/k_B (T - T_0)); without an energy
    the conductivity is the same at every temperature.

    Parameters
    ----------
    temperature_degC : float
        Temperature of the cell.
    measured : dict of float to float
        Measured conductivity in S/cm at each temperature in °C; one or more.
    activation_energy_eV, activation_energy_eV_VTF : float, optional
        E_a of the two laws.
    vtf_temperature_K : float
        T_0 of the VTF law.

    Raises
    ------
    ValueError
        The VTF law has no value, because the temperature is not above T_0.
    """
    if len(measured) > 1:
        low, high = min(measured), max(measured)
        share = (_inverse_K(temperature_degC) - _inverse_K(low)) / (_inverse_K(high) - _inverse_K(low))
        return measured[low] * (measured[high] / measured[low]) ** share
    (reference_degC, reference), *_ = measured.items()
    if activation_energy_eV is not None:
        change_per_K = _inverse_K(temperature_degC) - _inverse_K(reference_degC)
        return reference * math.exp(-activation_energy_eV / _BOLTZMANN_eV_PER_K * change_per_K)
    if activation_energy_eV_VTF is not None:
        return reference * (
            _vtf(temperature_degC, activation_energy_eV_VTF, vtf_temperature_K)
            / _vtf(reference_degC, activation_energy_eV_VTF, vtf_temperature_K)
        )
    return reference


def _inverse_K(temperature_degC: float) -> float:
    return 1.0 / (temperature_degC + _ZERO_CELSIUS_K)


def _vtf(temperature_degC: float, energy_eV: float, t0_K: float) -> float:
    temperature_K = temperature_degC + _ZERO_CELSIUS_K
    if temperature_K <= t0_K:
        raise ValueError(f"The VTF law has no value at {temperature_degC:g} °C: its T_0 is {t0_K:g} K.")
    return temperature_K**-0.5 * math.exp(-energy_eV / _BOLTZMANN_eV_PER_K / (temperature_K - t0_K))

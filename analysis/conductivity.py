"""Ionic conductivity against temperature, and its activation energy."""

from dataclasses import dataclass

import numpy as np

from ..protocols import ConductivitySweep
from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .measurement import Measurement
from .regression import TooFewPointsError
from .spectrum import SpectrumAnalysis, spectrum_of
from .thermal_activation import ActivationFit, fit_arrhenius, fit_vtf, kJ_PER_MOL_PER_eV

ZERO_CELSIUS_K = 273.15
_ROOM_degC = 25.0
_UNITS = {
    "temperature": "°C",
    "ionic_conductivity": "S/cm",
    "uncertainty": "S/cm",
    "bulk_resistance": "Ω",
}
_FIT_UNITS = {
    "law": "",
    "activation_energy": "eV",
    "activation_energy_molar": "kJ/mol",
    "prefactor": "S/cm·K^½ or S/cm",
    "t0": "K",
    "t0_uncertainty": "K",
    "residual": "%",
}
_POOR = 0.03


@dataclass(frozen=True)
class ConductivityAnalysis:
    """Conductivity at each temperature, and both laws.

    Parameters
    ----------
    spectra : list of (float, SpectrumAnalysis)
        Temperature in °C and spectrum.
    rows : ndarray
        Rows of the table ``conductivities``.
    fits : list of ActivationFit
        Those that the points allow.
    results : dict
        ``ionic_conductivity`` (closest to 25 °C), ``activation_energy_arrhenius``,
        ``activation_energy_vtf``, and the tables ``conductivities`` and ``conductivity_fits``.
    """

    spectra: list[tuple[float, SpectrumAnalysis]]
    rows: np.ndarray
    fits: list[ActivationFit]
    results: Results


def analyse_conductivity(measurement: Measurement, circuit: str | None = None) -> ConductivityAnalysis:
    """Fit the spectrum at each temperature, and both laws to the conductivities."""
    measurement.protocol_as(ConductivitySweep)
    spectra, table = [], []
    missing = [name for name in ("thickness", "area") if getattr(measurement.cell, name) is None]
    for steps in measurement.grouped("spectrum"):
        rows = np.concatenate([measurement.run.impedance[step.impedance] for step in steps])
        if not len(rows):
            continue
        temperature_degC = _temperature(rows["ambient_temperature_celsius"], steps[0])
        spectrum = spectrum_of(rows, measurement.cell, circuit)
        spectra.append((temperature_degC, spectrum))
        sigma, bulk = (spectrum.results.get(name) for name in ("ionic_conductivity", "bulk_resistance"))
        if isinstance(sigma, Result) and isinstance(bulk, Result) and sigma.value and bulk.value:
            table.append((temperature_degC, sigma.value, sigma.uncertainty or np.nan, bulk.value))
    data = np.array(table, np.dtype([(name, "f8") for name in _UNITS]))
    reason = f"the cell's {' and '.join(missing)} is not known" if missing else ""
    if not len(data) and not reason:
        reason = "no spectrum gives the resistance of the electrolyte"
    fits, results = _laws(data, reason)
    method = "L/(R·A), R from the equivalent circuit of the spectrum at each temperature"
    return ConductivityAnalysis(
        spectra,
        data,
        fits,
        {
            "ionic_conductivity": _at_room(data, reason),
            **results,
            "conductivities": Table(data, _UNITS, method, reason=reason),
            "conductivity_fits": _fits_table(fits),
        },
    )


def _temperature(measured_degC: np.ndarray, step: StepRecord) -> float:
    """Return what was measured during a spectrum, or what the step was set to."""
    known = measured_degC[np.isfinite(measured_degC)]
    return float(np.mean(known)) if len(known) else float(step.parameters["temperature_degC"])


def _at_room(data: np.ndarray, reason: str) -> Result:
    if not len(data):
        return Result(None, "S/cm", reason=reason)
    row = data[int(np.argmin(np.abs(data["temperature"] - _ROOM_degC)))]
    method = f"L/(R·A) at {row['temperature']:.1f} °C"
    return Result(float(row["ionic_conductivity"]), "S/cm", float(row["uncertainty"]), method)


def _laws(data: np.ndarray, reason: str) -> tuple[list[ActivationFit], Results]:
    kelvin, sigma = data["temperature"] + ZERO_CELSIUS_K, data["ionic_conductivity"]
    fits: list[ActivationFit] = []
    results: dict[str, Result] = {}
    for name, fit_law in (("arrhenius", fit_arrhenius), ("vtf", fit_vtf)):
        try:
            fit = fit_law(kelvin, sigma)
        except TooFewPointsError as problem:
            results[f"activation_energy_{name}"] = Result(None, "eV", reason=reason or str(problem))
            continue
        fits.append(fit)
        results[f"activation_energy_{name}"] = Result(
            fit.energy_eV, "eV", fit.energy_uncertainty_eV, _method(fit), tuple(_warnings(fit))
        )
    return fits, results


def _method(fit: ActivationFit) -> str:
    t0 = ""
    if fit.law == "VTF":
        t0 = f", T_0 = {fit.t0_K:.0f}"
        t0 += f" ± {fit.t0_uncertainty_K:.0f} K" if fit.t0_uncertainty_K else " K, the end of its range"
    return (
        f"{fit.law} law through {fit.points} temperatures{t0}; "
        f"{fit.energy_eV * kJ_PER_MOL_PER_eV:.4g} kJ/mol; residual {fit.scatter * 100:.2g} % of σ"
    )


def _warnings(fit: ActivationFit) -> list[str]:
    warnings = []
    if fit.scatter > _POOR:
        warnings.append(f"the points do not follow the {fit.law} law: it leaves {fit.scatter * 100:.2g} %")
    if fit.energy_eV <= 0.0:
        warnings.append("the conductivity falls with temperature; no thermally activated law does that")
    elif fit.energy_uncertainty_eV > 0.1 * fit.energy_eV:
        warnings.append("the temperatures do not determine the energy to better than 10 %")
    return warnings


def _fits_table(fits: list[ActivationFit]) -> Table:
    rows = [
        (
            fit.law.encode(),
            fit.energy_eV,
            fit.energy_eV * kJ_PER_MOL_PER_eV,
            fit.prefactor,
            fit.t0_K,
            fit.t0_uncertainty_K,
            fit.scatter * 100.0,
        )
        for fit in fits
    ]
    dtype = np.dtype([(name, "S16" if name == "law" else "f8") for name in _FIT_UNITS])
    reason = "" if fits else "there are too few temperatures"
    return Table(np.array(rows, dtype), _FIT_UNITS, "least squares of ln σ", reason=reason)

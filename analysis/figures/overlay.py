"""What runs of one kind have in common, as a curve of each on shared axes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..conductivity import ZERO_CELSIUS_K, ConductivityAnalysis
from ..coulombic_efficiency import CoulombicEfficiencyAnalysis
from ..critical_current_density import CriticalCurrentDensityAnalysis
from ..cycling import CyclingAnalysis
from ..floating_test import FloatingTestAnalysis
from ..gitt import GITTAnalysis
from ..linear_sweep import LinearSweepAnalysis
from ..measurement import Measurement
from ..open_circuit import OpenCircuitAnalysis
from ..polarization import PolarizationAnalysis
from ..pulse_resistance import PulseResistanceAnalysis
from ..rate import RateAnalysis
from ..self_discharge import SelfDischargeAnalysis
from ..spectra import SpectraAnalysis
from ..spectrum import SpectrumAnalysis
from ..symmetric_cycling import SymmetricCyclingAnalysis
from ..tafel import TafelAnalysis
from ..voltammogram import VoltammogramAnalysis
from .cycling import capacity_of
from .spectra import AXES
from .style import cycles_on_x, density, potential_label, rows_of

Overlay = Callable[[Any, Measurement, Any, dict[str, Any]], None]
"""Draws the curve of one run: axes, measurement, analysis, and the colour and label of the run."""


def _open_circuit(axes: Any, measurement: Measurement, analysis: OpenCircuitAnalysis, style: Any) -> None:
    axes.plot(analysis.time_s / 3600.0, analysis.potential_V, **style)
    axes.set(xlabel="Time (h)", ylabel=potential_label(measurement.cell))


def _linear_sweep(axes: Any, measurement: Measurement, analysis: LinearSweepAnalysis, style: Any) -> None:
    if analysis.sweep is not None:
        sweep = analysis.sweep
        shown, label = density(sweep.y * sweep.direction, analysis.area_m2, micro=True)
        axes.plot(sweep.x * sweep.direction, shown, **style)
        axes.set(xlabel=potential_label(measurement.cell), ylabel=label)


def _voltammogram(axes: Any, measurement: Measurement, analysis: VoltammogramAnalysis, style: Any) -> None:
    # The last cycle: it is closest to steady.
    for index, sweep in enumerate(analysis.sweeps[-2:]):
        shown, label = density(sweep.current_A, analysis.area_m2, micro=True)
        axes.plot(sweep.potential_V, shown, **(style if index == 0 else {**style, "label": None}))
        axes.set(xlabel=potential_label(measurement.cell), ylabel=label)


def _spectrum(axes: Any, _: Measurement, analysis: SpectrumAnalysis, style: Any) -> None:
    axes.plot(analysis.impedance_ohm.real, -analysis.impedance_ohm.imag, "o-", ms=2.5, lw=0.6, **style)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="Re Z (Ω)", ylabel="−Im Z (Ω)")


def _conductivity(axes: Any, _: Measurement, analysis: ConductivityAnalysis, style: Any) -> None:
    kelvin = analysis.rows["temperature"] + ZERO_CELSIUS_K
    axes.semilogy(1e3 / kelvin, analysis.rows["ionic_conductivity"] * 1e3, "o-", ms=3.5, **style)
    axes.set(xlabel="1000/T (K$^{-1}$)", ylabel="Ionic conductivity (mS/cm)")


def _floating_test(axes: Any, measurement: Measurement, analysis: FloatingTestAnalysis, style: Any) -> None:
    leakages = np.abs([hold.leakage_A_per_m2 for hold in analysis.holds]) * 100.0
    axes.semilogy([hold.potential_V for hold in analysis.holds], leakages, "o-", ms=3.5, **style)
    axes.set(xlabel=potential_label(measurement.cell), ylabel="Leakage (µA/cm²)")


def _critical_current(
    axes: Any, _: Measurement, analysis: CriticalCurrentDensityAnalysis, style: Any
) -> None:
    rows = rows_of(analysis.results, "overpotential")
    if rows is not None:
        axes.plot(rows["current_density"], rows["overpotential"], "o-", ms=3, **style)
    axes.set(xlabel="Current density (mA/cm²)", ylabel="Overpotential (mV)")


def _polarization(axes: Any, _: Measurement, analysis: PolarizationAnalysis, style: Any) -> None:
    later = analysis.time_s > 0.1
    axes.semilogx(analysis.time_s[later], analysis.current_A[later] * 1e6, **style)
    axes.set(xlabel="Time (s)", ylabel="Current (µA)")


def _tafel(axes: Any, _: Measurement, analysis: TafelAnalysis, style: Any) -> None:
    shown, label = density(np.abs(analysis.current_A), analysis.area_m2, micro=False)
    seen = shown > 0
    axes.semilogy(analysis.overpotential_V[seen] * 1e3, shown[seen], ".", ms=2, **style)
    axes.set(xlabel="Overpotential (mV)", ylabel=f"|{label}|")


def _symmetric(axes: Any, _: Measurement, analysis: SymmetricCyclingAnalysis, style: Any) -> None:
    rows = rows_of(analysis.results, "overpotential")
    if rows is not None:
        axes.plot(rows["time"], rows["overpotential_mean"], **style)
    axes.set(xlabel="Time (h)", ylabel="Overpotential (mV)")


def _spectra(axes: Any, _: Measurement, analysis: SpectraAnalysis, style: Any) -> None:
    rows = rows_of(analysis.results, "spectra")
    if rows is not None:
        axes.plot(rows[analysis.against], rows["interfacial_resistance"], "o-", ms=3, **style)
    axes.set(xlabel=AXES[analysis.against], ylabel="Interfacial resistance (Ω)")


def _efficiency(axes: Any, _: Measurement, analysis: CoulombicEfficiencyAnalysis, style: Any) -> None:
    rows = rows_of(analysis.results, "coulombic_efficiency")
    if rows is not None:
        axes.plot(rows["cycle"], rows["coulombic_efficiency"], "o-", ms=3, **style)
    cycles_on_x(axes)
    axes.set(ylabel="Coulombic efficiency (%)")


def _cycles(axes: Any, _: Measurement, analysis: CyclingAnalysis | RateAnalysis, style: Any) -> None:
    rows = rows_of(analysis.results, "cycles")
    if rows is not None:
        name, unit, _scale = capacity_of(rows)
        axes.plot(rows["cycle"], rows[name], "o", ms=3, **style)
        cycles_on_x(axes)
        axes.set(ylabel=f"Discharge capacity ({unit})")


def _gitt(axes: Any, _: Measurement, analysis: GITTAnalysis, style: Any) -> None:
    rows = analysis.rows
    known = "diffusion_coefficient" in (rows.dtype.names or ())
    quantity = "diffusion_coefficient" if known else "diffusion_rate"
    axes.semilogy(rows["equilibrium_potential"], rows[quantity], "o", ms=3, **style)
    axes.set(xlabel="Equilibrium potential (V)", ylabel="$D$ (cm²/s)" if known else "$D/L^2$ (1/s)")


def _self_discharge(axes: Any, _: Measurement, analysis: SelfDischargeAnalysis, style: Any) -> None:
    axes.plot(analysis.time_h, analysis.potential_V, **style)
    axes.set(xlabel="Storage (h)", ylabel="Potential (V)")


def _pulse_resistance(axes: Any, _: Measurement, analysis: PulseResistanceAnalysis, style: Any) -> None:
    rows = analysis.rows[analysis.rows["direction"] < 0]
    axes.plot(rows["depth_of_discharge"], rows["resistance_10s"], "s-", ms=3.5, **style)
    axes.set(xlabel="Discharged (mAh)", ylabel="Resistance at 10 s (Ω)")


OVERLAYS: dict[type, tuple[str, Overlay]] = {
    OpenCircuitAnalysis: ("open circuit", _open_circuit),
    LinearSweepAnalysis: ("linear sweep", _linear_sweep),
    VoltammogramAnalysis: ("voltammogram", _voltammogram),
    SpectrumAnalysis: ("impedance", _spectrum),
    SpectraAnalysis: ("spectra", _spectra),
    ConductivityAnalysis: ("ionic conductivity", _conductivity),
    FloatingTestAnalysis: ("floating test", _floating_test),
    CriticalCurrentDensityAnalysis: ("critical current density", _critical_current),
    PolarizationAnalysis: ("polarization", _polarization),
    TafelAnalysis: ("Tafel plot", _tafel),
    SymmetricCyclingAnalysis: ("symmetric cycling", _symmetric),
    CoulombicEfficiencyAnalysis: ("coulombic efficiency", _efficiency),
    CyclingAnalysis: ("cycling", _cycles),
    RateAnalysis: ("rate test", _cycles),
    GITTAnalysis: ("GITT", _gitt),
    SelfDischargeAnalysis: ("self-discharge", _self_discharge),
    PulseResistanceAnalysis: ("pulse resistance", _pulse_resistance),
}
"""For the type of an analysis, what it is called and how it is drawn beside others."""

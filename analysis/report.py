"""The figures of a run, as files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ..storage import Run, StorageError
from ..storage.exporting import safe_name
from .conductivity import ConductivityAnalysis
from .coulombic_efficiency import CoulombicEfficiencyAnalysis
from .critical_current_density import CriticalCurrentDensityAnalysis
from .cycling import CyclingAnalysis
from .figures.conductivity import draw_conductivity
from .figures.coulombic_efficiency import draw_coulombic_efficiency
from .figures.critical_current_density import draw_critical_current_density
from .figures.cycling import draw_cycling
from .figures.floating_test import draw_floating_test
from .figures.gitt import draw_gitt
from .figures.linear_sweep import draw_linear_sweep
from .figures.open_circuit import draw_open_circuit
from .figures.polarization import draw_polarization
from .figures.pulse_resistance import draw_pulse_resistance
from .figures.rate import draw_rate
from .figures.relaxation_times import draw_relaxation_times
from .figures.self_discharge import draw_self_discharge
from .figures.spectra import draw_spectra
from .figures.spectrum import draw_spectrum
from .figures.style import save, styled
from .figures.symmetric_cycling import draw_symmetric_cycling
from .figures.tafel import draw_tafel
from .figures.voltammogram import draw_voltammogram
from .floating_test import FloatingTestAnalysis
from .gitt import GITTAnalysis
from .linear_sweep import LinearSweepAnalysis
from .measurement import Measurement
from .open_circuit import OpenCircuitAnalysis
from .polarization import PolarizationAnalysis
from .pulse_resistance import PulseResistanceAnalysis
from .rate import RateAnalysis
from .run_results import analyses
from .self_discharge import SelfDischargeAnalysis
from .spectra import SpectraAnalysis
from .spectrum import SpectrumAnalysis
from .symmetric_cycling import SymmetricCyclingAnalysis
from .tafel import TafelAnalysis
from .voltammogram import VoltammogramAnalysis

FORMATS = ("png", "svg", "pdf")

_DRAWINGS: dict[type, dict[str, Callable[[Any, Any], Figure]]] = {
    OpenCircuitAnalysis: {"open-circuit": draw_open_circuit},
    LinearSweepAnalysis: {"linear-sweep": draw_linear_sweep},
    VoltammogramAnalysis: {"voltammogram": draw_voltammogram},
    SpectrumAnalysis: {"spectrum": draw_spectrum, "relaxation-times": draw_relaxation_times},
    ConductivityAnalysis: {"conductivity": draw_conductivity},
    FloatingTestAnalysis: {"floating-test": draw_floating_test},
    CoulombicEfficiencyAnalysis: {"coulombic-efficiency": draw_coulombic_efficiency},
    CriticalCurrentDensityAnalysis: {"critical-current-density": draw_critical_current_density},
    PolarizationAnalysis: {"polarization": draw_polarization},
    CyclingAnalysis: {"cycling": draw_cycling},
    RateAnalysis: {"rate": draw_rate},
    GITTAnalysis: {"gitt": draw_gitt},
    SelfDischargeAnalysis: {"self-discharge": draw_self_discharge},
    PulseResistanceAnalysis: {"pulse-resistance": draw_pulse_resistance},
    TafelAnalysis: {"tafel": draw_tafel},
    SymmetricCyclingAnalysis: {"symmetric-cycling": draw_symmetric_cycling},
    SpectraAnalysis: {"spectra": draw_spectra},
}


def draw_report(
    run: Run,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    *,
    circuit: str | None = None,
    parts: Sequence[tuple[Measurement, Any]] | None = None,
) -> list[Path]:
    """Draw the figure of every part of a run.

    Parameters
    ----------
    run : Run
        What was measured.
    folder : Path
        Where the files go, named after the run file.
    formats : sequence of {"png", "svg", "pdf"}
        Of each figure.
    circuit : str, optional
        Equivalent circuit of the spectra; by default the one that each of them supports.
    parts : sequence, optional
        What `analyses` returned, where that was asked already.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        A format is not known.
    StorageError
        A file cannot be written.
    """
    checked_formats(formats)
    files = []
    with styled():
        for measurement, analysis in analyses(run, circuit=circuit) if parts is None else parts:
            for name, draw in _DRAWINGS[type(analysis)].items():
                figure = draw(measurement, analysis)
                stem = "-".join((run.path.stem, safe_name(measurement.part or "0"), name))
                for each in formats:
                    files.append(folder / f"{stem}.{each}")
                    try:
                        save(figure, files[-1])
                    except OSError as error:
                        raise StorageError(f"{files[-1]} cannot be written: {error.strerror}.") from error
    return files


def checked_formats(formats: Sequence[str]) -> None:
    """Raise `ValueError` for a format that figures do not come in."""
    unknown = [each for each in formats if each not in FORMATS]
    if unknown or not formats:
        raise ValueError(f"{', '.join(unknown) or 'none'} is not a format of figures; use png, svg or pdf.")

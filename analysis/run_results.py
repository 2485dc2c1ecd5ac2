"""From a run file to its results."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from ..protocols import Imported
from ..storage import Run
from ..storage.results import Result, Results, Table
from .circuit import Circuit
from .conductivity import analyse_conductivity
from .coulombic_efficiency import analyse_coulombic_efficiency
from .critical_current_density import analyse_critical_current_density
from .cycling import analyse_cycling
from .floating_test import analyse_floating_test
from .gitt import analyse_gitt
from .linear_sweep import analyse_linear_sweep
from .measurement import Measurement, all_spectra, measurements
from .open_circuit import analyse_open_circuit
from .polarization import analyse_polarization
from .pulse_resistance import analyse_pulse_resistance
from .rate import analyse_rate
from .self_discharge import analyse_self_discharge
from .spectra import FEWEST_SPECTRA, analyse_spectra, spectrum_steps
from .spectrum import analyse_spectrum
from .symmetric_cycling import analyse_symmetric_cycling
from .tafel import analyse_tafel
from .voltammogram import analyse_voltammogram

_MOST_ALONE = 12
"""Of more spectra only the first and the last are analysed alone as well."""
_log = logging.getLogger(__name__)

_ANALYSES: dict[str, Callable[[Measurement], Any]] = {
    "OpenCircuit": analyse_open_circuit,
    "LinearSweep": analyse_linear_sweep,
    "CyclicVoltammetry": analyse_voltammogram,
    "CoulombicEfficiency": analyse_coulombic_efficiency,
    "FloatingTest": analyse_floating_test,
    "GalvanostaticCycling": analyse_cycling,
    "RateTest": analyse_rate,
    "Schedule": analyse_cycling,
    "GITT": analyse_gitt,
    "SelfDischarge": analyse_self_discharge,
    "PulseResistance": analyse_pulse_resistance,
    "TafelPlot": analyse_tafel,
    "CriticalCurrentDensity": analyse_critical_current_density,
    "SymmetricCycling": analyse_symmetric_cycling,
}
"""For the name of a protocol, the function that gives an object with `results`."""


def analyse(run: Run, *, circuit: str | None = None) -> Results:
    """Derive all results of a run.

    A name that several parts of a sequence share has the part before it: ``2/bulk_resistance``.
    """
    return results_of(analyses(run, circuit=circuit))


def results_of(parts: Sequence[tuple[Measurement, Any]]) -> Results:
    """Return the results of what `analyses` returned, by name."""
    found: list[tuple[str, str, Result | Table]] = [
        (measurement.part, name, result)
        for measurement, analysis in parts
        for name, result in analysis.results.items()
    ]
    shared = {name for name, count in Counter(name for _, name, _ in found).items() if count > 1}
    return {f"{part}/{name}" if name in shared else name: result for part, name, result in found}


def analyses(run: Run, *, circuit: str | None = None) -> list[tuple[Measurement, Any]]:
    """Return the measurements of a run that have an analysis, each with it.

    Raises
    ------
    CircuitError
        The text of a circuit is none.
    """
    if circuit is not None:
        Circuit.parse(circuit)
    functions = {
        **_ANALYSES,
        "ImpedanceSpectrum": partial(analyse_spectrum, circuit=circuit),
        "ConductivitySweep": partial(analyse_conductivity, circuit=circuit),
        "PotentiostaticPolarization": partial(analyse_polarization, circuit=circuit),
    }
    found = []
    for measurement in _analysed_alone(measurements(run)):
        function = functions.get(_kind(measurement))
        if function is not None:
            found += _attempt(function, measurement)
    spectra = all_spectra(run)
    if len(spectrum_steps(spectra)) >= FEWEST_SPECTRA:
        found += _attempt(partial(analyse_spectra, circuit=circuit), spectra)
    return found


def _analysed_alone(parts: list[Measurement]) -> list[Measurement]:
    """Return the measurements without the middle ones of many spectra."""
    single = [each for each in parts if _kind(each) == "ImpedanceSpectrum"]
    left_out = single[1:-1] if len(single) > _MOST_ALONE else []
    return [each for each in parts if each not in left_out]


def _kind(measurement: Measurement) -> str:
    """Return the name of the protocol whose analysis applies."""
    protocol = measurement.protocol
    return protocol.analysed_as if isinstance(protocol, Imported) else type(protocol).__name__


def _attempt(
    function: Callable[[Measurement], Any], measurement: Measurement
) -> list[tuple[Measurement, Any]]:
    try:
        # The matrices are small: threads would only wait for each other.
        with threadpool_limits(1):
            return [(measurement, function(measurement))]
    except Exception:  # noqa: BLE001
        # A script that measures on must not end because one analysis fails.
        _log.exception("%s: %s was not analysed.", measurement.run.path, type(measurement.protocol).__name__)
        return []

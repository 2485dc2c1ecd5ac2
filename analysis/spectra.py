"""All spectra of a run with one equivalent circuit: resistances against cycle, time or temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.samples import Block
from ..protocols import Cell
from ..storage.results import Result, Results, Table
from ..storage.run import StepRecord
from .circuit import Circuit, Complex
from .circuit_choice import choose_circuit
from .circuit_fit import CircuitFit, fit_circuit
from .kramers_kronig import KramersKronigTest, kramers_kronig_test
from .measurement import Measurement
from .regression import TooFewPointsError
from .spectrum import interpreted, usable_points

FEWEST_SPECTRA = 3
"""Fewer are compared in figures of their own."""
_CHOOSERS = 3
_WORSE = 3.0
_ABOUT_TEMPERATURE_K = 1.0
_UNITS = {
    "spectrum": "1",
    "cycle": "1",
    "time": "h",
    "temperature": "°C",
    "bulk_resistance": "Ω",
    "bulk_resistance_uncertainty": "Ω",
    "interfacial_resistance": "Ω",
    "interfacial_resistance_uncertainty": "Ω",
    "chi_squared": "1",
    "kramers_kronig_residual": "%",
}


@dataclass(frozen=True)
class FittedSpectrum:
    """One spectrum of several.

    Parameters
    ----------
    number, cycle : int
        Which of the run's spectra, from 1; after how many cycles.
    time_h, temperature_degC : float
        When it began in the run; NaN for a temperature that is not known.
    frequency_Hz : array, shape (n,)
        Frequencies of the valid points.
    impedance_ohm : array of complex, shape (n,)
        Impedance there.
    fit : CircuitFit or None
        The circuit with its values; None where there are too few points.
    test : KramersKronigTest or None
        Whether it is consistent; None where there are too few points.
    """

    number: int
    cycle: int
    time_h: float
    temperature_degC: float
    frequency_Hz: NDArray[np.float64]
    impedance_ohm: Complex
    fit: CircuitFit | None
    test: KramersKronigTest | None


@dataclass(frozen=True)
class SpectraAnalysis:
    """The spectra of a run, all fitted with the same circuit.

    Parameters
    ----------
    spectra : tuple of FittedSpectrum
        In order.
    circuit : Circuit or None
        The circuit; None where no spectrum has enough points for one.
    results : dict
        The tables ``spectra`` (resistances, χ², consistency) and ``spectra_values`` (every value of
        the circuit), a row for each spectrum, with standard uncertainties.
    """

    spectra: tuple[FittedSpectrum, ...]
    circuit: Circuit | None
    results: Results

    @property
    def against(self) -> str:
        """What the spectra differ in: ``temperature``, ``cycle`` or ``time``, as in the table."""
        rows = self.results["spectra"].rows  # pyright: ignore[reportAttributeAccessIssue]
        known = rows["temperature"][np.isfinite(rows["temperature"])]
        if len(known) and np.ptp(known) > _ABOUT_TEMPERATURE_K:
            return "temperature"
        return "cycle" if len(set(rows["cycle"].tolist())) == len(rows) else "time"


def analyse_spectra(measurement: Measurement, circuit: str | None = None) -> SpectraAnalysis:
    """Fit all spectra of a measurement with one circuit.

    Parameters
    ----------
    measurement : Measurement
        With the steps of all spectra, whatever their roles.
    circuit : str, optional
        The circuit, such as "R0-p(R1,CPE1)"; by default the one that describes the first, a middle
        and the last of them best.
    """
    groups = spectrum_steps(measurement)
    blocks = [
        np.concatenate([measurement.run.impedance[step.impedance] for step in steps]) for steps in groups
    ]
    points = [usable_points(block) for block in blocks]
    chosen = _circuit(points) if circuit is None else Circuit.parse(circuit)
    spectra: list[FittedSpectrum] = []
    near: list[float] | None = None
    for number, (steps, block, (frequency_Hz, impedance_ohm)) in enumerate(
        zip(groups, blocks, points, strict=True), 1
    ):
        fit = None if chosen is None else _fit(frequency_Hz, impedance_ohm, chosen, near)
        near = near if fit is None else fit.values.tolist()
        spectra.append(
            FittedSpectrum(
                number=number,
                cycle=steps[0].cycle_count,
                time_h=steps[0].begin_s / 3600.0,
                temperature_degC=_temperature(block, steps[0].parameters.get("temperature_degC")),
                frequency_Hz=frequency_Hz,
                impedance_ohm=impedance_ohm,
                fit=fit,
                test=_test(frequency_Hz, impedance_ohm),
            )
        )
    tables = {
        "spectra": _table(spectra, chosen, measurement.cell),
        "spectra_values": _values(spectra, chosen),
    }
    return SpectraAnalysis(tuple(spectra), chosen, tables)


def spectrum_steps(measurement: Measurement) -> list[list[StepRecord]]:
    """Return the steps of each spectrum that has points; the segments of an interrupted one are together."""
    groups: dict[int, list[StepRecord]] = {}
    for step in measurement.steps:
        if step.impedance.stop > step.impedance.start:
            groups.setdefault(step.program_index, []).append(step)
    return list(groups.values())


def _circuit(points: Sequence[tuple[NDArray[np.float64], Complex]]) -> Circuit | None:
    """Return the circuit, of those that single spectra support, that describes several best."""
    places = np.unique(np.linspace(0, len(points) - 1, _CHOOSERS).round().astype(int)).tolist()
    judges = [points[place] for place in places]
    supported: dict[str, Circuit] = {}
    for frequency_Hz, impedance_ohm in judges:
        try:
            circuit = choose_circuit(frequency_Hz, impedance_ohm).circuit
        except TooFewPointsError:
            continue
        supported.setdefault(circuit.text, circuit)

    def criterion(circuit: Circuit) -> float:
        fits = [_fit(frequency_Hz, impedance_ohm, circuit, None) for frequency_Hz, impedance_ohm in judges]
        return sum(fit.criterion for fit in fits if fit is not None)

    return min(supported.values(), key=criterion, default=None)


def _fit(
    frequency_Hz: NDArray[np.float64], impedance_ohm: Complex, circuit: Circuit, near: Sequence[float] | None
) -> CircuitFit | None:
    try:
        return fit_circuit(frequency_Hz, impedance_ohm, circuit, near=near)
    except TooFewPointsError:
        return None


def _test(frequency_Hz: NDArray[np.float64], impedance_ohm: Complex) -> KramersKronigTest | None:
    try:
        return kramers_kronig_test(frequency_Hz, impedance_ohm)
    except TooFewPointsError:
        return None


def _temperature(rows: Block, wanted_degC: float | None) -> float:
    """Return what was measured during a spectrum, or what the step was set to."""
    measured = rows["ambient_temperature_celsius"]
    known = measured[np.isfinite(measured)]
    if len(known):
        return float(np.mean(known))
    return np.nan if wanted_degC is None else wanted_degC


def _table(spectra: Sequence[FittedSpectrum], circuit: Circuit | None, cell: Cell) -> Table:
    rows = []
    for each in spectra:
        meaning = {} if each.fit is None else interpreted(each.fit, cell)
        rows.append(
            (
                each.number,
                each.cycle,
                each.time_h,
                each.temperature_degC,
                *_pair(meaning.get("bulk_resistance")),
                *_pair(meaning.get("interfacial_resistance")),
                np.nan if each.fit is None else each.fit.chi_squared,
                np.nan if each.test is None else each.test.scatter * 100.0,
            )
        )
    dtype = np.dtype([(name, "f8") for name in _UNITS])
    return Table(np.array(rows, dtype), _UNITS, _method(circuit), _warnings(spectra))


def _pair(result: object) -> tuple[float, float]:
    if not isinstance(result, Result) or result.value is None:
        return np.nan, np.nan
    return result.value, np.nan if result.uncertainty is None else result.uncertainty


def _values(spectra: Sequence[FittedSpectrum], circuit: Circuit | None) -> Table:
    units = {"spectrum": "1"}
    for parameter in () if circuit is None else circuit.parameters:
        units |= {parameter.name: parameter.unit, f"{parameter.name}_uncertainty": parameter.unit}
    rows = []
    for each in spectra:
        pairs = (
            [np.nan] * (len(units) - 1)
            if each.fit is None
            else np.column_stack([each.fit.values, each.fit.uncertainties]).ravel().tolist()
        )
        rows.append((each.number, *pairs))
    return Table(np.array(rows, np.dtype([(name, "f8") for name in units])), units, _method(circuit))


def _method(circuit: Circuit | None) -> str:
    if circuit is None:
        return "no spectrum has enough points for a circuit"
    return (
        f"{circuit.text} for all spectra, by complex non-linear least squares weighted by 1/|Z|; standard "
        "uncertainties; χ² = Σ|ΔZ|²/|Z|²; residual: linear Kramers–Kronig test, root mean square of ΔZ/|Z|"
    )


def _warnings(spectra: Sequence[FittedSpectrum]) -> tuple[str, ...]:
    scatters = [each.fit.scatter for each in spectra if each.fit is not None]
    if not scatters:
        return ()
    usual = float(np.median(scatters))
    poor = [
        str(each.number)
        for each in spectra
        if each.fit is not None and each.fit.scatter > max(_WORSE * usual, 0.01)
    ]
    if not poor:
        return ()
    listed = ", ".join(poor[:10]) + (" …" if len(poor) > 10 else "")
    return (f"the circuit does not describe spectrum {listed} as well as the others",)

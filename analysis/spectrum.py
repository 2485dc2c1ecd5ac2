"""Resistances and capacitances of an impedance spectrum, and whether the spectrum can be trusted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.samples import Block
from ..core.units import pretty
from ..protocols import Cell
from ..storage.results import Result, Results, Table
from .circuit import Complex, Element, Part, elements_of
from .circuit_choice import choose_circuit
from .circuit_fit import CircuitFit, fit_circuit
from .kramers_kronig import KramersKronigTest, kramers_kronig_test
from .measurement import Measurement, valid
from .regression import TooFewPointsError
from .relaxation_distribution import FEWEST_POINTS, RelaxationDistribution, relaxation_distribution

_TOLERATED = 0.01
_POOR_FIT = 0.03
_BULK_F_PER_CM2 = 1e-8
"""Arcs with less are the bulk and its grain boundaries (Irvine, Sinclair, West, Adv. Mater. 2 (1990) 132)."""
_ELEMENT_ROW = np.dtype([("element", "S16"), ("value", "f8"), ("uncertainty", "f8"), ("unit", "S16")])


@dataclass(frozen=True)
class SpectrumAnalysis:
    """A spectrum with the circuit and the Kramers–Kronig test that belong to it.

    Parameters
    ----------
    frequency_Hz : array, shape (n,)
        Frequencies of the valid points.
    impedance_ohm : array of complex, shape (n,)
        Impedance there.
    fit : CircuitFit or None
        The equivalent circuit; None where there are too few points.
    test : KramersKronigTest or None
        The test; None where there are too few points.
    distribution : RelaxationDistribution or None
        Of relaxation times; None where there are too few points.
    results : dict
        ``bulk_resistance``, ``interfacial_resistance``, ``double_layer_capacitance``,
        ``kramers_kronig_residual``, ``equivalent_circuit``, ``relaxation_times`` and
        ``ionic_conductivity``.
    """

    frequency_Hz: NDArray[np.float64]
    impedance_ohm: Complex
    fit: CircuitFit | None
    test: KramersKronigTest | None
    distribution: RelaxationDistribution | None
    results: Results


def analyse_spectrum(
    measurement: Measurement, circuit: str | None = None, role: str = "spectrum"
) -> SpectrumAnalysis:
    """Fit an equivalent circuit to a spectrum and test the spectrum for consistency.

    Parameters
    ----------
    measurement : Measurement
        With an impedance spectrum.
    circuit : str, optional
        The circuit, such as "R0-p(R1,CPE1)"; by default the one that the spectrum supports.
    role : str
        Of the steps that measured it.
    """
    return spectrum_of(measurement.impedance(role), measurement.cell, circuit)


def spectrum_of(rows: Block, cell: Cell, circuit: str | None = None) -> SpectrumAnalysis:
    """Analyse the points of one spectrum, rows of `IMPEDANCE`; see `analyse_spectrum`."""
    frequency_Hz, impedance_ohm = usable_points(rows)
    try:
        test = kramers_kronig_test(frequency_Hz, impedance_ohm)
        if circuit is None:
            fit = choose_circuit(frequency_Hz, impedance_ohm)
        else:
            fit = fit_circuit(frequency_Hz, impedance_ohm, circuit)
    except TooFewPointsError as problem:
        return SpectrumAnalysis(frequency_Hz, impedance_ohm, None, None, None, _nothing(str(problem)))
    warnings = []
    if len(rows) > len(frequency_Hz):
        warnings.append(f"{len(rows) - len(frequency_Hz)} points beyond the range were left out")
    if fit.scatter > _POOR_FIT:
        warnings.append(
            f"the circuit {fit.circuit.text} leaves {fit.scatter * 100:.2g} %: it is not the cell's"
        )
    results = {
        **interpreted(fit, cell, tuple(warnings)),
        "kramers_kronig_residual": _residual(test),
        "equivalent_circuit": _table(fit, tuple(warnings)),
    }
    distribution = None
    if len(frequency_Hz) >= FEWEST_POINTS:
        distribution = relaxation_distribution(frequency_Hz, impedance_ohm)
        results["relaxation_times"] = _relaxation_table(distribution)
    return SpectrumAnalysis(frequency_Hz, impedance_ohm, fit, test, distribution, results)


def usable_points(rows: Block) -> tuple[NDArray[np.float64], Complex]:
    """Return frequencies in Hz and impedances in Ω of the valid points among rows of `IMPEDANCE`."""
    frequency_Hz = rows["frequency_hertz"].astype(float)
    impedance_ohm = rows["real_impedance_ohm"] + 1j * rows["imaginary_impedance_ohm"]
    usable = valid(rows) & np.isfinite(impedance_ohm) & (np.abs(impedance_ohm) > 0.0)
    return frequency_Hz[usable], impedance_ohm[usable]


def interpreted(fit: CircuitFit, cell: Cell, warnings: tuple[str, ...] = ()) -> dict[str, Result]:
    """Return what the elements of a fitted circuit mean for the cell, by the name of the result."""
    return _Interpretation(fit, cell, warnings).results()


def _nothing(reason: str) -> Results:
    units = {
        "bulk_resistance": "Ω",
        "interfacial_resistance": "Ω",
        "double_layer_capacitance": "F",
        "kramers_kronig_residual": "%",
    }
    return {name: Result(None, unit, reason=reason) for name, unit in units.items()}


def _residual(test: KramersKronigTest) -> Result:
    worst = int(np.argmax(test.largest))
    off = int(np.count_nonzero(test.largest > _TOLERATED))
    warnings = ()
    if off:
        where = pretty(float(test.frequency_Hz[worst]), "Hz")
        warnings = (
            f"{off} of {len(test.largest)} points are off by more than 1 %, "
            f"most by {test.largest[worst] * 100:.2g} % at {where}: "
            "the cell changed during the spectrum, the amplitude is too large, or there is noise",
        )
    method = (
        f"linear Kramers–Kronig test (Boukamp 1995), {test.elements} elements, root mean square of ΔZ/|Z|"
    )
    return Result(test.scatter * 100.0, "%", None, method, warnings)


def _relaxation_table(distribution: RelaxationDistribution) -> Table:
    units = {
        "peak": "",
        "time_constant": "s",
        "time_constant_uncertainty": "s",
        "frequency": "Hz",
        "resistance": "Ω",
        "resistance_uncertainty": "Ω",
        "capacitance": "F",
    }
    rows = [
        (
            peak.name.encode(),
            peak.time_constant_s,
            peak.time_constant_uncertainty_s,
            1.0 / (2.0 * np.pi * peak.time_constant_s),
            peak.resistance_ohm,
            peak.resistance_uncertainty_ohm,
            peak.capacitance_F,
        )
        for peak in distribution.peaks
    ]
    dtype = np.dtype([(name, "S8" if name == "peak" else "f8") for name in units])
    reason = "" if rows else "nothing relaxes within the band"
    return Table(np.array(rows, dtype), units, distribution.method, reason=reason)


def _table(fit: CircuitFit, warnings: tuple[str, ...]) -> Table:
    rows = np.array(
        [
            (parameter.name.encode(), value, uncertainty, parameter.unit.encode())
            for parameter, value, uncertainty in zip(
                fit.circuit.parameters, fit.values, fit.uncertainties, strict=True
            )
        ],
        dtype=_ELEMENT_ROW,
    )
    # A row has its own unit.
    units = {"element": "", "value": "", "uncertainty": "", "unit": ""}
    return Table(rows, units, _method(fit), warnings)


def _method(fit: CircuitFit) -> str:
    return (
        f"{fit.circuit.text} by complex non-linear least squares weighted by 1/|Z|, "
        f"{len(fit.frequency_Hz)} points, scatter {fit.scatter * 100:.2g} %"
    )


@dataclass(frozen=True)
class _Arc:
    """A parallel part: the names of its resistances, and how its capacitance follows from the values."""

    name: str
    resistances: tuple[str, ...]
    capacitance_F: Callable[[Mapping[str, float]], float]


class _Interpretation:
    """What the elements of a fitted circuit mean for the cell."""

    def __init__(self, fit: CircuitFit, cell: Cell, warnings: tuple[str, ...]) -> None:
        self._fit = fit
        self._cell = cell
        self._warnings = warnings
        self._series = [each.name for each in _elements(fit) if each.kind == "R"]
        self._capacitors = [each for each in _elements(fit) if each.kind in ("C", "CPE")]
        arcs = [_arc(part) for part in fit.circuit.root.parts if not isinstance(part, Element)]
        limit_F = _BULK_F_PER_CM2 * (1.0 if cell.area is None else cell.area * 1e4)
        known = [(arc, fit.derive(arc.capacitance_F)[0]) for arc in arcs if arc is not None]
        self._bulk_arcs = [arc for arc, farad in known if farad < limit_F]
        self._arcs = [arc for arc, farad in known if farad >= limit_F]

    def results(self) -> dict[str, Result]:
        bulk = [*self._series, *(name for arc in self._bulk_arcs for name in arc.resistances)]
        results = {
            "bulk_resistance": self._sum(bulk, "the circuit has no resistance in series"),
            "interfacial_resistance": self._sum(
                [name for arc in self._arcs for name in arc.resistances],
                "the spectrum shows no arc of an interface",
            ),
            "double_layer_capacitance": self._double_layer(),
        }
        return results | self._conductivity(results["bulk_resistance"])

    def _result(self, quantity: Callable[[Mapping[str, float]], float], unit: str, what: str) -> Result:
        value, uncertainty = self._fit.derive(quantity)
        return Result(value, unit, uncertainty, f"{what} of {_method(self._fit)}", self._warnings)

    def _sum(self, names: list[str], reason: str) -> Result:
        if not names:
            return Result(None, "Ω", method=_method(self._fit), reason=reason)
        return self._result(lambda values: sum(values[name] for name in names), "Ω", " + ".join(names))

    def _double_layer(self) -> Result:
        if self._arcs:
            slowest = max(self._arcs, key=lambda arc: self._fit.derive(arc.capacitance_F)[0])
            return self._result(slowest.capacitance_F, "F", f"capacitance of {slowest.name}")
        last = self._capacitors[-1] if self._capacitors else None
        if last is not None and (self._series or last.kind == "C"):
            return self._result(_capacitance(last, self._series), "F", f"capacitance of {last.name}")
        return Result(None, "F", method=_method(self._fit), reason="the spectrum shows no capacitance")

    def _conductivity(self, bulk: Result) -> dict[str, Result]:
        """σ = L/(R_b·A)."""
        length_m, area_m2 = self._cell.thickness, self._cell.area
        if length_m is None or area_m2 is None or bulk.value is None or bulk.uncertainty is None:
            return {}
        sigma_S_per_cm = length_m / (bulk.value * area_m2) / 100.0
        relative = bulk.uncertainty / bulk.value
        method = f"L/(R·A) with R = {bulk.method}"
        return {
            "ionic_conductivity": Result(
                sigma_S_per_cm, "S/cm", sigma_S_per_cm * relative, method, self._warnings
            )
        }


def _elements(fit: CircuitFit) -> list[Element]:
    return [part for part in fit.circuit.root.parts if isinstance(part, Element)]


def _arc(part: Part) -> _Arc | None:
    """Return a parallel part with resistance and capacitance as an arc."""
    elements = elements_of(part)
    resistances = tuple(each.name for each in elements if each.kind == "R")
    capacitor = next((each for each in elements if each.kind in ("C", "CPE")), None)
    if not resistances or capacitor is None:
        return None
    return _Arc(capacitor.name, resistances, _capacitance(capacitor, list(resistances)))


def _capacitance(capacitor: Element, resistances: list[str]) -> Callable[[Mapping[str, float]], float]:
    """Return a capacitor's value; of a CPE, (Q·R^(1-n))^(1/n) (Hsu and Mansfeld, Corrosion 57 (2001) 747)."""
    if capacitor.kind == "C":
        return lambda values: values[capacitor.name]

    def effective_F(values: Mapping[str, float]) -> float:
        q, n = values[f"{capacitor.name}.Q"], values[f"{capacitor.name}.n"]
        ohm = sum(values[name] for name in resistances)
        return (q * ohm ** (1.0 - n)) ** (1.0 / n)

    return effective_F

"""Fitting equivalent circuits to spectra by complex non-linear least squares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult, least_squares

from .circuit import Circuit, Complex, Element, Series, elements_of
from .regression import TooFewPointsError, correlation_factor
from .relaxation_times import Relaxation, Relaxations, relaxations

_RESOLUTION = 1e-6
_MOST_STEPS = 100
_UNSEEN = 1e-6
"""Change of the residuals with a value's logarithm below which the spectrum does not show the value."""
_UNKNOWN = 1e3
"""Relative uncertainty of such a value."""
_LARGEST_LEVERAGE = 0.99
_SAME = 1e-6
"""Relative difference of the squares below which two ends of a fit are the same."""


@dataclass(frozen=True)
class CircuitFit:
    """A circuit with the values that describe a spectrum best.

    Parameters
    ----------
    circuit : Circuit
        The circuit.
    values : array, shape (p,)
        In the order and the units of `circuit.parameters`.
    covariance : array, shape (p, p)
        Of the values, from the scatter about the fit; 0 for fixed values.
    frequency_Hz : array, shape (n,)
        Frequencies of the fit.
    impedance_ohm : array of complex, shape (n,)
        What was measured there.
    """

    circuit: Circuit
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    frequency_Hz: NDArray[np.float64]
    impedance_ohm: Complex

    @property
    def uncertainties(self) -> NDArray[np.float64]:
        """Standard uncertainties of the values, shape (p,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    def derive(self, quantity: Callable[[Mapping[str, float]], float]) -> tuple[float, float]:
        """Return a quantity that follows from the values by name, and its standard uncertainty."""
        names = [parameter.name for parameter in self.circuit.parameters]

        def at(values: NDArray[np.float64]) -> float:
            return quantity(dict(zip(names, values.tolist(), strict=True)))

        steps = np.diag(1e-6 * self.values)
        gradient = np.array(
            [(at(self.values + step) - at(self.values - step)) / (2.0 * step.sum()) for step in steps]
        )
        return at(self.values), float(np.sqrt(max(gradient @ self.covariance @ gradient, 0.0)))

    @cached_property
    def residuals(self) -> NDArray[np.float64]:
        """(Z_fit - Z)/|Z|, real parts and then imaginary parts, shape (2n,)."""
        return _residuals(self.circuit, self.values, self.frequency_Hz, self.impedance_ohm)

    @property
    def scatter(self) -> float:
        """Root mean square of the residuals."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    @property
    def chi_squared(self) -> float:
        """Σ|Z_fit - Z|²/|Z|², which other programs call pseudo χ² (Boukamp 1995)."""
        return float(self.residuals @ self.residuals)

    @property
    def criterion(self) -> float:
        """Schwarz's criterion (BIC), from the residuals; lower is better.

        Below the resolution of the numbers, circuits are equally good.
        """
        points = len(self.residuals)
        variance = max(self.scatter, _RESOLUTION) ** 2
        return points * np.log(variance) + len(self.circuit.free) * np.log(points)

    @property
    def leaves_noise_only(self) -> bool:
        """Whether neighbouring residuals are independent, so that no circuit can be better."""
        parts = np.split(self.residuals, 2)
        neighbours = sum(float(part[1:] @ part[:-1]) for part in parts)
        correlation = neighbours / max(float(self.residuals @ self.residuals), 1e-300)
        return self.scatter <= _RESOLUTION or abs(correlation) < 2.0 / len(self.residuals) ** 0.5

    @property
    def is_certain(self) -> bool:
        """Whether the spectrum determines every value of the circuit within 50 %."""
        return bool(np.all(self.uncertainties < 0.5 * self.values))


def fit_circuit(
    frequency_Hz: ArrayLike,
    impedance_ohm: ArrayLike,
    circuit: Circuit | str,
    known: Relaxations | None = None,
    near: Sequence[float] | None = None,
) -> CircuitFit:
    """Fit a circuit to a spectrum, every point weighted by 1/|Z|.

    Positive quantities are fitted as logarithms. The fit starts from where the spectrum relaxes,
    in several assignments of these relaxations to the circuit, and the best end counts. Values
    that the circuit's text fixes stay; those that it starts from are among the first tried.

    Parameters
    ----------
    frequency_Hz : array, shape (n,)
        Frequencies.
    impedance_ohm : array of complex, shape (n,)
        Impedance; negative imaginary part where it is capacitive.
    circuit : Circuit or str
        Such as "R0-p(R1,CPE1)" or "R0-p(R1,CPE1); CPE1.n=0.9; R1~200".
    known : Relaxations, optional
        Where the spectrum relaxes, where that is known already.
    near : sequence of float, optional
        Values of a similar spectrum: of equally good ends, the one that is reached from them counts,
        so that arcs keep their names from spectrum to spectrum.

    Raises
    ------
    CircuitError
        The text is not a circuit.
    TooFewPointsError
        There are fewer points than the circuit has free parameters.
    """
    wanted = Circuit.parse(circuit) if isinstance(circuit, str) else circuit
    frequency, impedance = np.asarray(frequency_Hz, dtype=float), np.asarray(impedance_ohm, dtype=complex)
    if len(frequency) < len(wanted.free) or len(frequency) < 3:
        raise TooFewPointsError(
            f"{len(frequency)} valid points do not determine the {len(wanted.free)} values of {wanted.text}"
        )
    starts = _starts(wanted, known or relaxations(frequency, impedance), frequency, impedance)
    if near is not None:
        starts.insert(0, np.asarray(near, dtype=float))
    space = _FreeSpace(wanted, starts[0])
    if not wanted.free:
        return CircuitFit(wanted, space.whole, np.zeros((len(space.whole),) * 2), frequency, impedance)
    ends = [
        least_squares(
            lambda x: _residuals(wanted, space.values(x), frequency, impedance),
            space.within(start),
            bounds=(space.lower, space.upper),
            x_scale=np.where(space.exponents, 0.1, 1.0),
            max_nfev=_MOST_STEPS,
        )
        for start in starts
    ]
    least = min(end.cost for end in ends) * (1.0 + _SAME) + len(frequency) * _RESOLUTION**2
    best = next(end for end in ends if end.cost <= least)
    return CircuitFit(wanted, space.values(best.x), space.covariance(best), frequency, impedance)


class _FreeSpace:
    """The free values of a circuit as a fit sees them: logarithms of all but exponents."""

    def __init__(self, circuit: Circuit, start: NDArray[np.float64]) -> None:
        self.is_free = np.array([parameter.name not in circuit.fixed for parameter in circuit.parameters])
        self.whole = np.array(
            [
                circuit.fixed.get(parameter.name, value)
                for parameter, value in zip(circuit.parameters, start, strict=True)
            ]
        )
        self.exponents = np.array([parameter.is_exponent for parameter in circuit.free])
        self.lower, self.upper = (
            self._to_fit(np.array([getattr(parameter, bound) for parameter in circuit.free]))
            for bound in ("lower", "upper")
        )

    def within(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where a fit may start, for values of all parameters."""
        return np.clip(self._to_fit(values[self.is_free]), self.lower + 1e-6, self.upper - 1e-6)

    def values(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of all parameters."""
        values = self.whole.copy()
        values[self.is_free] = np.where(self.exponents, x, np.exp(np.where(self.exponents, 0.0, x)))
        return values

    def covariance(self, end: OptimizeResult) -> NDArray[np.float64]:
        """Return the covariance of all values, shape (p, p), at the end of a fit.

        Relative noise is not the same at all frequencies (it grows towards the end of a
        potentiostat's band), so that every residual stands for its own variance (MacKinnon and
        White, J. Econometrics 29 (1985) 305, HC3). Residuals that come in runs, because the circuit
        is not the cell's, enlarge it.
        """
        jacobian, residuals = end.jac, end.fun
        inverse = np.linalg.pinv(jacobian.T @ jacobian)
        leverage = np.minimum(np.sum((jacobian @ inverse) * jacobian, axis=1), _LARGEST_LEVERAGE)
        weighted = jacobian * (residuals / (1.0 - leverage))[:, None]
        covariance = inverse @ (weighted.T @ weighted) @ inverse
        covariance *= max(correlation_factor(part) for part in np.split(residuals, 2))
        unseen = np.linalg.norm(jacobian, axis=0) < _UNSEEN
        covariance[unseen, unseen] = _UNKNOWN**2
        # The fit is in logarithms: d(value) = value · d(logarithm).
        scale = np.where(self.exponents, 1.0, self.values(end.x)[self.is_free])
        whole = np.zeros((len(self.whole),) * 2)
        whole[np.ix_(self.is_free, self.is_free)] = covariance * np.outer(scale, scale)
        return whole

    def _to_fit(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(self.exponents, values, np.log(values))


def _residuals(
    circuit: Circuit, values: NDArray[np.float64], frequency: NDArray[np.float64], impedance: Complex
) -> NDArray[np.float64]:
    relative = (circuit.impedance(frequency, values.tolist()) - impedance) / np.abs(impedance)
    return np.concatenate([relative.real, relative.imag])


def _starts(
    circuit: Circuit, known: Relaxations, frequency: NDArray[np.float64], impedance: Complex
) -> list[NDArray[np.float64]]:
    """Return values to start from: the spectrum's relaxations given to the circuit's in turn."""
    slow, fast = (1.0 / (2.0 * np.pi * float(end)) for end in (frequency.min(), frequency.max()))
    count = len(_relaxing(circuit.root))
    spread_s = np.logspace(np.log10(fast), np.log10(slow), count + 2)[1:-1]
    scale = float(np.median(np.abs(impedance)))
    evenly = [Relaxation(scale, float(time_s)) for time_s in spread_s]
    choices = [[*known.found, *evenly][:count], evenly]
    if len(known.found) > count > 0:
        # The largest may belong to what the circuit describes otherwise.
        choices.append(list(known.found[1 : count + 1]))
    starts = []
    for choice in choices:
        lumps = sorted(choice, key=lambda each: each.time_constant_s)
        values = {**_start(circuit.root, known, lumps, frequency, impedance), **circuit.start}
        starts.append(np.array([values[parameter.name] for parameter in circuit.parameters]))
    return starts


def _relaxing(root: Series) -> list[Element]:
    """Return the elements with a resistance that relaxes, in the order of the text."""
    elements = [each for part in root.parts if not isinstance(part, Element) for each in elements_of(part)]
    inner = [each for each in elements if each.kind in ("R", "Wo", "Ws")]
    return inner + [part for part in root.parts if isinstance(part, Element) and part.kind in ("Wo", "Ws")]


def _start(
    root: Series,
    known: Relaxations,
    lumps: list[Relaxation],
    frequency: NDArray[np.float64],
    impedance: Complex,
) -> dict[str, float]:
    given = dict(zip(_relaxing(root), lumps, strict=True))
    values: dict[str, float] = {}
    for part in root.parts:
        if isinstance(part, Element) and part not in given:
            values |= _series_start(part, known, frequency, impedance)
            continue
        first = next((given[each] for each in elements_of(part) if each in given), None)
        for element in elements_of(part):
            lump = given.get(element) or first or Relaxation(float(np.median(np.abs(impedance))), 1e-3)
            farad = lump.time_constant_s / lump.resistance_ohm
            values |= _values(element, lump.resistance_ohm, farad, lump.time_constant_s)
    return values


def _series_start(
    element: Element, known: Relaxations, frequency: NDArray[np.float64], impedance: Complex
) -> dict[str, float]:
    last = int(np.argmin(frequency))
    omega = 2.0 * np.pi * float(frequency[last])
    reactance = max(abs(float(impedance[last].imag)), 1e-3 * abs(impedance[last]))
    if element.kind == "L":
        return {element.name: max(known.inductance_H, 1e-9)}
    if element.kind == "R":
        smallest = 1e-3 * float(np.abs(impedance).min())
        return {element.name: max(known.resistance_ohm, smallest)}
    capacitance = known.capacitance_F or 1.0 / (omega * reactance)
    return _values(element, reactance, capacitance, 1.0 / omega)


def _values(element: Element, resistance_ohm: float, capacitance_F: float, time_s: float) -> dict[str, float]:
    """Return plausible values of one element."""
    name = element.name
    if element.kind == "CPE":
        return {f"{name}.Q": capacitance_F, f"{name}.n": 0.9}
    if element.kind in ("Wo", "Ws"):
        return {f"{name}.R": resistance_ohm, f"{name}.tau": time_s}
    return {
        name: {
            "R": resistance_ohm,
            "C": capacitance_F,
            "L": resistance_ohm * time_s,
            "W": resistance_ohm / time_s**0.5,
        }[element.kind]
    }

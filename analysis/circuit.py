"""Equivalent circuits written as text, such as ``R0-p(R1,CPE1)-Ws2``, and their impedance.

``-`` connects in series, ``p(…,…)`` in parallel. Elements are R, C, L, CPE, W, Wo and Ws with a
number. After the circuit, ``; CPE1.n=0.9`` fixes a value, and ``; R1~200`` says from where a fit
starts; the numbers are in the units of the parameters. The formulas follow J. R. Macdonald,
*Impedance Spectroscopy* (Wiley, 1987).
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Complex: TypeAlias = NDArray[np.complex128]


class CircuitError(ValueError):
    """A text is not a circuit; the message says what is wrong with it."""


@dataclass(frozen=True)
class Parameter:
    """A number of a circuit.

    Parameters
    ----------
    name, unit : str
        "R1" in "Ω", or "CPE1.n" in "1".
    lower, upper : float
        Bounds of a fit.
    """

    name: str
    unit: str
    lower: float
    upper: float

    @property
    def is_exponent(self) -> bool:
        """Whether it is a CPE's exponent; all others are positive quantities of any magnitude."""
        return self.unit == "1"


@dataclass(frozen=True)
class _Kind:
    parameters: tuple[tuple[str, str, float, float], ...]
    impedance: Callable[..., Complex]


_RESISTANCE = ("Ω", 1e-6, 1e14)
_KINDS = {
    "R": _Kind((("", *_RESISTANCE),), lambda s, r: r + 0.0 * s),
    "C": _Kind((("", "F", 1e-16, 1e4),), lambda s, c: 1.0 / (s * c)),
    "L": _Kind((("", "H", 1e-12, 1.0),), lambda s, inductance: s * inductance),
    "CPE": _Kind(((".Q", "F·s^(n-1)", 1e-16, 1e4), (".n", "1", 0.4, 1.0)), lambda s, q, n: 1.0 / (q * s**n)),
    # Semi-infinite diffusion: σ(1-j)/√ω.
    "W": _Kind((("", "Ω·s^(-1/2)", 1e-6, 1e14),), lambda s, sigma: sigma * np.sqrt(2.0) / np.sqrt(s)),
    # Finite diffusion with a blocking (open) or a permeable (short) end.
    "Wo": _Kind(
        ((".R", *_RESISTANCE), (".tau", "s", 1e-9, 1e8)),
        lambda s, r, tau: r / (np.sqrt(s * tau) * np.tanh(np.sqrt(s * tau))),
    ),
    "Ws": _Kind(
        ((".R", *_RESISTANCE), (".tau", "s", 1e-9, 1e8)),
        lambda s, r, tau: r * np.tanh(np.sqrt(s * tau)) / np.sqrt(s * tau),
    ),
}


@dataclass(frozen=True)
class Element:
    """One element: its kind ("CPE") and its name ("CPE1")."""

    kind: str
    name: str

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its numbers."""
        return tuple(
            Parameter(self.name + suffix, unit, lower, upper)
            for suffix, unit, lower, upper in _KINDS[self.kind].parameters
        )

    def impedance(self, s: Complex, values: dict[str, float]) -> Complex:
        """Return its impedance at s = jω."""
        return _KINDS[self.kind].impedance(s, *(values[parameter.name] for parameter in self.parameters))


@dataclass(frozen=True)
class Series:
    """Parts one after the other."""

    parts: tuple["Part", ...]

    def impedance(self, s: Complex, values: dict[str, float]) -> Complex:
        """Return the sum of the impedances."""
        return np.sum([part.impedance(s, values) for part in self.parts], axis=0)


@dataclass(frozen=True)
class Parallel:
    """Parts side by side."""

    parts: tuple["Part", ...]

    def impedance(self, s: Complex, values: dict[str, float]) -> Complex:
        """Return the inverse of the sum of the admittances."""
        return 1.0 / np.sum([1.0 / part.impedance(s, values) for part in self.parts], axis=0)


Part: TypeAlias = Element | Series | Parallel


@dataclass(frozen=True)
class Circuit:
    """A circuit, and what is known of its values before a fit.

    Parameters
    ----------
    text : str
        As it was written.
    root : Series
        Its parts in series.
    parameters : tuple of Parameter
        In the order of the text.
    fixed, start : mapping of str to float
        Values by the name of the parameter: those that a fit leaves as they are, and those that it
        starts from.
    """

    text: str
    root: Series
    parameters: tuple[Parameter, ...]
    fixed: Mapping[str, float] = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Circuit":
        """Read a circuit.

        Raises
        ------
        CircuitError
            The text is not a circuit, or gives a value to what it does not have.
        """
        if len(text) > _LONGEST_TEXT:
            raise CircuitError(f"a circuit with its values has at most {_LONGEST_TEXT} characters")
        drawing, *conditions = text.split(";")
        root = _Parser(drawing).parse()
        elements = elements_of(root)
        names = [element.name for element in elements]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise CircuitError(f"{text!r} has {twice} twice; number the elements")
        parameters = tuple(parameter for each in elements for parameter in each.parameters)
        known: dict[str, dict[str, float]] = {"=": {}, "~": {}}
        for condition in conditions:
            name, sign, value = _condition(condition, parameters)
            if name in known["="] or name in known["~"]:
                raise CircuitError(f"{text!r} gives {name} twice")
            known[sign][name] = value
        return cls(text, root, parameters, fixed=known["="], start=known["~"])

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters that a fit determines."""
        return tuple(parameter for parameter in self.parameters if parameter.name not in self.fixed)

    def impedance(self, frequency_Hz: ArrayLike, values: Sequence[float]) -> Complex:
        """Return the impedance in Ω, shape (n,), at frequencies in Hz, shape (n,).

        Parameters
        ----------
        values : sequence of float
            In the order of `parameters`, in their units.
        """
        s = 2j * np.pi * np.asarray(frequency_Hz, dtype=float)
        named = {parameter.name: value for parameter, value in zip(self.parameters, values, strict=True)}
        return self.root.impedance(s, named)


def elements_of(part: Part) -> list[Element]:
    """Return the elements of a part, in the order of the text."""
    if isinstance(part, Element):
        return [part]
    return [element for inner in part.parts for element in elements_of(inner)]


_LONGEST_TEXT = 500
_CONDITION = re.compile(r"\s*(?P<name>[A-Za-z]+\d*(?:\.[A-Za-z]+)?)\s*(?P<sign>[=~])\s*(?P<value>\S+)\s*")


def _condition(text: str, parameters: Sequence[Parameter]) -> tuple[str, str, float]:
    """Read "CPE1.n=0.9" or "R1~200"; return name, sign and value."""
    match = _CONDITION.fullmatch(text)
    try:
        value = float(match["value"]) if match else math.nan
    except ValueError:
        match, value = None, math.nan
    if match is None:
        raise CircuitError(
            f"{text.strip()!r} is not a value; write 'CPE1.n=0.9' to fix one, 'R1~200' to start a fit from it"
        )
    parameter = next((each for each in parameters if each.name == match["name"]), None)
    if parameter is None:
        names = ", ".join(each.name for each in parameters)
        raise CircuitError(f"{match['name']!r} is no value of the circuit; it has {names}")
    if not parameter.lower <= value <= parameter.upper:
        unit = "" if parameter.is_exponent else f" {parameter.unit}"
        raise CircuitError(
            f"{parameter.name} is {match['value']}; "
            f"it must be from {parameter.lower:g} to {parameter.upper:g}{unit}"
        )
    return parameter.name, match["sign"], value


_TOKEN = re.compile(r"\s*(?:(?P<element>(?:CPE|Wo|Ws|R|C|L|W)\d*)(?![A-Za-z0-9])|(?P<sign>p\(|[-,)]))")


class _Parser:
    """Recursive descent: series = part {"-" part}, part = element | "p(" series {"," series} ")"."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> Series:
        if len(self._text) > 200:
            raise CircuitError("a circuit has at most 200 characters")
        root = self._series()
        if self._text[self._at :].strip():
            raise self._error("does not belong there")
        return root

    def _series(self) -> Series:
        parts = [self._part()]
        while self._take("-"):
            parts.append(self._part())
        return Series(tuple(parts))

    def _part(self) -> Part:
        if self._take("p("):
            self._depth += 1
            if self._depth > 10:
                raise CircuitError(f"{self._text!r} is nested more than 10 deep")
            branches: list[Part] = [self._branch()]
            while self._take(","):
                branches.append(self._branch())
            if len(branches) < 2 or not self._take(")"):
                raise self._error("where a parallel part needs ',' or ')'")
            self._depth -= 1
            return Parallel(tuple(branches))
        match = _TOKEN.match(self._text, self._at)
        if match is None or not match["element"]:
            raise self._error("where an element such as R1 or CPE1 should be")
        self._at = match.end()
        name = match["element"]
        return Element(name.rstrip("0123456789"), name)

    def _branch(self) -> Part:
        series = self._series()
        return series.parts[0] if len(series.parts) == 1 else series

    def _take(self, sign: str) -> bool:
        match: Any = _TOKEN.match(self._text, self._at)
        if match is None or match["sign"] != sign:
            return False
        self._at = match.end()
        return True

    def _error(self, problem: str) -> CircuitError:
        rest = self._text[self._at :].strip() or "the end"
        return CircuitError(
            f"{self._text!r} is not a circuit: {rest!r} {problem}; write it like 'R0-p(R1,CPE1)'"
        )

"""Parameter types: people write quantities with units, protocols hold SI floats.

A parameter annotated with one of these types accepts text such as "0.1 mV/s" (or a pint
quantity), checks its bounds, and is written back as text, so that a protocol's JSON and YAML
carry units. A bare number is refused, because 0.1 could be V/s or mV/s; only 0 needs no unit.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from ..core import units

if TYPE_CHECKING:
    from .cell import Cell


_WITH_UNIT = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*[^\d\s.,].*$"
_WITH_UNIT_OR_0 = rf"{_WITH_UNIT}|^\s*[+-]?(0+\.?0*|\.0+)\s*$"
"""What an editor can tell of a text with a unit, for JSON Schema."""


@dataclass(frozen=True)
class Quantity:
    """Annotation of a float parameter: its SI unit, the unit people use, and its bounds.

    Parameters
    ----------
    unit, shown : str
        The SI unit of the float, and the unit in which it is written.
    above, at_least, at_most : float, optional
        Bounds, in `unit`.
    """

    unit: str
    shown: str
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    def read(self, value: object) -> float:
        """Return `value` in `unit`; raise `ValueError` with one sentence where it is not allowed."""
        number = self._number(value)
        if not self._within_bounds(number):
            raise _refusal(f"{self.text(number)} is not allowed; it must be {self.allowed}")
        return number

    def text(self, value: float) -> str:
        """Write a float in `unit` so that `read` gives back the very same float."""
        if not math.isfinite(value):
            return str(value)
        return units.exact_text(value, self.unit, self.shown)

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        bounds = [("above", self.above), ("at least", self.at_least), ("at most", self.at_most)]
        words = [f"{word} {self.text(bound)}" for word, bound in bounds if bound is not None]
        return " and ".join(words) or "a finite number"

    def _number(self, value: object) -> float:
        if isinstance(value, str):
            try:
                return units.parse_quantity(value, self.unit)
            except units.QuantityError as error:
                raise _refusal(str(error)) from None
        if isinstance(value, bool) or value is None:
            raise _refusal(f"{value!r} is not a quantity; write it like {units.example(self.unit)!r}")
        if isinstance(value, int | float):
            if not math.isfinite(value):
                raise _refusal(f"{value} is not allowed; it must be {self.allowed}")
            if self.unit == "1" or (value == 0 and self.unit != "K"):
                return float(value)
            raise _refusal(f"{value} has no unit; write it like {units.example(self.unit)!r}")
        if hasattr(value, "to") and hasattr(value, "magnitude"):
            return self._from_pint(value)
        raise _refusal(f"{value!r} is not a quantity; write it like {units.example(self.unit)!r}")

    def _from_pint(self, value: Any) -> float:
        try:
            return float(value.to(self.unit).magnitude)
        except Exception:  # noqa: BLE001  the caller's unit registry raises what it likes
            raise _refusal(f"{value} is not in a unit of this quantity, such as {self.shown}") from None

    def _within_bounds(self, number: float) -> bool:
        return (
            math.isfinite(number)
            and (self.above is None or number > self.above)
            and (self.at_least is None or number >= self.at_least)
            and (self.at_most is None or number <= self.at_most)
        )

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.text)
        )

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        about = {"examples": [units.example(self.unit)], "allowed": self.allowed}
        if self.unit == "1":
            return {"type": ["number", "string"], **about}
        if self.unit == "K" or not self._within_bounds(0.0):
            return {"type": "string", "pattern": _WITH_UNIT, **about}
        return {"anyOf": [{"type": "string", "pattern": _WITH_UNIT_OR_0}, {"const": 0}], **about}


def _refusal(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{sentence}", {"sentence": sentence})


TEN_YEARS_S = 10 * 365.25 * 86400

Potential = Annotated[float, Quantity("V", "V", at_least=-100, at_most=100)]
ScanRate = Annotated[float, Quantity("V/s", "mV/s", above=0, at_most=1e4)]
PotentialStep = Annotated[float, Quantity("V", "mV", above=0, at_most=1)]
PotentialRate = Annotated[float, Quantity("V/s", "mV/h", above=0, at_most=1)]
Duration = Annotated[float, Quantity("s", "s", above=0, at_most=TEN_YEARS_S)]
OptionalPause = Annotated[float, Quantity("s", "s", at_least=0, at_most=TEN_YEARS_S)]
Frequency = Annotated[float, Quantity("Hz", "Hz", above=0, at_most=1e9)]
PotentialAmplitude = Annotated[float, Quantity("V", "mV", above=0, at_most=1)]
CurrentAmplitude = Annotated[float, Quantity("A", "mA", above=0, at_most=100)]
CurrentDensity = Annotated[float, Quantity("A/m²", "µA/cm²", above=0, at_most=1e6)]
Charge = Annotated[float, Quantity("C", "mAh", above=0, at_most=1e9)]
Energy = Annotated[float, Quantity("J", "mWh", above=0, at_most=1e12)]
Area = Annotated[float, Quantity("m²", "cm²", above=0, at_most=100)]
Length = Annotated[float, Quantity("m", "µm", above=0, at_most=1)]
Mass = Annotated[float, Quantity("kg", "mg", above=0, at_most=1e3)]
ArealCapacity = Annotated[float, Quantity("C/m²", "mAh/cm²", above=0, at_most=1e7)]
SpecificCapacity = Annotated[float, Quantity("C/kg", "mAh/g", above=0, at_most=1e8)]
Temperature = Annotated[float, Quantity("K", "°C", at_least=0, at_most=2000)]


def split_list(value: object) -> Sequence[object]:
    """Turn "20, 50, 100 mV/s" into three quantities; the last unit serves those without one."""
    if not isinstance(value, str):
        return value if isinstance(value, Sequence) else [value]
    parts = re.split(r"\s*;\s*|\s*,\s+", value.strip())
    try:
        unit = units.split_quantity(parts[-1])[1]
    except units.QuantityError:
        return parts
    return [f"{part} {unit}" if _BARE_NUMBER.fullmatch(part) else part for part in parts]


_BARE_NUMBER = re.compile(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?")
QuantityList = BeforeValidator(split_list)
"""Annotation of a tuple of quantities that may be written as one text."""

_CURRENT_BASES = ("A", "A/m²", "C")
_CURRENT_EXAMPLES = "'1 mA', '0.05 mA/cm²' or 'C/10'"
_C_RATE = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)?\s*C(?:\s*/\s*(\d+\.?\d*))?")


@dataclass(frozen=True)
class Current:
    """A current as people give it: in ampere, per electrode area, or as a C-rate.

    Parameters
    ----------
    value : float
        In A, A/m² or 1/h (1C is the nominal capacity in one hour).
    basis : {"A", "A/m²", "C"}
        Which of them.

    Raises
    ------
    ValueError
        The value is no finite number, or the basis none of these.
    """

    value: float
    basis: Literal["A", "A/m²", "C"]

    def __post_init__(self) -> None:
        if self.basis not in _CURRENT_BASES:
            raise ValueError(
                f"a current has the basis 'A', 'A/m²' or 'C', not {self.basis!r}; "
                f"Current.read takes other units, written like {_CURRENT_EXAMPLES}"
            )
        if not math.isfinite(self.value):
            raise ValueError(f"a current of {self.value} {self.basis} is not allowed; it must be finite")

    @classmethod
    def read(cls, value: object) -> Self:
        """Read "1 mA", "0.05 mA/cm²", "C/10" or "0.5C"; raise `ValueError` for anything else."""
        if isinstance(value, cls):
            return value
        if value == 0 and not isinstance(value, bool):
            return cls(0.0, "A")
        if not isinstance(value, str):
            raise _refusal(f"{value!r} is not a current with a unit; write it like {_CURRENT_EXAMPLES}")
        text = value.strip()
        if match := _C_RATE.fullmatch(text):
            divisor = float(match[3] or 1)
            if divisor == 0:
                raise _refusal(f"{text!r} divides by zero")
            return cls(float(match[1] + "1") * float(match[2] or 1) / divisor, "C")
        try:
            return cls(units.parse_quantity(text, "A"), "A")
        except units.QuantityError:
            pass
        try:
            return cls(units.parse_quantity(text, "A/m²"), "A/m²")
        except units.QuantityError:
            raise _refusal(f"{text!r} is not a current; write it like {_CURRENT_EXAMPLES}") from None

    @property
    def text(self) -> str:
        """The current as `read` reads it."""
        if self.basis == "C":
            return f"{self.value!r}C"
        return units.exact_text(self.value, self.basis, "mA" if self.basis == "A" else "mA/cm²")

    def amperes(self, cell: "Cell") -> float:
        """Return the current in A for a cell; raise `ValueError` where the cell lacks what that needs."""
        if self.basis == "A/m²":
            return self.value * cell.needs("area", f"a current of {self.text}")
        if self.basis == "C":
            return self.value * cell.capacity_C(f"a current of {self.text}") / 3600
        return self.value

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.read,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda current: current.text),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        pattern = rf"^\s*[+-]?C(\s*/\s*\d+\.?\d*)?\s*$|{_WITH_UNIT_OR_0}"
        return {
            "anyOf": [{"type": "string", "pattern": pattern}, {"const": 0}],
            "examples": ["1 mA", "0.05 mA/cm²", "C/10"],
        }


def _check_positive(current: Current) -> Current:
    if current.value <= 0:
        raise _refusal(f"{current.text} is not allowed; it must be above 0")
    return current


PositiveCurrent = Annotated[Current, AfterValidator(_check_positive)]


def _read_start(value: object) -> float | Literal["OCV"]:
    if isinstance(value, str) and value.strip().upper() == "OCV":
        return "OCV"
    return _POTENTIAL.read(value)


_POTENTIAL = Quantity("V", "V", at_least=-100, at_most=100)


class _PotentialOrOCV:
    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _read_start,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value if value == "OCV" else _POTENTIAL.text(value)
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        pattern = rf"^\s*[oO][cC][vV]\s*$|{_WITH_UNIT_OR_0}"
        return {"anyOf": [{"type": "string", "pattern": pattern}, {"const": 0}], "examples": ["OCV", "3 V"]}


PotentialOrOCV: TypeAlias = Annotated[float | Literal["OCV"], _PotentialOrOCV]
"""A potential, or "OCV" for the one that the cell shows at rest."""

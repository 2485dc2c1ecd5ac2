"""What analysis derived from a run: values that carry their unit, uncertainty and method."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from ..core.units import engineering_prefix

_PREFIXED = {"A", "C", "F", "Ω", "S/cm"}
"""Units that people read with a prefix; potentials stay in V."""


@dataclass(frozen=True)
class Result:
    """One derived quantity, or the reason why the data do not give it.

    Parameters
    ----------
    value : float or None
        The quantity in `unit`; None where it was not determined.
    unit : str
        The unit a reader expects in a paper ("V", "Ω", "µA/cm²"); "1" for a plain number.
    uncertainty : float or None
        Standard uncertainty (one sigma) in `unit`; None where it is not known.
    method : str
        How the value was found, with the numbers that matter ("threshold 10 µA/cm²").
    warnings : tuple of str
        Sentences that a reader must see beside the value.
    reason : str
        Why `value` is None.
    """

    value: float | None
    unit: str
    uncertainty: float | None = None
    method: str = ""
    warnings: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        if self.value is None and not self.reason:
            raise ValueError("a result without a value must say why")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError("a value that is not finite was not determined: give None and a reason")

    def __str__(self) -> str:
        if self.value is None:
            return f"not determined: {self.reason}"
        is_handy = self.unit not in _PREFIXED or 0.1 <= abs(self.value) < 1e5
        factor, prefix = (1.0, "") if is_handy else engineering_prefix(self.value)
        unit = "" if self.unit == "1" else f" {prefix}{self.unit}"
        value = self.value / factor
        if not self.uncertainty or not math.isfinite(self.uncertainty):
            return f"{value:.4g}{unit}"
        # The uncertainty with two digits, the value down to the same place.
        uncertainty = self.uncertainty / factor
        decimals = max(0, 1 - math.floor(math.log10(uncertainty)))
        if decimals > 9 or abs(value) >= 1e6:
            return f"({value:.4g} ± {uncertainty:.2g}){unit}"
        return f"{value:.{decimals}f} ± {uncertainty:.{decimals}f}{unit}"


@dataclass(frozen=True)
class Table:
    """Several derived quantities, one row each (peaks, holds, cycles).

    Parameters
    ----------
    rows : ndarray
        Structured array; NaN where a value was not determined.
    units : mapping of str to str
        The unit of every column.
    method, warnings, reason
        As for `Result`; `reason` says why there are no rows.
    """

    rows: NDArray[Any]
    units: Mapping[str, str]
    method: str = ""
    warnings: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        if set(self.units) != set(self.rows.dtype.names or ()):
            raise ValueError("every column of a table has a unit, and every unit a column")

    def __str__(self) -> str:
        if not len(self.rows):
            return f"not determined: {self.reason}" if self.reason else "no rows"
        return f"{len(self.rows)} rows: " + ", ".join(
            f"{name} ({unit})" if unit not in ("", "1") else name for name, unit in self.units.items()
        )


Results: TypeAlias = Mapping[str, Result | Table]

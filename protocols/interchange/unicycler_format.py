"""Protocols of aurora-unicycler as they stand in its JSON files (format of version 0.4).

Written from the package's documentation and tried against it. Field names are the format's own.
Unlike the package, a potential of 0 V is a value like any other here.
"""

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from ..steps import Frozen

_RATE = re.compile(r"(?P<letter>[CD]?)(?P<above>[\d.eE+-]*)/(?P<below>[\d.eE+-]+)")
STANDS_FOR_0_V = 1e-6
"""A cut-off of 0 V is none for aurora-unicycler; it is written as this, which no instrument tells from 0."""


def _nothing(value: object) -> object:
    """Take an empty text for nothing, as the package does."""
    return None if isinstance(value, str) and not value.strip() else value


def _rate(value: object) -> object:
    """Read 0.2, "1/5" and "C/5", and "D/5" for a discharge."""
    value = _nothing(value)
    if not isinstance(value, str):
        return value
    match = _RATE.fullmatch(value.replace(" ", ""))
    try:
        if match is None:
            return float(value)
        sign = -1.0 if match["letter"] == "D" else 1.0
        return sign * float(match["above"] or bool(match["letter"])) / float(match["below"])
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is not a rate; write it like 0.2, '1/5' or 'C/5'") from None


Number: TypeAlias = Annotated[float | None, BeforeValidator(_nothing)]
Rate: TypeAlias = Annotated[float | None, BeforeValidator(_rate)]
Seconds: TypeAlias = Annotated[PositiveFloat | None, BeforeValidator(_nothing)]


class Sample(Frozen):
    """The cell."""

    name: str = "$NAME"
    capacity_mAh: PositiveFloat | None = None


class Recording(Frozen):
    """How samples are kept."""

    current_mA: PositiveFloat | None = None
    voltage_V: PositiveFloat | None = None
    time_s: PositiveFloat


class Safety(Frozen):
    """Limits that end everything."""

    max_voltage_V: float | None = None
    min_voltage_V: float | None = None
    max_current_mA: float | None = None
    min_current_mA: float | None = None
    max_capacity_mAh: NonNegativeFloat | None = None
    delay_s: NonNegativeFloat | None = None


class _Step(Frozen):
    id: str | None = None


class OpenCircuitVoltage(_Step):
    """A rest."""

    step: Literal["open_circuit_voltage"]
    until_time_s: Annotated[PositiveFloat, BeforeValidator(_nothing)]


class ConstantCurrent(_Step):
    """A charge or a discharge."""

    step: Literal["constant_current"]
    rate_C: Rate = None
    current_mA: Number = None
    until_time_s: Annotated[NonNegativeFloat | None, BeforeValidator(_nothing)] = None
    until_voltage_V: Number = None


class ConstantVoltage(_Step):
    """A hold."""

    step: Literal["constant_voltage"]
    voltage_V: Annotated[float, BeforeValidator(_nothing)]
    until_time_s: Annotated[NonNegativeFloat | None, BeforeValidator(_nothing)] = None
    until_rate_C: Rate = None
    until_current_mA: Number = None


class ImpedanceSpectroscopy(_Step):
    """A spectrum; amplitudes are those of the peak."""

    step: Literal["impedance_spectroscopy"]
    amplitude_V: Number = None
    amplitude_mA: Number = None
    start_frequency_Hz: Annotated[float, Field(ge=1e-5, le=1e7)]
    end_frequency_Hz: Annotated[float, Field(ge=1e-5, le=1e7)]
    points_per_decade: PositiveInt = 10
    measures_per_point: PositiveInt = 1
    drift_correction: bool | None = False


class VoltageScan(_Step):
    """A sweep."""

    step: Literal["voltage_scan"]
    start_voltage_V: float
    end_voltage_V: float
    scan_rate_mV_per_s: PositiveFloat


class LoopBack(_Step):
    """Back to a tag, or to a step by its number from 1; tags count."""

    step: Literal["loop"]
    loop_to: int | str = 1
    cycle_count: PositiveInt


class Tag(_Step):
    """A place to which loops go back."""

    step: Literal["tag"]
    tag: Annotated[str, Field(min_length=1)]


Technique: TypeAlias = Annotated[
    OpenCircuitVoltage
    | ConstantCurrent
    | ConstantVoltage
    | ImpedanceSpectroscopy
    | VoltageScan
    | LoopBack
    | Tag,
    Field(discriminator="step"),
]


class CyclingProtocol(Frozen):
    """A whole file."""

    unicycler: dict[str, Any] | None = None
    sample: Sample = Sample()
    record: Recording
    safety: Safety = Safety()
    method: Annotated[tuple[Technique, ...], Field(min_length=1, max_length=10_000)]

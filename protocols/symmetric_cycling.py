"""Plating and stripping between two lithium electrodes, for as long as they last."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import core_schema

from ..core.units import pretty_in
from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import ocv_rest
from .quantities import ArealCapacity, CurrentDensity, Duration, Frequency, Potential
from .short_circuit import ShortWatch
from .steps import ConstantCurrent, Frozen, Impedance, Record


class Stage(Frozen):
    """Cycles at one current density and one capacity."""

    current_density: CurrentDensity
    """Of both half-cycles."""
    capacity: ArealCapacity
    """Charge of each half-cycle."""
    cycles: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many."""

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: Any) -> Any:
        """Read "0.05 mA/cm² × 0.1 mAh/cm² × 1250"."""
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.replace("×", " x ").split(" x ")]
        if len(parts) != 3:
            raise ValueError(f"{value!r} is not a stage; write it like '0.05 mA/cm² x 0.1 mAh/cm² x 1250'")
        return dict(zip(("current_density", "capacity", "cycles"), parts, strict=True))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        return {"anyOf": [super().__get_pydantic_json_schema__(schema, handler), {"type": "string"}]}


def _split(value: object) -> object:
    """Turn "a; b" into two stages."""
    return [part for part in value.split(";") if part.strip()] if isinstance(value, str) else value


class SymmetricCycling(Protocol):
    """Plate and strip lithium in stages until the cell shorts, loses contact or has done its cycles."""

    stages: Annotated[tuple[Stage, ...], BeforeValidator(_split), Field(min_length=1, max_length=1000)] = (
        Stage(current_density="0.05 mA/cm²", capacity="0.1 mAh/cm²", cycles=100),  # pyright: ignore[reportArgumentType]
    )
    """Current density, capacity and cycles of each stage, such as "0.05 mA/cm² x 0.1 mAh/cm² x 1250"."""
    sample_every: Duration = 60.0
    """Time between samples."""
    short_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A potential below this share of what it should be is a short."""
    polarization_limit: Potential = 1.0
    """Potential that ends the test because the cell has lost contact."""
    spectra_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Measure a spectrum before the first cycle, after every so many cycles, and after a short (0: none)."""
    spectrum_frequency_min: Frequency = 0.1
    """Lowest frequency of these spectra."""

    @model_validator(mode="after")
    def _has_limit(self) -> "SymmetricCycling":
        if self.polarization_limit <= 0:
            raise ValueError("polarization_limit must be above 0 V; it holds for both directions")
        return self

    def steps(self, cell: Cell) -> Steps:
        """Yield half-cycles, stripping the working electrode first, until one of them shows a failure."""
        area_m2 = cell.needs("area", "a current density")
        cycle = 0
        yield ocv_rest(10.0)
        if self.spectra_every:
            yield self._spectrum(0, "Spectrum before the first cycle")
        for stage in self.stages:
            # A watch of its own: another current may change the cell's answer more than a short would.
            watch = ShortWatch(self.short_share, self.polarization_limit)
            name = pretty_in(stage.current_density, "A/m²", "mA/cm²")
            duration_s = stage.capacity / stage.current_density
            for _ in range(stage.cycles):
                cycle += 1
                for role, sign in (("strip", 1.0), ("plate", -1.0)):
                    current_A = sign * stage.current_density * area_m2
                    result = yield ConstantCurrent(
                        current_A=current_A,
                        until=watch.until(current_A, duration_s=duration_s),
                        record=Record(interval_s=min(self.sample_every, duration_s / 10)),
                        cycle=cycle,
                        label=f"{role.capitalize()} at {name}",
                        role=role,
                    )
                    failure = watch.failure(current_A, result)
                    if failure is not None:
                        if self.spectra_every and failure == "short":
                            yield self._spectrum(cycle, "Spectrum after the short", "spectrum_after")
                        return
                if self.spectra_every and cycle % self.spectra_every == 0:
                    yield self._spectrum(cycle, f"Spectrum after cycle {cycle}")

    def _spectrum(self, cycle: int, label: str, role: str = "spectrum") -> Impedance:
        # At 0 V: what the cell rests at, without waiting for its salt to even out.
        return Impedance(
            frequency_min_Hz=self.spectrum_frequency_min,
            amplitude_V=0.01,
            bias_V=0.0,
            cycle=cycle,
            label=label,
            role=role,
        )

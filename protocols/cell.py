"""The cell: what is connected to a channel, with the metadata that results need."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, field_validator

from ..core.units import pretty_in
from .quantities import (
    Area,
    Charge,
    Length,
    Mass,
    Potential,
    SpecificCapacity,
    Temperature,
)
from .steps import Frozen

_Text = Annotated[str, Field(max_length=500)]

_HOW_TO_GIVE = {
    "area": "area='1.13 cm²'",
    "thickness": "thickness='25 µm'",
    "active_mass": "active_mass='5 mg'",
    "diffusion_length": "diffusion_length='2 µm'",
    "nominal_capacity": "nominal_capacity='2 mAh'",
}


class MissingMetadataError(ValueError):
    """Something needs a property of the cell that was not given."""


class Cell(Frozen):
    """A cell and its metadata; quantities are given with units and kept as SI floats."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = "unnamed cell"
    """What the sample is called in the lab book."""
    area: Area | None = None
    """Geometric electrode area."""
    thickness: Length | None = None
    """Thickness of the electrolyte."""
    active_mass: Mass | None = None
    """Mass of active material in the working electrode."""
    diffusion_length: Length | None = None
    """How deep ions go into the active material: a third of a particle's radius, or a film's thickness."""
    nominal_capacity: Charge | None = None
    """Declared capacity; 1C is this in one hour."""
    specific_capacity: SpecificCapacity | None = None
    """Of the active material: gives the capacity where none is declared."""
    temperature: Temperature | None = None
    """Temperature of the cell where no sensor measures it."""
    working_electrode: _Text = ""
    counter_electrode: _Text = ""
    reference_electrode: _Text = ""
    """Empty for a two-electrode cell."""
    electrolyte: _Text = ""
    expected_open_circuit: Potential | None = None
    """Open-circuit potential that previews assume; a run ends before anything is applied where the cell shows
    the other polarity, or a short."""
    notes: Annotated[str, Field(max_length=10_000)] = ""

    @field_validator("name")
    @classmethod
    def _printable(cls, name: str) -> str:
        if not name.strip() or not name.isprintable():
            raise ValueError("a cell's name is printable text and not blank")
        return name

    def needs(self, field: str, purpose: str) -> float:
        """Return a property of the cell, or say what needs it.

        Raises
        ------
        MissingMetadataError
            The property was not given.
        """
        value = getattr(self, field)
        if value is None:
            name = field.replace("_", " ")
            raise MissingMetadataError(
                f"{purpose} needs the cell's {name}; give the cell one, for example {_HOW_TO_GIVE[field]}"
            )
        return value

    def capacity_C(self, purpose: str) -> float:
        """Return the nominal capacity in coulomb, declared or from mass and specific capacity.

        Raises
        ------
        MissingMetadataError
            Neither is known.
        """
        if (
            self.nominal_capacity is None
            and self.active_mass is not None
            and self.specific_capacity is not None
        ):
            return self.active_mass * self.specific_capacity
        return self.needs("nominal_capacity", purpose)

    @property
    def capacity_provenance(self) -> str:
        """Where the nominal capacity comes from, for the run file."""
        if self.nominal_capacity is not None:
            return "declared"
        if self.active_mass is None or self.specific_capacity is None:
            return "unknown"
        return f"theoretical: {pretty_in(self.active_mass, 'kg', 'mg')} of active mass"

    @property
    def assumed_open_circuit_V(self) -> float:
        """Open-circuit potential for previews: the expected one, 0 V between equal electrodes, or 3 V."""
        if self.expected_open_circuit is not None:
            return self.expected_open_circuit
        is_symmetric = bool(self.working_electrode) and self.working_electrode == self.counter_electrode
        return 0.0 if is_symmetric else 3.0

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Self:
        """Return the cell that `metadata` described; what else a run file says of it is left out."""
        return cls.model_validate(
            {name: value for name, value in metadata.items() if name in cls.model_fields}
        )

    def metadata(self) -> dict[str, Any]:
        """Return what is known of the cell, quantities as text with units."""
        known = self.model_dump(exclude_none=True)
        return {name: value for name, value in known.items() if value != ""}

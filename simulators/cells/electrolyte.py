"""What all cells with an electrolyte between two electrodes share: its parameters and its resistance."""

from dataclasses import dataclass, fields
from typing import Any

from .base import SimulatedCell
from .conductivity import VTF_TEMPERATURE_K, conductivity_at
from .parameters import checked

ZERO_CELSIUS_K = 273.15
_CONDUCTIVITY_S_PER_CM = 5e-4
_MEASURED_AT_degC = {
    "conductivity_S_per_cm": 25.0,
    "conductivity_30C_S_per_cm": 30.0,
    "conductivity_60C_S_per_cm": 60.0,
}


@dataclass(kw_only=True, eq=False)
class ElectrolyteCell(SimulatedCell):
    """A cell whose fields are its parameters, with what is known of its electrolyte.

    Parameters
    ----------
    conductivity_S_per_cm, conductivity_30C_S_per_cm, conductivity_60C_S_per_cm : float
        Measured conductivity in S/cm at 25, 30 and 60 °C; the default counts where none is given.
    activation_energy_eV, activation_energy_eV_VTF, vtf_temperature_K : float
        Its temperature dependence; see `conductivity.conductivity_at`.
    temperature_degC, thickness_um, area_cm2 : float
        Temperature, thickness of the electrolyte, electrode area.
    """

    conductivity_S_per_cm: float | None = None
    conductivity_30C_S_per_cm: float | None = None
    conductivity_60C_S_per_cm: float | None = None
    activation_energy_eV: float | None = None
    activation_energy_eV_VTF: float | None = None
    vtf_temperature_K: float = VTF_TEMPERATURE_K
    temperature_degC: float = 25.0
    thickness_um: float = 50.0
    area_cm2: float = 1.0

    def attribute(self, provenance: dict[str, Any]) -> None:
        """Record in the metadata where parameters come from (`published` lists their names)."""
        self._provenance = dict(provenance)

    def set_temperature(self, temperature_degC: float) -> None:
        """Bring the cell to a temperature: the conductivity follows.

        Reactions stay those of the temperature that the cell was made with; papers give no
        activation energy for them.
        """
        self.temperature_degC = checked("temperature_degC", temperature_degC)
        self._change_bulk(self._bulk_ohm())

    def _change_bulk(self, bulk_ohm: float) -> None:
        """Replace the resistance of the electrolyte."""
        raise NotImplementedError

    def _check_numbers(self, *words: str) -> None:
        """Check all parameters but those that are words; raise `ValueError` for one out of its bounds."""
        for name, value in self._parameters().items():
            if name not in words:
                setattr(self, name, checked(name, value))
        self._provenance: dict[str, Any] = {}

    def _bulk_ohm(self) -> float:
        return self.thickness_um * 1e-4 / (self._conductivity_S_per_cm() * self.area_cm2)

    def _described(self, derived: dict[str, Any]) -> dict[str, Any]:
        """Return the metadata: all parameters, what follows from them, and which are only defaults."""
        published = self._provenance.get("published", [])
        parameters = self._parameters()
        defaults = [
            field.name
            for field in fields(self)
            if field.default is not None
            and getattr(self, field.name) == field.default
            and field.name not in published
        ]
        if not any(name in parameters for name in _MEASURED_AT_degC):
            defaults.append("conductivity_S_per_cm")
            parameters["conductivity_S_per_cm"] = _CONDUCTIVITY_S_PER_CM
        return {
            "cell": type(self).__name__,
            **self._provenance,
            **parameters,
            "conductivity_at_temperature_S_per_cm": self._conductivity_S_per_cm(),
            **derived,
            "defaults": defaults,
        }

    def _parameters(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def _conductivity_S_per_cm(self) -> float:
        measured = {
            degC: getattr(self, name)
            for name, degC in _MEASURED_AT_degC.items()
            if getattr(self, name) is not None
        }
        return conductivity_at(
            self.temperature_degC,
            measured or {25.0: _CONDUCTIVITY_S_PER_CM},
            self.activation_energy_eV,
            self.activation_energy_eV_VTF,
            self.vtf_temperature_K,
        )

"""Ionic conductivity at several temperatures."""

from typing import Annotated

from pydantic import Field

from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import measured_ocv_V
from .quantities import Duration, Frequency, PotentialAmplitude, PotentialOrOCV, QuantityList, Temperature
from .steps import Impedance, Record, Rest, Until

_ZERO_CELSIUS_K = 273.15
_SWEEP_degC = (25.0, 35.0, 45.0, 55.0, 65.0, 75.0, 80.0)


class ConductivitySweep(Protocol):
    """Measure the ionic conductivity at several temperatures, for its activation energy (Arrhenius, VTF)."""

    temperatures: Annotated[tuple[Temperature, ...], QuantityList, Field(min_length=1, max_length=100)] = (
        tuple(degC + _ZERO_CELSIUS_K for degC in _SWEEP_degC)
    )
    """Temperatures, in the order in which they are visited, such as "25, 40, 60, 80 °C"."""
    soak: Duration = 1800.0
    """How long the cell rests at each temperature, once the chamber is there, before it is measured."""
    frequency_max: Frequency | None = None
    """Highest frequency of the spectra; by default the channel's highest, at most 1 MHz."""
    frequency_min: Frequency = 1.0
    """Lowest frequency of the spectra."""
    points_per_decade: Annotated[int, Field(ge=1, le=100)] = 10
    """Frequencies per factor of ten."""
    amplitude: PotentialAmplitude = 0.01
    """Amplitude of the spectra, root mean square."""
    bias: PotentialOrOCV = "OCV"
    """Potential around which the spectra are measured, or "OCV" for the one at rest."""

    def steps(self, cell: Cell) -> Steps:  # noqa: ARG002
        """Yield a soak and a spectrum at each temperature."""
        for number, kelvin in enumerate(self.temperatures, 1):
            # Rounded, because a temperature that was given in °C has lost its last digits in K.
            temperature_degC = round(kelvin - _ZERO_CELSIUS_K, 6)
            soaked = yield Rest(
                until=Until(duration_s=self.soak),
                record=Record(interval_s=min(10.0, self.soak / 10)),
                temperature_degC=temperature_degC,
                cycle=number,
                label=f"Soak at {temperature_degC:g} °C",
                role="soak",
            )
            yield Impedance(
                frequency_max_Hz=self.frequency_max,
                frequency_min_Hz=self.frequency_min,
                points_per_decade=self.points_per_decade,
                amplitude_V=self.amplitude,
                bias_V=measured_ocv_V(soaked) if self.bias == "OCV" else self.bias,
                temperature_degC=temperature_degC,
                cycle=number,
                label=f"Spectrum at {temperature_degC:g} °C",
                role="spectrum",
            )

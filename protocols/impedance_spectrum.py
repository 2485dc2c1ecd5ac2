"""Electrochemical impedance spectroscopy."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import measured_ocv_V, ocv_rest
from .quantities import Current, Duration, Frequency, PositiveCurrent, PotentialAmplitude, PotentialOrOCV
from .steps import Impedance


class ImpedanceSpectrum(Protocol):
    """Measure the impedance from high to low frequency (PEIS or GEIS)."""

    control: Literal["potentiostatic", "galvanostatic"] = "potentiostatic"
    """Whether the potential or the current is modulated."""
    frequency_max: Frequency | None = None
    """Highest frequency; by default the channel's highest, at most 1 MHz."""
    frequency_min: Frequency = 0.01
    """Lowest frequency."""
    points_per_decade: Annotated[int, Field(ge=1, le=100)] = 10
    """Frequencies per factor of ten."""
    amplitude: PotentialAmplitude = 0.01
    """Amplitude of a potentiostatic spectrum, root mean square (the peak is 1.41 times this)."""
    bias: PotentialOrOCV = "OCV"
    """Potential around which a potentiostatic spectrum is measured, or "OCV" for the one at rest."""
    current_amplitude: PositiveCurrent | None = None
    """Amplitude of a galvanostatic spectrum, root mean square."""
    bias_current: Current = Current(0.0, "A")
    """Current around which a galvanostatic spectrum is measured."""
    rest_before: Duration = 10.0
    """How long the open-circuit potential is watched when the spectrum is measured around it."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.frequency_max is not None and self.frequency_max <= self.frequency_min:
            raise ValueError(
                f"frequency_max is {self.frequency_max:g} Hz; "
                f"it must be above frequency_min, {self.frequency_min:g} Hz"
            )
        if self.control == "galvanostatic" and self.current_amplitude is None:
            raise ValueError("current_amplitude is needed for a galvanostatic spectrum, for example '10 µA'")
        return self

    def steps(self, cell: Cell) -> Steps:
        """Yield the spectrum, after a rest where it is measured around the open-circuit potential."""
        amplitude_V = amplitude_A = bias_V = bias_A = None
        if self.control == "galvanostatic" and self.current_amplitude is not None:
            amplitude_A, bias_A = self.current_amplitude.amperes(cell), self.bias_current.amperes(cell)
        else:
            amplitude_V = self.amplitude
            bias_V = measured_ocv_V((yield ocv_rest(self.rest_before))) if self.bias == "OCV" else self.bias
        yield Impedance(
            frequency_max_Hz=self.frequency_max,
            frequency_min_Hz=self.frequency_min,
            points_per_decade=self.points_per_decade,
            amplitude_V=amplitude_V,
            bias_V=bias_V,
            amplitude_A=amplitude_A,
            bias_A=bias_A,
            label="Impedance spectrum",
            role="spectrum",
        )

"""Potentiostatic polarization between two spectra: the lithium transference number."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Protocol, ProtocolError, Steps
from .cell import Cell
from .open_circuit import measured_ocv_V, ocv_rest
from .quantities import Duration, Frequency, PotentialAmplitude
from .steps import ConstantPotential, Impedance, Record, StepResult, Until

_LOGARITHMIC_S = 60.0
_CONTINUED_S = 1800.0
_STEADY_PER_S = 0.01 / 600.0


class PotentiostaticPolarization(Protocol):
    """Polarize a symmetric cell by a few millivolts until the current is steady, between two spectra."""

    polarization: PotentialAmplitude = 0.01
    """Potential above the one at rest; much less than 4 RT/F, about 100 mV."""
    duration: Duration = 7200.0
    """How long it is held at least."""
    longest: Duration = 36_000.0
    """How long it is held at most, if the current does not become steady (1 % in 10 min) before."""
    sample_every: Duration = 1.0
    """Time between samples, after a first minute of quicker ones."""
    rest_before: Duration = 60.0
    """How long the potential at rest is watched first."""
    frequency_max: Frequency | None = None
    """Highest frequency of the spectra; by default the channel's highest, at most 1 MHz."""
    frequency_min: Frequency = 0.1
    """Lowest frequency of the spectra."""
    points_per_decade: Annotated[int, Field(ge=1, le=100)] = 10
    """Frequencies per factor of ten."""
    amplitude: PotentialAmplitude = 0.005
    """Amplitude of the spectra, root mean square."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.longest < self.duration:
            raise ValueError("longest is shorter than duration")
        if self.frequency_max is not None and self.frequency_max <= self.frequency_min:
            raise ValueError("frequency_max must be above frequency_min")
        return self

    def steps(self, cell: Cell) -> Steps:  # noqa: ARG002
        """Yield rest, spectrum, hold (continued until steady) and a spectrum at the potential of the hold."""
        rest_V = measured_ocv_V((yield ocv_rest(self.rest_before)))
        yield self._spectrum(rest_V, "Spectrum before", "eis_before")
        held_V = rest_V + self.polarization
        result = yield self._hold(held_V, self.duration, is_first=True)
        held_s = self.duration
        while not _is_steady(result) and held_s < self.longest:
            more_s = min(_CONTINUED_S, self.longest - held_s)
            result = yield self._hold(held_V, more_s, is_first=False)
            held_s += more_s
        yield self._spectrum(held_V, "Spectrum after", "eis_after")

    def _hold(self, potential_V: float, duration_s: float, *, is_first: bool) -> ConstantPotential:
        logarithmic_s = min(_LOGARITHMIC_S, duration_s / 10) if is_first else None
        return ConstantPotential(
            potential_V=potential_V,
            until=Until(duration_s=duration_s),
            record=Record(interval_s=min(self.sample_every, duration_s / 10), logarithmic_s=logarithmic_s),
            label="Polarization" if is_first else "Polarization, continued",
            role="hold",
        )

    def _spectrum(self, bias_V: float, label: str, role: str) -> Impedance:
        return Impedance(
            frequency_max_Hz=self.frequency_max,
            frequency_min_Hz=self.frequency_min,
            points_per_decade=self.points_per_decade,
            amplitude_V=self.amplitude,
            bias_V=bias_V,
            label=label,
            role=role,
        )


def _is_steady(result: StepResult) -> bool:
    """Compare the mean current of the step with its end.

    For a current that drifts linearly they differ by half of what it drifts in the step; for a
    decay that is over, by less than the decay contributed.
    """
    if result.current_last_A is None:
        raise ProtocolError("the hold gave no valid current, so there is no steady state to wait for")
    tail = [current_A for _, _, current_A in result.tail] or [result.current_last_A]
    end_A = sum(tail) / len(tail)
    mean_A = result.charge_C / result.duration_s
    return abs(mean_A - end_A) <= 0.5 * abs(end_A) * _STEADY_PER_S * result.duration_s

"""Critical current density: plate and strip at rising currents until the cell shorts."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ..core.units import pretty_in
from .base import Protocol, Steps
from .cell import Cell
from .open_circuit import ocv_rest
from .quantities import ArealCapacity, CurrentDensity, Duration, OptionalPause, Potential
from .short_circuit import ShortWatch
from .steps import ConstantCurrent, Impedance, Record, Rest, Until

_MOST_CURRENTS = 10_000
_LONGEST_S = 3.0
"""A half-cycle of fixed capacity may take this many times as long as its current should need."""


class CriticalCurrentDensity(Protocol):
    """Plate and strip lithium at rising current densities until a dendrite shorts the cell (CCD)."""

    start: CurrentDensity = 0.5
    """First current density; papers mostly start at 0.05 mA/cm²."""
    step: CurrentDensity = 0.5
    """By how much it rises from one to the next."""
    stop: CurrentDensity = 50.0
    """Last current density, if the cell has not shorted before."""
    half_cycle: Duration = 3600.0
    """How long each half-cycle takes; not used with a fixed capacity."""
    capacity: ArealCapacity | None = None
    """Charge of each half-cycle, such as "0.1 mAh/cm²": then their time falls as the current rises."""
    cycles: Annotated[int, Field(ge=1, le=1000)] = 1
    """Cycles at each current density."""
    rest: OptionalPause = 0.0
    """Rest between half-cycles."""
    sample_every: Duration = 10.0
    """Time between samples."""
    short_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A potential below this share of what it should be is a short."""
    polarization_limit: Potential = 5.0
    """Potential that ends the test because the cell has lost contact."""
    spectra_every: Annotated[int, Field(ge=0, le=_MOST_CURRENTS)] = 0
    """Measure a spectrum after every so many current densities (0: none), and one after the short."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.stop < self.start:
            raise ValueError("stop is below start; the current density rises")
        if (self.stop - self.start) / self.step > _MOST_CURRENTS:
            raise ValueError(
                f"start to stop in these steps makes more than {_MOST_CURRENTS} current densities"
            )
        if self.polarization_limit <= 0:
            raise ValueError("polarization_limit must be above 0 V; it holds for both directions")
        return self

    @property
    def densities_A_per_m2(self) -> tuple[float, ...]:
        """The current densities, in order."""
        count = int((self.stop - self.start) / self.step + 1e-6) + 1
        return tuple(round(self.start + index * self.step, 9) for index in range(count))

    def steps(self, cell: Cell) -> Steps:
        """Yield half-cycles, stripping the working electrode first, until one of them shows a failure."""
        area_m2 = cell.needs("area", "a current density")
        watch = ShortWatch(self.short_share, self.polarization_limit)
        cycle = 0
        yield ocv_rest(10.0)
        for index, density in enumerate(self.densities_A_per_m2, start=1):
            name = pretty_in(density, "A/m²", "mA/cm²")
            for _ in range(self.cycles):
                cycle += 1
                for role, sign in (("strip", 1.0), ("plate", -1.0)):
                    current_A = sign * density * area_m2
                    half = self._half_cycle(
                        current_A, area_m2, watch, cycle, f"{role.capitalize()} at {name}", role
                    )
                    failure = watch.failure(current_A, (yield half))
                    if failure is not None:
                        if self.spectra_every and failure == "short":
                            yield _spectrum(cycle, "Spectrum after the short", "spectrum_after")
                        return
                    if self.rest:
                        yield _rest(self.rest, cycle)
            if self.spectra_every and index % self.spectra_every == 0:
                yield _spectrum(cycle, f"Spectrum after {name}", "spectrum")

    def _half_cycle(
        self, current_A: float, area_m2: float, watch: ShortWatch, cycle: int, label: str, role: str
    ) -> ConstantCurrent:
        duration_s, charge_C = self.half_cycle, None
        if self.capacity is not None:
            charge_C = self.capacity * area_m2
            duration_s = _LONGEST_S * charge_C / abs(current_A)
        return ConstantCurrent(
            current_A=current_A,
            until=watch.until(current_A, duration_s=duration_s, charge_C=charge_C),
            record=Record(interval_s=min(self.sample_every, duration_s / 10)),
            cycle=cycle,
            label=label,
            role=role,
        )


def _rest(duration_s: float, cycle: int) -> Rest:
    return Rest(
        until=Until(duration_s=duration_s),
        record=Record(interval_s=duration_s / 10),
        cycle=cycle,
        label="Rest",
        role="rest",
    )


def _spectrum(cycle: int, label: str, role: str) -> Impedance:
    return Impedance(frequency_min_Hz=1.0, amplitude_V=0.01, bias_V=0.0, cycle=cycle, label=label, role=role)

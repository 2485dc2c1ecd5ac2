"""Charging and discharging a cell with constant currents, cycle after cycle."""

from typing import Annotated

from pydantic import Field, model_validator

from .base import Protocol, Steps
from .cell import Cell
from .half_cycles import HalfCycles, upper_above_lower
from .open_circuit import measured_ocv_V, ocv_rest
from .quantities import Current, Duration, Frequency, OptionalPause, PositiveCurrent, Potential
from .steps import Impedance

_C_10, _C_2 = Current(0.1, "C"), Current(0.5, "C")


class GalvanostaticCycling(Protocol):
    """Charge and discharge a cell between two potentials, after some slower cycles of formation."""

    charge_current: PositiveCurrent = _C_2
    """Current of the charge, such as "0.5C", "C/10", "0.2 mA/cm²" or "1 mA"."""
    discharge_current: PositiveCurrent = _C_2
    """Current of the discharge."""
    upper: Potential = 3.8
    """Potential that ends the charge."""
    lower: Potential = 2.5
    """Potential that ends the discharge."""
    hold_until: PositiveCurrent | None = None
    """Hold the upper potential until the charge current has fallen to this, such as "C/20" (CC-CV)."""
    cycles: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Cycles after the formation."""
    formation_cycles: Annotated[int, Field(ge=0, le=100)] = 3
    """Cycles before them."""
    formation_current: PositiveCurrent = _C_10
    """Current of the formation, in both directions."""
    rest: OptionalPause = 60.0
    """Rest after each charge and each discharge."""
    stop_below: Annotated[float, Field(gt=0, lt=1)] | None = None
    """End when the discharge capacity is below this share of that of the first cycle after formation."""
    longest: Duration = 360_000.0
    """A charge, discharge or hold that takes longer is ended: 100 h."""
    sample_every: Duration = 30.0
    """Time between samples."""
    spectra_every: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Measure a spectrum at rest after the discharge of every so many cycles (0: none)."""
    spectrum_rest: Duration = 1800.0
    """Rest before each of these spectra."""
    spectrum_frequency_min: Frequency = 0.1
    """Lowest frequency of these spectra."""
    measure_every: Duration | None = None
    """Time between measurements that look for the cut-offs; by default 1/2000 of a half-cycle."""

    _consistent = model_validator(mode="after")(upper_above_lower)

    def steps(self, cell: Cell) -> Steps:
        """Yield rest, and for every cycle charge, hold and discharge; stop at the retention asked for."""
        formation_A = self.formation_current.amperes(cell)
        currents_A = (self.charge_current.amperes(cell), self.discharge_current.amperes(cell))
        until_A = None if self.hold_until is None else self.hold_until.amperes(cell)
        half = HalfCycles(
            cell,
            lower_V=self.lower,
            upper_V=self.upper,
            longest_s=self.longest,
            sample_every_s=self.sample_every,
            measure_every_s=self.measure_every,
        )
        yield ocv_rest(10.0)
        first_C: float | None = None
        for cycle in range(1, self.formation_cycles + self.cycles + 1):
            is_formation = cycle <= self.formation_cycles
            charge_A, discharge_A = (formation_A, formation_A) if is_formation else currents_A
            result = yield from half.cycle(
                cycle, charge_A=charge_A, discharge_A=discharge_A, hold_until_A=until_A, rest_s=self.rest
            )
            if self.spectra_every and cycle % self.spectra_every == 0:
                yield from self._spectrum(cycle)
            if is_formation or self.stop_below is None:
                continue
            first_C = abs(result.charge_C) if first_C is None else first_C
            if abs(result.charge_C) < self.stop_below * first_C:
                return

    def _spectrum(self, cycle: int) -> Steps:
        rested = yield ocv_rest(self.spectrum_rest).model_copy(update={"cycle": cycle})
        yield Impedance(
            frequency_min_Hz=self.spectrum_frequency_min,
            amplitude_V=0.01,
            bias_V=measured_ocv_V(rested),
            cycle=cycle,
            label=f"Spectrum after cycle {cycle}",
            role="spectrum",
        )

"""The analog part of the instrument: what it applies to the cell, and what it measures there."""

import itertools
import random

from ...cells import SimulatedCell
from . import models, vartypes
from .errors import Code, RuntimeFault
from .models import Model
from .packages import Status
from .ranging import RangedInput

_NOISE_LENGTH = 8192
_NEAR_LIMIT = 0.3
_IMPEDANCE_ERROR = 5e-4
_CURRENT_STEP = 1e-4
"""Resolution of an applied current, as a share of the nominal value of its range."""
_CELL_TEMPERATURE_degC = 25.0


class Electronics:
    """Potentiostat and galvanostat with one cell.

    Parameters
    ----------
    model : Model
        Ranges, limits and accuracy.
    cell : SimulatedCell
        What is connected.
    seed : int
        Decides the errors and the noise of this instrument.

    Attributes
    ----------
    cell_is_on : bool
        Whether the instrument drives the cell; otherwise it is at open circuit.
    mode : int
        PGStat mode.
    applied : float
        Present setpoint as the converter resolves it, in V or A.
    """

    def __init__(self, model: Model, cell: SimulatedCell, seed: int) -> None:
        self.model = model
        self.cell = cell
        self.cell_is_on = False
        chance = random.Random(seed)  # noqa: S311  errors of an instrument, not secrets
        noise = itertools.cycle([chance.gauss(0.0, 1.0) for _ in range(_NOISE_LENGTH)])
        self._noise = noise
        self._potential_gain = 1.0 + model.potential_gain * chance.uniform(-2.0, 2.0)
        self._potential_offset_V = model.potential_offset_V * chance.uniform(-2.0, 2.0)
        self._current_gain = 1.0 + model.current_accuracy.gain * chance.uniform(-2.0, 2.0)
        self._current_offset = model.current_accuracy.offset * chance.uniform(-2.0, 2.0)
        self._current_inputs = {
            ranges: RangedInput(
                ranges, model.current_accuracy, chance, noise, has_noise_level=model.sends_noise_level
            )
            for ranges in dict.fromkeys(model.current_ranges.values())
        }
        self.potential_input = RangedInput(
            model.potential_ranges, model.potential_accuracy, chance, noise, has_noise_level=False
        )
        self.set_mode(models.OFF)

    # Settings

    def set_mode(self, mode: int) -> None:
        """Switch the cell off and start a PGStat mode with its default settings."""
        if mode != models.OFF and mode not in self.model.modes:
            raise RuntimeFault(Code.UNKNOWN_PGSTAT_MODE)
        self.cell_is_on = False
        self.mode = mode
        ranges = self.model.current_ranges.get(mode, next(iter(self.model.current_ranges.values())))
        self.current_input = self._current_inputs[ranges]
        self.current_input.reset()
        self.potential_input.reset()
        self._limited = False
        self._near_limit = False
        self._applied_range = None
        self.is_galvanostat = mode == models.GALVANOSTAT
        if self.is_galvanostat:
            self._applied_range = self.model.applied_current_ranges[-1]
        self.applied = self._true = 0.0
        self._set(0.0)

    def set_range(self, vartype: str, value: float) -> None:
        """Choose the range for a kind of value."""
        if vartype == vartypes.MEASURED_CURRENT:
            self.current_input.set_range(value)
        elif vartype == vartypes.MEASURED_POTENTIAL:
            self.potential_input.set_range(value)
        elif vartype == vartypes.APPLIED_CURRENT:
            self._set_applied_range(value)
        elif vartype != vartypes.APPLIED_POTENTIAL:
            raise RuntimeFault(Code.INVALID_VARTYPE)

    def set_autoranging(self, vartype: str, low: float, high: float) -> None:
        """Choose the ranges that an input may take by itself."""
        if vartype == vartypes.MEASURED_CURRENT:
            self.current_input.set_autoranging(low, high)
        elif vartype == vartypes.MEASURED_POTENTIAL:
            self.potential_input.set_autoranging(low, high)
        else:
            self.set_range(vartype, max(abs(low), abs(high)))

    def set_window(self, vartype: str, low: float, high: float) -> None:
        """Announce the smallest and the largest value of a script (`set_range_minmax`)."""
        if vartype != vartypes.APPLIED_POTENTIAL:
            self.set_range(vartype, max(abs(low), abs(high)))
            return
        self.check_potential(low)
        self.check_potential(high)
        limits = self.model.modes.get(self.mode)
        if limits is not None and abs(high - low) > limits.window_V:
            raise RuntimeFault(Code.INVALID_POTENTIAL)

    def check_potential(self, potential_V: float) -> None:
        """Refuse a potential that the mode cannot apply."""
        limits = self.model.modes.get(self.mode)
        if limits is None:
            raise RuntimeFault(Code.WRONG_PGSTAT_MODE)
        if not limits.lowest_V - 1e-9 <= potential_V <= limits.highest_V + 1e-9:
            raise RuntimeFault(Code.INVALID_POTENTIAL)

    def spoil_next_current(self) -> None:
        """Let the next reading of the current fall between two ranges."""
        self.current_input.spoil_next()

    def check_current(self, current_A: float) -> None:
        """Refuse a current that the chosen range cannot apply."""
        end = self._applied_range.maximum if self._applied_range else 0.0
        if not abs(current_A) <= min(end, self.model.largest_current_A) * (1.0 + 1e-9):
            raise RuntimeFault(Code.OUT_OF_BOUNDS)

    def check_setpoint(self, value: float) -> None:
        """Refuse a potential or, in galvanostat mode, a current that cannot be applied."""
        (self.check_current if self.is_galvanostat else self.check_potential)(value)

    def set_setpoint(self, value: float) -> None:
        """Set the potential in V or, in galvanostat mode, the current in A."""
        self.check_setpoint(value)
        self._set(value)

    @property
    def setpoint_step(self) -> float:
        """Resolution of the setpoint, in V or A."""
        if self._applied_range is None:
            return self.model.potential_step_V
        return self._applied_range.nominal * _CURRENT_STEP

    @property
    def largest_amplitude(self) -> float:
        """Largest signal of an impedance measurement, in V or A rms."""
        if self._applied_range is None:
            return self.model.largest_amplitude_V
        return min(self._applied_range.maximum, self.model.largest_current_A)

    def switch_on(self) -> None:
        """Connect the cell and drive it at the setpoint."""
        if self.mode == models.OFF:
            raise RuntimeFault(Code.WRONG_PGSTAT_MODE)
        self.cell_is_on = True

    def switch_off(self) -> None:
        """Leave the cell at open circuit."""
        self.cell_is_on = False

    # Measuring

    def advance(self, seconds: float) -> None:
        """Let time pass with the cell as it is: at rest, or driven at the setpoint."""
        if seconds <= 0.0:
            return
        if not self.cell_is_on:
            self.cell.rest(seconds)
        elif self.is_galvanostat:
            self._drive_current(seconds)
        else:
            self._drive_potential(seconds)

    def measure_current(self, potential_V: float, seconds: float) -> tuple[float, str]:
        """Apply a potential for `seconds`; return the current read at the end, and its metadata."""
        if potential_V != self._setpoint:
            self._set(potential_V)
        current_A = self._drive_potential(seconds)
        if self._limited:
            return self.current_input.read(current_A)[0], self.current_input.flagged(Status.OVERLOAD)
        return self.current_input.read(current_A)

    def measure_potential(self, current_A: float, seconds: float) -> tuple[float, str]:
        """Apply a current for `seconds`; return the potential read at the end, and its metadata."""
        if current_A != self._setpoint:
            self._set(current_A)
        self._drive_current(seconds)
        return self.read_potential()

    def measure_open_circuit(self, seconds: float) -> tuple[float, str]:
        """Leave the cell at rest for `seconds`; return the potential read at the end."""
        self.cell.rest(seconds)
        return self.read_potential()

    def read_potential(self) -> tuple[float, str]:
        """Return the potential of the cell as read now, and its metadata."""
        reading, metadata = self.potential_input.read(self.cell.potential_V)
        if self._limited and self.cell_is_on:
            return reading, self.potential_input.flagged(Status.OVERLOAD)
        return reading, metadata

    def read_current(self) -> tuple[float, str]:
        """Return the current as read now, and its metadata."""
        if not self.cell_is_on:
            return self.current_input.read(0.0)
        return self.current_input.read(self._last_A)

    def read(self, vartype: str) -> tuple[float, str]:
        """Return a reading of any kind that the instrument can measure, and its metadata."""
        if vartype in vartypes.CELL_POTENTIALS:
            return self.read_potential()
        if vartype == vartypes.MEASURED_CURRENT:
            return self.read_current()
        if vartype in {vartypes.APPLIED_POTENTIAL, vartypes.APPLIED_CURRENT}:
            return self.applied, ""
        if vartype in vartypes.ANALOG_INPUTS:
            return 0.0, ""
        if vartype in vartypes.TEMPERATURES:
            return _CELL_TEMPERATURE_degC, ""
        raise RuntimeFault(Code.INVALID_VARTYPE)

    def measure_impedance(self, frequency_Hz: float, amplitude: float) -> tuple[complex, str, str]:
        """Return the impedance read at a frequency, with the metadata of current and potential.

        Parameters
        ----------
        frequency_Hz : float
            Within the band of the instrument.
        amplitude : float
            Of the applied signal, V or A rms.
        """
        impedance = self.cell.impedance(frequency_Hz)
        size_ohm = max(abs(impedance), 1e-12)
        current_A, potential_V = amplitude / size_ohm, amplitude
        if self.is_galvanostat:
            current_A, potential_V = amplitude, amplitude * size_ohm
        current = self.current_input.follow(current_A)
        potential = self.potential_input.follow(potential_V)
        # Close to the end of the band the converters see less of every period.
        error = _IMPEDANCE_ERROR * (1.0 + 4.0 * frequency_Hz / self.model.highest_frequency_Hz)
        impedance *= complex(1.0 + error * next(self._noise), error * next(self._noise))
        if Status.OVERLOAD in current | potential:
            impedance = complex(float("nan"), float("nan"))
        return impedance, self.current_input.flagged(current), self.potential_input.flagged(potential)

    # Driving the cell

    def _set(self, setpoint: float) -> None:
        self._setpoint = setpoint
        step = self.setpoint_step
        self.applied = round(setpoint / step) * step
        if self._applied_range is None:
            self._true = self.applied * self._potential_gain + self._potential_offset_V
        else:
            offset_A = self._current_offset * self._applied_range.nominal
            self._true = self.applied * self._current_gain + offset_A
        self._near_limit = True
        self._last_A = 0.0

    def _set_applied_range(self, value: float) -> None:
        ranges = self.model.applied_current_ranges
        if not ranges:
            raise RuntimeFault(Code.NOT_SUPPORTED)
        if not self.is_galvanostat:
            return
        fitting = (each for each in ranges if abs(value) <= each.maximum * (1.0 + 1e-9))
        self._applied_range = next(fitting, ranges[-1])
        self._set(self._setpoint)

    def _drive_potential(self, seconds: float) -> float:
        """Hold the setpoint, or as much of it as the largest current allows; return the current."""
        limit_A = self.model.largest_current_A
        state = self.cell.snapshot() if self._near_limit else None
        current_A = self.cell.hold_potential(self._true, seconds)
        self._limited = not -limit_A <= current_A <= limit_A
        if self._limited:
            current_A = limit_A if current_A > 0.0 else -limit_A
            if state is not None:
                self.cell.restore(state)
                self.cell.hold_current(current_A, seconds)
        self._near_limit = not -_NEAR_LIMIT * limit_A < current_A < _NEAR_LIMIT * limit_A
        self._last_A = current_A
        return current_A

    def _drive_current(self, seconds: float) -> float:
        """Hold the setpoint, or as much of it as the compliance voltage allows; return the potential."""
        limit_V = self.model.compliance_V
        state = self.cell.snapshot() if self._near_limit else None
        potential_V = self.cell.hold_current(self._true, seconds)
        self._limited = not -limit_V <= potential_V <= limit_V
        if self._limited and state is not None:
            self.cell.restore(state)
            potential_V = limit_V if potential_V > 0.0 else -limit_V
            self._last_A = self.cell.hold_potential(potential_V, seconds)
        else:
            self._last_A = self._true
        self._near_limit = not -_NEAR_LIMIT * limit_V < potential_V < _NEAR_LIMIT * limit_V
        return potential_V

"""Cells of PyBaMM: any of its lithium-ion models with any of its parameter sets."""

import math
from typing import Any

from .base import SimulatedCell
from .parameters import checked
from .pybamm_engine import Array, Control, Course, Engine

_ROOM_degC = 25.0
_ZERO_CELSIUS_K = 273.15
_OUT_V = 0.5
"""How far beyond its window the potential is told to be once a cell can no longer carry a current."""
_OUT_C = 100.0
"""C-rate that is told for a potential that a cell cannot be brought to."""
_SHORTEST_s, _LONGEST_s, _GROWTH = 1.0, 3600.0, 4.0


class PyBaMMCell(SimulatedCell):
    """A cell of PyBaMM (https://pybamm.org), which must be installed: ``faradaic[pybamm]``.

    The model is built once, with an equation that holds either the current or the potential, so
    that one solver serves both and the state is carried over. What is held is solved ahead, in ever
    longer pieces, and looked up from there; so a step costs microseconds until something else is
    held. The cut-offs of the parameter set end nothing: that is the instrument's business. 1 V
    beyond them the cell is taken to carry its current no longer; the potential then leaps.

    Parameters
    ----------
    model : str or PyBaMM model
        A lithium-ion model by name, such as "SPM", "SPMe" or "DFN", or an instance of one with
        options of its own; its operating mode is replaced.
    parameters : str or pybamm.ParameterValues
        A parameter set, such as "Chen2020".
    charged : float
        State of charge at the start, 0 to 1, between the cut-offs of the parameter set.
    capacity_mAh : float, optional
        Makes the cell as large by its area: the current is scaled. By default that of the set.
    temperature_degC : float
        Of its surroundings.

    Raises
    ------
    ValueError
        PyBaMM is not installed, does not know what is asked for, or cannot build it.
    """

    def __init__(
        self,
        model: Any = "SPMe",
        parameters: Any = "Chen2020",
        charged: float = 0.01,
        capacity_mAh: float | None = None,
        temperature_degC: float = _ROOM_degC,
    ) -> None:
        charged = checked("charged", charged)
        self._temperature_K = checked("temperature_degC", temperature_degC) + _ZERO_CELSIUS_K
        engine = Engine(model, parameters, charged, self._temperature_K)
        self._engine = engine
        self._own_mAh = engine.nominal_capacity_Ah * 1e3
        self._capacity_mAh = self._own_mAh if capacity_mAh is None else checked("capacity_mAh", capacity_mAh)
        self._scale = self._capacity_mAh / self._own_mAh
        self._charged = charged
        self._state = engine.initial_state
        self._control: Control | None = None
        self._course: Course | None = None
        self._at_s = 0.0
        self.potential_V = 0.0
        self.hold_current(0.0, 0.0)

    def hold_current(self, current_A: float, seconds: float) -> float:
        """Hold a current for `seconds`; return the potential in V at the end."""
        # PyBaMM counts a discharge as positive.
        found = self._held(Control(0.0, -current_A / self._scale + 0.0), seconds)
        if found is None:
            edge_V, out_V = (
                (self._engine.lowest_V, -_OUT_V) if current_A < 0 else (self._engine.highest_V, _OUT_V)
            )
            self.potential_V = edge_V + out_V
        else:
            self.potential_V = found[0]
        return self.potential_V

    def hold_potential(self, potential_V: float, seconds: float) -> float:
        """Hold a potential for `seconds`; return the current in A at the end."""
        before_V = self.potential_V
        found = self._held(Control(1.0, potential_V), seconds)
        self.potential_V = potential_V
        if found is None:
            return math.copysign(_OUT_C * self._capacity_mAh * 1e-3, potential_V - before_V)
        return -found[1] * self._scale

    def set_temperature(self, temperature_degC: float) -> None:
        """Bring the surroundings to a temperature."""
        self._state = self._state_now()
        self._course = self._control = None
        self._temperature_K = temperature_degC + _ZERO_CELSIUS_K

    def impedance(self, frequency_Hz: float) -> complex:
        """Impedance in Ω of the linearised model in its present state.

        Where the model has no double layer, as most have by default, there is no charge-transfer
        arc: only ohmic resistance, reaction and diffusion.
        """
        return self._engine.impedance(self._state_now(), self._temperature_K, frequency_Hz) / self._scale

    @property
    def metadata(self) -> dict[str, Any]:
        """Model, parameter set, version of PyBaMM, and size."""
        return {
            "cell": "PyBaMM",
            "model": self._engine.model_name,
            "parameters": self._engine.parameters_name,
            "pybamm_version": self._engine.version,
            "charged": self._charged,
            "capacity_mAh": self._capacity_mAh,
            "temperature_degC": round(self._temperature_K - _ZERO_CELSIUS_K, 6),
            "defaults": [],
        }

    def _state_now(self) -> Array:
        return self._state if self._course is None else self._course.state(self._at_s)

    def _held(self, control: Control, seconds: float) -> tuple[float, float] | None:
        """Hold something for a while; return potential and current of PyBaMM, None where it cannot be."""
        course, at_s = self._course, self._at_s
        if course is None or control != self._control:
            state = self._state_now()
            course = self._engine.solve(state, control, max(seconds, _SHORTEST_s), self._temperature_K)
            if course is None:
                return None
            self._state, self._control, at_s = state, control, 0.0
        at_s += seconds
        while at_s > course.length_s and not course.ended:
            ahead_s = min(max(_GROWTH * course.length_s, at_s - course.length_s), _LONGEST_s)
            at_s -= course.length_s
            further = self._engine.solve(course.states[:, -1], control, ahead_s, self._temperature_K)
            if further is None:
                return None
            course = further
        self._course = course
        if at_s > course.length_s:
            self._at_s = course.length_s
            return None
        self._at_s = at_s
        return course.at(at_s)

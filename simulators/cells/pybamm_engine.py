"""Models of PyBaMM, built and solved."""

import bisect
import difflib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_BEYOND_V = 1.0
"""How far beyond the cut-offs of its parameter set a cell is simulated."""
_STATIONS, _MOMENT_s = 15, 1e-3
"""Potentials on the way to a far one, and how long each is held."""
_PARTS, _APART_s = 8, 5.0
"""Points between two steps of the solver at least, and how far apart they are at most."""
_TEMPERATURE = "Ambient temperature [K]"
Array = NDArray[np.float64]


class Control(NamedTuple):
    """What is held: a potential in V where `potentiostatic` is 1, else a current of PyBaMM's sign in A."""

    potentiostatic: float
    value: float


@dataclass(frozen=True)
class Course:
    """How the cell goes on under one control, solved ahead.

    Parameters
    ----------
    time_s, potential_V, current_A : list of float
        Its terminals, close enough together for straight lines; lists, because looking up one value
        of an array takes several times as long.
    step_s : array, shape (k,)
        The steps of the solver.
    states, slopes : array, shape (n, k)
        The state and its derivative there.
    ended : bool
        Whether the cell cannot go on after the end.
    """

    time_s: list[float]
    potential_V: list[float]
    current_A: list[float]
    step_s: Array
    states: Array
    slopes: Array
    ended: bool

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.time_s[-1]

    def at(self, time_s: float) -> tuple[float, float]:
        """Return potential and current at a time within it."""
        after = min(max(bisect.bisect_right(self.time_s, time_s), 1), len(self.time_s) - 1)
        begin_s, end_s = self.time_s[after - 1], self.time_s[after]
        share = min((time_s - begin_s) / (end_s - begin_s), 1.0)
        return (
            self.potential_V[after - 1] + share * (self.potential_V[after] - self.potential_V[after - 1]),
            self.current_A[after - 1] + share * (self.current_A[after] - self.current_A[after - 1]),
        )

    def state(self, time_s: float) -> Array:
        """Return the state at a time within it."""
        return _hermite(self.step_s, self.states, self.slopes, np.array([min(time_s, self.length_s)]))[:, 0]


class Engine:
    """A built model with its solver.

    Parameters
    ----------
    model, parameters : Any
        As for `PyBaMMCell`.
    charged : float
        State of charge of the initial state.
    temperature_K : float
        At which the initial state is found.

    Attributes
    ----------
    initial_state : array, shape (n,)
        Where the cell begins.
    lowest_V, highest_V : float
        The window within which it is simulated.
    nominal_capacity_Ah : float
        Of the parameter set.
    model_name, parameters_name, version : str
        What it is, and PyBaMM's version.

    Raises
    ------
    ValueError
        PyBaMM is not installed, does not know what is asked for, or cannot build it.
    """

    def __init__(self, model: Any, parameters: Any, charged: float, temperature_K: float) -> None:
        pybamm = _pybamm()
        values = _parameter_values(pybamm, parameters)
        self._pybamm = pybamm
        self.version = str(pybamm.__version__)
        self.parameters_name = parameters if isinstance(parameters, str) else "of your own"
        built = _model(pybamm, model, _hold_one_of_both(pybamm))
        self.model_name = str(built.name)
        self.lowest_V = float(values["Lower voltage cut-off [V]"]) - _BEYOND_V
        self.highest_V = float(values["Upper voltage cut-off [V]"]) + _BEYOND_V
        potential = built.variables["Voltage [V]"]
        built.events = [
            *(event for event in built.events if "voltage" not in event.name.lower()),
            pybamm.Event("Lowest potential", potential - self.lowest_V),
            pybamm.Event("Highest potential", self.highest_V - potential),
        ]
        try:
            self.nominal_capacity_Ah = float(values["Nominal cell capacity [A.h]"])
            values = values.copy()
            values.update({_TEMPERATURE: temperature_K, "Initial temperature [K]": temperature_K})
            values.set_initial_state(charged)
            values.update({_TEMPERATURE: "[input]"})
            solver = pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8)
            simulation = pybamm.Simulation(built, parameter_values=values, solver=solver)
            simulation.build()
            self._model: Any = simulation.built_model
            self._solver = solver
            inputs = _inputs(Control(0.0, 0.0), temperature_K)
            self.initial_state = np.asarray(
                self._model.concatenated_initial_conditions.evaluate(inputs=inputs), float
            ).ravel()
            self._functions = _Functions(self._model, inputs)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"PyBaMM cannot build {self.model_name}: {reason}.") from error

    def solve(self, state: Array, control: Control, seconds: float, temperature_K: float) -> Course | None:
        """Return how a state goes on for `seconds`; None where it cannot be brought under the control."""
        if control.potentiostatic and not self.lowest_V < control.value < self.highest_V:
            return None
        found = self._solve(state, control, seconds, temperature_K)
        if found is None and control.potentiostatic:
            # The solver does not find its way to a far potential at once.
            closer = self._led_towards(state, control.value, temperature_K)
            found = None if closer is None else self._solve(closer, control, seconds, temperature_K)
        return found

    def _led_towards(self, state: Array, potential_V: float, temperature_K: float) -> Array | None:
        """Return a state next to a potential, reached over others in between within a moment."""
        inputs = _inputs(Control(1.0, potential_V), temperature_K)
        begin_V = float(self._functions.terminals(state[:, np.newaxis], inputs)[0, 0])
        for stop_V in np.linspace(begin_V, potential_V, _STATIONS + 2)[1:-1]:
            on_the_way = self._solve(state, Control(1.0, float(stop_V)), _MOMENT_s, temperature_K)
            if on_the_way is None:
                return None
            state = on_the_way.states[:, -1]
        return state

    def _solve(self, state: Array, control: Control, seconds: float, temperature_K: float) -> Course | None:
        inputs = _inputs(control, temperature_K)
        start = self._pybamm.Solution(np.array([0.0]), state[:, np.newaxis], self._model, inputs)
        try:
            solved = self._solver.step(
                start, self._model, seconds, t_eval=np.array([0.0, seconds]), inputs=inputs, save=False
            )
        except self._pybamm.SolverError:
            return None
        step_s, states, slopes = (
            np.concatenate(parts, axis=-1) for parts in (solved.all_ts, solved.all_ys, solved.all_yps)
        )
        if step_s[-1] <= 0.0:
            return None
        parts = np.maximum(np.ceil(np.diff(step_s) / _APART_s).astype(int), _PARTS)
        starts, number = np.repeat(np.arange(len(parts)), parts), np.arange(parts.sum())
        share = (number - np.repeat(np.cumsum(parts) - parts, parts)) / parts[starts]
        time_s = np.append(step_s[starts] + share * np.diff(step_s)[starts], step_s[-1])
        outputs = self._functions.terminals(_hermite(step_s, states, slopes, time_s), inputs)
        return Course(
            time_s.tolist(),
            outputs[0].tolist(),
            outputs[1].tolist(),
            step_s,
            states,
            slopes,
            ended=bool(step_s[-1] < seconds * (1.0 - 1e-9)),
        )

    def impedance(self, state: Array, temperature_K: float, frequency_Hz: float) -> complex:
        """Return -dV/dI of the model as it is, in Ω."""
        return self._functions.impedance(state, _inputs(Control(0.0, 0.0), temperature_K), frequency_Hz)


class _Functions:
    """What of a built model is needed beside its solution, compiled once."""

    def __init__(self, model: Any, inputs: dict[str, float]) -> None:
        import casadi  # noqa: PLC0415  comes with PyBaMM

        names = list(inputs)
        time, state = casadi.MX.sym("t"), casadi.MX.sym("y", model.len_rhs_and_alg)
        given = {name: casadi.MX.sym(name) for name in names}

        def of(symbol: Any) -> Any:
            return symbol.to_casadi(time, state, inputs=given)

        terminals = casadi.vertcat(*(of(_variable(model, name)) for name in ("Voltage [V]", "Current [A]")))
        self._names = names
        self._terminals = casadi.Function("terminals", [time, state, *given.values()], [terminals])
        parts = [of(part) for part in (model.concatenated_rhs, model.concatenated_algebraic)]
        residual = casadi.vertcat(*(part for part in parts if part.numel()))
        self._jacobians = casadi.Function(
            "jacobians",
            [time, state, *given.values()],
            [
                casadi.jacobian(residual, state),
                casadi.jacobian(residual, given["current"]),
                casadi.jacobian(terminals[0], state),
            ],
        )
        if not casadi.jacobian(residual, given["current"]).nnz():
            raise ValueError("it does not let an instrument decide its current")
        self._mass = np.asarray(model.mass_matrix.entries.todense(), float)

    def terminals(self, states: Array, inputs: dict[str, float]) -> Array:
        """Return potential and current, shape (2, k), of states, shape (n, k)."""
        count = states.shape[1]
        given = [np.full((1, count), inputs[name]) for name in self._names]
        return np.asarray(self._terminals(np.zeros((1, count)), states, *given), float)

    def impedance(self, state: Array, inputs: dict[str, float], frequency_Hz: float) -> complex:
        """Return -dV/dI at a frequency: M y' = F(y, I) linearised."""
        found = self._jacobians(0.0, state, *(inputs[name] for name in self._names))
        by_state, by_current, potential = (np.asarray(each, float) for each in found)
        matrix = 2j * math.pi * frequency_Hz * self._mass - by_state
        return -complex((potential @ np.linalg.solve(matrix, by_current))[0, 0])


def _hermite(step_s: Array, states: Array, slopes: Array, time_s: Array) -> Array:
    """Return the states at some times on the cubics between the steps of the solver, shape (n, k)."""
    after = np.clip(np.searchsorted(step_s, time_s, side="right"), 1, len(step_s) - 1)
    length_s = step_s[after] - step_s[after - 1]
    x = (time_s - step_s[after - 1]) / length_s
    return (
        (1.0 + 2.0 * x) * (1.0 - x) ** 2 * states[:, after - 1]
        + x * (1.0 - x) ** 2 * length_s * slopes[:, after - 1]
        + x**2 * (3.0 - 2.0 * x) * states[:, after]
        - x**2 * (1.0 - x) * length_s * slopes[:, after]
    )


def _pybamm() -> Any:
    """Return PyBaMM; it asks no question and tells nobody that it is used."""
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
    # What the solver cannot do is told by what the cell does, not on the terminal.
    os.environ.setdefault("SUNLOGGER_ERROR_FILENAME", os.devnull)
    try:
        import pybamm  # noqa: PLC0415  takes seconds to import
    except ImportError:
        raise ValueError(
            'PyBaMM is not installed; its cells need it: pip install "faradaic[pybamm]".'
        ) from None
    return pybamm


def _parameter_values(pybamm: Any, parameters: Any) -> Any:
    if isinstance(parameters, pybamm.ParameterValues):
        return parameters
    known = list(pybamm.parameter_sets)
    if parameters not in known:
        raise ValueError(_unknown("parameter set", parameters, known))
    return pybamm.ParameterValues(parameters)


def _model(pybamm: Any, model: Any, control: Callable[[Any], Any]) -> Any:
    """Return a model of a kind, with options, that is under a control."""
    family = pybamm.lithium_ion
    if isinstance(model, family.BaseModel):
        return type(model)({**dict(model.options), "operating mode": control})
    known = [
        name
        for name, kind in vars(family).items()
        if isinstance(kind, type) and issubclass(kind, family.BaseModel) and not name.startswith("Base")
    ]
    if model not in known:
        raise ValueError(_unknown("lithium-ion model", model, known))
    try:
        return getattr(family, model)({"operating mode": control})
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{model} of PyBaMM cannot be driven by an instrument: {reason}.") from error


def _unknown(what: str, name: Any, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}."
    return f"{name!r} is not a {what} of PyBaMM; {hint}"


def _hold_one_of_both(pybamm: Any) -> Callable[[Any], Any]:
    """Return the equation that decides the current: either it is given, or the potential is."""

    def residual(variables: Any) -> Any:
        chosen, potential_V, current_A = (
            pybamm.InputParameter(name) for name in ("potentiostatic", "potential", "current")
        )
        return chosen * (variables["Voltage [V]"] - potential_V) + (1.0 - chosen) * (
            variables["Current [A]"] - current_A
        )

    return residual


def _inputs(control: Control, temperature_K: float) -> dict[str, float]:
    held = "potential" if control.potentiostatic else "current"
    return {
        "potentiostatic": control.potentiostatic,
        "potential": 0.0,
        "current": 0.0,
        _TEMPERATURE: temperature_K,
        held: control.value,
    }


def _variable(model: Any, name: str) -> Any:
    return (
        model.get_processed_variable(name)
        if hasattr(model, "get_processed_variable")
        else model.variables[name]
    )

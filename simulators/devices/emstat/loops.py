"""Measurement loops: what each technique applies and measures, and how the body of its loop runs."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from . import models, vartypes
from .commands import NEEDS_GALVANOSTAT, TECHNIQUES
from .compiler import ABORT, Builder, Compiler, Number, Statement, positive, word
from .electronics import Electronics
from .errors import Code, RuntimeFault
from .machine import Machine
from .program import Command
from .variables import Variable

_ROUNDING = 1e-6
_EIS_SETTLING_s = 0.2
_EIS_PERIODS = 3.0

Find = Callable[[], Variable]
Point = tuple[float, float]
"""A setpoint (or frequency), and the time in s that its point takes."""


class Plan(NamedTuple):
    """One run of a measurement loop.

    The points of each scan are made while they are used, because the host may reverse a sweep.
    """

    scans: Iterable[Iterable[Point]]
    measure: Callable[[float, float], None]
    marks_scans: bool = False


def _measurement_loop(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    plan = _PLANNERS[command.name](compiler, command)
    body = compiler.block(command.body)
    body[:0] = _additional_measurements(compiler, command)
    opening = f"M{TECHNIQUES[command.name]:04X}"

    def run() -> str | None:
        scans, measure, marks_scans = plan()
        machine.emit(opening)
        machine.set_measuring(True)
        for number, points in enumerate(scans):
            if marks_scans:
                machine.emit(f"C{number:04d}")
            goes_on = _run_points(machine, points, measure, body)
            if marks_scans:
                machine.emit("-")
            if not goes_on:
                break
        machine.emit("*")
        machine.set_measuring(False)
        return ABORT if machine.aborting else None

    return run


def _run_points(
    machine: Machine,
    points: Iterable[Point],
    measure: Callable[[float, float], None],
    body: list[Statement],
) -> bool:
    """Measure the points of a scan and run the body for each; return whether the loop goes on."""
    pace, attend = machine.pace, machine.attend
    for setpoint, seconds in points:
        if pace(seconds):
            return False
        measure(setpoint, seconds)
        for statement in body:
            if statement() is not None:
                return False
        if attend():
            return False
    return True


def _additional_measurements(compiler: Compiler, command: Command) -> list[Statement]:
    electronics = compiler.machine.electronics

    def reading(vartype: str, find: Find) -> Statement:
        def run() -> None:
            variable = find()
            variable.value, variable.metadata = electronics.read(vartype)
            variable.vartype = vartype

        return run

    return [
        reading(word(vartype), compiler.variable(target))
        for _, vartype, target in command.options.get("add_meas", [])
    ]


# Techniques at open circuit, at a constant and at a swept setpoint


def _ocp(compiler: Compiler, command: Command) -> Callable[[], Plan]:
    electronics = compiler.machine.electronics
    find = compiler.variable(command.arguments[0])
    interval, duration = map(compiler.number, command.arguments[1:])

    def measure(_: float, seconds: float) -> None:
        _check_off(electronics)
        variable = find()
        variable.value, variable.metadata = electronics.measure_open_circuit(seconds)
        variable.vartype = vartypes.MEASURED_POTENTIAL

    def plan() -> Plan:
        _check_off(electronics)
        return Plan([_constant(0.0, interval(), duration())], measure)

    return plan


def _constant_setpoint(compiler: Compiler, command: Command) -> Callable[[], Plan]:
    check = _checker(compiler.machine.electronics, command.name)
    measure = _measurer(compiler, command)
    setpoint, interval, duration = map(compiler.number, command.arguments[2:])

    def plan() -> Plan:
        check(setpoint())
        return Plan([_constant(setpoint(), interval(), duration())], measure)

    return plan


def _linear_sweep(compiler: Compiler, command: Command) -> Callable[[], Plan]:
    check = _checker(compiler.machine.electronics, command.name)
    measure = _measurer(compiler, command)
    begin, end, step, rate = map(compiler.number, command.arguments[2:])

    def plan() -> Plan:
        check(begin(), end())
        size = _step_size(compiler.machine.electronics, step())
        count = _steps(begin(), end(), size)
        if count < 1:
            raise RuntimeFault(Code.TOO_FEW_STEPS)
        seconds = size / positive(rate())
        signed = math.copysign(size, end() - begin())
        start = begin()
        return Plan([((start + k * signed, seconds) for k in range(count + 1))], measure)

    return plan


def _cyclic(compiler: Compiler, command: Command) -> Callable[[], Plan]:
    machine = compiler.machine
    check = _checker(machine.electronics, command.name)
    measure = _measurer(compiler, command)
    begin, vertex_1, vertex_2, step, rate = map(compiler.number, command.arguments[2:])
    (scans,) = command.options.get("nscans", [()])[-1] or (None,)
    count: Number = compiler.number(scans) if scans is not None else lambda: 1

    def plan() -> Plan:
        corners = (begin(), vertex_1(), vertex_2())
        check(*corners)
        size = _step_size(machine.electronics, step())
        if _steps(corners[0], corners[1], size) + _steps(corners[1], corners[2], size) < 1:
            raise RuntimeFault(Code.TOO_FEW_STEPS)
        seconds = size / positive(rate())
        number = int(count())
        if not 1 <= number <= 9999:
            raise RuntimeFault(Code.OUT_OF_BOUNDS)
        paths = (_cycle(machine, corners, size, seconds, closes=scan == number - 1) for scan in range(number))
        return Plan(paths, measure, marks_scans=number > 1)

    return plan


def _cycle(
    machine: Machine, corners: tuple[float, float, float], step: float, seconds: float, *, closes: bool
) -> Iterator[Point]:
    """Go from the first corner to the second, the third and back; only the last cycle closes."""
    first, second, third = corners
    position = first
    skipped = 0
    for target in (second, third, first):
        start = position
        signed = math.copysign(step, target - start)
        for k in range(skipped, _steps(start, target, step)):
            position = start + k * signed
            yield position, seconds
            if machine.reversing:
                # The next leg starts here, without measuring this point again.
                machine.reversing = False
                skipped = 1
                break
        else:
            position = target
            skipped = 0
    if closes:
        yield position, seconds


# Impedance


def _impedance(compiler: Compiler, command: Command) -> Callable[[], Plan]:
    electronics = compiler.machine.electronics
    check = _checker(electronics, command.name)
    find_frequency, find_real, find_imaginary = map(compiler.variable, command.arguments[:3])
    amplitude, start, end, count, bias = map(compiler.number, command.arguments[3:])
    size = 0.0

    def measure(frequency_Hz: float, seconds: float) -> None:
        if not electronics.cell_is_on:
            raise RuntimeFault(Code.NEEDS_CELL_ON)
        electronics.advance(seconds)
        impedance, current, potential = electronics.measure_impedance(frequency_Hz, size)
        _store(find_frequency(), frequency_Hz, vartypes.APPLIED_FREQUENCY, "")
        _store(find_real(), impedance.real, vartypes.IMPEDANCE_REAL, current)
        _store(find_imaginary(), impedance.imag, vartypes.IMPEDANCE_IMAGINARY, potential)

    def plan() -> Plan:
        nonlocal size
        check(bias())
        size = amplitude()
        if not 0.0 < size <= electronics.largest_amplitude:
            raise RuntimeFault(Code.INVALID_AMPLITUDE)
        first, last = start(), end()
        if not (0.0 < first <= electronics.model.highest_frequency_Hz and 0.0 < last <= first * 1e18):
            raise RuntimeFault(Code.INVALID_FREQUENCY)
        if last > electronics.model.highest_frequency_Hz:
            raise RuntimeFault(Code.INVALID_FREQUENCY)
        number = int(count())
        if number < 1:
            raise RuntimeFault(Code.MUST_BE_POSITIVE)
        electronics.set_setpoint(bias())
        ratio = (last / first) ** (1.0 / (number - 1)) if number > 1 else 1.0
        frequencies = (first * ratio**k for k in range(number))
        return Plan([((f, _EIS_SETTLING_s + _EIS_PERIODS / f) for f in frequencies)], measure)

    return plan


# Shared by the techniques


def _measurer(compiler: Compiler, command: Command) -> Callable[[float, float], None]:
    """Return what applies a setpoint and stores potential and current."""
    electronics = compiler.machine.electronics
    find_potential, find_current = map(compiler.variable, command.arguments[:2])

    def potentiostatic(potential_V: float, seconds: float) -> None:
        if not electronics.cell_is_on:
            raise RuntimeFault(Code.NEEDS_CELL_ON)
        current = find_current()
        current.value, current.metadata = electronics.measure_current(potential_V, seconds)
        current.vartype = vartypes.MEASURED_CURRENT
        potential = find_potential()
        potential.value = electronics.applied
        potential.vartype = vartypes.APPLIED_POTENTIAL
        potential.metadata = ""

    def galvanostatic(current_A: float, seconds: float) -> None:
        if not electronics.cell_is_on:
            raise RuntimeFault(Code.NEEDS_CELL_ON)
        potential = find_potential()
        potential.value, potential.metadata = electronics.measure_potential(current_A, seconds)
        potential.vartype = vartypes.MEASURED_POTENTIAL
        _store(find_current(), electronics.applied, vartypes.APPLIED_CURRENT, "")

    return galvanostatic if command.name in NEEDS_GALVANOSTAT else potentiostatic


def _checker(electronics: Electronics, name: str) -> Callable[..., None]:
    """Return what refuses a loop that cannot run in this mode, with this cell, at these setpoints."""

    def check(*setpoints: float) -> None:
        if not electronics.cell_is_on:
            raise RuntimeFault(Code.NEEDS_CELL_ON)
        if electronics.is_galvanostat != (name in NEEDS_GALVANOSTAT):
            raise RuntimeFault(Code.WRONG_PGSTAT_MODE)
        if name == "meas_loop_eis" and electronics.mode != models.HIGH_SPEED:
            raise RuntimeFault(Code.WRONG_PGSTAT_MODE)
        for setpoint in setpoints:
            electronics.check_setpoint(setpoint)

    return check


def _check_off(electronics: Electronics) -> None:
    if electronics.cell_is_on:
        raise RuntimeFault(Code.CELL_IS_ON)
    if electronics.mode == models.OFF:
        raise RuntimeFault(Code.WRONG_PGSTAT_MODE)


def _constant(setpoint: float, interval: float, duration: float) -> Iterator[Point]:
    count = math.floor(positive(duration) / positive(interval) + _ROUNDING)
    if count < 1:
        raise RuntimeFault(Code.TOO_FEW_STEPS)
    return itertools.repeat((setpoint, interval), count)


def _step_size(electronics: Electronics, step: float) -> float:
    if positive(step) < electronics.setpoint_step * (1.0 - _ROUNDING):
        raise RuntimeFault(Code.STEP_BELOW_RESOLUTION)
    return step


def _steps(begin: float, end: float, step: float) -> int:
    return round(abs(end - begin) / step)


def _store(variable: Variable, value: float, vartype: str, metadata: str) -> None:
    variable.value, variable.vartype, variable.metadata = value, vartype, metadata


_PLANNERS: dict[str, Callable[[Compiler, Command], Callable[[], Plan]]] = {
    "meas_loop_ocp": _ocp,
    "meas_loop_ca": _constant_setpoint,
    "meas_loop_cp": _constant_setpoint,
    "meas_loop_lsv": _linear_sweep,
    "meas_loop_lsp": _linear_sweep,
    "meas_loop_cv": _cyclic,
    "meas_loop_eis": _impedance,
    "meas_loop_geis": _impedance,
}

BUILDERS: dict[str, Builder] = dict.fromkeys(_PLANNERS, _measurement_loop)

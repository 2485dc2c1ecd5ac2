"""Commands that wait and that read the time."""

import math

from . import vartypes
from .compiler import Builder, Compiler, Statement, not_negative, positive, stopped, word
from .errors import Code, RuntimeFault
from .program import Command
from .variables import Variable


def _wait(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    seconds = compiler.number(command.arguments[0])

    def run() -> str | None:
        return stopped(machine) if machine.sleep(not_negative(seconds())) else None

    return run


def _set_int(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    seconds = compiler.number(command.arguments[0])

    def run() -> None:
        machine.interval = positive(seconds())
        machine.interval_due = machine.time + machine.interval

    return run


def _await_int(compiler: Compiler, command: Command) -> Statement:  # noqa: ARG001
    machine = compiler.machine

    def run() -> str | None:
        if machine.interval <= 0.0:
            raise RuntimeFault(Code.MUST_BE_POSITIVE)
        while machine.interval_due < machine.time:
            # An interval that was missed is not made up for.
            missed = math.ceil((machine.time - machine.interval_due) / machine.interval)
            machine.interval_due += max(missed, 1) * machine.interval
        if machine.sleep(machine.interval_due - machine.time):
            return stopped(machine)
        machine.interval_due += machine.interval
        return None

    return run


def _timer_start(compiler: Compiler, command: Command) -> Statement:  # noqa: ARG001
    machine = compiler.machine

    def run() -> None:
        machine.timer_start = machine.time

    return run


def _timer_get(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    variable = compiler.plain(command.arguments[0])
    if variable is None:
        find = compiler.variable(command.arguments[0])
        return lambda: _set_time(find(), machine.time - machine.timer_start)

    def run() -> None:
        variable.value = machine.time - machine.timer_start
        variable.vartype = vartypes.TIME
        variable.metadata = ""

    return run


def _get_time(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    find = compiler.variable(command.arguments[0])
    return lambda: _set_time(find(), machine.time - machine.start_time)


def _set_time(variable: Variable, seconds: float) -> None:
    variable.value, variable.vartype, variable.metadata = seconds, vartypes.TIME, ""


def _meas(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    seconds = compiler.number(command.arguments[0])
    find = compiler.variable(command.arguments[1])
    vartype = word(command.arguments[2])

    def run() -> str | None:
        if machine.sleep(not_negative(seconds())):
            return stopped(machine)
        variable = find()
        variable.value, variable.metadata = machine.electronics.read(vartype)
        variable.vartype = vartype
        return None

    return run


BUILDERS: dict[str, Builder] = {
    "wait": _wait,
    "set_int": _set_int,
    "await_int": _await_int,
    "timer_start": _timer_start,
    "timer_get": _timer_get,
    "get_time": _get_time,
    "meas": _meas,
}

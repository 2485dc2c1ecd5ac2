"""From a program to closures that run it.

Every command becomes a function without arguments; a block is a list of them. A function
returns None to go on, or a signal that ends the block: `BREAK` leaves the innermost loop,
`ABORT` all of them.
"""

import operator
from collections.abc import Callable

from .errors import Code, RuntimeFault
from .machine import Machine
from .program import Argument, Command, Literal, Program, Reference, Word
from .variables import Variable

BREAK = "break"
ABORT = "abort"

Statement = Callable[[], str | None]
Number = Callable[[], float | int]
Builder = Callable[["Compiler", Command], Statement]

COMPARISONS: dict[str, Callable[[float | int, float | int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "&": lambda a, b: bool(int(a) & int(b)),
    "|": lambda a, b: bool(int(a) | int(b)),
}


class Compiler:
    """Builds the closures of one program for one machine.

    Parameters
    ----------
    program : Program
        What to run.
    machine : Machine
        What to run it on.
    builders : dict of str to callable
        For each command what makes its statement.
    """

    def __init__(self, program: Program, machine: Machine, builders: dict[str, Builder]) -> None:
        self.machine = machine
        self._builders = builders
        self._variables = {name: Variable() for name in program.variables}
        self.arrays: dict[str, list[Variable]] = {name: [] for name in program.arrays}
        # Values of a package that is being collected, between pck_start and pck_end.
        self.package: list[str] = []

    def block(self, commands: list[Command]) -> list[Statement]:
        """Return the statements of a block."""
        statements: list[Statement] = []
        position = 0
        while position < len(commands):
            package = _whole_package(commands, position)
            if package:
                statements.append(self._builders["package"](self, package))
                position += len(package.body) + 2
                continue
            statements.append(self._statement(commands[position]))
            position += 1
        return statements

    def _statement(self, command: Command) -> Statement:
        if command.name == "if":
            return self._if(command)
        if command.name == "loop":
            return self._loop(command)
        if command.name == "breakloop":
            return lambda: BREAK
        if command.name == "abort":
            return self._abort
        return located(self._builders[command.name](self, command), command.line)

    # Arguments

    def variable(self, argument: Argument) -> Callable[[], Variable]:
        """Return a function that finds the variable or array element an argument names."""
        if not isinstance(argument, Reference):
            raise TypeError(argument)
        if argument.index is None:
            variable = self._variables[argument.name]
            return lambda: variable
        array = self.arrays[argument.name]
        if isinstance(argument.index, int):
            fixed = argument.index
            return lambda: element(array, fixed)
        index = self._variables[argument.index]
        return lambda: element(array, index.value)

    def plain(self, argument: Argument) -> Variable | None:
        """Return the variable that an argument names, or None for anything else."""
        if isinstance(argument, Reference) and argument.index is None:
            return self._variables[argument.name]
        return None

    def number(self, argument: Argument) -> Number:
        """Return a function that gives the value of an argument."""
        if isinstance(argument, Literal):
            value = argument.value
            return lambda: value
        variable = self.plain(argument)
        if variable is not None:
            return lambda: variable.value
        find = self.variable(argument)
        return lambda: find().value

    def condition(self, arguments: tuple[Argument, ...]) -> Callable[[], bool]:
        """Return a function that decides a condition of three words."""
        left, sign, right = arguments
        compare = COMPARISONS[word(sign)]
        variable = self.plain(left)
        if variable is not None and isinstance(right, Literal):
            # Cut-offs look like this, and they run for every point.
            limit = right.value
            return lambda: compare(variable.value, limit)
        first, second = self.number(left), self.number(right)
        return lambda: compare(first(), second())

    # Flow

    def _abort(self) -> str:
        self.machine.abort()
        return ABORT

    def _if(self, command: Command) -> Statement:
        branches = [
            (self.condition(arguments) if arguments else None, self.block(body))
            for arguments, body in command.branches
        ]
        line = command.line
        if len(branches) == 1 and [each.name for each in command.body] == ["breakloop"]:
            test = branches[0][0]
            if test is not None:
                return located(lambda: BREAK if test() else None, line)

        def run() -> str | None:
            for holds, block in branches:
                if holds is None or holds():
                    return run_block(block)
            return None

        return located(run, line)

    def _loop(self, command: Command) -> Statement:
        goes_on = self.condition(command.arguments)
        block = self.block(command.body)
        machine = self.machine

        def run() -> str | None:
            machine.emit("L")
            signal = None
            while goes_on():
                signal = run_block(block)
                if signal is not None:
                    break
                if machine.loop_pass():
                    signal = stopped(machine)
                    break
            machine.emit("+")
            return ABORT if signal is ABORT else None

        return located(run, command.line)


def run_block(block: list[Statement]) -> str | None:
    """Run statements until one of them signals."""
    for statement in block:
        signal = statement()
        if signal is not None:
            return signal
    return None


def element(array: list[Variable], index: float | int) -> Variable:
    """Return an element of an array."""
    position = int(index)
    if not 0 <= position < len(array):
        raise RuntimeFault(Code.ARRAY_OUT_OF_BOUNDS)
    return array[position]


def located(statement: Statement, line: int) -> Statement:
    """Add the line of the script to the faults of a statement."""

    def run() -> str | None:
        try:
            return statement()
        except RuntimeFault as fault:
            if fault.line is None:
                fault.line = line
            raise
        except OverflowError:
            raise RuntimeFault(Code.OVERFLOW, line) from None
        except ValueError:
            # int() of a NaN is the only way here.
            raise RuntimeFault(Code.NOT_FINITE, line) from None

    return run


def stopped(machine: Machine) -> str:
    """Return the signal of a command whose wait was cut short."""
    return ABORT if machine.aborting else BREAK


def word(argument: Argument) -> str:
    """Return the text of an argument that is a word."""
    if not isinstance(argument, Word):
        raise TypeError(argument)
    return argument.text


def not_negative(value: float) -> float:
    """Return a number that must be 0 or more."""
    if value != value:  # noqa: PLR0124
        raise RuntimeFault(Code.NOT_FINITE)
    if value < 0:
        raise RuntimeFault(Code.NEGATIVE)
    return value


def positive(value: float) -> float:
    """Return a number that must be above 0."""
    if not value > 0:
        raise RuntimeFault(Code.MUST_BE_POSITIVE)
    return value


def _whole_package(commands: list[Command], position: int) -> Command | None:
    """Return the package that starts here and holds nothing but its values, as one command."""
    if commands[position].name != "pck_start":
        return None
    end = position + 1
    while end < len(commands) and commands[end].name == "pck_add":
        end += 1
    if end == len(commands) or commands[end].name != "pck_end":
        return None
    first = commands[position]
    return Command(first.line, "package", (), {}, body=commands[position + 1 : end])

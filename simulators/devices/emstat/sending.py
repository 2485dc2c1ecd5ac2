"""Commands that send packages and texts."""

from collections.abc import Callable

from .compiler import Builder, Compiler, Statement
from .packages import encode_float, encode_integer
from .program import Command, Reference, Text
from .variables import Variable


def encode(variable: Variable) -> str:
    """Write a variable as a data package holds it."""
    value = variable.value
    if value.__class__ is int:
        return f"{variable.vartype}{encode_integer(value)}{variable.metadata}"  # pyright: ignore[reportArgumentType]
    return variable.vartype + encode_float(value) + variable.metadata


def _package(compiler: Compiler, command: Command) -> Statement:
    """Send a whole package at once: nothing happens between its values."""
    machine = compiler.machine
    plain = [compiler.plain(each.arguments[0]) for each in command.body]
    variables = [each for each in plain if each is not None]
    if len(variables) == len(plain):
        return lambda: machine.emit("P" + ";".join(map(encode, variables)))
    finders = [compiler.variable(each.arguments[0]) for each in command.body]
    return lambda: machine.emit("P" + ";".join([encode(find()) for find in finders]))


def _package_start(compiler: Compiler, command: Command) -> Statement:  # noqa: ARG001
    return compiler.package.clear


def _package_add(compiler: Compiler, command: Command) -> Statement:
    find = compiler.variable(command.arguments[0])
    return lambda: compiler.package.append(encode(find()))


def _package_end(compiler: Compiler, command: Command) -> Statement:  # noqa: ARG001
    machine = compiler.machine
    return lambda: machine.emit("P" + ";".join(compiler.package))


def _send_string(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    text = command.arguments[0]
    pieces: list[str | Callable[[], str]] = [
        _shown(compiler.number(piece)) if isinstance(piece, Reference) else piece
        for piece in (text.pieces if isinstance(text, Text) else ())
    ]
    return lambda: machine.emit(
        "T" + "".join([piece if isinstance(piece, str) else piece() for piece in pieces])
    )


def _shown(number: Callable[[], float | int]) -> Callable[[], str]:
    def show() -> str:
        value = number()
        return str(value) if isinstance(value, int) else f"{value:.6g}"

    return show


def _set_script_output(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    mode = compiler.number(command.arguments[0])
    return lambda: machine.set_output(int(mode()) != 0)


BUILDERS: dict[str, Builder] = {
    "package": _package,
    "pck_start": _package_start,
    "pck_add": _package_add,
    "pck_end": _package_end,
    "send_string": _send_string,
    "set_script_output": _set_script_output,
}

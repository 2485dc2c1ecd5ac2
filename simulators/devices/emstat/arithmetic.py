"""Commands that work on variables and arrays."""

import math
from collections.abc import Callable

from .compiler import Builder, Compiler, Statement, element, word
from .errors import Code, RuntimeFault
from .program import Command, Literal
from .variables import Variable

_LARGEST_INTEGER = 2**31 - 1
_LARGEST_MEMORY = 100_000
_Operation = Callable[[float | int, float | int], float | int]


def _divide(a: float | int, b: float | int) -> float | int:
    if b == 0:
        raise RuntimeFault(Code.DIVIDE_BY_ZERO)
    if isinstance(a, int) and isinstance(b, int):
        return int(a / b)
    return a / b


def _modulo(a: float | int, b: float | int) -> float | int:
    if b == 0:
        raise RuntimeFault(Code.DIVIDE_BY_ZERO)
    remainder = math.fmod(a, b)
    return int(remainder) if isinstance(a, int) and isinstance(b, int) else remainder


def _power(a: float | int, b: float | int) -> float | int:
    if a == 0 and b < 0:
        raise RuntimeFault(Code.DIVIDE_BY_ZERO)
    power = a**b if abs(b) < 1000 else math.pow(a, b)
    if isinstance(power, complex):
        raise RuntimeFault(Code.NOT_FINITE)
    return power


def _logarithm(a: float | int, _: float | int) -> float:
    if a <= 0:
        raise RuntimeFault(Code.NOT_FINITE)
    return math.log10(a)


def _bits(value: float | int) -> int:
    if not isinstance(value, int):
        raise RuntimeFault(Code.WRONG_NUMBER_TYPE)
    return value


def _truncated(a: float | int, _: float | int) -> int:
    return int(a)


_OPERATIONS: dict[str, _Operation] = {
    "add_var": lambda a, b: a + b,
    "sub_var": lambda a, b: a - b,
    "mul_var": lambda a, b: a * b,
    "div_var": _divide,
    "mod_var": _modulo,
    "pow_var": _power,
    "log_var": _logarithm,
    "bit_and_var": lambda a, b: _bits(a) & _bits(b),
    "bit_or_var": lambda a, b: _bits(a) | _bits(b),
    "bit_xor_var": lambda a, b: _bits(a) ^ _bits(b),
    "bit_lsl_var": lambda a, b: (_bits(a) << min(max(_bits(b), 0), 32)) & 0xFFFFFFFF,
    "bit_lsr_var": lambda a, b: (_bits(a) & 0xFFFFFFFF) >> min(max(_bits(b), 0), 32),
    "bit_inv_var": lambda a, _: ~_bits(a),
    "int_to_float": lambda a, _: float(a),
    "float_to_int": _truncated,
    "float_to_int_round": lambda a, _: round(a),
}
"""What each command makes of the variable and its second argument."""


def _operation(compiler: Compiler, command: Command) -> Statement:
    find = compiler.variable(command.arguments[0])
    operand = compiler.number(command.arguments[1]) if len(command.arguments) > 1 else lambda: 0
    operate = _OPERATIONS[command.name]

    def run() -> None:
        variable = find()
        value = operate(variable.value, operand())
        if isinstance(value, int) and abs(value) > 2 * _LARGEST_INTEGER:
            raise RuntimeFault(Code.OVERFLOW)
        variable.value = value

    return run


def _nothing(compiler: Compiler, command: Command) -> Statement:  # noqa: ARG001
    return lambda: None


def _array(compiler: Compiler, command: Command) -> Statement:
    array = compiler.arrays[word(command.arguments[0])]
    size = compiler.number(command.arguments[1])

    def run() -> None:
        count = int(size())
        if count <= 0:
            raise RuntimeFault(Code.MUST_BE_POSITIVE)
        if count + sum(map(len, compiler.arrays.values())) > _LARGEST_MEMORY:
            raise RuntimeFault(Code.NO_MEMORY)
        array[:] = [Variable() for _ in range(count)]

    return run


def _store(compiler: Compiler, command: Command) -> Statement:
    find = compiler.variable(command.arguments[0])
    literal = command.arguments[1]
    value = literal.value if isinstance(literal, Literal) else 0.0
    vartype = word(command.arguments[2])

    def run() -> None:
        variable = find()
        variable.value, variable.vartype, variable.metadata = value, vartype, ""

    return run


def _copy(compiler: Compiler, command: Command) -> Statement:
    source, target = map(compiler.variable, command.arguments)
    return lambda: _assign(target(), source())


def _alter(compiler: Compiler, command: Command) -> Statement:
    find = compiler.variable(command.arguments[0])
    vartype = word(command.arguments[1])

    def run() -> None:
        find().vartype = vartype

    return run


def _array_get(compiler: Compiler, command: Command) -> Statement:
    array = compiler.arrays[word(command.arguments[0])]
    index = compiler.number(command.arguments[1])
    target = compiler.variable(command.arguments[2])
    return lambda: _assign(target(), element(array, index()))


def _array_set(compiler: Compiler, command: Command) -> Statement:
    array = compiler.arrays[word(command.arguments[0])]
    index = compiler.number(command.arguments[1])
    source = compiler.variable(command.arguments[2])
    return lambda: _assign(element(array, index()), source())


def _mean(compiler: Compiler, command: Command) -> Statement:
    array = compiler.arrays[word(command.arguments[0])]
    target = compiler.variable(command.arguments[1])

    def run() -> None:
        if not array:
            raise RuntimeFault(Code.ARRAY_OUT_OF_BOUNDS)
        variable = target()
        _assign(variable, array[0])
        variable.value = sum(each.value for each in array) / len(array)

    return run


def _assign(target: Variable, source: Variable) -> None:
    target.value, target.vartype, target.metadata = source.value, source.vartype, source.metadata


BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(_OPERATIONS, _operation),
    "var": _nothing,
    "array": _array,
    "store_var": _store,
    "copy_var": _copy,
    "alter_vartype": _alter,
    "array_get": _array_get,
    "array_set": _array_set,
    "mean": _mean,
}

"""Error codes of the instrument, and the two ways in which a script can fail."""

from enum import IntEnum


class Code(IntEnum):
    """The codes that the simulated instruments send; the names say what they mean."""

    UNSPECIFIED = 0x0001
    INVALID_VARTYPE = 0x0002
    UNKNOWN_COMMAND = 0x0003
    UNKNOWN_REGISTER = 0x0004
    READ_ONLY_REGISTER = 0x0005
    WRONG_MODE = 0x0006
    UNEXPECTED_VALUE = 0x0007
    LINE_TOO_LONG = 0x0008
    NO_MEMORY = 0x000B
    NO_SCRIPT = 0x000C
    INVALID_POTENTIAL = 0x000F
    NOT_FINITE = 0x0010
    INVALID_FREQUENCY = 0x0011
    INVALID_AMPLITUDE = 0x0012
    CELL_IS_ON = 0x0014
    NOT_SUPPORTED = 0x001B
    STEP_BELOW_RESOLUTION = 0x001C
    UNKNOWN_PGSTAT_MODE = 0x0021
    WRONG_PGSTAT_MODE = 0x0023
    DIVIDE_BY_ZERO = 0x0028
    NO_SUCH_CHANNEL = 0x002F
    NOT_MULTI_CHANNEL = 0x0048
    UNKNOWN_SCRIPT_COMMAND = 0x4001
    UNEXPECTED_CHARACTER = 0x4004
    SCRIPT_TOO_LARGE = 0x4005
    INVALID_OPTION = 0x4008
    NESTED_MEASUREMENT_LOOP = 0x400B
    NOT_ALLOWED_HERE = 0x400C
    SCOPE_TOO_DEEP = 0x400D
    BAD_SCOPE_CHANGE = 0x400E
    ARRAY_OUT_OF_BOUNDS = 0x400F
    UNEXPECTED_END = 0x4018
    NOT_IN_MEASUREMENT_LOOP = 0x401A
    PACKAGE_ORDER = 0x401B
    TOO_MANY_IN_PACKAGE = 0x401C
    VARIABLE_EXISTS = 0x4026
    NEEDS_CELL_ON = 0x4027
    TOO_FEW_STEPS = 0x4029
    BAD_NAME = 0x402B
    NAME_TOO_LONG = 0x402C
    CANNOT_SET_POTENTIAL_HERE = 0x4032
    CANNOT_SET_CURRENT_HERE = 0x4033
    OVERFLOW = 0x4037
    BAD_LITERAL = 0x4039
    NEGATIVE = 0x4200
    MUST_BE_POSITIVE = 0x4204
    OUT_OF_BOUNDS = 0x4205
    WRONG_NUMBER_TYPE = 0x4207
    BAD_REFERENCE = 0x4208
    BAD_VARTYPE = 0x4209
    EXTRA_ARGUMENT = 0x420A
    NOT_DECLARED = 0x420B
    VARIABLE_NOT_ALLOWED = 0x420C
    LITERAL_NOT_ALLOWED = 0x420D
    ARRAY_NOT_ALLOWED = 0x420E
    BAD_BRACE = 0x4210


class SyntaxFault(Exception):
    """A script that the instrument refuses when it is loaded.

    Parameters
    ----------
    code : Code
        What is wrong.
    line, column : int
        Where, counted from 1.
    """

    def __init__(self, code: Code, line: int, column: int) -> None:
        super().__init__(f"!{code:04X}: Line {line}, Col {column}")
        self.code, self.line, self.column = code, line, column


class RuntimeFault(Exception):
    """A script that fails while it runs; whoever runs the command adds the line."""

    def __init__(self, code: Code, line: int | None = None) -> None:
        super().__init__(f"!{code:04X}")
        self.code, self.line = code, line

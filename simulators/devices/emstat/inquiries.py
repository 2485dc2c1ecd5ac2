"""Commands that ask the instrument about itself: identity, capabilities, registers."""

from collections.abc import Iterable

from .commands import CAPABILITY_BITS, NEEDS_GALVANOSTAT
from .errors import Code
from .models import GALVANOSTAT, Model

COMMAND_BITS: dict[str, int] = {
    "t": 1, "CC": 32, "CM": 33, "S": 34, "G": 35, "l": 36, "r": 37, "e": 38, "Fmscr": 43, "Lmscr": 44,
    "i": 48, "v": 49, "m": 60, "h": 96, "H": 97, "Z": 98, "Y": 99, "R": 101,
}  # fmt: skip
"""Bit of each command in the reply to CC."""

_FIELD_DIGITS = 64
_REGISTER_DIGITS = 8


class Refused(Exception):
    """The instrument answers a command with an error code."""

    def __init__(self, code: Code) -> None:
        super().__init__(f"!{code:04X}")
        self.code = code


class Inquiries:
    """Answers of one instrument.

    Parameters
    ----------
    model : Model
        What it is.
    serial_number : str
        Which one it is.
    """

    def __init__(self, model: Model, serial_number: str) -> None:
        self._model = model
        self._registers = {number: value for number, (value, _) in model.registers.items()}
        script_commands = {
            name: bit
            for name, bit in CAPABILITY_BITS.items()
            if name not in NEEDS_GALVANOSTAT or GALVANOSTAT in model.modes
        }
        first, second = model.firmware
        self._fixed: dict[str, list[str]] = {
            "t": [f"t{first}", second],
            "i": [f"i{serial_number}"],
            "v": [f"v{model.script_version}"],
            "CC": [f"CC{_field(COMMAND_BITS.values())}"],
            "CM": [f"CM{_field(script_commands.values())}"],
        }

    def answer(self, command: str) -> list[str] | None:
        """Return the lines that answer a command, or None if it is none of these.

        Raises
        ------
        Refused
            The command is one of these, but cannot be done.
        """
        if command in self._fixed:
            return self._fixed[command]
        if command == "m":
            raise Refused(Code.NOT_MULTI_CHANNEL)
        if command[0] == "G":
            return [f"G{self._registers[self._register(command[1:])]:0{_REGISTER_DIGITS}X}"]
        if command[0] == "S":
            self._write(command[1:])
            return ["S"]
        return None

    def _register(self, digits: str) -> int:
        number = _hexadecimal(digits)
        if number not in self._registers:
            raise Refused(Code.UNKNOWN_REGISTER)
        return number

    def _write(self, digits: str) -> None:
        number = self._register(digits[:2])
        if not self._model.registers[number][1]:
            raise Refused(Code.READ_ONLY_REGISTER)
        if len(digits[2:]) > _REGISTER_DIGITS:
            raise Refused(Code.UNEXPECTED_VALUE)
        self._registers[number] = _hexadecimal(digits[2:])


def _hexadecimal(digits: str) -> int:
    if not digits or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise Refused(Code.UNEXPECTED_VALUE)
    return int(digits, 16)


def _field(bits: Iterable[int]) -> str:
    return f"{sum(1 << bit for bit in bits):0{_FIELD_DIGITS}X}"

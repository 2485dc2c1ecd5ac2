"""Numbers as scripts write them: integers with an SI prefix, never with a decimal point."""

import re

_FLOAT = re.compile(r"([+-]?[0-9]+)([afpnumkMGTPE]?)")
_INTEGER = re.compile(r"([+-]?)(?:([0-9]+)i|0x([0-9A-Fa-f]+)i?|0b([01]+)i?)")
_EXPONENTS = {prefix: 3 * index - 18 for index, prefix in enumerate("afpnum kMGTPE")} | {"": 0}
_LARGEST_INTEGER = 2**31 - 1


def parse_literal(text: str) -> float | int | None:
    """Read a literal: a float such as "-500m", an integer such as "11i" or "0x1F"; None if it is neither.

    Raises
    ------
    OverflowError
        An integer does not fit in 32 bits, or a float has more digits than a number can hold.
    """
    if match := _FLOAT.fullmatch(text):
        digits, prefix = match.groups()
        if len(digits) > 300:
            raise OverflowError(text)
        # Dividing by a power of ten gives 0.1 for "100m", multiplying by its inverse may not.
        exponent = _EXPONENTS[prefix]
        return int(digits) / 10**-exponent if exponent < 0 else float(int(digits) * 10**exponent)
    if match := _INTEGER.fullmatch(text):
        sign, decimal, hexadecimal, binary = match.groups()
        if len(text) > 40:
            raise OverflowError(text)
        value = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else int(binary, 2)
        if value > _LARGEST_INTEGER and not (hexadecimal or binary):
            raise OverflowError(text)
        return -value if sign == "-" else value
    return None

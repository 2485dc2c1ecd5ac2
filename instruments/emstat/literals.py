"""Numbers as MethodSCRIPT writes them: integers with an SI prefix, ``500m`` for 0.5."""

_PREFIXES = {9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n", -12: "p", -15: "f", -18: "a"}
_LARGEST = 2**31 - 1
_PRECISION = 5e-7


def literal(value: float) -> str:
    """Write a number with the coarsest prefix that keeps it to within 5e-7 of its size.

    Raises
    ------
    ValueError
        The number is too large or too small for the instrument.
    """
    if value == 0:
        return "0"
    for exponent, prefix in _PREFIXES.items():
        digits = round(value / 10.0**exponent)
        if abs(digits) > _LARGEST:
            break
        if abs(digits * 10.0**exponent - value) <= _PRECISION * abs(value):
            return f"{digits}{prefix}"
    raise ValueError(f"{value!r} cannot be written as a MethodSCRIPT number")

"""Quantities as people write them ("0.1 mV/s", "1:30:00", "25 °C") to and from SI floats.

pint does the unit algebra, once for each unit text. Numbers, durations such as "1:30:00" and
temperatures are read here, because pint would take "1,5 V" for 15 V, "1:30:00" for 0 and "3 a"
for three years, and refuses "25 °C".
"""

import math
import re
from functools import lru_cache

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
_CLOCK_DURATION = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_MIXED_DURATION = re.compile(rf"(?:{_NUMBER}\s*(?:d|h|min|s)\s*)+")
_DURATION_PART = re.compile(rf"({_NUMBER})\s*(d|h|min|s)")
_UNIT_TEXT = re.compile(r"[A-Za-zµμΩΩ°%·/^*⁻¹²³0-9 ()-]{0,40}")
_CELSIUS = {"°C", "degC", "℃", "C"}
_ZERO_CELSIUS_K = 273.15
_SECONDS = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


class QuantityError(ValueError):
    """A text is not a quantity of the wanted kind; the message says what is."""


def parse_quantity(text: str, unit: str) -> float:
    """Read a quantity into a float in `unit`.

    Parameters
    ----------
    text : str
        A number with a unit ("0.1 mV/s"). Durations may also be "1:30:00" or "2 h 30 min",
        temperatures "25 °C" or "298 K". A plain 0 needs no unit, except as a temperature.
    unit : str
        The SI unit that the result is expressed in, such as "V/s", "A/m²" or "1".

    Raises
    ------
    QuantityError
        The text has no number, no unit, an unknown unit, or one of another dimension.
    """
    text = text.strip()
    if unit == "K":
        return _parse_temperature(text)
    if unit == "s" and (seconds := _parse_duration(text)) is not None:
        return seconds
    value, unit_text = split_quantity(text)
    if not unit_text and unit != "1":
        if value == 0:
            return 0.0
        raise QuantityError(f"{text!r} has no unit; write it like {example(unit)!r}")
    factor = unit_factor(unit_text, unit)
    if unit == "s" and factor > _SECONDS["d"]:
        raise QuantityError(f"{text!r}: write durations in d, h, min, s or ms, like '10 h'")
    # Decimal input stays decimal: 0.1 mV/s is 0.0001 V/s, not 0.00010000000000000002 V/s.
    return value if factor == 1 else float(f"{value * factor:.15g}")


def split_quantity(text: str) -> tuple[float, str]:
    """Split "0.1 mV/s" into the number and the text of the unit ("" where there is none)."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise QuantityError(f"{text!r} does not begin with a number such as 1.5 or 2e-3")
    if match[2].startswith((",", ".")):
        raise QuantityError(f"{text!r}: write decimals with a point and lists with spaces after the commas")
    value = float(match[1])
    if not math.isfinite(value):
        raise QuantityError(f"{text!r} is too large a number")
    return value, match[2].strip()


_OFTEN = {
    ("V", "V"): 1.0,
    ("mV", "V"): 1e-3,
    ("mV/s", "V/s"): 1e-3,
    ("A", "A"): 1.0,
    ("mA", "A"): 1e-3,
    ("µA", "A"): 1e-6,
    ("mA/cm²", "A/m²"): 10.0,
    ("µA/cm²", "A/m²"): 0.01,
    ("s", "s"): 1.0,
    ("Hz", "Hz"): 1.0,
    ("cm²", "m²"): 1e-4,
    ("µm", "m"): 1e-6,
    ("mg", "kg"): 1e-6,
    ("mAh", "C"): 3.6,
    ("mAh/cm²", "C/m²"): 36000.0,
    ("mAh/g", "C/kg"): 3600.0,
    ("mWh", "J"): 3.6,
    ("mV/h", "V/s"): 1e-3 / 3600.0,
}
"""What defaults are written in: pint takes half a second to import, and says the same."""


@lru_cache(maxsize=256)
def unit_factor(unit_text: str, unit: str) -> float:
    """Return how many `unit` one `unit_text` is; raise `QuantityError` where they do not fit."""
    if (unit_text, unit) in _OFTEN:
        return _OFTEN[unit_text, unit]
    import pint  # noqa: PLC0415  half a second to import, and needed for other unit texts only

    if not _UNIT_TEXT.fullmatch(unit_text) or "**" in unit_text:
        raise QuantityError(f"{unit_text!r} is not a unit; write it like {example(unit)!r}")
    # "mV s-1" and "mA cm-2" as papers print them.
    spelled = re.sub(r"(?<=[A-Za-zΩ])-(\d)", r"^-\1", unit_text)
    spelled = re.sub(r"\s+(?=[A-Za-zµμΩ(])", "*", spelled.strip())
    try:
        return float(_registry().Quantity(1.0, spelled).to(_registry().Unit(unit)).magnitude)
    except pint.DimensionalityError:
        raise QuantityError(
            f"{unit_text!r} is not a unit of this quantity; write it like {example(unit)!r}"
        ) from None
    except Exception:  # noqa: BLE001  pint's parser raises whatever its tokenizer raises
        raise QuantityError(f"{unit_text!r} is not a known unit; write it like {example(unit)!r}") from None


@lru_cache(maxsize=1)
def _registry():
    import pint  # noqa: PLC0415

    return pint.UnitRegistry(cache_folder=None)


def _parse_duration(text: str) -> float | None:
    if match := _CLOCK_DURATION.fullmatch(text):
        return int(match[1]) * 3600.0 + int(match[2]) * 60.0 + float(match[3])
    if _MIXED_DURATION.fullmatch(text):
        return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    return None


def _parse_temperature(text: str) -> float:
    value, unit_text = split_quantity(text)
    if unit_text in _CELSIUS:
        return value + _ZERO_CELSIUS_K
    if unit_text == "K":
        return value
    raise QuantityError(f"{text!r} is not a temperature; write it like '25 °C' or '298 K'")


def example(unit: str) -> str:
    """Return an example of a quantity in `unit`, for messages and help."""
    return _EXAMPLES.get(unit, f"1 {unit}")


_EXAMPLES = {
    "V": "4.5 V",
    "A": "1 mA",
    "V/s": "0.1 mV/s",
    "A/m²": "10 µA/cm²",
    "s": "10 h",
    "Hz": "1 kHz",
    "m²": "1.13 cm²",
    "m": "25 µm",
    "kg": "5 mg",
    "C": "2 mAh",
    "C/kg": "170 mAh/g",
    "C/m²": "0.1 mAh/cm²",
    "K": "25 °C",
    "1": "0.5",
    "V/h": "1 mV/h",
}


def exact_text(value: float, unit: str, shown: str) -> str:
    """Write `value` (in `unit`) so that `parse_quantity` gives back the very same float.

    The unit `shown` is used where that loses nothing, the SI unit otherwise.
    """
    if unit == "K":
        nice = f"{value - _ZERO_CELSIUS_K:.12g} °C"
        return nice if _parse_temperature(nice) == value else f"{value!r} K"
    nice = f"{value / unit_factor(shown, unit):.15g} {shown}".removesuffix(" 1")
    return nice if parse_quantity(nice, unit) == value else f"{value!r} {unit}".removesuffix(" 1")


def pretty(value: float, unit: str, digits: int = 4) -> str:
    """Write `value` for people, with an engineering prefix: 1.2e-05 A becomes "12 µA"."""
    if not math.isfinite(value):
        return f"– {unit}"
    if value == 0:
        return f"0 {unit}"
    rounded = float(f"{value:.{digits}g}")
    factor, prefix = engineering_prefix(rounded)
    return f"{rounded / factor:.{digits}g} {prefix}{unit}"


def engineering_prefix(value: float) -> tuple[float, str]:
    """Return the power of 1000 and its prefix that leave a value between 1 and 1000."""
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3), -15), 12) if value else 0
    return 10.0**exponent, _PREFIXES[exponent]


def pretty_in(value: float, unit: str, shown: str, digits: int = 6) -> str:
    """Write `value` (in `unit`) for people in the unit `shown`: 1e-4 V/s becomes "0.1 mV/s"."""
    if unit == "K":
        return f"{value - _ZERO_CELSIUS_K:.{digits}g} °C"
    return f"{value / unit_factor(shown, unit):.{digits}g} {shown}".removesuffix(" 1")


def pretty_duration(seconds: float) -> str:
    """Write a duration for people: 90 becomes "1 min 30 s", 5400 "1 h 30 min"."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)

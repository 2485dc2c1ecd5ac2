import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faradaic.core import units
from faradaic.core.units import (
    QuantityError,
    exact_text,
    parse_quantity,
    pretty,
    pretty_duration,
    pretty_in,
)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("0.1 mV/s", "V/s", 1e-4),
        ("0.1 mV s-1", "V/s", 1e-4),
        ("0.1 mV·s⁻¹", "V/s", 1e-4),
        ("10 µA/cm²", "A/m²", 0.1),
        ("10 μA cm-2", "A/m²", 0.1),
        ("10 uA/cm^2", "A/m²", 0.1),
        ("5.5V", "V", 5.5),
        ("-0 V", "V", 0.0),
        ("0", "V", 0.0),
        ("1:30:00", "s", 5400.0),
        ("2 h 30 min", "s", 9000.0),
        ("10 ms", "s", 0.01),
        ("25 °C", "K", 298.15),
        ("25 degC", "K", 298.15),
        ("298 K", "K", 298.0),
        ("2 mAh", "C", 7.2),
        ("170 mAh/g", "C/kg", 612_000.0),
        ("1.13 cm²", "m²", 1.13e-4),
        ("0.5", "1", 0.5),
    ],
)
def test_quantities_are_read_as_people_write_them(text, unit, value):
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "says"),
    [
        ("1,5 V", "V", "point"),
        ("5", "V", "no unit"),
        ("V", "V", "number"),
        ("", "V", "number"),
        ("nan V", "V", "number"),
        ("inf V", "V", "number"),
        ("1e999 V", "V", "too large"),
        ("5 parsec", "V", "not a unit of this quantity"),
        ("5 frobs", "V", "not a known unit"),
        ("1 V; import os", "V", "not a unit"),
        ("1 ((((", "V", "not a known unit"),
        ("1 V**99", "V", "not a unit"),
        ("3 a", "s", "durations"),
        ("0", "K", "temperature"),
        ("25 °F", "K", "temperature"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(text, unit, says):
    with pytest.raises(QuantityError, match=says):
        parse_quantity(text, unit)


@given(
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.sampled_from([("V", "mV"), ("A/m²", "µA/cm²"), ("s", "s")]),
)
def test_exact_text_gives_back_the_same_float(value, units):
    unit, shown = units
    assert parse_quantity(exact_text(value, unit, shown), unit) == value


@given(st.floats(0, 2000))
def test_exact_text_gives_back_the_same_temperature(kelvin):
    assert parse_quantity(exact_text(kelvin, "K", "°C"), "K") == kelvin


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_a_quantity_error(text):
    for unit in ("V", "s", "K", "A/m²"):
        try:
            assert math.isfinite(parse_quantity(text, unit))
        except QuantityError:
            pass


def test_numbers_are_shown_with_engineering_prefixes():
    assert pretty(1.2e-5, "A") == "12 µA"
    assert pretty(-0.9999999, "V") == "-1 V"
    assert pretty(0.0, "A") == "0 A"
    assert pretty(999.96, "Hz") == "1 kHz"
    assert pretty(math.nan, "V") == "– V"
    assert pretty_in(1e-4, "V/s", "mV/s") == "0.1 mV/s"
    assert pretty_in(298.15, "K", "°C") == "25 °C"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.25 s"),
        (59.7, "59.7 s"),
        (60, "1 min"),
        (5400, "1 h 30 min"),
        (90_000, "1 d 1 h"),
        (86_400, "1 d"),
    ],
)
def test_durations_are_shown_in_two_parts(seconds, text):
    assert pretty_duration(seconds) == text


def test_the_units_that_are_known_without_pint_are_what_pint_says():
    for (text, unit), factor in units._OFTEN.items():
        registry = units._registry()
        assert factor == pytest.approx(float(registry.Quantity(1.0, text).to(unit).magnitude), rel=1e-15)

"""The MethodSCRIPT codec against the manual's own examples and real dialogues."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faradaic.instruments.emstat.literals import literal
from faradaic.instruments.emstat.packages import PackageFormat

PREFIXES = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, " ": 0, "k": 3, "M": 6, "G": 9, "T": 12}


@pytest.mark.parametrize(
    ("line", "types", "values", "status"),
    [
        ("Pda8000800u;ba8000800u,10,20B", ("da", "ba"), (2.048e-3, 2.048e-3), 0),
        ("PdaDF5CB18n;ba9699F74p,14,218,40", ("da", "ba"), (0.099994392, 23.699316e-6), 4),
        ("Pda84E63DAn;ba82AB973f,14,284", ("da", "ba"), (0.00513737, 2.799987e-9), 4),
        ("Pda7F0BDF9u;ba7678CD7p,10,20F,40", ("da", "ba"), (-0.999943, -9.990953e-6), 0),
        ("Pda7F85F3Fu;ba48D503Dp,10,288", ("da", "ba"), (-0.499905, -57.847747e-6), 0),
        ("Pja8000001i", ("ja",), (1.0,), 0),
        ("Peb9570C36u", ("eb",), (22.481974,), 0),
        (
            "PdcDF5DFF4u;cc896D904m,10,287;cd82DB1A8u,10,287",
            ("dc", "cc", "cd"),
            (99.999732, 9885.956, 2.9946),
            0,
        ),
        ("Pab800000Am", ("ab",), (0.01,), 0),
        ("Pab7FFFFF6m", ("ab",), (-0.01,), 0),
        ("PabDF5E100n", ("ab",), (0.1,), 0),
        ("Pab7F85EE0u", ("ab",), (-0.5,), 0),
        ("Pba80F4240p", ("ba",), (1e-6,), 0),
        ("Pab8387520u", ("ab",), (3.7,), 0),
        ("PccDF5E100m", ("cc",), (1e5,), 0),
        ("Pab8000000 ", ("ab",), (0.0,), 0),
        ("Pdb8000800u,1B", ("ba|db",), (2.048e-3,), 11),
    ],
)
def test_packages_of_real_instruments_are_decoded(line, types, values, status):
    decoded = PackageFormat(types).decode([line])
    assert [float(column[0]) for column in decoded.values] == pytest.approx(values, rel=1e-12, abs=5e-7)
    assert decoded.status[0] == status
    assert decoded.dropped == 0


def test_exact_decimals_come_back_exactly():
    decoded = PackageFormat(("ab",)).decode(["Pab8387520u", "Pab80F4240u"])
    assert decoded.values[0].tolist() == [3.7, 1.0]


def test_a_missing_value_is_nan():
    decoded = PackageFormat(("cc", "cd")).decode(["Pcc     nan,12;cd     nan,12", "Pcc8000001 ;cd8000002 "])
    assert math.isnan(decoded.values[0][0])
    assert decoded.values[0][1] == 1.0
    assert decoded.status.tolist() == [2, 0]


WHOLE = "Peb80186A0u;da8000800u;ba8000800u,10,20B"


@pytest.mark.parametrize(
    "line",
    [
        WHOLE[:-12],  # cut off in the middle of a value
        WHOLE + WHOLE,  # two lines merged
        WHOLE.replace("8000800u;ba", "8000 00u;ba"),
        WHOLE.replace("da8000800u", "da800080\x00u"),
        WHOLE.replace("da8", "da0x"),
        WHOLE.replace("da8", "da_"),
        WHOLE.replace("da8000800u", "da8000800q"),
        WHOLE.replace("da", "db"),
        WHOLE.lower(),
        WHOLE + ";",
        " " + WHOLE,
        "P",
        "",
    ],
)
def test_a_line_that_is_not_whole_is_dropped_and_counted(line):
    decoded = PackageFormat(("eb", "da", "ba")).decode([WHOLE, line, WHOLE])
    assert len(decoded) == 2
    assert decoded.dropped == 1
    assert decoded.values[1].tolist() == [2.048e-3, 2.048e-3]


samples = st.tuples(*[st.integers(0, 2**27 - 1)] * 3)


@given(samples, samples, st.data())
def test_what_is_put_together_from_two_packages_is_never_taken_for_one(first, second, data):
    lines = [
        "Peb{0:07X}u;da{1:07X}u;ba{2:07X}u,10,20B;eb{0:07X}u".format(*(value + 2**27 for value in each))
        for each in (first, second)
    ]
    end = data.draw(st.integers(0, len(lines[0])))
    begin = data.draw(st.integers(0, len(lines[1])))
    spliced = lines[0][:end] + lines[1][begin:]
    decoded = PackageFormat(("eb", "da", "ba"), is_closed=True).decode([spliced])
    if len(decoded):
        found = tuple(round(float(column[0]) * 1e6) for column in decoded.values)
        # Whole, or parts of packages of the same moment.
        assert found in (first, second) or first[0] == second[0]


@given(
    st.lists(
        st.tuples(st.integers(-(2**27), 2**27 - 1), st.sampled_from(list(PREFIXES))), min_size=1, max_size=5
    )
)
def test_any_value_is_decoded(rows):
    lines = [f"Pba{raw + 2**27:07X}{prefix},1{2:X}" for raw, prefix in rows]
    decoded = PackageFormat(("ba",)).decode(lines)
    expected = [float(f"{raw}e{PREFIXES[prefix]}") for raw, prefix in rows]
    assert decoded.values[0].tolist() == pytest.approx(expected, rel=1e-15)
    assert set(decoded.status.tolist()) == {2}


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_no_line_raises(text):
    decoded = PackageFormat(("eb", "da")).decode([text])
    assert len(decoded) + decoded.dropped == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.5, "500m"), (-0.5, "-500m"), (1e-4, "100u"), (3, "3"), (200e3, "200k"), (4.301, "4301m"),
        (1e8, "100M"), (0.1, "100m"), (59.9, "59900m"), (-1e-9, "-1n"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_the_language_wants_them(value, text):
    assert literal(value) == text


@given(st.floats(1e-12, 1e8) | st.floats(-1e8, -1e-12))
def test_written_numbers_are_right_and_fit_32_bits(value):
    text = literal(value)
    prefix = text[-1] if not text[-1].isdigit() else " "
    digits = int(text.rstrip("afpnumkMG"))
    assert abs(digits) < 2**31
    assert float(f"{digits}e{PREFIXES[prefix]}") == pytest.approx(value, rel=1e-6)

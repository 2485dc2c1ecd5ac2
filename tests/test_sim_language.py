"""Simulated EmStats: the script language, and how it refuses what is none."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.simulators.devices.emstat.packages import encode_float

from sim_host import column, decode, host, package


def shown(instrument, script, name="x"):
    """Run a script and return the value of one of its variables at the end."""
    return package(instrument.run(f"{script}\npck_start\npck_add {name}\npck_end")[-1])[0]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ("store_var x 500m ja", 0.5),
        ("store_var x -1 ja", -1.0),
        ("store_var x 30u ba", 30e-6),
        ("store_var x 200k dc", 200e3),
        ("store_var x 51i ja", 51),
        ("store_var x 0x1Fi ja", 31),
        ("store_var x 0b101i ja", 5),
        ("store_var x 2 ja\nadd_var x 500m", 2.5),
        ("store_var x 2 ja\nsub_var x 5", -3.0),
        ("store_var x 2 ja\nmul_var x 15m", 0.03),
        ("store_var x 1 ja\ndiv_var x 8", 0.125),
        ("store_var x 7i ja\ndiv_var x 2i", 3),
        ("store_var x -7i ja\ndiv_var x 2i", -3),
        ("store_var x 7i ja\nmod_var x 4i", 3),
        ("store_var x 3 ja\npow_var x 4", 81.0),
        ("store_var x 1k ja\nlog_var x", 3.0),
        ("store_var x 2900m ja\nfloat_to_int x", 2),
        ("store_var x 12i ja\nbit_and_var x 10i", 8),
        ("store_var x 12i ja\nbit_or_var x 3i", 15),
        ("store_var x 1i ja\nbit_lsl_var x 4i", 16),
        ("var y\nstore_var y 7 ja\ncopy_var y x", 7.0),
        ("array a 3i\nstore_var a[1i] 9 ja\narray_get a 1i x", 9.0),
        ("array a 2i\nstore_var a[0i] 1 ja\nstore_var a[1i] 4 ja\nmean a x", 2.5),
        ("store_var x 5 ja # a comment", 5.0),
        ("\tstore_var   x\t5   ja", 5.0),
    ],
)
def test_variables_and_arithmetic(lines, value):
    with host() as instrument:
        assert shown(instrument, f"var x\n{lines}").number == pytest.approx(value, rel=1e-7)


def test_a_variable_keeps_the_type_it_was_given():
    with host() as instrument:
        assert shown(instrument, "var x\nstore_var x 1 eb").vartype == "eb"
        assert shown(instrument, "var x\nstore_var x 1 eb\nalter_vartype x ab").vartype == "ab"


@settings(max_examples=60)
@given(left=st.integers(-1000, 1000), right=st.integers(-1000, 1000))
@pytest.mark.parametrize(
    ("sign", "holds"),
    [
        ("<", int.__lt__),
        ("<=", int.__le__),
        (">", int.__gt__),
        (">=", int.__ge__),
        ("==", int.__eq__),
        ("!=", int.__ne__),
    ],
)
def test_conditions(sign, holds, left, right):
    with host() as instrument:
        script = f"""
            var x
            store_var x {left}i ja
            if x {sign} {right}i
            send_string "yes"
            else
            send_string "no"
            endif
            """
        assert instrument.run(script) == ["Tyes" if holds(left, right) else "Tno"]


def test_branches_loops_and_breaks():
    with host() as instrument:
        lines = instrument.run(
            """
            var n
            store_var n 0i ja
            loop n < 10i
            add_var n 1i
            if n == 2i
            send_string "two"
            elseif n == 3i
            send_string "three"
            elseif n == 5i
            breakloop
            else
            send_string f"other {n}"
            endif
            endloop
            send_string f"{{n}} = {n}"
            """
        )
        assert lines == ["L", "Tother 1", "Ttwo", "Tthree", "Tother 4", "+", "T{n} = 5"]


def test_abort_inside_a_script_skips_to_what_is_always_run():
    with host() as instrument:
        lines = instrument.run('send_string "a"\nabort\nsend_string "b"\non_finished:\nsend_string "c"')
        assert lines == ["Ta", "Tc"]


def test_waits_and_timers_take_their_time():
    with host() as instrument:
        taken = shown(instrument, "var x\ntimer_start\nwait 1500m\nwait 20\ntimer_get x")
        assert taken.vartype == "eb"
        assert taken.number == pytest.approx(21.5, abs=1e-3)


def test_intervals_do_not_drift():
    with host() as instrument:
        lines = instrument.run(
            """
            var n
            var t
            store_var n 0i ja
            set_int 100m
            timer_start
            loop n < 5i
            await_int
            wait 30m
            timer_get t
            pck_start
            pck_add t
            pck_end
            add_var n 1i
            endloop
            """
        )
        assert column(lines, 0) == pytest.approx([0.13, 0.23, 0.33, 0.43, 0.53], abs=2e-3)


def test_output_can_be_switched_off():
    with host() as instrument:
        lines = instrument.run(
            'send_string "a"\nset_script_output 0\nsend_string "b"\nset_script_output 1\nsend_string "c"'
        )
        assert lines == ["Ta", "Tc"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("invalid_command", "!4001: Line 1, Col 16"),
        ("var x\n# a comment counts\nwait", "!4004: Line 3, Col 5"),
        ("wait 1 2", "!420A: Line 1, Col 8"),
        ("wait x", "!420B: Line 1, Col 6"),
        ("var x\nvar x", "!4026: Line 2, Col 5"),
        ("var 1x", "!402B: Line 1, Col 5"),
        ("wait 1.5", "!4004: Line 1, Col 6"),
        ("wait 5q", "!4039: Line 1, Col 6"),
        ("var x\nstore_var x 1 zz", "!0002: Line 2, Col 15"),
        ("store_var 5 1 ja", "!420D: Line 1, Col 11"),
        ("var x\narray x 3i", "!4026: Line 2, Col 7"),
        ("array a 3i\nwait a", "!420E: Line 2, Col 6"),
        ("endloop", "!400E: Line 1, Col 1"),
        ("var x\nloop x < 1\nendif", "!400E: Line 3, Col 1"),
        ("var x\nif x < 1\nwait 1", "!4018: Line 3, Col 1"),
        ("breakloop", "!400C: Line 1, Col 1"),
        ("pck_end", "!401B: Line 1, Col 1"),
        ("pck_start", "!401B: Line 1, Col 1"),
        ("var e\nvar i\nmeas_loop_cv e i 0 1 -1 10m 1 scans(3)", "!4008: Line 3, Col 31"),
        (
            "var e\nvar i\nmeas_loop_ca e i 0 1 9\nmeas_loop_ca e i 0 1 9\nendloop\nendloop",
            "!400B: Line 4, Col 1",
        ),
        ("var e\nvar i\nmeas_loop_ca e i 0 1 9\nset_e 1\nendloop", "!4032: Line 4, Col 1"),
        ('send_string f"{"', "!4210: Line 1, Col 15"),
        ("meas_loop_swv", "!001B: Line 1, Col 1"),
        ("wait " + "1" * 300, "!0008: Line 1, Col 256"),
    ],
)
@pytest.mark.parametrize("command", ["e", "l"])
def test_a_script_that_is_wrong_is_refused_with_the_place(script, error, command):
    with host() as instrument:
        instrument.send(f"{command}\n{script}\n\n")
        assert instrument.wait_for("\n") == f"{command}{error}\n"
        assert not instrument.device.is_running


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("var x\nstore_var x 1 ja\ndiv_var x 0", "!0028: Line 3"),
        ("array a 2i\nstore_var a[5i] 1 ja", "!400F: Line 2"),
        ("wait -1", "!4200: Line 1"),
        ("var x\nstore_var x 2000000000i ja\nmul_var x 1000000i", "!4037: Line 3"),
        ("var x\nstore_var x 1500m ja\nbit_and_var x 1i", "!4207: Line 3"),
        ("set_pgstat_mode 17", "!0021: Line 1"),
        ("set_pgstat_chan 5", "!002F: Line 1"),
        ("set_pgstat_mode 2\nset_e 7", "!000F: Line 2"),
        ("set_pgstat_mode 2\nset_i 1m", "!0023: Line 2"),
        ("var e\nvar i\nset_pgstat_mode 2\nmeas_loop_ca e i 0 100m 1\nendloop", "!4027: Line 4"),
        ("var e\nset_pgstat_mode 2\ncell_on\nmeas_loop_ocp e 100m 1\nendloop", "!0014: Line 4"),
        ("var e\nvar i\nset_pgstat_mode 2\ncell_on\nmeas_loop_ca e i 0 0 1\nendloop", "!4204: Line 5"),
        ("var e\nvar i\nset_pgstat_mode 2\ncell_on\nmeas_loop_lsv e i 0 1m 1 1\nendloop", "!4029: Line 5"),
        (
            "var f\nvar r\nvar j\nset_pgstat_mode 2\ncell_on\nmeas_loop_eis f r j 10m 1k 1 5 0\nendloop",
            "!0023: Line 6",
        ),
        (
            "var f\nvar r\nvar j\nset_pgstat_mode 3\ncell_on\nmeas_loop_eis f r j 10m 1M 1 5 0\nendloop",
            "!0011: Line 6",
        ),
        (
            "var f\nvar r\nvar j\nset_pgstat_mode 3\ncell_on\nmeas_loop_eis f r j 2 1k 1 5 0\nendloop",
            "!0012: Line 6",
        ),
    ],
)
def test_a_script_that_fails_says_in_which_line(script, error):
    with host() as instrument:
        assert instrument.run(script)[-1] == error


def test_a_pico_has_no_galvanostat():
    with host(model="emstat-pico") as instrument:
        assert instrument.run("set_pgstat_mode 6")[-1] == "!0021: Line 1"


def test_a_pico_keeps_to_the_limits_of_its_modes():
    with host(model="emstat-pico") as instrument:
        assert instrument.run("set_pgstat_mode 2\nset_e -1500m")[-1] == "!000F: Line 2"
        instrument.device._clock.wait(0.1)
        assert instrument.run("set_pgstat_mode 4\nset_e -1500m") == []


@settings(max_examples=200)
@given(
    words=st.lists(
        st.lists(
            st.sampled_from(
                [
                    "var",
                    "array",
                    "store_var",
                    "add_var",
                    "wait",
                    "loop",
                    "endloop",
                    "if",
                    "else",
                    "endif",
                    "meas_loop_ca",
                    "pck_start",
                    "pck_add",
                    "pck_end",
                    "cell_on",
                    "cell_off",
                    "set_e",
                    "x",
                    "y",
                    "a",
                    "a[0i]",
                    "1",
                    "1i",
                    "-5m",
                    "0",
                    "1e9",
                    "ja",
                    "ba",
                    "<",
                    "==",
                    "on_finished:",
                    "abort",
                    "breakloop",
                    "send_string",
                    '"t"',
                    'f"{x}"',
                    "nscans(3)",
                    "#",
                    "(",
                    "é",
                ]
            ),
            min_size=1,
            max_size=6,
        ),
        max_size=12,
    )
)
def test_any_script_runs_or_is_refused(words):
    # Endless loops are not of interest here.
    words = [line for line in words if line[0] != "loop"]
    with host() as instrument:
        instrument.send("e\n" + "\n".join(" ".join(line) for line in words) + "\n\n")
        assert instrument.reply_to_script().startswith("e")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e24, max_value=1e24))
def test_values_keep_eight_digits_on_the_wire(value):
    read = decode("ja" + encode_float(value)).number
    smallest = 5e-19
    assert read == pytest.approx(value, rel=1e-5, abs=smallest)
    if abs(value) >= 1e-11:
        # 27 bits and a prefix in steps of a thousand: never fewer than five digits, mostly eight.
        assert abs(read - value) <= max(abs(value) / 1.3e5, smallest)


def test_what_is_not_finite_is_sent_as_nan():
    assert math.isnan(decode("ja" + encode_float(math.nan)).number)

"""Simulated EmStats: what a host hears on each command outside a script, and while one runs."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faradaic.core.clock import SystemClock, VirtualClock
from faradaic.simulators import EmStatDevice, Resistor

from sim_host import Host, decode, host, packages

MODELS = ("emstat-pico", "emstat4-lr", "emstat4-hr", "nexus")
CODES = {"emstat-pico": "espico", "emstat4-lr": "es4_lr", "emstat4-hr": "es4_hr", "nexus": "nexus1"}
ENDLESS = """
    var e
    var i
    set_pgstat_mode 2
    set_e 100m
    cell_on
    meas_loop_ca e i 100m 10m 1000
    pck_start
    pck_add e
    pck_add i
    pck_end
    endloop
    send_string "after the loop"
    on_finished:
    send_string "finishing"
    cell_off
"""


# The decodes that were checked against recordings and the manuals
@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("da8000800u", 2.048e-3),
        ("ba8000800u,10,20B", 2.048e-3),
        ("daDF5CB18n", 0.099994392),
        ("ba9699F74p,14,218,40", 23.699316e-6),
        ("ja8000001i", 1),
        ("eb9570C36u", 22.481974),
        ("ba82AB973f,14,284", 2.799987e-9),
        ("da7F0BDF9u", -0.999943),
        ("ba7678CD7p,10,20F,40", -9.990953e-6),
        ("dcDF5DFF4u", 99.999732),
        ("cc896D904m,10,287", 9885.956),
        ("cd82DB1A8u,10,287", 2.9946),
        ("ja800000Am", 0.01),
        ("ja7FFFFF6m", -0.01),
        ("jaDF5E100n", 0.1),
        ("da7F85EE0u", -0.5),
        ("ja80F4240p", 1e-6),
        ("da8387520u", 3.7),
        ("jaDF5E100m", 1e5),
    ],
)
def test_the_host_reads_recorded_values(field, number):
    assert decode(field).number == pytest.approx(
        number, rel=1e-4 if "cd" in field or "82AB" in field else 1e-9
    )


def test_the_host_reads_metadata():
    value = decode("ba9699F74p,14,218,40")
    assert (value.status, value.range_index) == (4, 0x18)


@pytest.mark.parametrize("model", MODELS)
def test_an_instrument_says_what_it_is(model):
    with host(model=model, seed=42) as instrument:
        version = instrument.ask("t", "*\n").lstrip("\x11").split("\n")
        assert re.fullmatch(rf"t{CODES[model]}\d{{4}}#\w{{3}} \d\d 20\d\d \d\d:\d\d:\d\d", version[0])
        assert version[1].endswith("*")
        assert re.fullmatch(r"i\w+0042\n", instrument.ask("i"))
        assert instrument.ask("v") == "v01.08.00\n"
        assert re.fullmatch(r"CC[0-9A-F]{64}\n", instrument.ask("CC"))
        capabilities = int(re.fullmatch(r"CM([0-9A-F]{64})\n", instrument.ask("CM"))[1], 16)
        # Bit 67 is meas_loop_cp: only instruments with a galvanostat have it.
        assert bool(capabilities >> 67 & 1) == (model != "emstat-pico")
        assert instrument.ask("") == "\n"


def test_a_pico_greets_with_xon():
    with host(model="emstat-pico") as instrument:
        assert instrument.wait_for("\x11") == "\x11"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("Z", "Z!0006"),
        ("Y", "Y!0006"),
        ("h", "h!0006"),
        ("H", "H!0006"),
        ("R", "R!0006"),
        ("x", "x!0003"),
        ("hello", "h!0003"),
        ("r", "r!000C"),
        ("m", "m!0048"),
        ("GFF", "G!0004"),
        ("Gxy", "G!0007"),
        ("S0412345678", "S!0005"),
        ("Lmscr", "L!000C"),
        ("q" * 300, "q!0008"),
    ],
)
def test_what_cannot_be_done_is_answered_with_its_code(command, answer):
    with host() as instrument:
        assert instrument.ask(command) == f"{answer}\n"


def test_after_an_error_the_instrument_is_deaf_for_50_ms():
    clock = VirtualClock(0.0)
    with host(clock=clock) as instrument:
        instrument.ask("x")
        instrument.send("i\n")
        assert instrument.received == b""
        clock.wait(0.06)
        assert instrument.ask("i").startswith("i")


def test_registers_keep_what_is_written():
    with host() as instrument:
        assert instrument.ask("G08") == "G00000000\n"
        assert instrument.ask("S0812AB") == "S\n"
        assert instrument.ask("G08") == "G000012AB\n"


def test_a_script_can_be_loaded_stored_and_run_again():
    with host() as instrument:
        instrument.send('l\nsend_string "stored"\n\n')
        assert instrument.wait_for("l\n") == "l\n"
        assert instrument.ask("Fmscr") == "Fmscr\n"
        assert instrument.ask("r", "\n\n") == "r\nTstored\n\n"
        assert instrument.run('send_string "another"') == ["Tanother"]
        assert instrument.ask("Lmscr") == "Lmscr\n"
        assert instrument.ask("r", "\n\n") == "r\nTstored\n\n"


@pytest.mark.parametrize("cut", range(1, 20, 3))
def test_lines_may_arrive_in_pieces(cut):
    with host() as instrument:
        text = 'e\nsend_string "in pieces"\n\n'
        for start in range(0, len(text), cut):
            instrument.send(text[start : start + cut])
        assert instrument.wait_for("\n\n") == "e\nTin pieces\n\n"


# While a script runs


def running(instrument):
    instrument.start(ENDLESS)
    instrument.wait_for("M0007")
    return instrument


def test_abort_ends_the_loop_and_runs_what_is_always_run():
    with host(clock=SystemClock()) as instrument:
        running(instrument).send("Z\n")
        lines = instrument.wait_for("\n\n").strip().split("\n")
        # The package under way may come before or after the answer.
        assert [line for line in lines if line[:1] != "P"] == ["Z", "*", "Tfinishing"]
        assert not instrument.device.cell_is_on
        assert not instrument.device.is_running


def test_only_the_loop_is_ended_by_y():
    with host(clock=SystemClock()) as instrument:
        running(instrument).send("Y\n")
        lines = instrument.wait_for("\n\n").strip().split("\n")
        assert [line for line in lines if line[:1] != "P"] == ["Y", "*", "Tafter the loop", "Tfinishing"]


def test_a_halted_script_waits_for_its_host():
    with host(clock=SystemClock()) as instrument:
        running(instrument).send("h\n")
        instrument.wait_for("h\n")
        instrument.received.clear()
        assert instrument.device.is_running
        instrument.send("t\n")
        assert "P" not in instrument.wait_for("*\n").split("\n", 1)[1]
        instrument.send("H\n")
        instrument.wait_for("H\n")
        instrument.wait_for("Pda")
        instrument.send("Z\n")
        instrument.wait_for("\n\n")


@pytest.mark.parametrize("command", ["i", "e", "r", "CM"])
def test_other_commands_are_refused_while_a_script_runs(command):
    with host(clock=SystemClock()) as instrument:
        running(instrument).send(f"{command}\n")
        assert f"{command[0]}!0006\n" in instrument.wait_for("!0006\n")
        assert instrument.device.is_running


def test_a_cyclic_sweep_can_be_reversed():
    with host(clock=SystemClock()) as instrument:
        instrument.start(
            """
            var e
            var i
            set_pgstat_mode 2
            cell_on
            meas_loop_cv e i 0 1 -1 10m 1
            pck_start
            pck_add e
            pck_end
            endloop
            cell_off
            """
        )
        instrument.wait_for("Pda", 5)
        instrument.send("R\n")
        instrument.wait_for("R\n")
        instrument.wait_for("Pda7", 10)  # below 0 V long before the vertex at 1 V
        instrument.send("Z\n")
        instrument.wait_for("\n\n")


def test_a_new_host_finds_an_instrument_in_the_middle_of_a_script_and_synchronises():
    with EmStatDevice("emstat4-hr", Resistor(1e4), SystemClock(), 1) as device:
        first = Host(device)
        running(first)
        second = Host(device)
        second.send("\nZ\n")
        answer = second.wait_for("\n\n")
        assert "Z\n" in answer
        assert second.ask("t", "*\n").startswith("tes4_hr")
        assert not device.cell_is_on


def test_a_script_that_fails_leaves_the_cell_on_until_somebody_switches_it_off():
    with host() as instrument:
        lines = instrument.run(
            """
            var e
            var i
            set_pgstat_mode 2
            set_e 100m
            cell_on
            meas_loop_ca e i 100m 100m 1
            pck_start
            pck_add e
            pck_end
            div_var e 0
            endloop
            on_finished:
            send_string "never"
            cell_off
            """
        )
        assert lines[0] == "M0007"
        assert lines[1].startswith("Pda")
        assert lines[2:] == ["!0028: Line 10"]
        assert instrument.device.cell_is_on
        instrument.device._clock.wait(0.06)
        assert instrument.run("cell_off") == []
        assert not instrument.device.cell_is_on


@settings(max_examples=150)
@given(data=st.binary(max_size=400))
def test_whatever_arrives_the_instrument_answers_again(data):
    with host() as instrument:
        instrument.device.receive(data)
        instrument.device.receive(b"\n\n")
        instrument.device.receive(b"\nZ\n")
        for _ in range(200):
            instrument.device._clock.wait(1.0)
            instrument.received.clear()
            instrument.send("t\n")
            try:
                if "tes4_hr" in instrument.wait_for("*\n", 0.05):
                    return
            except AssertionError:
                instrument.device.receive(b"\n\n\nZ\n")
        raise AssertionError(data)


def test_every_package_of_a_script_arrives_in_its_order():
    with host() as instrument:
        lines = instrument.run(
            """
            var n
            store_var n 0i ja
            loop n < 500i
            pck_start
            pck_add n
            pck_end
            add_var n 1i
            endloop
            """
        )
        assert (lines[0], lines[-1]) == ("L", "+")
        assert [values[0].number for values in packages(lines)] == list(range(500))

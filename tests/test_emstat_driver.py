"""The driver against recorded dialogues; nothing here knows the simulated EmStat."""

import socket
import threading
import time

import numpy as np
import pytest
from dialogue import Dialogue

from faradaic.core.samples import Flag
from faradaic.instruments import BadReply, InstrumentFault, NotConnected, OutOfRange, Timeout, open_instrument
from faradaic.instruments.emstat import driver
from faradaic.instruments.emstat.models import MODELS
from faradaic.instruments.emstat.script import compile_step
from faradaic.protocols import ConstantPotential, Impedance, PotentialSweep, Record, Rest, Until

HR = b"tes4_hr1500#Mar 12 2026 14:28:01\nR*\n"
HELLO = [(b"\nZ\n", b"Z!0006\n"), (b"t\n", HR), (b"i\n", b"iES4HR20B0008\n")]
CELL_OFF = (b"e\ncell_off\n\n", b"e\n\n")
HOLD = ConstantPotential(potential_V=0.5, until=Until(duration_s=0.5), record=Record(interval_s=0.1))


def script(step, model="es4_hr"):
    return ("e\n" + "".join(f"{line}\n" for line in compile_step(step, MODELS[model]).lines) + "\n").encode()


@pytest.fixture
def connect(monkeypatch):
    """Connect the driver to a dialogue; everything in it must have been said by the end."""
    links = []

    def make(pairs, *, hello=HELLO):
        link = Dialogue([*hello, *pairs])
        links.append(link)
        monkeypatch.setattr(driver, "open_link", lambda address, **options: link)
        return open_instrument("emstat", "socket://recorded"), link

    yield make
    for link in links:
        link.finish()


def collect(blocks):
    whole = [block for block in blocks if len(block)]
    return np.concatenate(whole) if whole else np.zeros(0)


def test_the_instrument_is_identified(connect):
    instrument, _ = connect([])
    assert (instrument.identity.model, instrument.identity.serial) == ("EmStat4 HR", "ES4HR20B0008")
    assert instrument.identity.firmware == "1500#Mar 12 2026 14:28:01"
    assert instrument.channels[0].capabilities.potential_max_V == 6.0


@pytest.mark.parametrize(
    ("version", "model"),
    [
        (b"tespico1304#Oct 22 2021 14:38:26\nR*\n", "EmStat Pico"),
        (b"tespico10#Apr  1 2019 15:48:13\nR*\n", "EmStat Pico"),
        (b"tes4_lr1500#Mar 12 2026 14:28:01\nB*\n", "EmStat4 LR"),
        (b"\x11tmes4hr1100#Jan 28 2022 11:04:43\r\nR*\r\n", "EmStat4 HR"),
        (b"tnexus11300#Feb  3 2026 09:12:44\nR*\n", "Nexus"),
    ],
)
def test_real_version_strings_are_understood(connect, version, model):
    instrument, _ = connect([], hello=[HELLO[0], (b"t\n", version), HELLO[2]])
    assert instrument.identity.model == model


@pytest.mark.parametrize(
    "answer",
    [
        b"\nZ!0006\n",  # a bare newline first
        b"0.0012\nZ!0006\n",  # the rest of something earlier
        b"Pda8000000 ;ba8000000 \nZ\n*\n\n",  # a script was running: it is aborted
        b"Z\n-\n*\nTfinished\n\n",
    ],
)
def test_an_instrument_of_unknown_state_is_brought_into_a_known_one(connect, answer):
    instrument, _ = connect([], hello=[(b"\nZ\n", answer), *HELLO[1:]])
    assert instrument.identity.model == "EmStat4 HR"


def test_a_sweep_of_a_real_instrument_is_decoded(connect):
    # The vendor's published recording of an LSV on a dummy cell of 10 kΩ, with our time in front.
    step = PotentialSweep(path_V=(-0.5, 0.5), rate_V_per_s=0.1, sample_every_V=0.01)
    answer = (
        b"e\nM0000\n"
        b"Peb80186A0u;da7F85F3Fu;ba48D503Dp,10,288;eb80186A0u\n"
        b"Peb8030D40u;da7F9234Bu;ba4E2C324p,10,288;eb8030D40u\n"
        b"Peb80493E0u;da807B031u;baB360495p,10,288;eb80493E0u\n"
        b"*\n\n"
    )
    instrument, _ = connect([(script(step), answer)])
    samples = collect(instrument.channels[0].run(step))
    assert samples["time_s"].tolist() == [0.1, 0.2, 0.3]
    assert samples["potential_V"] == pytest.approx([-0.499905, -0.449717, 0.503857], abs=1e-6)
    assert samples["potential_V"] / samples["current_A"] == pytest.approx([1e4] * 3, rel=0.15)
    assert samples["flags"].tolist() == [0, 0, 0]
    assert np.isnan(samples["temperature_degC"]).all()


def test_status_flags_are_kept_for_each_sample(connect):
    answer = (
        b"e\nM0007\n"
        b"Peb80186A0u;da8000000 ;ba8000001m,10,20B;eb80186A0u\n"
        b"Peb80186A0u;da8000000 ;ba8000001m,12,20B;eb80186A0u\n"
        b"Peb80186A0u;da8000000 ;ba8000001n,15,20B,40;eb80186A0u\n"
        b"Peb80186A0u;da8000000 ;ba     nan,18,20B;eb80186A0u\n*\n\n"
    )
    instrument, _ = connect([(script(HOLD), answer)])
    samples = collect(instrument.channels[0].run(HOLD))
    assert samples["flags"].tolist() == [
        0, Flag.OVERLOAD, Flag.UNDERLOAD | Flag.TIMING_NOT_MET, Flag.OVERLOAD_WARNING,
    ]  # fmt: skip
    assert np.isnan(samples["current_A"][3])


def test_a_spectrum_is_decoded_with_its_true_sign(connect):
    step = Impedance(
        amplitude_V=0.01, bias_V=0, frequency_max_Hz=1000, frequency_min_Hz=100, points_per_decade=1
    )
    answer = b"e\nM000D\nPeb80186A0u;dcDF5DFF4u;cc896D904m,10,287;cd7D24E48u,10,287;eb80186A0u\n*\n\n"
    instrument, _ = connect([(script(step), answer)])
    samples = collect(instrument.channels[0].run(step))
    assert samples["frequency_Hz"][0] == pytest.approx(99.999732)
    assert samples["real_ohm"][0] == pytest.approx(9885.956)
    assert samples["imaginary_ohm"][0] == pytest.approx(-2.9946, abs=1e-3)


def test_scans_are_counted(connect):
    step = PotentialSweep(path_V=(0, 1, 0), rate_V_per_s=0.1, scans=2)
    package = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
    answer = b"e\nM0005\nC0000\n" + 2 * package + b"-\nC0001\n" + package + b"-\n*\n\n"
    instrument, _ = connect([(script(step), answer)])
    assert collect(instrument.channels[0].run(step))["scan"].tolist() == [0, 0, 1]


def test_older_firmware_does_not_end_the_line_after_its_echo(connect):
    instrument, _ = connect([(script(HOLD), b"eM0007\nPeb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n*\n\n")])
    assert len(collect(instrument.channels[0].run(HOLD))) == 1


def test_a_stale_answer_before_the_script_is_skipped(connect):
    instrument, _ = connect(
        [(script(HOLD), b"Z!0006\ne\nM0007\nPeb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n*\n\n")]
    )
    assert len(collect(instrument.channels[0].run(HOLD))) == 1


def test_damaged_lines_are_left_out_and_said_so(connect):
    answer = (
        b"e\nM0007\nPeb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
        b"Peb8018?A0u;da8000000 ;ba8000001m;eb8018?A0u\n"
        b"Peb80186A0u;da80Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
        b"xyz\nPeb80186A0u;da8000000 ;ba8000002m;eb80186A0u\n*\n\n"
    )
    instrument, _ = connect([(script(HOLD), answer)])
    samples = collect(instrument.channels[0].run(HOLD))
    assert samples["current_A"].tolist() == [1e-3, 2e-3]
    (notice,) = instrument.channels[0].notices
    assert notice.endswith("on socket://recorded are left out, damaged or out of order: 3.")


def test_a_refused_script_is_a_fault_with_the_place(connect):
    instrument, _ = connect([(script(HOLD), b"e!4001: Line 3, Col 16\n"), CELL_OFF])
    with pytest.raises(
        InstrumentFault, match="error 4001 at line 3, col 16 of the script: the script command is not known"
    ) as fault:
        collect(instrument.channels[0].run(HOLD))
    assert fault.value.code == "4001"
    instrument.channels[0].rest()


@pytest.mark.parametrize("ending", [b"!0032: Line 14\n", b"!0032: Line 14\n\n"])
def test_after_an_error_of_the_instrument_the_cell_is_switched_off(connect, ending):
    # on_finished: is not executed after a run-time error: the driver has to switch off.
    answer = b"e\nM0007\nPeb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n" + ending
    instrument, link = connect([(script(HOLD), answer), (b"\nZ\n", b"Z!0006\n"), CELL_OFF])
    blocks = instrument.channels[0].run(HOLD)
    with pytest.raises(InstrumentFault, match="0032 at line 14 of the script: critical overload"):
        collect(blocks)
    link.finish()


def test_rest_from_another_thread_aborts_the_script_and_keeps_what_was_measured(connect):
    package = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
    instrument, _ = connect(
        [(script(HOLD), b"e\nM0007\n" + package), (b"Z\n", package + b"Z\n*\n\n"), CELL_OFF]
    )
    channel = instrument.channels[0]
    blocks, received = channel.run(HOLD), []
    resting = threading.Timer(0.1, channel.rest)
    resting.start()
    begin = time.monotonic()
    received = collect(blocks)
    assert time.monotonic() - begin < 0.5
    resting.join()
    assert len(received) == 2
    channel.rest()  # again: idempotent


def test_two_who_put_the_cell_at_rest_at_once_abort_the_script_once(connect):
    # A second abort would be refused, and what is refused costs a pause before the instrument hears again.
    instrument, link = connect([(script(HOLD), b"e\nM0007\n"), (b"Z\n", b"Z\n"), CELL_OFF])
    channel = instrument.channels[0]
    blocks = channel.run(HOLD)
    next(blocks)
    others = [threading.Thread(target=channel.rest) for _ in range(2)]
    for other in others:
        other.start()
    threading.Timer(0.1, link.say, (b"*\n\n",)).start()
    for other in others:
        other.join()
    assert len(collect(blocks)) == 0
    link.finish()


def test_rest_between_blocks_aborts_the_script_and_keeps_what_was_measured(connect):
    package = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
    instrument, _ = connect([(script(HOLD), b"e\nM0007\n" + package), (b"Z\n", 2 * package + b"Z\n*\n\n")])
    received = []
    for block in instrument.channels[0].run(HOLD):
        if len(block) and not received:
            instrument.channels[0].rest()
        received.append(block)
    assert len(collect(received)) == 3


def test_closing_the_iterator_aborts_the_script(connect):
    instrument, link = connect(
        [(script(HOLD), b"e\nM0007\nPeb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"), (b"Z\n", b"Z\n*\n\n")]
    )
    blocks = instrument.channels[0].run(HOLD)
    next(block for block in blocks if len(block))
    blocks.close()
    link.finish()


def test_a_script_that_ended_while_it_was_aborted_is_no_error(connect):
    instrument, _ = connect([(script(HOLD), b"e\nM0007\n*\n"), (b"Z\n", b"\nZ!0006\n")])
    blocks = instrument.channels[0].run(HOLD)
    next(blocks)
    instrument.channels[0].rest()
    assert len(collect(blocks)) == 0


def test_after_an_abort_that_came_too_late_the_instrument_is_given_time_to_hear_again(connect):
    # The script ends by itself just before the abort: after its error the instrument is deaf for 50 to 100 ms.
    package = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
    instrument, link = connect(
        [(script(HOLD), b"e\nM0007\n" + package), (b"Z\n", b"*\n\n"), (script(HOLD), b"e\nM0007\n*\n\n")]
    )
    channel = instrument.channels[0]
    refused_at = []

    def refuse():
        refused_at.append(time.monotonic())
        link.say(b"Z!0006\n")

    for block in channel.run(HOLD):
        if len(block):
            threading.Timer(0.05, refuse).start()
            channel.rest()
    collect(channel.run(HOLD))
    assert time.monotonic() - refused_at[0] > 0.1
    link.finish()


def test_an_end_in_the_middle_of_a_loop_is_not_believed(connect):
    # A mangled line may look like the end of the script, while the cell is still on.
    package = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
    instrument, _ = connect(
        [(script(HOLD), b"e\nM0007\n" + package + b"\n"), (b"Z\n", package + b"Z\n*\n\n")]
    )
    assert len(collect(instrument.channels[0].run(HOLD))) == 2
    assert "damaged" in instrument.channels[0].notices[0]


def test_an_iterator_yields_at_least_every_half_second(connect):
    instrument, link = connect([(script(HOLD), b"e\nM0007\n"), (b"Z\n", b"Z\n*\n\n")])
    begin = time.monotonic()
    for count, block in enumerate(instrument.channels[0].run(HOLD)):
        assert len(block) == 0
        if count == 4:
            instrument.channels[0].rest()
    assert time.monotonic() - begin < 1.0
    assert link.longest_wait_s <= 0.5


def test_what_a_script_that_should_have_ended_still_says_is_left_out(connect):
    old = b"Peb8030D40u;da8000005 ;ba8000001m;eb8030D40u\n"
    new = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"
    instrument, _ = connect([(script(HOLD), old + b"e\nM0007\n" + new + b"*\n\n")])
    rows = collect(instrument.channels[0].run(HOLD))
    assert rows["potential_V"].tolist() == [0.0]
    assert "out of order: 1." in " ".join(instrument.channels[0].notices)


@pytest.mark.parametrize("answer", [b"Z\n*\n\n", b"Z!0006\n"])
def test_an_instrument_that_fell_silent_is_told_to_stop(connect, monkeypatch, answer):
    monkeypatch.setattr("faradaic.instruments.emstat.script_run._GRACE_S", 0.0)
    step = ConstantPotential(potential_V=0, until=Until(duration_s=0.05), record=Record(interval_s=0.05))
    instrument, _ = connect([(script(step), b"e\nM0007\n"), (b"Z\n", answer)])
    collect(instrument.channels[0].run(step))
    assert "fell silent" in " ".join(instrument.channels[0].notices)


def test_silence_even_then_is_a_timeout_with_the_cell_off(connect, monkeypatch):
    monkeypatch.setattr("faradaic.instruments.emstat.script_run._GRACE_S", 0.0)
    monkeypatch.setattr(driver, "_STOP_WAIT_S", 0.05)
    step = ConstantPotential(potential_V=0, until=Until(duration_s=0.05), record=Record(interval_s=0.05))
    instrument, _ = connect(
        [(script(step), b"e\nM0007\n"), (b"Z\n", b""), (b"Z\n", b""), (b"\nZ\n", b"Z!0006\n"), CELL_OFF]
    )
    with pytest.raises(Timeout, match="has been silent for"):
        collect(instrument.channels[0].run(step))


def test_an_instrument_that_does_not_stop_is_said_so(connect, monkeypatch):
    monkeypatch.setattr(driver, "_STOP_WAIT_S", 0.05)
    monkeypatch.setattr("faradaic.instruments.emstat.wire.ANSWER_WAIT_S", 0.05)
    monkeypatch.setattr("faradaic.instruments.insisting.INSIST_S", 0.0)
    tries = [(b"Z\n", b""), (b"\nZ\n", b"")]
    instrument, _ = connect([(script(HOLD), b"e\nM0007\n"), *tries, CELL_OFF])
    blocks = instrument.channels[0].run(HOLD)
    next(blocks)
    with pytest.raises(Timeout, match="its cell may still be on. Switch the instrument off or disconnect"):
        instrument.channels[0].rest()
    blocks.close()


def test_one_reading_leaves_the_cell_off(connect):
    sent = b"e\nvar p\nset_pgstat_chan 0\nset_pgstat_mode 3\nset_max_bandwidth 60\ncell_off\nmeas 100m p ab\npck_start\npck_add p\npck_end\n\n"
    instrument, _ = connect([(sent, b"e\nPab8387520u\n\n")])
    assert instrument.channels[0].read()["potential_V"].tolist() == [3.7]


def test_closing_switches_the_cell_off_once(connect):
    instrument, link = connect([CELL_OFF])
    instrument.close()
    instrument.close()
    assert link.is_closed


def test_a_second_measurement_at_the_same_time_is_refused(connect):
    instrument, _ = connect([(script(HOLD), b"e\nM0007\n"), (b"Z\n", b"Z\n*\n\n")])
    first = instrument.channels[0].run(HOLD)
    next(first)
    with pytest.raises(Exception, match="still busy"):
        next(instrument.channels[0].run(HOLD))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            ConstantPotential(potential_V=6.5, until=Until(duration_s=1)),
            "cannot apply 6.5 V: its range is -6 V to 6 V",
        ),
        (Rest(until=Until(duration_s=1), record=Record(interval_s=1e-4)), "cannot measure every 100 µs"),
        (Impedance(amplitude_V=0.01, bias_V=0, frequency_max_Hz=1e6), "cannot measure impedance at 1 MHz"),
    ],
)
def test_what_the_model_cannot_do_is_refused_without_a_word_to_it(connect, step, says):
    instrument, _ = connect([])
    with pytest.raises(OutOfRange, match=f"EmStat4 HR on socket://recorded {says}"):
        next(instrument.channels[0].run(step))


def test_something_else_on_the_port_is_said_so(connect):
    with pytest.raises(BadReply, match="is not an EmStat: it answered 'KEITHLEY"):
        connect([], hello=[(b"\nZ\n", b"KEITHLEY INSTRUMENTS,MODEL 2450\n")])
    with pytest.raises(BadReply, match="not a model that this driver knows: it calls itself 'palmx"):
        connect([], hello=[HELLO[0], (b"t\n", b"tpalmx99\n*\n")])


def test_a_port_where_nothing_answers_is_said_so(monkeypatch):
    monkeypatch.setattr("faradaic.instruments.emstat.wire.ANSWER_WAIT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Timeout, match="answers. Check the cable"):
            open_instrument("emstat", f"socket://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "address", ["/dev/no-such-port", "COM999", "socket://127.0.0.1:1", "socket://", "nonsense://x"]
)
def test_an_address_without_anything_is_said_so(address):
    with pytest.raises(NotConnected, match="cannot be opened|Nothing answers") as refusal:
        open_instrument("emstat", address)
    assert "\n" not in str(refusal.value)


def test_an_unknown_driver_is_said_so():
    with pytest.raises(ValueError, match="no driver 'emstatt'; known are emstat"):
        open_instrument("emstatt", "COM5")


def test_a_lost_connection_is_not_a_hang(connect, monkeypatch):
    instrument, link = connect([(script(HOLD), b"e\nM0007\n")])
    blocks = instrument.channels[0].run(HOLD)
    next(blocks)

    def lost(*args):
        raise NotConnected("The connection to COM5 is lost.")

    monkeypatch.setattr(link, "read", lost)
    monkeypatch.setattr(link, "write", lost)
    monkeypatch.setattr("faradaic.instruments.link.PATIENCE_S", 0.5)
    monkeypatch.setattr("faradaic.instruments.insisting.INSIST_S", 0.5)
    with pytest.raises(NotConnected):
        collect(blocks)

"""What a step is compiled to, line by line."""

import re

import pytest

from faradaic.instruments import OutOfRange
from faradaic.instruments.emstat.loops import loops
from faradaic.instruments.emstat.models import MODELS
from faradaic.instruments.emstat.script import compile_step
from faradaic.protocols import (
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    Limits,
    PotentialSweep,
    Record,
    Rest,
    Until,
)

HR, PICO = MODELS["es4_hr"], MODELS["espico"]


def script(step, model=HR):
    return list(compile_step(step, model).lines)


def test_a_sweep_is_one_loop_with_its_cut_offs():
    step = PotentialSweep(
        path_V=(2.5, 6.0),
        rate_V_per_s=1e-4,
        until=Until(current_above_A=1e-3),
        limits=Limits(current_max_A=1e-2, potential_max_V=6.0),
    )
    assert script(step) == [
        "var t", "var p", "var c",
        "set_pgstat_chan 0", "set_pgstat_mode 3", "set_max_bandwidth 600m",
        "set_range_minmax da 2500m 6", "set_range ba 100m", "set_autoranging ba 100n 100m",
        "set_e 2500m", "cell_on",
        "var d", "timer_start",
        "meas_loop_lsv p c 2500m 6 1m 100u",
        "timer_get t", "pck_start", "pck_add t", "pck_add p", "pck_add c", "pck_add t", "pck_end",
        "if c >= 10010u", "breakloop", "endif", "if c <= -10010u", "breakloop", "endif",
        "if c >= 1m", "breakloop", "endif", "if c <= -1m", "breakloop", "endif",
        "endloop",
        "on_finished:", "cell_off",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "step",
    [
        Rest(until=Until(duration_s=10)),
        ConstantPotential(potential_V=4.5, until=Until(duration_s=36_000)),
        ConstantCurrent(current_A=1e-3, until=Until(duration_s=7200)),
        PotentialSweep(path_V=(3, 4, 2, 3), rate_V_per_s=1e-3, scans=3),
        Impedance(amplitude_V=0.01, bias_V=3.0),
        Impedance(amplitude_A=1e-5, bias_A=0.0),
    ],
)
def test_every_script_ends_with_the_cell_off_whatever_happens(step):
    lines = script(step)
    assert lines[-2:] == ["on_finished:", "cell_off"]
    assert "" not in lines  # an empty line would end the script
    assert all(len(line) < 256 for line in lines)


def test_a_rest_never_switches_the_cell_on():
    assert "cell_on" not in script(Rest(until=Until(duration_s=10)))


def test_potential_limits_are_kept_on_board_under_a_current():
    step = ConstantCurrent(
        current_A=-1e-3,
        until=Until(duration_s=100, potential_below_V=0.0),
        limits=Limits(potential_max_V=4.3, potential_min_V=-0.5),
    )
    lines = script(step)
    for check in ("if p >= 4301m", "if p <= -501m", "if p <= 0"):
        assert check in lines
    assert "set_pgstat_mode 6" in lines
    assert "set_i -1m" in lines


def test_charge_under_a_current_is_time():
    step = ConstantCurrent(
        current_A=2e-3, until=Until(duration_s=7200, charge_C=3.6), record=Record(interval_s=60)
    )
    intervals = loops(step, shortest_s=1e-3, highest_Hz=1e6)
    # 3.6 C at 2 mA take 1800 s: 0.1 s, then 60 s, then 29 times 60 s.
    assert [loop.header.split()[-2:] for loop in intervals] == [
        ["100m", "150m"], ["59900m", "89850m"], ["60", "1770"],
    ]  # fmt: skip


def test_charge_at_a_potential_is_added_up_on_board():
    step = ConstantPotential(
        potential_V=1.0, until=Until(duration_s=10, charge_C=2e-3), record=Record(interval_s=0.1)
    )
    lines = script(step)
    start = lines.index("copy_var c d")
    assert lines[start : start + 9] == [
        "copy_var c d", "mul_var d 100m", "add_var q d",
        "if q >= 2m", "breakloop", "endif", "if q <= -2m", "breakloop", "endif",
    ]  # fmt: skip


def test_a_cut_off_skips_the_loops_that_follow():
    step = ConstantCurrent(
        current_A=1e-3, until=Until(duration_s=600, potential_above_V=4.2), record=Record(interval_s=60)
    )
    lines = script(step)
    assert lines.count("store_var x 1i ja") == 3
    assert lines.count("if x == 0i") == 2
    opened = sum(line.startswith(("if ", "meas_loop")) for line in lines)
    assert opened == lines.count("endif") + lines.count("endloop")


def test_samples_of_a_transient_are_spaced_logarithmically():
    step = ConstantPotential(
        potential_V=0.01, until=Until(duration_s=7200), record=Record(interval_s=10, logarithmic_s=60)
    )
    assert [loop.interval_s for loop in loops(step, shortest_s=1e-3, highest_Hz=1e6)] == pytest.approx(
        [0.001, 0.01, 0.1, 1, 10]
    )


@pytest.mark.parametrize("duration_s", [0.05, 1.0, 9.99, 60.0, 61.3, 3600.0])
@pytest.mark.parametrize("interval_s", [0.01, 0.2, 1.0, 7.0, 60.0])
def test_a_held_step_takes_exactly_its_time(duration_s, interval_s):
    step = Rest(until=Until(duration_s=duration_s), record=Record(interval_s=interval_s))
    total = 0.0
    for loop in loops(step, shortest_s=1e-3, highest_Hz=1e6):
        interval, run_time = (number(text) for text in loop.header.split()[-2:])
        total += interval * int(run_time / interval)
    assert total == pytest.approx(duration_s, rel=1e-6, abs=1e-6)


def number(text):
    scale = {"m": 1e-3, "u": 1e-6, "n": 1e-9, "k": 1e3}
    return float(text.rstrip("munk")) * scale.get(text[-1], 1.0)


def test_a_spectrum_starts_at_the_highest_frequency_of_the_model():
    step = Impedance(amplitude_V=0.01, bias_V=0.0, frequency_min_Hz=0.1)
    assert "meas_loop_eis f r j 10m 200k 100m 64 0" in script(step)
    assert "meas_loop_eis f r j 10m 1M 100m 71 0" in script(step, MODELS["nexus1"])


def test_cycles_become_scans():
    step = PotentialSweep(path_V=(3.0, 4.5, 2.5, 3.0), rate_V_per_s=1e-3, scans=3)
    assert "meas_loop_cv p c 3 4500m 2500m 1m 1m nscans(3)" in script(step)
    from_vertex = PotentialSweep(path_V=(3.0, 1.0, 3.0), rate_V_per_s=1e-3)
    assert "meas_loop_cv p c 3 1 3 1m 1m" in script(from_vertex)


def test_the_rest_of_a_cycle_is_swept_leg_by_leg():
    lines = script(PotentialSweep(path_V=(3.5, 2.0, 3.0), rate_V_per_s=1e-3))
    assert [line for line in lines if line.startswith("meas_loop")] == [
        "meas_loop_lsv p c 3500m 2 1m 1m",
        "meas_loop_lsv p c 2 3 1m 1m",
    ]


def test_the_current_range_of_a_galvanostat_holds_the_current():
    lines = script(ConstantCurrent(current_A=25e-3, until=Until(duration_s=1)))
    assert "set_range db 100m" in lines
    assert "set_autoranging db 100m 100m" in lines


@pytest.mark.parametrize(
    ("path_V", "mode"), [((-0.5, 0.5), 2), ((-1.2, 1.0), 2), ((-1.5, 1.0), 4), ((-0.5, 2.0), 4)]
)
def test_the_pico_chooses_the_mode_that_reaches(path_V, mode):
    assert f"set_pgstat_mode {mode}" in script(PotentialSweep(path_V=path_V, rate_V_per_s=0.01), PICO)


def test_the_pico_refuses_what_is_wider_than_its_window():
    with pytest.raises(OutOfRange, match=re.escape("its window is 2.6 V wide")):
        script(PotentialSweep(path_V=(-1.7, 2.0), rate_V_per_s=0.01), PICO)

"""Simulated EmStats: what the measurement loops say, against closed forms of the cells."""

import math

import numpy as np
import pytest

from faradaic.simulators import BlockingCell, RandlesCell, Resistor

from sim_host import column, host, packages

MODELS = ("emstat-pico", "emstat4-lr", "emstat4-hr", "nexus")
GALVANOSTATS = MODELS[1:]
SETUP = "set_pgstat_chan 0\nset_pgstat_mode {mode}\nset_max_bandwidth 200\nset_autoranging ba {low} {high}\n"
GALVANOSTAT = "set_range db 20u\nset_autoranging ab 50m 1\nset_i 0"
SEND = "pck_start\npck_add a\npck_add b\npck_end\nendloop\non_finished:\ncell_off"


def measure(instrument, loop, mode=2, low="100n", high="2m", before=""):
    return instrument.run(
        f"var a\nvar b\n{SETUP.format(mode=mode, low=low, high=high)}{before}\ncell_on\n{loop}\n{SEND}"
    )


def test_the_dialogue_of_the_vendors_example():
    # PalmSens MethodSCRIPT examples, Example_C: a sweep on a 10 kΩ dummy cell with an EmStat Pico.
    script = """
        var c
        var p
        set_pgstat_mode 2
        set_max_bandwidth 200
        set_autoranging ba 5u 50u
        set_range ba 50u
        set_e -500m
        cell_on
        wait 1
        meas_loop_lsv p c -500m 500m 10m 100m
        pck_start
        pck_add p
        pck_add c
        pck_end
        endloop
        cell_off
        """
    with host(Resistor(10_000), "emstat-pico") as instrument:
        lines = instrument.run(script)
    assert (lines[0], lines[-1]) == ("M0000", "*")
    rows = packages(lines)
    assert len(rows) == 101
    assert [(row[0].vartype, row[1].vartype) for row in rows] == [("da", "ba")] * 101
    assert rows[0][0].metadata == ()
    assert [item[0] for item in rows[0][1].metadata[:2]] == ["1", "2"]
    potential, current = np.array(column(lines, 0)), np.array(column(lines, 1))
    # The converter of a Pico applies steps of half a millivolt.
    assert potential == pytest.approx(np.linspace(-0.5, 0.5, 101), abs=5e-4)
    assert current == pytest.approx(potential / 10_000, abs=4e-7)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ohm", [1e3, 1e5, 1e7])
def test_ohms_law_in_every_range(model, ohm):
    with host(Resistor(ohm), model) as instrument:
        lines = measure(instrument, "meas_loop_ca a b 500m 100m 2")
    expected_A = 0.5 / ohm
    assert len(packages(lines)) == 20
    assert np.mean(column(lines, 1)) == pytest.approx(expected_A, rel=0.01, abs=2e-10)
    assert np.std(column(lines, 1)) < 0.01 * expected_A + 1e-10


def test_a_measurement_has_noise_and_an_instrument_its_own_errors():
    def current(seed):
        with host(Resistor(1e5), seed=seed) as instrument:
            return column(measure(instrument, "meas_loop_ca a b 500m 100m 5"), 1)

    first = current(1)
    assert first == current(1)
    assert len(set(first)) > 1
    assert np.mean(first) != pytest.approx(np.mean(current(2)), rel=1e-6)


def test_an_rc_charges_as_its_closed_form_says():
    # 1 kΩ + (10 kΩ ∥ 100 µF) under 10 µA.
    with host(RandlesCell(1e3, 1e4, 1e-4)) as instrument:
        lines = measure(instrument, "meas_loop_cp a b 10u 50m 5", mode=6, before=GALVANOSTAT)
    time_s = 0.05 * np.arange(1, 101)
    assert lines[0] == "M000A"
    assert column(lines, 0) == pytest.approx(1e-5 * (1e3 + 1e4 * (1 - np.exp(-time_s))), abs=2e-3)
    assert column(lines, 1) == pytest.approx([1e-5] * 100, rel=1e-3)


def test_a_current_sweep_on_a_resistor():
    with host(Resistor(1e5)) as instrument:
        lines = measure(instrument, "meas_loop_lsp a b 0 10u 1u 10u", mode=6, before=GALVANOSTAT)
    assert lines[0] == "M000F"
    assert column(lines, 1) == pytest.approx(np.linspace(0, 1e-5, 11), abs=1e-8)
    assert column(lines, 0) == pytest.approx(np.linspace(0, 1, 11), abs=3e-3)


def test_the_open_circuit_of_a_cell():
    with host(BlockingCell(open_circuit_potential_V=2.8)) as instrument:
        lines = instrument.run(
            "var a\nset_pgstat_mode 2\ncell_off\nmeas_loop_ocp a 1 10\npck_start\npck_add a\npck_end\nendloop"
        )
    assert lines[0] == "M000B"
    assert column(lines, 0) == pytest.approx(10 * [2.8], abs=2e-3)
    assert packages(lines)[0][0].vartype == "ab"


def test_a_single_reading():
    with host(Resistor(1e4)) as instrument:
        lines = instrument.run(
            "var a\nset_pgstat_mode 2\nset_e 1\ncell_on\nmeas 100m a ba\npck_start\npck_add a\npck_end\ncell_off"
        )
    assert column(lines, 0) == pytest.approx([1e-4], rel=0.02)


@pytest.mark.parametrize("scans", [1, 3])
def test_the_points_of_a_cyclic_voltammogram(scans):
    option = f" nscans({scans})" if scans > 1 else ""
    with host(Resistor(1e4)) as instrument:
        lines = measure(instrument, f"meas_loop_cv a b 0 200m -100m 50m 1{option}")
    cycle = [0, 0.05, 0.1, 0.15, 0.2, 0.15, 0.1, 0.05, 0, -0.05, -0.1, -0.05]
    # The closing point is left out between scans.
    assert column(lines, 0) == pytest.approx(cycle * scans + [0.0], abs=5e-4)
    marks = [line for line in lines if line[0] != "P"]
    if scans == 1:
        assert marks == ["M0005", "*"]
    else:
        assert marks == ["M0005", "C0000", "-", "C0001", "-", "C0002", "-", "*"]


@pytest.mark.parametrize("model", MODELS)
def test_a_spectrum_is_the_analytic_one_within_the_instruments_accuracy(model):
    with host(RandlesCell(100.0, 1000.0, 1e-6), model) as instrument:
        lines = instrument.run(
            "var f\nvar r\nvar j\nset_pgstat_mode 3\nset_max_bandwidth 200k\nset_autoranging ba 1u 2m\nset_e 0\n"
            "cell_on\nmeas_loop_eis f r j 10m 100k 1 26 0\npck_start\npck_add f\npck_add r\npck_add j\npck_end\n"
            "endloop\non_finished:\ncell_off"
        )
    assert lines[0] == "M000D"
    frequency = np.array(column(lines, 0))
    assert frequency == pytest.approx(np.logspace(5, 0, 26), rel=1e-5)
    analytic = 100 + 1000 / (1 + 2j * np.pi * frequency * 1e-3)
    measured = np.array(column(lines, 1)) + 1j * np.array(column(lines, 2))
    assert np.abs(measured / analytic - 1).max() < 5e-3
    assert [value.vartype for value in packages(lines)[0]] == ["dc", "cc", "cd"]


@pytest.mark.parametrize("model", GALVANOSTATS)
def test_a_galvanostatic_spectrum(model):
    with host(Resistor(1000.0), model) as instrument:
        lines = instrument.run(
            "var f\nvar r\nvar j\nset_pgstat_mode 6\nset_i 0\ncell_on\nmeas_loop_geis f r j 10u 1k 10 5 0\n"
            "pck_start\npck_add r\npck_add j\npck_end\nendloop\non_finished:\ncell_off"
        )
    assert lines[0] == "M000E"
    assert column(lines, 0) == pytest.approx([1000.0] * 5, rel=0.01)


def test_a_cut_off_ends_the_loop_early():
    with host(RandlesCell(1e3, 1e4, 1e-3)) as instrument:
        lines = measure(
            instrument,
            "meas_loop_cp a b 10u 100m 100\nif a >= 60m\nbreakloop\nendif",
            mode=6,
            before=GALVANOSTAT,
        )
        assert not instrument.device.cell_is_on
    # 60 mV after 10 s · ln 2 = 6.93 s.
    assert len(packages(lines)) == pytest.approx(69, abs=2)
    assert lines[-1] == "*"
    assert column(lines, 0)[-1] < 0.06


def test_a_range_that_is_too_small_says_overload():
    with host(Resistor(1e3)) as instrument:
        fixed = measure(
            instrument, "meas_loop_ca a b 1 100m 500m", low="1u", high="1u", before="set_range ba 1u"
        )
        free = measure(instrument, "meas_loop_ca a b 1 100m 500m", low="100n", high="10m")
    assert {values[1].status for values in packages(fixed)} == {2}
    # It reads up to three times its nominal current, and no further.
    assert max(column(fixed, 1)) == pytest.approx(3e-6, rel=0.01)
    assert packages(free)[-1][1].status == 0
    # 1 mA: range 21 of the EmStat4 tables.
    assert packages(free)[-1][1].range_index == 21


def test_a_range_that_is_too_large_says_underload():
    with host(Resistor(1e6)) as instrument:
        lines = measure(instrument, "meas_loop_ca a b 1 100m 500m", low="100u", high="1m")
    assert {values[1].status for values in packages(lines)} == {4}


@pytest.mark.parametrize(("model", "largest_A"), [("emstat4-lr", 0.03), ("emstat4-hr", 0.2), ("nexus", 1.0)])
def test_no_instrument_delivers_more_than_its_largest_current(model, largest_A):
    with host(Resistor(0.5), model) as instrument:
        lines = measure(instrument, "meas_loop_ca a b 2 100m 500m", low="1u", high="1")
    assert max(column(lines, 1)) <= 1.05 * largest_A
    assert packages(lines)[-1][1].status & 2


def test_no_galvanostat_exceeds_its_compliance():
    with host(Resistor(1e8), "emstat4-lr") as instrument:
        lines = measure(instrument, "meas_loop_cp a b 10u 100m 500m", mode=6, before=GALVANOSTAT)
    # 10 µA through 100 MΩ would need 1 kV.
    assert max(column(lines, 0)) < 6


def test_a_capacitor_that_is_left_alone_keeps_its_charge():
    with host(RandlesCell(1e3, 1e12, 1e-4)) as instrument:
        measure(instrument, "meas_loop_ca a b 1 1 5", high="10m")
        instrument.device._clock.wait(100.0)
        lines = instrument.run(
            "var a\nset_pgstat_mode 2\nmeas_loop_ocp a 100m 500m\npck_start\npck_add a\npck_end\nendloop"
        )
    assert column(lines, 0) == pytest.approx([1.0] * 5, abs=2e-3)


def test_time_passes_as_the_script_says():
    with host(Resistor(1e3)) as instrument:
        begin_s = instrument.device._clock.now()
        measure(instrument, "meas_loop_lsv a b 0 1 10m 1m")
        assert instrument.device._clock.now() - begin_s == pytest.approx(1010, abs=1)


def test_not_a_number_is_what_an_impedance_beyond_the_range_reads():
    with host(Resistor(1e9), "emstat-pico") as instrument:
        lines = instrument.run(
            "var f\nvar r\nvar j\nset_pgstat_mode 3\nset_range ba 2m\nset_autoranging ba 2m 2m\ncell_on\n"
            "meas_loop_eis f r j 10m 1k 10 3 0\npck_start\npck_add r\npck_end\nendloop\non_finished:\ncell_off"
        )
    values = [values[0] for values in packages(lines)]
    assert all(math.isnan(value.number) or value.status for value in values)

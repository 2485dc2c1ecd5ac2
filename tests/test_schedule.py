"""Lists of steps with loops."""

import pytest

from faradaic.engine import run
from faradaic.protocols import Cell, ProtocolError, foreseen, load_protocol, preview
from faradaic.protocols.texts import parameter_texts
from faradaic.simulators import FullCell, Resistor, simulated

CELL = Cell(nominal_capacity="1 mAh")
CYCLE = """\
- {step: rest, duration: 10 min}
- step: repeat
  times: 2
  steps:
  - {step: current, current: C/10, until_above: 4.2 V}
  - {step: hold, potential: 4.2 V, until_current: C/20, duration: 1 h}
  - {step: current, current: -C/10, until_below: 0 V}
  - {step: hold, potential: 0 V, duration: 1 min}
"""


def schedule(method, **more):
    return load_protocol({"protocol": "Schedule", "method": method, **more})


def test_loops_are_run_as_often_as_they_say_and_cycles_are_counted():
    steps = foreseen(schedule(CYCLE), CELL)
    assert [step.role for step in steps] == [
        "rest",
        *["charge", "charge_hold", "discharge", "discharge_hold"] * 2,
    ]
    assert [step.cycle for step in steps] == [0, *[1] * 4, *[2] * 4]
    assert [getattr(step, "current_A", None) for step in steps[1:5]] == pytest.approx(
        [1e-4, None, -1e-4, None]
    )


def test_a_cycle_begins_when_the_cell_is_driven_as_it_was_at_first_again():
    discharge, charge = (
        {"step": "current", "current": f"{sign}1 mA", "duration": "1 h"} for sign in ("-", "")
    )
    rest = {"step": "rest", "duration": "1 h"}
    steps = foreseen(
        schedule([rest, discharge, rest, discharge, charge, rest, discharge, charge, charge]), CELL
    )
    assert [step.cycle for step in steps] == [0, 1, 1, 1, 1, 1, 2, 2, 2]


def test_a_cutoff_of_0_volt_is_a_cutoff():
    step = foreseen(schedule([{"step": "current", "current": "-1 mA", "until_below": 0}]), CELL)[0]
    assert step.until.potential_below_V == 0.0


def test_a_schedule_survives_its_own_file_and_its_own_form():
    made = schedule(CYCLE, limits={"potential_max": "4.3 V"}, record_potential_change="5 mV")
    assert load_protocol(made.to_dict()) == made
    assert schedule(parameter_texts(made)["method"]).method == made.method


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (
            [{"step": "current", "current": "0 A", "duration": "1 h"}],
            "method.0.current: a current of 0 is a rest",
        ),
        ([{"step": "current", "current": "1 A"}], "a current needs an end"),
        ([{"step": "hold", "potential": "1 V"}], "a hold needs an end"),
        ([{"step": "curent"}], "'curent'"),
        ([], "at least 1"),
        ("3 bananas", "method"),
        ("[[[[", "method"),
        ("&a [*a]", "aliases"),
        ([{"step": "repeat", "times": 0, "steps": [{"step": "rest", "duration": "1 s"}]}], "times"),
        ([{"step": "sweep", "start": "1 V", "stop": "1 V", "rate": "1 mV/s"}], "two potentials"),
        ([{"step": "spectrum", "frequency_max": "1 Hz", "frequency_min": "1 mHz"}], "one amplitude"),
        ([{"step": "rest", "duration": "nan s"}], "duration"),
    ],
)
def test_what_a_schedule_cannot_be_is_said_with_its_place(method, said):
    with pytest.raises(ProtocolError) as refusal:
        schedule(method)
    assert said in str(refusal.value)


def test_endless_nesting_is_refused():
    deep = {"step": "rest", "duration": "1 s"}
    for _ in range(3000):
        deep = {"step": "repeat", "times": 2, "steps": [deep]}
    with pytest.raises(ProtocolError):
        schedule([deep])


def test_a_schedule_is_previewed_with_sweeps_and_spectra():
    made = schedule(
        [
            {"step": "sweep", "start": "0 V", "stop": "1 V", "rate": "10 mV/s"},
            {
                "step": "spectrum",
                "amplitude": "10 mV",
                "frequency_max": "1 kHz",
                "frequency_min": "1 Hz",
            },
        ]
    )
    steps = preview(made, CELL).steps
    assert [step.kind for step in steps] == ["potential_sweep", "rest", "impedance"]


def test_a_schedule_runs_as_one_program_on_a_cycler_and_its_cycles_are_analysed(tmp_path):
    method = [
        {
            "step": "repeat",
            "times": 2,
            "steps": [
                {"step": "current", "current": "1C", "until_above": "3.8 V", "duration": "3 h"},
                {"step": "hold", "potential": "3.8 V", "until_current": "C/10", "duration": "1 h"},
                {"step": "current", "current": "-1C", "until_below": "2.5 V", "duration": "3 h"},
            ],
        }
    ]
    cell = FullCell(cathode="LFP", capacity_mAh=1.0)
    with (
        simulated("neware-bts", cell) as instrument,
        run(schedule(method), instrument.channels[0], cell=CELL, out=tmp_path / "r.h5") as measured,
    ):
        assert measured.state == "finished"
        assert [step.role for step in measured.steps] == ["charge", "charge_hold", "discharge"] * 2
        table = measured.results["cycles"].rows
        assert list(table["cycle"]) == [1, 2]
        assert 0.8 < table["discharge_capacity"][1] < 1.01
        assert table["coulombic_efficiency"][1] == pytest.approx(99.9, abs=0.5)


def test_a_schedule_runs_on_a_potentiostat(tmp_path):
    method = [
        {"step": "current", "current": "0.1 mA", "duration": "10 s"},
        {"step": "sweep", "start": "0 V", "stop": "0.5 V", "rate": "100 mV/s"},
        {"step": "spectrum", "amplitude": "10 mV", "frequency_max": "1 kHz", "frequency_min": "10 Hz"},
    ]
    with (
        simulated("emstat4-hr", Resistor(1000.0)) as instrument,
        run(schedule(method), instrument.channels[0], cell=CELL, out=tmp_path / "r.h5") as measured,
    ):
        assert measured.state == "finished"
        held = measured.samples[measured.steps[0].samples]
        assert held["voltage_volt"].mean() == pytest.approx(0.1, rel=0.01)
        assert measured.impedance["real_impedance_ohm"].mean() == pytest.approx(1000.0, rel=0.02)

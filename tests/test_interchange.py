"""Protocols to and from other programs' formats."""

import json
import math
from contextlib import suppress

import pytest
from aurora_unicycler import CyclingProtocol
from hypothesis import given
from hypothesis import strategies as st

from faradaic.protocols import (
    BUILT_IN,
    Cell,
    ConstantCurrent,
    CyclicVoltammetry,
    FloatingTest,
    GalvanostaticCycling,
    ImpedanceSpectrum,
    LinearSweep,
    OpenCircuit,
    Protocol,
    ProtocolError,
    RateTest,
    Repeat,
    Schedule,
    SelfDischarge,
    Sequence,
    Until,
    foreseen,
    load_protocol,
)
from faradaic.protocols.interchange import (
    Findings,
    as_schedule,
    read_protocol_file,
    read_pybamm,
    read_unicycler,
    to_unicycler,
)
from faradaic.protocols.interchange.loops import rolled
from faradaic.protocols.schedule import Loop, unrolled

CELL = Cell(name="LFP 3", nominal_capacity="2 mAh", area="1 cm²")
FILE = {"record": {"time_s": 10}, "method": [{"step": "open_circuit_voltage", "until_time_s": 60}]}


def unicycler(*method, **more):
    return {**FILE, "method": list(method), **more}


def schedule(*method, **more):
    return Schedule.model_validate({"method": method, **more})


def steps_of(description):
    return list(unrolled(read_unicycler(description).protocol.method))


# Anything that can be said in both


def decimals(low, high, places=3):
    return st.integers(round(low * 10**places), round(high * 10**places)).map(lambda n: n / 10**places)


def currents(low=0.001):
    return st.builds(
        lambda value, sign, unit: f"{sign * value!r} {unit}" if unit == "mA" else f"{sign * value!r}C",
        decimals(low, 1000),
        st.sampled_from([1, -1]),
        st.sampled_from(["mA", "C"]),
    )


times = decimals(0.1, 1e6, 1).map(lambda value: f"{value!r} s")
potentials = decimals(-5, 5).map(lambda value: f"{value!r} V")


maybe_times = times | st.none()


@st.composite
def current_steps(draw, durations=maybe_times):
    current, duration = draw(currents()), draw(durations)
    until = draw(potentials if duration is None else potentials | st.none())
    towards = "until_below" if current.startswith("-") else "until_above"
    return {"step": "current", "current": current, "duration": duration, towards: until}


@st.composite
def hold_steps(draw, durations=maybe_times):
    duration = draw(durations)
    until = draw(currents() if duration is None else currents() | st.none())
    until = None if until is None else until.removeprefix("-")
    return {"step": "hold", "potential": draw(potentials), "duration": duration, "until_current": until}


rest_steps = times.map(lambda duration: {"step": "rest", "duration": duration})
sweep_steps = st.builds(
    lambda start, length, rate: {
        "step": "sweep",
        "start": f"{start!r} V",
        "stop": f"{round(start + length, 3)!r} V",
        "rate": f"{rate!r} mV/s",
    },
    decimals(-2, 2),
    decimals(0.001, 3),
    decimals(0.001, 1000),
)
spectrum_steps = st.builds(
    lambda kind, peak, top, bottom, many: {
        "step": "spectrum",
        kind: f"{peak / math.sqrt(2.0)!r} {'V' if kind == 'amplitude' else 'A'}",
        "frequency_max": f"{top!r} Hz",
        "frequency_min": f"{bottom!r} Hz",
        "points_per_decade": many,
    },
    st.sampled_from(["amplitude", "current_amplitude"]),
    decimals(0.001, 0.5),
    decimals(10, 1e6),
    decimals(0.001, 9),
    st.integers(1, 100),
)


def methods(step, most=4):
    loops = st.recursive(
        step,
        lambda inner: st.builds(
            lambda count, steps: {"step": "repeat", "times": count, "steps": steps},
            st.integers(1, 3),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=6,
    )
    return st.lists(loops, min_size=1, max_size=most)


def nearly(step):
    """Return a step with what a root of two passes through rounded."""
    said = step.model_dump(mode="json")
    for name in ("amplitude", "current_amplitude"):
        if said.get(name):
            said[name] = round(getattr(step, name), 12)
    return said


@given(
    method=methods(current_steps() | hold_steps() | rest_steps | sweep_steps | spectrum_steps),
    every=decimals(0.1, 100),
    limits=st.fixed_dictionaries(
        {},
        optional={
            "potential_max": st.just("5.1 V"),
            "potential_min": st.just("-5.1 V"),
            "current_max": st.just("2000 mA"),
            "charge_max": st.just("7 mAh"),
        },
    ),
)
def test_what_unicycler_can_say_comes_back_from_it(method, every, limits):
    before = schedule(*method, sample_every=f"{every!r} s", limits=limits)
    written, _ = to_unicycler(before, CELL)
    text = json.dumps(written)
    # The package itself takes it, and does not change it.
    theirs = json.loads(CyclingProtocol.from_dict(json.loads(text)).to_json())
    for description in (json.loads(text), theirs):
        incoming = read_unicycler(description)
        assert incoming.notes == ()
        after = incoming.protocol
        assert [nearly(step) for step in unrolled(after.method)] == [
            nearly(step) for step in unrolled(before.method)
        ]
        assert (after.sample_every, after.limits) == (before.sample_every, before.limits)
        assert incoming.completed(Cell()).capacity_C("") == CELL.capacity_C("")
        assert incoming.completed(Cell()).name == CELL.name


@given(methods(current_steps(durations=times) | hold_steps(durations=times) | rest_steps, most=3))
def test_unicycler_takes_a_protocol_to_mean_to_pybamm_what_we_take_it_to_mean(method):
    before = schedule(*method)
    theirs = CyclingProtocol.from_dict(to_unicycler(before, CELL)[0]).to_pybamm_experiment()
    after = read_pybamm("\n".join(theirs))
    assert after.notes == ()
    ours, back = list(unrolled(before.method)), list(unrolled(after.protocol.method))
    assert len(ours) == len(back)
    for mine, other in zip(ours, back, strict=True):
        assert type(mine) is type(other)
        for name in ("duration", "until_above", "until_below", "potential"):
            one, two = getattr(mine, name, None), getattr(other, name, None)
            # 0 V is 1 µV on the way.
            assert (one is None and two is None) or one == pytest.approx(two, rel=1e-12, abs=1.1e-6)
        for name in ("current", "until_current"):
            one, two = getattr(mine, name, None), getattr(other, name, None)
            assert (one is None) == (two is None)
            if one is not None:
                assert (one.basis, one.value) == (two.basis, pytest.approx(two.value, rel=1e-12))


# Traps of unicycler

DISCHARGE = {"step": "constant_current", "current_mA": -1, "until_voltage_V": 0}


def test_a_cutoff_of_0_volt_survives_in_both_directions_and_in_the_packages_own_exports():
    (alone,) = steps_of(unicycler(DISCHARGE))
    assert (alone.until_below, alone.duration) == (0.0, None)
    (timed,) = steps_of(unicycler({**DISCHARGE, "until_time_s": 3600}))
    assert (timed.until_below, timed.duration) == (0.0, 3600.0)
    for step in (alone, timed):
        written, notes = to_unicycler(schedule(step), CELL)
        assert any("0 V" in note and "method.0" in note for note in notes)
        assert steps_of(written) == [step]
        theirs = CyclingProtocol.from_dict(written)
        assert "until 1e-06 V" in theirs.to_pybamm_experiment()[0]
        assert 'Stop_Volt Value="0.01' in theirs.to_neware_xml()
        assert theirs.to_biologic_mps() != CyclingProtocol.from_dict(
            unicycler({**DISCHARGE, "until_voltage_V": None, "until_time_s": 3600})
        ).to_biologic_mps(sample_name="LFP 3", capacity_mAh=2.0)


@pytest.mark.parametrize(
    ("given_rate", "rate"), [(0.2, 0.2), ("1/5", 0.2), ("C/5", 0.2), ("D/2", -0.5), ("0.2", 0.2), (-1, -1.0)]
)
def test_rates_are_read_as_the_package_reads_them(given_rate, rate):
    described = unicycler({"step": "constant_current", "rate_C": given_rate, "until_time_s": 1})
    assert steps_of(described)[0].current.value == rate
    assert CyclingProtocol.from_dict(described).method[0].rate_C == rate


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            {"step": "constant_current", "current_mA": 0, "until_time_s": 1},
            "step 1 (constant_current): it needs a",
        ),
        (
            {"step": "constant_current", "current_mA": "nan", "until_time_s": 1},
            "step 1 (constant_current), current",
        ),
        ({"step": "constant_current", "current_mA": math.inf, "until_time_s": 1}, "current_mA"),
        ({"step": "constant_current", "rate_C": "2C", "until_time_s": 1}, "'2C' is not a rate"),
        ({"step": "constant_current", "rate_C": "C", "until_time_s": 1}, "'C' is not a rate"),
        ({"step": "constant_current", "rate_C": "1/0", "until_time_s": 1}, "'1/0' is not a rate"),
        ({"step": "constant_current", "rate_C": "/5", "until_time_s": 1}, "rate_C"),
        ({"step": "constant_current", "current_mA": 1}, "it needs an end"),
        ({"step": "constant_current", "current_mA": 1, "until_time_s": 0}, "it needs an end"),
        ({"step": "constant_current", "current_mA": 1, "until_voltage_V": 1000}, "until_above"),
        ({"step": "constant_voltage", "voltage_V": 4}, "it needs an end"),
        ({"step": "constant_voltage", "voltage_V": 4, "until_current_mA": 0}, "it needs an end"),
        ({"step": "constant_voltage", "voltage_V": "", "until_time_s": 1}, "voltage_V"),
        ({"step": "open_circuit_voltage", "until_time_s": 0}, "until_time_s"),
        ({"step": "open_circuit_voltage", "until_time_s": ""}, "until_time_s"),
        ({"step": "drive_cycle"}, "drive_cycle"),
        ({"step": "loop", "loop_to": 1, "cycle_count": 2}, "does not come before"),
        ({"step": "loop", "loop_to": "x", "cycle_count": 2}, "no tag 'x'"),
        (
            {"step": "voltage_scan", "start_voltage_V": 1, "end_voltage_V": 1, "scan_rate_mV_per_s": 1},
            "two pot",
        ),
        (
            {
                "step": "impedance_spectroscopy",
                "amplitude_V": 0.01,
                "amplitude_mA": 1,
                "start_frequency_Hz": 10,
                "end_frequency_Hz": 1,
            },
            "both amplitude_V and amplitude_mA",
        ),
        (
            {"step": "impedance_spectroscopy", "start_frequency_Hz": 10, "end_frequency_Hz": 1},
            "one amplitude",
        ),
    ],
)
def test_what_a_unicycler_step_cannot_be_is_said_with_its_place(step, said):
    with pytest.raises(ProtocolError) as refusal:
        read_unicycler(unicycler(step))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "wrong", [None, 3, [], "x", {}, {"method": []}, {"record": {"time_s": 0}, **FILE, "x": 1}]
)
def test_what_is_no_unicycler_protocol_is_refused(wrong):
    with pytest.raises(ProtocolError):
        read_unicycler(wrong)


def test_loops_count_in_all_and_may_go_back_to_steps_and_tags():
    rest = {"step": "open_circuit_voltage", "until_time_s": 1}
    other = {"step": "open_circuit_voltage", "until_time_s": 2}
    by_tag = unicycler({"step": "tag", "tag": "a"}, rest, {"step": "loop", "loop_to": "a", "cycle_count": 3})
    assert [step.duration for step in steps_of(by_tag)] == [1, 1, 1]
    # Tags count where steps are numbered, and loops lie in loops.
    nested = unicycler(
        {"step": "tag", "tag": "a"},
        rest,
        {"step": "loop", "loop_to": 2, "cycle_count": 2},
        other,
        {"step": "loop", "loop_to": 1, "cycle_count": 2},
    )
    assert [step.duration for step in steps_of(nested)] == [1, 1, 2, 1, 1, 2]
    again = unicycler(
        {"step": "tag", "tag": "a"},
        rest,
        {"step": "loop", "loop_to": "a", "cycle_count": 2},
        {"step": "loop", "loop_to": "a", "cycle_count": 3},
    )
    assert len(steps_of(again)) == 6
    assert len(CyclingProtocol.from_dict(again).to_pybamm_experiment()) == 6
    crossing = unicycler(
        rest,
        other,
        {"step": "loop", "loop_to": 1, "cycle_count": 2},
        rest,
        {"step": "loop", "loop_to": 2, "cycle_count": 2},
    )
    with pytest.raises(ProtocolError, match=r"step 5 \(loop\): it goes back into another loop"):
        read_unicycler(crossing)


def test_what_only_concerns_how_is_measured_is_noted_with_its_place():
    incoming = read_unicycler(
        unicycler(
            {"step": "constant_current", "rate_C": 1, "current_mA": 5, "until_time_s": 1},
            {
                "step": "impedance_spectroscopy",
                "amplitude_V": 0.01,
                "start_frequency_Hz": 1,
                "end_frequency_Hz": 1000,
                "measures_per_point": 3,
                "drift_correction": True,
            },
            safety={"max_current_mA": 5, "min_current_mA": -2, "delay_s": 3},
        )
    )
    told = " ".join(incoming.notes)
    for part in (
        "step 1 (constant_current): rate_C counts",
        "step 2",
        "once, not 3",
        "drift",
        "2 mA",
        "delay_s of 3 s",
    ):
        assert part in told
    assert incoming.protocol.limits.current_max.amperes(Cell()) == 2e-3
    spectrum = incoming.protocol.method[1]
    assert (spectrum.frequency_max, spectrum.frequency_min) == (1000.0, 1.0)
    # 10 mV to the peak is 7.07 mV root mean square.
    assert spectrum.amplitude == pytest.approx(0.00707107, rel=1e-5)


def test_the_cell_of_a_file_stands_behind_the_cell_that_is_given():
    incoming = read_unicycler({**FILE, "sample": {"name": "theirs", "capacity_mAh": 5}})
    assert incoming.completed(Cell()).nominal_capacity == pytest.approx(18.0)
    ours = Cell(name="ours", active_mass="10 mg", specific_capacity="150 mAh/g")
    assert incoming.completed(ours).capacity_C("") == pytest.approx(5.4)
    assert incoming.completed(ours).name == "ours"


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (GalvanostaticCycling(stop_below=0.8), "GalvanostaticCycling: what comes after step"),
        (FloatingTest(), "depends on what is measured"),
        (LinearSweep(), "depends on what is measured"),
        (
            Sequence(OpenCircuit(), OpenCircuit(stop_below="1 mV/h")),
            "protocols.1, step 1 (Open circuit): to end when",
        ),
        (
            Sequence(OpenCircuit(limits={"potential_max": "4 V"})),
            "protocols.0, step 1 (Open circuit): has limits",
        ),
        (Repeat(ImpedanceSpectrum(), 2), "body.frequency_max"),
        (ImpedanceSpectrum(bias="3 V", frequency_max="1 kHz"), "a spectrum around 3 V"),
        (
            CyclicVoltammetry(vertex_1="1 V", vertex_2="0 V", begin="0 V", current_limit="1 mA"),
            "current has risen",
        ),
        (
            OpenCircuit(limits={"temperature_max": "60 °C"}),
            "limits.temperature_max: a limit of a temperature",
        ),
        (
            schedule({"step": "current", "current": "1 mA", "until_below": "1 V"}),
            "method.0 (current): a current that",
        ),
        (
            schedule(
                {"step": "spectrum", "amplitude": "1 mV", "frequency_max": "1e8 Hz", "frequency_min": "1 Hz"}
            ),
            "frequency_max",
        ),
    ],
)
def test_what_unicycler_cannot_say_is_named_with_its_place(protocol, said):
    with pytest.raises(ProtocolError) as refusal:
        to_unicycler(protocol, CELL)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "protocol",
    [
        GalvanostaticCycling(hold_until="C/20", cycles=7),
        RateTest(),
        OpenCircuit(),
        SelfDischarge(),
        CyclicVoltammetry(vertex_1="1 V", vertex_2="-1 V", begin="0 V"),
        Sequence(OpenCircuit(duration="1 min"), Repeat(GalvanostaticCycling(cycles=2), 3)),
    ],
)
def test_any_protocol_that_can_be_foreseen_does_the_same_as_a_schedule(protocol):
    def done(made):
        found = []
        for step in foreseen(made, CELL):
            if step.kind == "potential_sweep":
                path = step.path_V * 1
                legs = [(a, b, step.rate_V_per_s) for a, b in zip(path, path[1:], strict=False)]
                found += legs * step.scans
            else:
                found.append(
                    (
                        step.kind,
                        getattr(step, "current_A", None),
                        getattr(step, "potential_V", None),
                        step.until,
                    )
                )
        return found

    before = done(protocol)
    made = as_schedule(protocol, CELL, Findings())
    assert len(made.method) < 25
    after = done(made)
    assert len(after) == len(before)
    for mine, other in zip(before, after, strict=True):
        if len(mine) == 3:
            assert mine == pytest.approx(other)
        else:
            assert mine[:3] == other[:3]
            ends = ("duration_s", "potential_above_V", "potential_below_V", "current_below_A")
            assert [getattr(mine[3], name) for name in ends] == [getattr(other[3], name) for name in ends]


class Plate(Protocol):
    """A protocol of a user."""

    longest_s: float | None = None

    def steps(self, cell):
        until = Until(charge_C=3.6, duration_s=self.longest_s, potential_below_V=-0.1)
        yield ConstantCurrent(current_A=-1e-3, until=until)


@pytest.mark.parametrize(("longest_s", "lasts_s"), [(None, 3600.0), (7200.0, 3600.0), (60.0, 60.0)])
def test_a_charge_at_a_constant_current_is_a_time(longest_s, lasts_s):
    (step,) = as_schedule(Plate(longest_s=longest_s), CELL, Findings()).method
    assert (step.duration, step.until_below) == (pytest.approx(lasts_s), -0.1)


def test_every_protocol_is_converted_or_refused():
    needed = {
        "CyclicVoltammetry": {"vertex_1": "1 V", "vertex_2": "-1 V"},
        "Sequence": {"protocols": [{"protocol": "OpenCircuit"}]},
        "Repeat": {"body": {"protocol": "OpenCircuit"}, "times": 3},
    }
    converted = []
    for kind in BUILT_IN:
        protocol = kind.model_validate(needed.get(kind.__name__, {}))
        try:
            written, _ = to_unicycler(protocol, CELL)
        except ProtocolError:
            continue
        CyclingProtocol.from_dict(written)
        converted.append(kind.__name__)
    assert {"OpenCircuit", "GalvanostaticCycling", "RateTest", "Schedule", "Sequence", "Repeat"} <= set(
        converted
    )


# Loops


@given(st.lists(st.integers(1, 4), max_size=60))
def test_what_is_written_with_loops_is_what_it_was(numbers):
    steps = [schedule({"step": "rest", "duration": f"{n} s"}).method[0] for n in numbers]
    assert list(unrolled(rolled(steps))) == steps


def test_repetitions_in_repetitions_are_found():
    one, two, three = (schedule({"step": "rest", "duration": f"{n} s"}).method[0] for n in (1, 2, 3))
    found = rolled(([one, two] * 5 + [three]) * 400)
    assert found == (Loop(times=400, steps=(Loop(times=5, steps=(one, two)), three)),)


# PyBaMM


def pybamm_steps(text):
    return list(unrolled(read_pybamm(text).protocol.method))


def test_a_charge_is_positive_and_a_discharge_negative():
    charge, discharge = pybamm_steps(
        "Charge at C/10 for 12 hours or until 4.1 V\nDischarge at 50mA for 1 h or until 0V"
    )
    assert (charge.current.value, charge.current.basis, charge.duration) == (0.1, "C", 43200.0)
    assert (charge.until_above, charge.until_below) == (4.1, None)
    assert (discharge.current.value, discharge.current.basis) == (-0.05, "A")
    assert (discharge.until_above, discharge.until_below) == (None, 0.0)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Charge at C/10 until 4.1 V", 20.0),
        ("Discharge at 2C until 3 V", 1.0),
        ("Charge at 1 A until 4.1 V", 24.0),
        ("Hold at 4.1 V until C/50", 24.0),
    ],
)
def test_the_time_that_pybamm_would_take_is_written_out_and_told(text, hours):
    incoming = read_pybamm(f"# a comment\n{text}")
    assert incoming.protocol.method[0].duration == pytest.approx(hours * 3600)
    assert incoming.notes == (
        f"line 2: no time is given, so that PyBaMM's own longest time of {hours:g} h holds.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "[('Charge at 1C for 1 hour', 'Rest for 1 minute')] * 3",
        "pybamm.Experiment([('Charge at 1C for 1 hour', 'Rest for 1 minute')] * 3)",
        "Experiment(\n  operating_conditions=3 * [\n# twice?\n'Charge at 1C for 1 hour',\n 'Rest for 60 s'])",
        "Charge at 1C for 1 hour\nRest for 1 minute\n" * 3,
        "'Charge at 1C for 1 hour',\n'Rest for 1 minute',\n" * 3,
    ],
)
def test_lists_and_lines_say_the_same(text):
    assert len(pybamm_steps(text)) == 6
    assert read_pybamm(text).protocol == schedule(
        {
            "step": "repeat",
            "times": 3,
            "steps": [
                {"step": "current", "current": "1C", "duration": "3600 s"},
                {"step": "rest", "duration": "60 s"},
            ],
        }
    )


def test_lists_may_be_added():
    text = "['Charge at 1C for 1 hour', 'Rest for 1 s'] + [('Charge at 1 C for 60 minutes', 'Rest for 1 sec')] * 2"
    assert pybamm_steps(text) == pybamm_steps("Charge at 1C for 1 h\nRest for 1 s\n" * 3)


def test_periods_say_how_often_samples_are_kept():
    assert read_pybamm("Rest for 1 hour (30 second period)").protocol.sample_every == 30.0
    assert read_pybamm("Experiment(['Rest for 1 hour'], period='2 minutes')").protocol.sample_every == 120.0
    both = read_pybamm("Rest for 1 hour (30 second period)\nRest for 2 hours (10 second period)")
    assert both.protocol.sample_every == 10.0
    assert "10 s" in both.notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no step"),
        ("# only a comment", "There is no step"),
        ("Rest for 1 h\nDance for 1 h", "line 2: 'Dance for 1 h' is not a step"),
        ("Rest for 1 h\n\nCharge at 1 W for 1 h", "line 3: 'Charge at 1 W for 1 h': a constant power"),
        ("Discharge at 4 Ohm for 1 h", "constant resistance"),
        ("Charge at -1 A for 1 h", "write 'Discharge'"),
        ("Charge at nan A for 1 h", "is not a value"),
        ("Charge at 1e999 A for 1 h", "too large"),
        ("Charge at C/0 for 1 h", "divides by zero"),
        ("Charge at 1 A", "needs an end"),
        ("Charge at 1 A until 4.1 V or for 3 hours", "is not a"),
        ("Charge at 1 A for 3 fortnights", "is not a time"),
        ("Charge at 1 A for 0 h", "not a time above 0"),
        ("Charge at 1 A until 50 mA", "a constant current ends at a potential"),
        ("Charge at 0 A until 4 V", "a current of 0 never ends"),
        ("Hold at 4.1 V until 4 V", "a hold ends at a current"),
        ("Hold at 1 A for 1 h", "only a potential is held"),
        ("Hold at 4.1 V until 0 A", "above 0"),
        ("Rest until 3 V", "a rest ends after a time"),
        ("Experiment(['Rest for 1 h'], temperature='45oC')", "temperature='45oC'"),
        ("Experiment(['Rest for 1 h'], termination='80% capacity')", "termination"),
        ("['Rest for 1 h'] * n", "'n' is not how often"),
        ("['Rest for 1 h'] * 10**9", "is not how often"),
        ("[__import__('os').system('true')]", "is not a step"),
        ("['Rest for 1 h'", "neither steps nor a list"),
        ("[" * 5000, "line 1"),
    ],
)
def test_what_a_pybamm_step_cannot_be_is_said_with_its_line(text, said):
    with pytest.raises(ProtocolError) as refusal:
        read_pybamm(text)
    assert said in str(refusal.value)


@given(
    st.text(max_size=60)
    | st.from_regex(r"(Charge|Hold|Rest)( at [0-9.]+ ?[mACV]+)?( for .{0,9})?( until .{0,9})?")
)
def test_any_text_is_read_or_refused(text):
    with suppress(ProtocolError):
        assert read_pybamm(text).protocol.method


# Files


def test_a_file_is_read_by_what_it_is(tmp_path):
    def read(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_protocol_file(tmp_path / name).protocol

    rest = schedule({"step": "rest", "duration": "60 s"})
    assert read("a.json", json.dumps(FILE)) == rest
    assert read("b.txt", "Rest for 1 minute") == rest
    assert read("c.YAML", "protocol: Schedule\nmethod:\n- {step: rest, duration: 1 min}") == rest
    assert read("d.json", json.dumps(rest.to_dict())) == rest
    assert read("e.json", "\ufeff" + json.dumps(FILE)) == rest


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"{", "not a JSON file"),
        ("a.json", b"[" * 100_000, "not a JSON file"),
        ("a.json", b"1" * 5000, "not a JSON file"),
        ("a.json", b"\xff\xfe", "not a text file in UTF-8"),
        ("a.json", b'{"protocol": "Nonsense"}', "there is no protocol"),
        ("a.json", b"[1]", "a.json"),
        ("a.txt", b"Dance", "line 1"),
        ("a.txt", b"\n" * 2_000_000, "larger than 1 MB"),
        ("a.xlsx", b"PK", "those end in .yaml"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProtocolError) as refusal:
        read_protocol_file(tmp_path / name)
    assert said in str(refusal.value)
    assert str(tmp_path / name) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_protocol_from_elsewhere_survives_our_own_file():
    made = read_pybamm("[('Charge at C/3 for 4 h or until 4.2 V', 'Rest for 1 h')] * 10").protocol
    assert load_protocol(json.loads(json.dumps(made.to_dict()))) == made

import json
import math

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError, create_model

from faradaic.protocols import (
    BUILT_IN,
    Cell,
    ConstantCurrent,
    ConstantPotential,
    Current,
    CyclicVoltammetry,
    Impedance,
    ImpedanceSpectrum,
    Limits,
    LinearSweep,
    MissingMetadataError,
    OpenCircuit,
    PotentialSweep,
    Protocol,
    ProtocolError,
    Repeat,
    Rest,
    SafetyLimits,
    Sequence,
    Step,
    StepResult,
    Until,
    load_protocol,
    preview,
)
from faradaic.protocols.field_docs import field_docs

CELL = Cell(name="IGE-2", area="2 cm²", nominal_capacity="3 mAh")


def steps_of(protocol, cell=CELL):
    return list(preview(protocol, cell).steps)


def test_parameters_take_quantities_and_hold_si():
    sweep = LinearSweep(start="2.5 V", stop="6000 mV", rate="0.1 mV/s", current_limit="1 mA/cm²")
    assert (sweep.start, sweep.stop, sweep.rate) == (2.5, 6.0, 1e-4)
    assert sweep.current_limit.amperes(CELL) == 2e-3


def test_parameters_take_pint_quantities():
    units = pint.UnitRegistry()
    assert LinearSweep(rate=0.1 * units.mV / units.s).rate == pytest.approx(1e-4)


def test_defaults_are_those_of_the_field():
    sweep = LinearSweep()
    assert (sweep.start, sweep.stop, sweep.rate, sweep.sample_every) == ("OCV", 6.0, 1e-4, 1e-3)
    assert sweep.onset_threshold == pytest.approx(0.1)  # 10 µA/cm²
    assert CyclicVoltammetry(vertex_1="1 V", vertex_2="0 V").cycles == 3
    assert ImpedanceSpectrum().frequency_max is None
    assert OpenCircuit().duration == 3600


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({"protocol": "LinearSwep"}, "did you mean LinearSweep"),
        ({"protocol": "LinearSweep", "ratee": "1 mV/s"}, "did you mean rate"),
        ({"protocol": "LinearSweep", "rate": "-1 mV/s"}, "rate: -1 mV/s is not allowed; it must be above 0"),
        ({"protocol": "LinearSweep", "rate": "0 mV/s"}, "rate: .* must be above 0"),
        ({"protocol": "LinearSweep", "rate": math.nan}, "rate: nan is not allowed"),
        ({"protocol": "LinearSweep", "rate": 0.1}, "rate: 0.1 has no unit"),
        ({"protocol": "LinearSweep", "rate": "0.1 V"}, "rate: 'V' is not a unit of this quantity"),
        ({"protocol": "LinearSweep", "stop": "1e6 V"}, "stop: .* at most 100 V"),
        ({"protocol": "LinearSweep", "stop": None}, "stop: None is not a quantity"),
        ({"protocol": "LinearSweep", "start": "6 V"}, "two different potentials"),
        ({"protocol": "LinearSweep", "current_limit": "-1 mA"}, "current_limit: -1 mA is not allowed"),
        ({"protocol": "LinearSweep", "current_limit": "C/0"}, "current_limit: .* divides by zero"),
        (
            {"protocol": "LinearSweep", "limits": {"potential_max": "5"}},
            "limits.potential_max: '5' has no unit",
        ),
        ({"protocol": "CyclicVoltammetry", "vertex_1": "1 V"}, "vertex_2 is needed"),
        ({"protocol": "CyclicVoltammetry", "vertex_1": "1 V", "vertex_2": "0 V", "cycles": 0}, "cycles: 0"),
        ({"protocol": "CyclicVoltammetry", "vertex_1": "1 V", "vertex_2": "1 V"}, "must differ"),
        ({"protocol": "CyclicVoltammetry", "vertex_1": "1 V", "vertex_2": "0 V", "rates": []}, "rates"),
        ({"protocol": "ImpedanceSpectrum", "control": "magic"}, "control: 'magic'"),
        ({"protocol": "ImpedanceSpectrum", "frequency_max": "1 mHz"}, "above frequency_min"),
        ({"protocol": "ImpedanceSpectrum", "control": "galvanostatic"}, "current_amplitude is needed"),
        ({"protocol": "Sequence", "protocols": []}, "protocols"),
        (
            {"protocol": "Sequence", "protocols": [{"protocol": "LinearSweep", "rate": "0"}]},
            "protocols.0: rate",
        ),
        ({"protocol": "Repeat", "body": {"protocol": "OpenCircuit"}, "times": 0}, "times: 0"),
        ({"protocol": 5}, "described by its name"),
        ("LinearSweep", "described by its name"),
    ],
)
def test_what_is_not_allowed_is_refused_in_a_sentence_that_names_it(description, says):
    with pytest.raises(ProtocolError, match=says) as refusal:
        load_protocol(description)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "protocol",
    [
        OpenCircuit(stop_below="1 mV/h"),
        LinearSweep(rate=f"{1e-4 / 3!r} V/s"),
        CyclicVoltammetry(vertex_1="4.5 V", vertex_2="2.5 V", rates="0.1, 0.2, 0.5 mV/s"),
        ImpedanceSpectrum(control="galvanostatic", current_amplitude="10 µA/cm²"),
        Sequence(
            OpenCircuit(), Repeat(LinearSweep(current_limit="C/3"), 2), limits={"potential_max": "6.1 V"}
        ),
    ],
)
def test_a_protocol_survives_json(protocol):
    assert load_protocol(json.loads(json.dumps(protocol.to_dict()))) == protocol


def test_lists_of_quantities_may_share_a_unit():
    rates = CyclicVoltammetry(vertex_1="1 V", vertex_2="0 V", rates="20, 50, 100 mV/s").rates
    assert rates == (0.02, 0.05, 0.1)


def test_every_parameter_of_every_protocol_is_documented():
    for protocol in BUILT_IN:
        assert protocol.purpose()
        assert field_docs(protocol).keys() == protocol.model_fields.keys()


def test_what_is_said_of_a_field_is_its_description_its_docstring_or_that_of_a_parent():
    class Warmer(LinearSweep):
        soak: float = Field(default=1.0, description="How long it is kept warm.")
        turns: int = 1
        """How often
        it is turned."""
        quiet: int = 0

    said = field_docs(Warmer)
    assert said["soak"] == "How long it is kept warm."
    assert said["turns"] == "How often\nit is turned."
    assert said["rate"] == field_docs(LinearSweep)["rate"]
    assert "quiet" not in said
    described = Warmer.model_json_schema()["properties"]
    assert {name: described[name].get("description") for name in said} == said


def test_nothing_is_said_of_a_class_without_a_source():
    assert field_docs(create_model("Made", level=(int, 1))) == {}


def test_a_current_is_resolved_with_the_cell():
    assert Current.read("0.05 mA/cm²").amperes(CELL) == pytest.approx(1e-4)
    assert Current.read("C/10").amperes(CELL) == pytest.approx(3e-4)
    assert Current.read("-0.5C").amperes(CELL) == pytest.approx(-1.5e-3)
    assert Current.read("2 mA").amperes(Cell()) == 2e-3
    by_mass = Cell(active_mass="10 mg", specific_capacity="150 mAh/g")
    assert Current.read("1C").amperes(by_mass) == pytest.approx(1.5e-3)


@pytest.mark.parametrize(
    ("value", "basis", "says"),
    [
        (1.0, "µA", "not 'µA'"),
        (1.0, "mA/cm²", "not 'mA/cm²'"),
        (math.nan, "A", "finite"),
        (math.inf, "C", "finite"),
    ],
)
def test_a_current_that_could_not_be_written_down_is_refused_where_it_is_made(value, basis, says):
    with pytest.raises(ValueError, match=says):
        Current(value, basis)


@pytest.mark.parametrize(("current", "missing"), [("1 mA/cm²", "area"), ("C/10", "nominal capacity")])
def test_what_the_cell_lacks_is_named(current, missing):
    with pytest.raises(
        MissingMetadataError, match=f"{current} needs the cell's {missing}".replace("C/10", "0.1C")
    ):
        Current.read(current).amperes(Cell())


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201])
def test_cell_names_are_printable(name):
    with pytest.raises(ValidationError):
        Cell(name=name)


def test_cell_names_may_be_unicode():
    assert Cell(name="IGE‑2 – 电解质 №7 ✓").name == "IGE‑2 – 电解质 №7 ✓"


def test_zero_is_a_value_like_any_other():
    assert ConstantCurrent(current_A=0.0, until=Until(potential_below_V=0.0)).until.potential_below_V == 0.0
    assert not Until(potential_below_V=0.0).is_empty()
    assert Limits(potential_min_V=0.0).tightest(Limits(potential_min_V=-1.0)).potential_min_V == 0.0
    assert LinearSweep(start="0 V", stop="1 V").start == 0.0


def test_a_held_step_needs_an_end():
    for step in (Rest, lambda **fields: ConstantPotential(potential_V=1, **fields)):
        with pytest.raises(ValidationError, match="at least one end condition"):
            step(until=Until())


def test_the_tightest_limits_win():
    ours = Limits(potential_max_V=5.0, potential_min_V=0.0, current_max_A=1.0)
    theirs = Limits(potential_max_V=4.5, potential_min_V=-1.0, temperature_max_degC=60.0)
    assert ours.tightest(theirs) == Limits(
        potential_max_V=4.5, potential_min_V=0.0, current_max_A=1.0, temperature_max_degC=60.0
    )


def test_limits_reach_every_step_of_a_sequence():
    protocol = Sequence(
        LinearSweep(start="3 V", limits={"current_max": "1 mA/cm²"}),
        limits=SafetyLimits(potential_max="6.5 V"),
    )
    (step,) = steps_of(protocol)
    assert step.limits == Limits(potential_max_V=6.5, current_max_A=2e-3)


@given(st.builds(Until, duration_s=st.floats(1e-3, 1e9), potential_above_V=st.none() | st.floats(-10, 10)))
def test_steps_survive_json(until):
    step = ConstantPotential(potential_V=0.0, until=until, role="hold")
    adapter = TypeAdapter(Step)
    assert adapter.validate_json(adapter.dump_json(step)) == step


def drive(protocol, *, ocv_V):
    """Run a protocol's generator; every rest ends at `ocv_V`."""
    program, steps, result = protocol.program(CELL), [], None
    while True:
        try:
            step = next(program) if result is None else program.send(result)
        except StopIteration:
            return steps
        steps.append(step)
        result = StepResult(end_reason="completed", duration_s=1.0, potential_last_V=ocv_V)


def test_a_sweep_starts_where_the_cell_rests():
    rest, sweep = drive(LinearSweep(stop="6 V"), ocv_V=3.21)
    assert (rest.kind, rest.role) == ("rest", "ocv")
    assert sweep.path_V == (3.21, 6.0)
    assert sweep.role == "sweep"


def test_a_sweep_from_the_stop_potential_is_refused():
    with pytest.raises(ProtocolError, match="choose another stop"):
        drive(LinearSweep(stop="3.2 V"), ocv_V=3.2)


def test_a_voltammogram_that_begins_at_a_vertex_has_no_leg_there():
    _, sweep = drive(CyclicVoltammetry(vertex_1="3 V", vertex_2="1 V", rates="1 mV/s"), ocv_V=3.0)
    assert sweep.path_V == (3.0, 1.0, 3.0)
    (sweep,) = drive(CyclicVoltammetry(begin="1 V", vertex_1="3 V", vertex_2="1 V", rates="1 mV/s"), ocv_V=0)
    assert sweep.path_V == (1.0, 3.0, 1.0)


def test_cycles_are_counted_on_through_sequences_and_repeats():
    cv = CyclicVoltammetry(begin="1 V", vertex_1="3 V", vertex_2="0 V", rates="1, 2 mV/s", cycles=2)
    steps = steps_of(Sequence(OpenCircuit(), Repeat(cv, 2), OpenCircuit()))
    assert [(step.part, step.cycle) for step in steps] == [
        ("0", 0), ("1.0", 1), ("1.0", 3), ("1.1", 5), ("1.1", 7), ("2", 8),
    ]  # fmt: skip
    assert [step.cycle for step in steps_of(Repeat(OpenCircuit(), 3))] == [1, 2, 3]


def test_preview_shows_the_waveform_and_the_time_it_takes():
    shown = preview(
        CyclicVoltammetry(begin="3 V", vertex_1="4 V", vertex_2="2 V", rates="1 mV/s", cycles=2), CELL
    )
    assert shown.duration_s == pytest.approx(2 * 4000)
    assert list(zip(shown.time_s, shown.potential_V, strict=True))[:4] == [
        (0.0, 3.0), (1000.0, 4.0), (3000.0, 2.0), (4000.0, 3.0),
    ]  # fmt: skip


def test_a_protocol_that_never_ends_is_refused(monkeypatch):
    class Endless(Protocol):
        """Never ends."""

        def steps(self, cell):
            while True:
                yield Rest(until=Until(duration_s=1))

    monkeypatch.setattr("faradaic.protocols.waveform.MAX_STEPS", 100)
    with pytest.raises(ProtocolError, match="does it ever end"):
        preview(Endless(), CELL)


def test_spectrum_frequencies_are_spaced_evenly_in_their_logarithm():
    frequencies = Impedance(amplitude_V=0.01, bias_V=0.0, frequency_min_Hz=0.1).frequencies_Hz(1e5)
    assert len(frequencies) == 61
    assert frequencies[0] == 1e5
    assert frequencies[-1] == pytest.approx(0.1)
    assert frequencies[0] / frequencies[1] == pytest.approx(10**0.1)


def test_a_sweep_that_repeats_must_close():
    with pytest.raises(ValidationError, match="end at the potential where it begins"):
        PotentialSweep(path_V=(0, 1, 0.5), rate_V_per_s=1, scans=2)

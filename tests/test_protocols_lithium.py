"""Floating test, critical current, polarization and symmetric cycling: what they do, and when they stop."""

import pytest

from faradaic.protocols import (
    Cell,
    CoulombicEfficiency,
    CriticalCurrentDensity,
    FloatingTest,
    PotentiostaticPolarization,
    StepResult,
    SymmetricCycling,
    TafelPlot,
    load_protocol,
    preview,
)

import driving

CELL = Cell(name="c", area="2 cm²")


def drive(protocol, answer):
    return driving.drive(protocol, answer, CELL)


def ohmic(ohm, **changes):
    """Return an answer of a cell that is a resistance, with some half-cycles answered otherwise."""

    def answer(step, index):
        if step.kind != "constant_current":
            return StepResult(end_reason="duration_s", duration_s=10.0, potential_last_V=0.0)
        volt = ohm * step.current_A
        values = {
            "end_reason": "duration_s",
            "duration_s": step.until.duration_s,
            "potential_min_V": volt,
            "potential_max_V": volt,
            "potential_last_V": volt,
            **changes.get(f"step_{index}", {}),
        }
        return StepResult(**values)

    return answer


def held(leakage_A):
    def answer(step, index):
        current = leakage_A(step.potential_V)
        return StepResult(
            end_reason="duration_s",
            duration_s=step.until.duration_s,
            current_last_A=current,
            tail=((1.0, step.potential_V, current),),
        )

    return answer


def test_a_floating_test_goes_on_for_one_hold_after_the_threshold():
    # 5 µA/cm² on 2 cm² is 10 µA: reached at 4.3 V.
    protocol = FloatingTest(start="4 V", stop="5 V", step="0.1 V", hold="1 h")
    steps = drive(protocol, held(lambda volt: 1e-6 if volt < 4.25 else 2e-5))
    assert [step.potential_V for step in steps] == pytest.approx([4.0, 4.1, 4.2, 4.3, 4.4])
    assert {step.role for step in steps} == {"hold"}
    assert [step.cycle for step in steps] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("go_on_after", "last"), [(0, 4.3), (3, 4.6)])
def test_how_long_a_floating_test_goes_on_is_a_parameter(go_on_after, last):
    protocol = FloatingTest(start="4 V", stop="5 V", go_on_after=go_on_after)
    steps = drive(protocol, held(lambda volt: 1e-6 if volt < 4.25 else 2e-5))
    assert steps[-1].potential_V == pytest.approx(last)


def test_a_floating_test_without_leakage_ends_at_its_last_potential():
    steps = drive(FloatingTest(start="4 V", stop="4.35 V", step="0.1 V"), held(lambda volt: 1e-9))
    assert [step.potential_V for step in steps] == pytest.approx([4.0, 4.1, 4.2, 4.3])


def test_a_current_beyond_its_limit_ends_a_floating_test():
    def answer(step, index):
        return StepResult(end_reason="current_above_A", duration_s=5.0, current_last_A=1e-3)

    steps = drive(FloatingTest(current_limit="0.5 mA/cm²"), answer)
    assert len(steps) == 1
    assert steps[0].until.current_above_A == pytest.approx(1e-3)


def test_a_ramp_strips_and_plates_at_rising_currents_until_the_cell_shorts():
    protocol = CriticalCurrentDensity(start="0.1 mA/cm²", step="0.1 mA/cm²", stop="1 mA/cm²")
    shorted = {"step_5": {"potential_last_V": 0.0, "potential_min_V": 0.0}}
    steps = drive(protocol, ohmic(100.0, **shorted))
    currents = [step.current_A for step in steps if step.kind == "constant_current"]
    assert currents == pytest.approx([2e-4, -2e-4, 4e-4, -4e-4, 6e-4])
    assert [step.role for step in steps[1:]] == ["strip", "plate", "strip", "plate", "strip"]


def test_a_short_is_watched_for_at_every_sample():
    protocol = CriticalCurrentDensity(start="0.1 mA/cm²", step="0.1 mA/cm²", stop="0.3 mA/cm²")
    steps = drive(protocol, ohmic(100.0))[1:]
    assert steps[0].until.potential_below_V is None
    # Half of what 100 Ω would give at the present current.
    assert steps[2].until.potential_below_V == pytest.approx(0.5 * 100 * 4e-4)
    assert steps[3].until.potential_above_V == pytest.approx(-0.5 * 100 * 4e-4)
    assert steps[3].until.potential_below_V == -5.0


@pytest.mark.parametrize("reason", ["potential_above_V", "potential_below_V"])
def test_short_and_lost_contact_end_a_ramp(reason):
    steps = drive(CriticalCurrentDensity(), ohmic(100.0, step_3={"end_reason": reason}))
    assert len(steps) == 4


def test_a_ramp_of_fixed_capacity_shortens_its_half_cycles():
    protocol = CriticalCurrentDensity(
        capacity="0.1 mAh/cm²", stop="0.2 mA/cm²", start="0.1 mA/cm²", step="0.1 mA/cm²"
    )
    steps = drive(protocol, ohmic(100.0))[1:]
    assert [step.until.charge_C for step in steps] == pytest.approx([0.72] * 4)
    assert steps[2].until.duration_s < steps[0].until.duration_s


def test_spectra_on_the_way_and_after_the_short():
    protocol = CriticalCurrentDensity(start="0.1 mA/cm²", step="0.1 mA/cm²", stop="1 mA/cm²", spectra_every=2)
    steps = drive(protocol, ohmic(100.0, step_6={"end_reason": "potential_below_V"}))
    assert [step.role for step in steps[1:]] == [
        "strip",
        "plate",
        "strip",
        "plate",
        "spectrum",
        "strip",
        "spectrum_after",
    ]


def test_a_cell_that_answers_late_is_not_taken_for_shorted():
    # After a reversal the salt gradient helps the current: the potential begins with the other sign.
    late = {f"step_{index}": {"potential_min_V": -0.01, "potential_last_V": 0.02, "potential_max_V": 0.02}
            for index in (1, 3, 5)}  # fmt: skip
    steps = drive(CriticalCurrentDensity(stop="0.15 mA/cm²"), ohmic(100.0, **late))
    assert len(steps) == 1 + 6
    assert steps[3].until.potential_below_V is None


def test_salt_that_is_still_driven_the_other_way_is_not_taken_for_a_short():
    # The first half-cycle begins with uniform salt, at 100 Ω; every later one with 30 Ω, and ends with 170 Ω.
    driven = {
        f"step_{index}": {
            "potential_min_V": min(ends),
            "potential_max_V": max(ends),
            "potential_last_V": ends[1],
        }
        for index in range(2, 7)
        for current_A in [(-1) ** (index + 1) * 1e-4 * ((index + 1) // 2)]
        for ends in [(30 * current_A, 170 * current_A)]
    }
    protocol = CriticalCurrentDensity(start="0.05 mA/cm²", step="0.05 mA/cm²", stop="0.15 mA/cm²")
    steps = drive(protocol, ohmic(100.0, **driven))
    assert len(steps) == 1 + 6
    assert steps[3].until.potential_below_V == pytest.approx(0.5 * 30 * steps[3].current_A)


def polarization_answer(steady_after):
    def answer(step, index):
        if step.kind != "constant_potential":
            return StepResult(end_reason="completed", duration_s=10.0, potential_last_V=0.002)
        is_steady = index >= steady_after
        charge = 1e-6 * step.until.duration_s * (1.0 if is_steady else 2.0)
        return StepResult(
            end_reason="duration_s", duration_s=step.until.duration_s, charge_C=charge, current_last_A=1e-6
        )

    return answer


def test_a_polarization_lies_between_two_spectra():
    steps = drive(PotentiostaticPolarization(), polarization_answer(0))
    assert [step.role for step in steps] == ["ocv", "eis_before", "hold", "eis_after"]
    assert steps[1].bias_V == pytest.approx(0.002)
    assert steps[2].potential_V == pytest.approx(0.012)
    assert steps[3].bias_V == pytest.approx(0.012)


def test_a_polarization_is_continued_until_the_current_is_steady():
    steps = drive(PotentiostaticPolarization(), polarization_answer(4))
    holds = [step for step in steps if step.role == "hold"]
    assert [step.until.duration_s for step in holds] == [7200.0, 1800.0, 1800.0]
    never = drive(PotentiostaticPolarization(longest="3 h"), polarization_answer(1000))
    assert sum(step.until.duration_s for step in never if step.role == "hold") == 10_800.0


def copper(ends):
    """Return an answer of a copper electrode; `ends` gives the end reason of some steps by their index."""

    def answer(step, index):
        if step.kind != "constant_current":
            return StepResult(end_reason="duration_s", duration_s=10.0)
        usual = "charge_C" if step.until.charge_C else "potential_above_V"
        return StepResult(end_reason=ends.get(index, usual), duration_s=10.0)

    return answer


def test_simple_cycles_on_copper_strip_everything():
    protocol = CoulombicEfficiency(current="1 mA/cm²", capacity="0.5 mAh/cm²", cycles=2)
    steps = drive(protocol, copper({}))[1:]
    assert [(step.role, step.current_A, step.cycle) for step in steps] == [
        ("plate", -2e-3, 1), ("strip", 2e-3, 1), ("plate", -2e-3, 2), ("strip", 2e-3, 2),
    ]  # fmt: skip
    assert steps[0].until.charge_C == pytest.approx(3.6)
    assert (steps[1].until.charge_C, steps[1].until.potential_above_V) == (None, 1.0)
    assert preview(CoulombicEfficiency(), CELL).duration_s > 40 * 3600


def test_a_reservoir_is_cycled_in_part_and_stripped_at_the_end():
    steps = drive(CoulombicEfficiency(method="reservoir", cycles=2), copper({}))[1:]
    assert [step.role for step in steps] == ["reservoir", "strip", "plate", "strip", "plate", "final_strip"]
    assert steps[0].until.charge_C == pytest.approx(5 * steps[1].until.charge_C)
    assert steps[-1].until.charge_C is None


@pytest.mark.parametrize(("index", "reason"), [(2, "potential_above_V"), (1, "potential_below_V")])
def test_an_empty_reservoir_or_a_lost_contact_ends_it(index, reason):
    assert len(drive(CoulombicEfficiency(method="reservoir"), copper({index: reason}))) == index + 1


def test_a_tafel_plot_sweeps_to_both_sides_of_rest():
    def answer(step, index):
        return StepResult(end_reason="completed", duration_s=10.0, potential_last_V=0.003)

    rest, sweep = drive(TafelPlot(overpotential="0.1 V"), answer)
    assert rest.role == "ocv"
    assert sweep.path_V == pytest.approx((0.003, -0.097, 0.103))


def test_stages_of_symmetric_cycling_as_text_and_as_fields():
    text = "0.05 mA/cm² x 0.1 mAh/cm² x 2; 0.1 mA/cm² × 0.1 mAh/cm² × 1"
    protocol = load_protocol({"protocol": "SymmetricCycling", "stages": text})
    assert load_protocol(protocol.to_dict()) == protocol
    steps = drive(protocol, ohmic(100.0))[1:]
    assert [step.current_A for step in steps] == pytest.approx([1e-4, -1e-4, 1e-4, -1e-4, 2e-4, -2e-4])
    assert [step.until.duration_s for step in steps] == pytest.approx([7200.0] * 4 + [3600.0] * 2)
    assert [step.cycle for step in steps] == [1, 1, 2, 2, 3, 3]


def test_5000_hours_are_foreseen():
    protocol = SymmetricCycling(stages="0.05 mA/cm² x 0.1 mAh/cm² x 1250")
    assert preview(protocol, CELL).duration_s / 3600 == pytest.approx(5000, rel=1e-4)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({"protocol": "FloatingTest", "hold": "0 s"}, "hold"),
        ({"protocol": "FloatingTest", "step": "1 nV"}, "more than 1000 holds"),
        (
            {"protocol": "CriticalCurrentDensity", "start": "1 mA/cm²", "stop": "0.1 mA/cm²"},
            "stop is below start",
        ),
        ({"protocol": "CriticalCurrentDensity", "step": "1 pA/cm²"}, "more than"),
        ({"protocol": "CriticalCurrentDensity", "start": "-1 mA/cm²"}, "start"),
        ({"protocol": "CriticalCurrentDensity", "start": "1 mA"}, "start"),
        ({"protocol": "CriticalCurrentDensity", "short_share": 1.5}, "short_share"),
        ({"protocol": "PotentiostaticPolarization", "longest": "1 h"}, "longest is shorter"),
        ({"protocol": "SymmetricCycling", "stages": "0.05 mA/cm²"}, "not a stage"),
        (
            {"protocol": "CoulombicEfficiency", "method": "reservoir", "capacity": "6 mAh/cm²"},
            "less than reservoir",
        ),
        ({"protocol": "CoulombicEfficiency", "strip_to": "-1 V"}, "strip_to must be above 0 V"),
        ({"protocol": "SymmetricCycling", "polarization_limit": "-1 V"}, "polarization_limit"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(description, says):
    with pytest.raises(ValueError, match="."):  # the text is checked below
        load_protocol(description)
    try:
        load_protocol(description)
    except ValueError as refusal:
        sentence = str(refusal)
    assert says in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "protocol", [FloatingTest(), CriticalCurrentDensity(), SymmetricCycling(), CoulombicEfficiency()]
)
def test_an_area_is_needed_for_what_is_given_per_area(protocol):
    with pytest.raises(ValueError, match="needs the cell's area"):
        preview(protocol, Cell())

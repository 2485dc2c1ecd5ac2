import pytest
from hypothesis import given
from hypothesis import strategies as st

from faradaic.protocols import ConstantCurrent, ConstantPotential, Impedance, PotentialSweep, Until
from faradaic.protocols.segments import remaining


def test_what_has_passed_is_taken_off_the_end_conditions():
    step = ConstantCurrent(current_A=1.0, until=Until(duration_s=100, charge_C=80, potential_above_V=4.2))
    (rest,) = remaining(step, elapsed_s=30, charge_C=-30)
    assert rest.until == Until(duration_s=70, charge_C=50, potential_above_V=4.2)


@pytest.mark.parametrize("done", [{"elapsed_s": 100}, {"elapsed_s": 3, "charge_C": -80}])
def test_nothing_remains_of_a_step_that_is_complete(done):
    assert remaining(ConstantPotential(potential_V=0, until=Until(duration_s=100, charge_C=80)), **done) == []


def test_a_sweep_goes_on_from_where_it_was():
    step = PotentialSweep(path_V=(3, 4, 2, 3), rate_V_per_s=1e-3, scans=3, cycle=5)
    first, others = remaining(step, elapsed_s=4000 + 1500)
    assert first.path_V == pytest.approx((3.5, 2, 3))
    assert (first.scans, first.cycle) == (1, 6)
    assert (others.path_V, others.scans, others.cycle) == ((3, 4, 2, 3), 1, 7)


def test_a_spectrum_goes_on_below_its_last_frequency():
    step = Impedance(amplitude_V=0.01, bias_V=0, frequency_max_Hz=1e5, frequency_min_Hz=1)
    (rest,) = remaining(step, elapsed_s=10, last_frequency_Hz=100.0)
    assert rest.frequency_max_Hz == pytest.approx(100 / 10**0.1)
    assert remaining(step, elapsed_s=10, last_frequency_Hz=1.0) == []


@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=6).filter(
        lambda path: all(abs(a - b) > 0.01 for a, b in zip(path, path[1:], strict=False))
    ),
    st.integers(1, 4),
    st.floats(0, 1.1),
)
def test_the_parts_of_a_sweep_take_as_long_as_the_whole(corners, scans, fraction):
    path = (*corners, corners[0]) if abs(corners[-1] - corners[0]) > 0.01 else (*corners[:-1], corners[0])
    if any(a == b for a, b in zip(path, path[1:], strict=False)):
        return
    step = PotentialSweep(path_V=path, rate_V_per_s=1e-3, scans=scans)
    elapsed_s = fraction * step.duration_s
    left_s = sum(part.duration_s for part in remaining(step, elapsed_s=elapsed_s))
    assert left_s == pytest.approx(max(0.0, step.duration_s - elapsed_s), abs=1e-3)

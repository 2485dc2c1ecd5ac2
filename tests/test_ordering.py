"""Samples that come more than once, too late, or from another step."""

from hypothesis import given
from hypothesis import strategies as st

from faradaic.instruments.ordering import InOrder


def taken(times_s, interval_s=1.0):
    order = InOrder(interval_s)
    return [kept for time_s in times_s for kept in order.take(time_s, time_s)], order.dropped


def test_what_is_repeated_does_not_count_twice():
    assert taken([1, 2, 3, 4, 2, 3, 4, 5]) == ([1, 2, 3, 4, 4, 5], 2)


def test_a_leap_counts_once_the_next_sample_goes_on_from_it():
    assert taken([1, 2, 100, 101, 102]) == ([1, 2, 100, 101, 102], 0)
    assert taken([1, 2, 100, 3, 4]) == ([1, 2, 3, 4], 1)


@given(st.lists(st.floats(0, 1e4), max_size=60))
def test_time_never_runs_backwards(times_s):
    kept, _ = taken(times_s)
    assert kept == sorted(kept)


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(0, 49), st.integers(1, 5)), max_size=5))
def test_chunks_that_are_sent_again_change_nothing_but_equal_times(count, repeats):
    sent = [float(index) for index in range(count)]
    for start, length in repeats:
        place = min(start + length, count)
        sent[place:place] = sent[max(place - length, 0) : place]
    kept, _ = taken(sent)
    assert sorted(set(kept)) == [float(index) for index in range(count)]

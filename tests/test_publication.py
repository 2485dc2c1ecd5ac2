"""What a bench publishes, as frames, and how it is numbered."""

import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faradaic.core.samples import IMPEDANCE, SAMPLE
from faradaic.engine.bench import Publisher, decode
from faradaic.engine.bench.names import new_run_path, safe_name
from faradaic.engine.service.live import Mailbox

TEXT = st.text(max_size=20)
DATA = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT | st.floats(-1e9, 1e9)
)


def rows(count):
    block = np.zeros(count, SAMPLE)
    block["voltage_volt"] = np.arange(count) / 7
    return block


@given(st.lists(st.tuples(TEXT, TEXT, DATA, st.integers(0, 3)), max_size=8))
def test_records_come_out_of_their_frames_as_they_were(contents):
    publisher, heard = Publisher(), []
    publisher.listen(heard.append)
    for channel, run, data, count in contents:
        kind = "samples" if count else "event"
        publisher.publish(
            kind,
            channel,
            run=run,
            rows=rows(count) if count else None,
            **{f"_{k}": v for k, v in data.items()},
        )
    found = list(decode(b"".join(record.frame for record in heard)))
    assert [record.seq for record in found] == list(range(1, len(contents) + 1))
    for record, (channel, run, data, count) in zip(found, contents, strict=True):
        assert (record.channel, record.run, record.engine) == (channel, run, publisher.engine)
        assert record.data == {f"_{k}": v for k, v in data.items()}
        if count:
            assert record.rows.tobytes() == rows(count).tobytes()


def test_not_a_number_travels_as_null_and_spectra_travel_too():
    publisher, heard = Publisher(), []
    publisher.listen(heard.append)
    publisher.publish("cycle", "A1", efficiency=float("nan"), nested=[{"x": float("inf")}])
    publisher.publish("impedance", "A1", rows=np.ones(2, IMPEDANCE))
    cycle, spectrum = decode(heard[0].frame + heard[1].frame)
    assert cycle.data == {"efficiency": None, "nested": [{"x": None}]}
    assert spectrum.rows["frequency_hertz"].tolist() == [1.0, 1.0]


@given(st.binary(max_size=200))
def test_what_is_no_frame_is_refused(damaged):
    try:
        list(decode(damaged))
    except (ValueError, KeyError, TypeError):
        pass


def test_a_cut_frame_is_refused():
    publisher, heard = Publisher(), []
    publisher.listen(heard.append)
    publisher.publish("event", "A1", text="Größe")
    for length in range(1, len(heard[0].frame)):
        with pytest.raises(ValueError, match="cut off"):
            list(decode(heard[0].frame[:length]))


def test_a_listener_that_comes_later_hears_what_it_missed_without_a_gap():
    publisher, early, late = Publisher(), [], []
    publisher.listen(early.append)
    threads = [
        threading.Thread(target=lambda: [publisher.publish("event", "A1") for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    stop = publisher.listen(late.append, since=10)
    for thread in threads:
        thread.join()
    stop()
    publisher.publish("event", "A1")
    assert [record.seq for record in early] == list(range(1, 802))
    assert [record.seq for record in late] == list(range(11, 801))


def test_what_is_kept_for_latecomers_is_bounded_in_bytes():
    publisher, heard = Publisher(), []
    for _ in range(300):
        publisher.publish("samples", "A1", rows=rows(10_000))
    publisher.listen(heard.append, since=0)
    assert 20 <= len(heard) <= 70
    assert heard[-1].seq == 300


def test_a_reader_that_is_too_slow_is_told_how_much_it_missed():
    async def read():
        mailbox = Mailbox(asyncio.get_running_loop())
        publisher = Publisher()
        publisher.listen(mailbox.put)
        for _ in range(300):
            publisher.publish("samples", "A1", rows=rows(10_000))
        return list(decode(await mailbox.take()))

    missed, *left = asyncio.run(read())
    assert missed.kind == "missed"
    assert missed.data["records"] + len(left) == 300
    assert [record.seq for record in left] == list(range(missed.seq + 1, 301))


@given(st.text(max_size=600))
def test_every_name_becomes_one_file_name_that_every_system_takes(tmp_path_factory, text):
    name = safe_name(text)
    assert 1 <= len(name.encode()) <= 61
    assert not set(name) & set('<>:"/\\|?*\x00')
    assert name == name.strip(" .")
    assert name.isprintable()
    folder = tmp_path_factory.getbasetemp()
    assert (folder / name).resolve().parent == folder.resolve()


@pytest.mark.parametrize(
    "text", ["CON", "nul.txt", "com1", "..", "../../etc/passwd", "", "a/b\\c", "x" * 500, "LPT9.h5"]
)
def test_names_that_systems_reserve_are_made_safe(tmp_path, text):
    path = new_run_path(tmp_path, text, text, text, 0.0)
    assert path.parent.parent == tmp_path
    path.parent.mkdir()
    path.touch()


def test_two_runs_in_the_same_second_do_not_share_a_file(tmp_path):
    first = new_run_path(tmp_path, "cell [1]", "LinearSweep", "A1", 0.0)
    first.parent.mkdir()
    first.with_name(first.name + ".journal").touch()
    second = new_run_path(tmp_path, "cell [1]", "LinearSweep", "A1", 0.0)
    assert second != first
    assert second.stem == f"{first.stem} 2"

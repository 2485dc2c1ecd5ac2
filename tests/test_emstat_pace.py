"""A thread that reads samples sleeps until the next one should be there, and is woken for anything else."""

import socket
import threading

import pytest

from faradaic.core.clock import SystemClock
from faradaic.instruments.base import Identity
from faradaic.instruments.emstat import pace
from faradaic.instruments.emstat.driver import EmStatChannel
from faradaic.instruments.emstat.models import MODELS
from faradaic.instruments.emstat.pace import Pace
from faradaic.instruments.emstat.wire import Wire
from faradaic.instruments.link import open_link
from faradaic.protocols import ConstantPotential, Record, Until

HOLD = ConstantPotential(potential_V=0.5, until=Until(duration_s=60.0), record=Record(interval_s=1.0))
PACKAGE = b"Peb80186A0u;da8000000 ;ba8000001m;eb80186A0u\n"


class Moments:
    """Time that stands still until it is set."""

    now_s = 0.0

    def monotonic(self):
        return self.now_s


def followed(interval_s, came_s, monkeypatch):
    """Return when each of some samples was handled, by a reader that does as `Pace` says."""
    moments = Moments()
    monkeypatch.setattr(pace, "time", moments)
    here, handled_s, waited = Pace(interval_s), [], 0
    for sample_s in came_s:
        looked_s = moments.now_s = moments.now_s + max(here.left_s, 0.0)
        moments.now_s = max(looked_s, sample_s)
        if not here.foresaw(looked_s, moments.now_s):
            moments.now_s = pace.end_of_slot(moments.now_s)
            waited += 1
        handled_s.append(moments.now_s)
    return handled_s, waited


@pytest.mark.parametrize("interval_s", [0.05, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("runs_fast_by", [0.0, 1e-4, -1e-4])
def test_samples_are_handled_in_time_and_few_are_waited_for(monkeypatch, interval_s, runs_fast_by):
    came_s = [0.0137 + (1 - runs_fast_by) * interval_s * number for number in range(1000)]
    handled_s, waited = followed(interval_s, came_s, monkeypatch)
    assert all(0.0 <= late - sample < 0.03 for late, sample in zip(handled_s, came_s, strict=True))
    # A clock that runs slow is noticed each time: the sample is not there yet.
    assert waited < (250 if runs_fast_by >= 0.0 else 1000)


def test_after_a_break_of_the_instrument_its_samples_are_found_again(monkeypatch):
    came_s = [*range(1, 20), *[20.31 + number for number in range(40)]]
    handled_s, waited = followed(1.0, came_s, monkeypatch)
    assert all(0.0 <= late - sample < 0.03 for late, sample in zip(handled_s, came_s, strict=True))
    assert waited < 8


@pytest.mark.parametrize("interval_s", [0.0, 0.02, 1.5, 60.0])
def test_what_is_too_fast_or_too_slow_is_always_waited_for(monkeypatch, interval_s):
    came_s = [interval_s * number for number in range(100)]
    assert followed(interval_s, came_s, monkeypatch)[1] == 100


@pytest.fixture
def connected():
    """A channel, and what an instrument would say on the other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = open_link(f"socket://127.0.0.1:{server.getsockname()[1]}", baudrate=0)
        other, _ = server.accept()
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        model = MODELS["es4_hr"]
        with other:
            channel = EmStatChannel(
                Wire(link, "here"), Identity("EmStat4 HR", "1", "1", "here"), model, SystemClock()
            )
            yield channel, other
        link.close()


def asleep(channel, other, monkeypatch):
    """Return the blocks of a run whose reader sleeps for a long time after its first sample."""
    heard = threading.Event()
    monkeypatch.setattr(Pace, "left_s", property(lambda self: 3600.0 if heard.is_set() else 0.0))
    blocks = channel.run(HOLD)
    other.sendall(b"e\nM0007\n" + PACKAGE)
    assert len(next(block for block in blocks if len(block))) == 1
    heard.set()
    return blocks


def test_who_sleeps_is_woken(connected, monkeypatch):
    channel, other = connected
    blocks = asleep(channel, other, monkeypatch)
    threading.Timer(0.1, channel.wake).start()
    assert len(next(blocks)) == 0
    threading.Timer(0.1, other.sendall, (b"Z\n*\n\n",)).start()
    blocks.close()


def test_rest_waits_for_nobody_who_sleeps(connected, monkeypatch):
    channel, other = connected
    blocks = asleep(channel, other, monkeypatch)

    def answer():
        while b"Z\n" not in other.recv(4096):
            pass
        other.sendall(PACKAGE + b"Z\n*\n\n")

    threading.Thread(target=answer, daemon=True).start()
    threading.Timer(0.1, channel.rest).start()
    assert sum(map(len, blocks)) == 1


class Pieces:
    """A link on which one piece arrives at each look."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, wait_s=0.0):
        return self.pieces.pop(0)

    def write(self, data):
        pass


def test_the_end_that_follows_the_last_sample_is_heard_at_once(monkeypatch):
    left_s = Pace.left_s.fget
    # Whoever missed it would sleep for a long time.
    monkeypatch.setattr(Pace, "left_s", property(lambda self: 3600.0 * max(left_s(self), 0.0)))
    link = Pieces(b"e\nM0007\n", PACKAGE, b"*\n\n")
    identity = Identity("EmStat4 HR", "1", "1", "here")
    channel = EmStatChannel(Wire(link, "here"), identity, MODELS["es4_hr"], SystemClock())
    assert sum(map(len, channel.run(HOLD))) == 1

"""Waiting in pieces, so that whoever consumes the blocks can act in between."""

import threading
from collections.abc import Generator

import numpy as np

from ..core.clock import Clock
from ..core.samples import MEASUREMENT, Block

NOTHING = np.zeros(0, MEASUREMENT)
"""The block that says only that the channel is alive."""
_HEARTBEAT_S = 0.2


def waited_until(moment_s: float, clock: Clock, stop: threading.Event) -> Generator[Block, None, None]:
    """Wait until a moment on the clock or until `stop` is set, yielding an empty block now and then."""
    while not stop.is_set():
        left_s = moment_s - clock.now()
        if left_s <= 0.0:
            return
        piece_s = min(left_s, _HEARTBEAT_S * clock.speed)
        clock.wait(piece_s, stop)
        if left_s > piece_s:
            yield NOTHING

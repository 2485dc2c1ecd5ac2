"""On which of the computer's cores the engine works."""

import os
import sys
from contextlib import suppress

import psutil


def stay_on_one_core() -> None:
    """Keep this program's threads, of which only one at a time runs Python, on the core that it is on.

    Every sample wakes a few of hundreds of threads, and each time the system would wake whichever
    core sleeps, whose caches hold nothing of ours: with 256 channels that costs a quarter of the
    time that the engine takes (``benchmarks/bench_load.py``). Helpers are given all cores back
    (`core.helpers`). Only Linux tells on which core a program is; other systems are left alone.
    """
    # A container may forbid it; nothing else depends on it.
    with suppress(OSError):
        if sys.platform == "linux":
            os.sched_setaffinity(0, {psutil.Process().cpu_num()})

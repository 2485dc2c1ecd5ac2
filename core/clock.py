"""Clocks: real, accelerated and virtual time behind one interface.

Intervals come from `Clock.now`, which never goes back and which no adjustment of the
computer's clock can move; stamps come from `Clock.utc`.
"""

import math
import threading
import time
from typing import Protocol


class Clock(Protocol):
    """A source of time, and the only way to wait."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    def utc(self) -> float:
        """Unix time in seconds (UTC)."""
        ...

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Wait for `seconds`, or until `wake` is set; return whether `wake` is set."""
        ...

    @property
    def speed(self) -> float:
        """How much of it passes in a second of the computer's; infinite where waits return at once."""
        ...


class SystemClock:
    """The computer's own time."""

    speed = 1.0

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        return time.monotonic()

    def utc(self) -> float:
        """Unix time in seconds (UTC)."""
        return time.time()

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Wait for `seconds`, or until `wake` is set; return whether `wake` is set."""
        return _wait(seconds, wake)


class ScaledClock:
    """Time that runs `speed` times as fast as the computer's, to watch a slow experiment."""

    def __init__(self, speed: float) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed: {speed!r} is not allowed; it must be above 0 and finite.")
        self.speed = speed
        self._start = time.monotonic()
        self._start_utc = time.time()

    def now(self) -> float:
        """Seconds since the clock was made, in accelerated time."""
        return (time.monotonic() - self._start) * self.speed

    def utc(self) -> float:
        """Unix time in seconds (UTC) that the accelerated clock shows."""
        return self._start_utc + self.now()

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Wait for `seconds` of accelerated time, or until `wake` is set; return whether `wake` is set."""
        return _wait(seconds / self.speed, wake)


class VirtualClock:
    """Time that passes only by waiting: a wait returns at once and moves the clock on.

    Parameters
    ----------
    start_utc : float, optional
        Unix time at the start; by default the computer's.
    """

    speed = math.inf

    def __init__(self, start_utc: float | None = None) -> None:
        self._start_utc = time.time() if start_utc is None else start_utc
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def utc(self) -> float:
        """Unix time in seconds (UTC) that the virtual clock shows."""
        return self._start_utc + self._now

    def wait(self, seconds: float, wake: threading.Event | None = None) -> bool:
        """Move the clock on by `seconds`, unless `wake` is set already; return whether `wake` is set."""
        if wake is not None and wake.is_set():
            return True
        with self._lock:
            self._now += max(seconds, 0.0)
        return False


def _wait(seconds: float, wake: threading.Event | None) -> bool:
    if wake is not None:
        return wake.wait(max(seconds, 0.0))
    time.sleep(max(seconds, 0.0))
    return False

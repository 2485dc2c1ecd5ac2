"""How late a program wakes that does nothing else: ``python -m benchmarks.bare_wakes [seconds]``.

What other programs and other virtual machines take of this computer shows here, and nothing of our own.
"""

import sys
import time

import numpy as np
import psutil

_SLEEP_S = 0.01


def main(seconds: float = 60.0) -> None:
    late_s: list[float] = []
    before, end = psutil.cpu_times(), time.monotonic() + seconds
    while time.monotonic() < end:
        due = time.monotonic() + _SLEEP_S
        time.sleep(_SLEEP_S)
        late_s.append(time.monotonic() - due)
    passed = [now - then for now, then in zip(psutil.cpu_times(), before, strict=True)]
    taken = dict(zip(before._fields, passed, strict=True)).get("steal", 0.0) / sum(passed)
    p50, p99 = np.percentile(late_s, [50, 99]) * 1e3
    print(
        f"  a program that only sleeps wakes {p50:.1f} ms (median), {p99:.1f} ms (p99) late; "
        f"{100 * taken:.0f} % of the machine were taken by others"
    )


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))

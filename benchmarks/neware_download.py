"""Reading out a whole cycler while its connection drops: ``python -m benchmarks.neware_download``.

16 channels have measured 100 000 points each; all of them are read at the same time through one
connection that is lost 50 times. Every point is compared with what the cycler holds.
"""

import sys
import threading
import time

import numpy as np

from faradaic.core.clock import VirtualClock
from faradaic.instruments import open_instrument
from faradaic.protocols import ConstantCurrent, Record, Until
from faradaic.simulators import RandlesCell, TcpServer
from faradaic.simulators.devices.neware import NewareDevice
from faradaic.simulators.faults import FaultyLink

INTERVAL_S = 0.1


def main(points: int = 100_000, drops: int = 50) -> None:
    clock = VirtualClock()
    device = NewareDevice([RandlesCell(10.0, 50.0 + n, 1e-3) for n in range(16)], clock)
    duration_s = (points - 1) * INTERVAL_S
    steps = [
        ConstantCurrent(
            current_A=(n + 1) * 1e-4, until=Until(duration_s=duration_s), record=Record(interval_s=INTERVAL_S)
        )
        for n in range(16)
    ]
    read: dict[int, list[np.ndarray]] = {n: [] for n in range(16)}
    with (
        TcpServer(device) as server,
        FaultyLink(server.address, away_s=0.05) as link,
        open_instrument("neware", link.address, clock) as instrument,
    ):
        for channel, step in zip(instrument.channels, steps, strict=True):
            channel.foresee(step, [step], 0, run_id=f"benchmark{channel.name}")
        clock.wait(2 * duration_s)
        _ = device.cell_is_on

        def read_out(n: int) -> None:
            read[n] = [block for block in instrument.channels[n].run(steps[n]) if len(block)]

        threads = [threading.Thread(target=read_out, args=(n,)) for n in range(16)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if len(link.done) < drops:
                link.inject("pull_mid_reply")
            time.sleep(0.5)
        took_s = time.perf_counter() - begun
        notices = sum(len(channel.notices) for channel in instrument.channels)
    complete = 0
    for n, channel in enumerate(device._channels):
        rows = np.concatenate(read[n])
        held = np.array([values for _, values in channel.test.points.rows(1, points)])
        same = len(rows) == len(held) == points and np.allclose(rows["time_s"], held[:, 3], atol=6e-4)
        same = same and np.allclose(rows["potential_V"], held[:, 5], atol=1e-8)
        complete += bool(same and np.allclose(rows["current_A"], held[:, 6], atol=1e-11))
    print(f"{complete} of 16 channels complete, in order and equal, {16 * points:,} points")
    print(f"{took_s:.1f} s, {16 * points / took_s:,.0f} points/s, {len(link.done)} drops, {notices} notices")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

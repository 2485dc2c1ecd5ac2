"""How many points a second a simulated EmStat serves over a virtual serial port.

The client is another process that only reads, in bulk; the script is a chronoamperometry with
three variables in each package and two cut-offs in the loop. Run it from the root:

    python -m benchmarks.simulated_emstat
"""

import subprocess
import sys
import time

import serial

from faradaic.core.clock import VirtualClock
from faradaic.simulators import EmStatDevice, PtyServer, RandlesCell, Resistor, SimulatedCell

POINTS = 200_000
SCRIPT = """\
e
var t
var p
var c
set_pgstat_chan 0
set_pgstat_mode 2
set_max_bandwidth 60
set_range ba 100u
set_autoranging ba 1u 1m
set_e 500m
cell_on
timer_start
meas_loop_ca p c 500m 100m {seconds}
timer_get t
pck_start
pck_add t
pck_add p
pck_add c
pck_end
if c > 20m
breakloop
endif
if c < -20m
breakloop
endif
endloop
on_finished:
cell_off

"""


def points_per_second(cell: SimulatedCell | None = None, points: int = POINTS) -> float:
    """Return the points a second that a client in another process receives.

    Parameters
    ----------
    cell : SimulatedCell, optional
        By default a resistor of 10 kΩ.
    points : int
        Length of the measurement.
    """
    with (
        EmStatDevice("emstat4-hr", cell or Resistor(10_000), VirtualClock(0.0)) as device,
        PtyServer(device) as server,
    ):
        client = [sys.executable, "-m", "benchmarks.simulated_emstat", server.address, str(points)]
        reply = subprocess.run(client, capture_output=True, text=True, check=True, timeout=120)
    return float(reply.stdout)


def read_as_client(address: str, points: int) -> float:
    """Run the measurement as its host; return the points received in a second."""
    with serial.Serial(address, timeout=10) as port:
        port.write(SCRIPT.format(seconds=f"{points * 100}m").encode())
        received = port.read(1)
        start = time.perf_counter()
        pieces = [received]
        while not pieces[-1].endswith(b"*\n\n"):
            piece = port.read(max(port.in_waiting, 1))
            if not piece:
                raise TimeoutError("The simulated instrument went silent.")
            pieces.append(piece)
        seconds = time.perf_counter() - start
    count = b"".join(pieces).count(b"\nP")
    if count != points:
        raise RuntimeError(f"{count} of {points} points arrived.")
    return count / seconds


def main() -> None:
    """Print the figure for a resistor and for linear cells."""
    for name, cell in (
        ("resistor", Resistor(10_000)),
        ("Randles cell", RandlesCell()),
        ("Randles cell with diffusion", RandlesCell(100, 1000, 1e-6, 500, 60)),
    ):
        print(f"{name:28} {points_per_second(cell):10.0f} points/s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(read_as_client(sys.argv[1], int(sys.argv[2])))
    else:
        main()

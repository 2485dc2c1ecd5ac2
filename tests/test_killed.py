"""Limits and cut-offs that instruments keep by themselves, when the program that started them is killed."""

import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from faradaic.core.clock import ScaledClock, SystemClock
from faradaic.simulators import FullCell, Resistor, TcpServer, device_kind

from benches import until

STARTED = """
import sys
from faradaic.instruments import open_instrument
from faradaic.protocols import ConstantCurrent, Limits, Record, Until
driver, address, folder = sys.argv[1:]
until = Until(duration_s=1e6, potential_above_V=4.2 if folder == "cut-off" else None)
step = ConstantCurrent(current_A=1e-3, until=until, limits=Limits(potential_max_V=4.3), record=Record(interval_s=5.0))
blocks = open_instrument(driver, address).channels[0].run(step)
while not len(next(blocks)):
    pass
print("go", flush=True)
for block in blocks:
    pass
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
@pytest.mark.parametrize("model", ["emstat4-hr", "nexus", "neware-bts"])
@pytest.mark.parametrize(("what", "highest_V"), [("cut-off", 4.21), ("limit", 4.32)])
def test_what_was_started_ends_on_board_when_nobody_is_left(model, what, highest_V):
    kind, cell = device_kind(model), FullCell(charged=0.6, cathode="NCM")
    with closing(kind.make([cell], ScaledClock(150), 1)) as device, TcpServer(device) as server:
        command = [sys.executable, "-c", STARTED, kind.driver, server.address, what]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "go\n"
            process.kill()
        assert device.cell_is_on
        highest, until = 0.0, time.monotonic() + 60
        while device.cell_is_on and time.monotonic() < until:
            highest = max(highest, cell.potential_V)
            time.sleep(0.01)
        assert not device.cell_is_on
        assert 4.15 < highest < highest_V


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
@pytest.mark.parametrize("model", ["keithley-2450", "rodeostat-10V_24MilliAmpV0.2"])
def test_a_run_without_service_that_is_killed_leaves_no_host_timed_instrument_on(
    model, tmp_path, monkeypatch
):
    monkeypatch.setenv("FARADAIC_HOME", str(tmp_path / "home"))
    kind = device_kind(model)
    with closing(kind.make([Resistor(1000.0)], SystemClock(), 1)) as device, TcpServer(device) as server:
        command = [sys.executable, "-m", "faradaic", "run", "LinearSweep", "--driver", kind.driver]
        command += ["--instrument", server.address, "--out", str(tmp_path / "a.h5")]
        command += ["--set", "start=0.4 V", "--set", "stop=0.5 V", "--set", "rate=0.1 mV/s"]
        with subprocess.Popen(command) as process:
            until(lambda: (tmp_path / "a.h5").exists() and device.cell_is_on, 60)
            process.kill()
        until(lambda: not device.cell_is_on)
        # The instrument stays until the watchdog has confirmed it: an output can be off before it knows.
        log = tmp_path / "home" / "watchdog" / "bench.log"
        until(lambda: log.exists() and "was put at rest" in log.read_text())


SCRIPT = """
import sys
from faradaic.engine import run
from faradaic.instruments import open_instrument
from faradaic.protocols import LinearSweep
driver, address, out = sys.argv[1:]
with open_instrument(driver, address) as instrument:
    run(LinearSweep(start="0.4 V", stop="0.5 V", rate="0.1 mV/s"), instrument.channels[0], out=out)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
def test_a_script_that_is_killed_leaves_no_host_timed_instrument_on(tmp_path, monkeypatch):
    monkeypatch.setenv("FARADAIC_HOME", str(tmp_path / "home"))
    kind = device_kind("keithley-2450")
    with closing(kind.make([Resistor(1000.0)], SystemClock(), 1)) as device, TcpServer(device) as server:
        command = [sys.executable, "-c", SCRIPT, kind.driver, server.address, str(tmp_path / "a.h5")]
        with subprocess.Popen(command) as process:
            until(lambda: (tmp_path / "a.h5").exists() and device.cell_is_on, 60)
            process.kill()
        until(lambda: not device.cell_is_on)

"""Simulated instruments on ports, for clients that know nothing of us."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from faradaic.core.clock import SystemClock, VirtualClock
from faradaic.simulators import EmStatDevice, PtyServer, Resistor, TcpServer, serve

needs_pty = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals; TCP serves there"
)
SERVERS = [TcpServer, pytest.param(PtyServer, marks=needs_pty)]
SWEEP = (
    b"e\nvar p\nvar c\nset_pgstat_mode 2\nset_autoranging ba 1u 1m\ncell_on\nmeas_loop_lsv p c -500m 500m 1m 1\n"
    b"pck_start\npck_add p\npck_add c\npck_end\nendloop\non_finished:\ncell_off\n\n"
)


@pytest.fixture
def device():
    with EmStatDevice("emstat4-hr", Resistor(1e4), VirtualClock(0.0), 1) as device:
        yield device


@pytest.mark.parametrize("server", SERVERS)
def test_pyserial_talks_to_it_as_to_an_instrument(device, server):
    with server(device) as served, serial.serial_for_url(served.address, 921600, timeout=5) as port:
        port.write(b"t\n")
        assert port.readline().startswith(b"tes4_hr")
        assert port.readline().endswith(b"*\n")
        port.write(SWEEP)
        lines = iter(port.readline, b"\n")
        received = list(lines)
    assert received[:2] == [b"e\n", b"M0000\n"]
    assert received[-1] == b"*\n"
    assert len(received) == 1001 + 3
    assert all(
        re.fullmatch(rb"Pda[0-9A-F]{7}.;ba[0-9A-F]{7}.,1\d,2[0-9A-F]{2}(,4\d)?\n", line)
        for line in received[2:-1]
    )


def test_a_plain_socket_is_client_enough(device):
    with TcpServer(device) as served:
        host, port = served.address.removeprefix("socket://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.sendall(b"v\n")
            assert client.makefile().readline() == "v01.08.00\n"
    assert host == "127.0.0.1"


def test_a_new_client_takes_the_place_of_the_old_one():
    with EmStatDevice("emstat4-hr", Resistor(1e4), SystemClock(), 1) as device, TcpServer(device) as served:
        with serial.serial_for_url(served.address, timeout=5) as first:
            first.write(SWEEP.replace(b"1m 1\n", b"1m 10m\n"))
            assert first.read_until(b"M0000\n").endswith(b"M0000\n")
            with serial.serial_for_url(served.address, timeout=5) as second:
                second.write(b"\nZ\n")
                # The instrument went on without its host: it is in the middle of the script.
                assert second.read_until(b"\n\n").splitlines()[-2:] == [b"*", b""]
                second.write(b"t\n")
                assert second.readline().startswith(b"tes4_hr")
        assert not device.cell_is_on


@pytest.mark.parametrize("server", SERVERS)
def test_a_slow_reader_loses_nothing(device, server):
    with server(device) as served, serial.serial_for_url(served.address, timeout=5) as port:
        port.write(SWEEP.replace(b"-500m 500m 1m 1", b"-5 5 250u 1"))
        time.sleep(0.3)
        received = bytearray()
        while not received.endswith(b"\n\n"):
            piece = port.read(port.in_waiting or 1)
            assert piece
            received += piece
    assert received.count(b"\nP") == 40_001


@needs_pty
def test_the_port_outlives_the_programs_that_open_it(device):
    with PtyServer(device) as served:
        assert Path(served.address).exists()
        for _ in range(3):
            with serial.Serial(served.address, timeout=5) as port:
                port.write(b"v\n")
                assert port.readline() == b"v01.08.00\n"


def test_serving_ends_when_it_is_left():
    with serve("emstat-pico", Resistor(1e4), tcp_port=0) as served:
        host, port = served.address.removeprefix("socket://").split(":")
        socket.create_connection((host, int(port)), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises((OSError, ValueError), match="use"), serve("nexus", Resistor(1e4), tcp_port=port):
            pass


CLIENT = """
import re, sys, serial
port = serial.serial_for_url(sys.argv[1], timeout=10)
port.write({sweep!r})
text = port.read_until(b"\\n\\n").decode()
points = re.findall(r"Pda(.{{7}})(.);ba(.{{7}})(.)", text)
value = lambda digits, prefix: (int(digits, 16) - 2**27) * 10.0 ** (3 * "afpnum kMGTPE".index(prefix) - 18)
print(len(points), value(*points[-1][:2]) / value(*points[-1][2:]))
"""


def test_another_program_measures_through_the_command_line(tmp_path):
    command = [sys.executable, "-m", "faradaic", "simulate", "--instrument", "emstat4-lr", "--cell", "Resistor(5000)",
               "--tcp", "0", "--speed", "100"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulation:
        try:
            address = simulation.stdout.readline().strip()
            assert address.startswith("socket://127.0.0.1:")
            done = subprocess.run(
                [sys.executable, "-c", CLIENT.format(sweep=SWEEP), address],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
        finally:
            simulation.terminate()
    count, ohm = done.stdout.split()
    assert int(count) == 1001
    assert float(ohm) == pytest.approx(5000, rel=0.01)

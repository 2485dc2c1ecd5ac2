"""The bench file: read, refused in words, served as a whole, and proposed from what answers."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys

import pytest
import yaml

from faradaic.core.clock import SystemClock
from faradaic.instruments import InstrumentFault, open_instrument
from faradaic.instruments.bench_adding import Added, add_to_bench
from faradaic.instruments.bench_channel import open_place
from faradaic.instruments.bench_file import Bench, read_bench
from faradaic.instruments.discovery import look_around
from faradaic.protocols import ConstantPotential, Record, Until
from faradaic.simulators import JulaboDevice, Resistor, TcpServer, device_kind, serve
from faradaic.simulators.faults import KINDS, fault_kinds
from faradaic.simulators.serving import one_instrument, serve_bench
from faradaic.storage import Run

BENCH = """
speed: 500
instruments:
  pico:
    driver: emstat
    address: socket://127.0.0.1:{0}
    channels:
      1: {{name: A1, limits: {{potential_max: 4.8 V, current_max: 5 mA}}}}
    simulated: {{model: emstat4-hr, cells: {{1: "SS|PE|Li"}}}}
  bts:
    driver: neware
    address: socket://127.0.0.1:{1}
    channels: {{21-1-1: {{name: B1}}, 21-2-8: {{name: B2}}}}
    simulated: {{model: neware-bts, cells: {{21-1-1: "LFP|PLLZ|Li", 21-2-8: "Resistor(1000)"}}}}
chambers:
  oven: {{address: "socket://127.0.0.1:{2}", lowest: 0 °C, highest: 80 °C, channels: [A1], simulated: true}}
"""


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "bench.yaml"
    path.write_text(BENCH.format(*free_ports(3)), encoding="utf-8")
    return path


def test_a_bench_file_says_what_stands_where(path):
    bench = read_bench(path)
    assert [name for name, _, _ in bench.channels()] == ["A1", "B1", "B2"]
    assert bench.find("B2") == ("bts", "21-2-8")
    assert bench.chamber_of("A1") == "oven"
    assert bench.chamber_of("B1") is None
    assert bench.chambers["oven"].range_degC == pytest.approx((0.0, 80.0))
    assert bench.instruments["pico"].channels["1"].limits.potential_max == 4.8


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("driver: emstat", "driver: emsat", "instruments.pico.driver: there is no driver 'emsat'; did you mean emstat?"),
        ("driver: emstat", "drivr: emstat", "drivr is not a parameter of BenchInstrument; did you mean driver?"),
        ("driver: emstat", "driver: emstat\n    wires: 2", "pico: wires: 2 is not allowed with the driver 'emstat'"),
        ("driver: emstat", "driver: keithley\n    wires: 3", "wires: 3"),
        ("4.8 V", "4.8 A", "limits.potential_max: 'A' is not a unit of this quantity"),
        ("potential_max", "potental_max", "is not a parameter of SafetyLimits; did you mean potential_max?"),
        ("name: B1", "name: A1", "there are two channels with the name 'A1'"),
        ("name: B1", "name: ../B1", "'../B1' is not a name; take letters"),
        ("channels: [A1]", "channels: [C1]", "there is no channel 'C1'; there are A1, B1, B2"),
        ("highest: 80 °C", "highest: -80 °C", "lowest must be below highest"),
        ("speed: 500", "speed: -1", "speed: -1 is not allowed; it must be greater than 0"),
        ("speed: 500", "speed: &a 500", None),
        ("speed: 500", "speed: !!python/object:os.system {}", "is not a YAML file that can be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_it_is_told_with_its_place(path, old, new, says):
    path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    if says is None:
        assert read_bench(path).speed == 500
        return
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        read_bench(path)
    assert str(path) in str(caught.value)


def test_one_address_serves_one_instrument(path):
    text = path.read_text("utf-8")
    addresses = [line.split()[-1] for line in text.splitlines() if "    address:" in line]
    path.write_text(text.replace(addresses[1], addresses[0]), encoding="utf-8")
    with pytest.raises(ValueError, match="stands there twice"):
        read_bench(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("model: emstat4-hr", "model: emstat5", "'emstat5' is not a simulated instrument; did you mean emstat4-"),
        ("model: emstat4-hr", "model: keithley-2450", "is not an instrument for the driver emstat"),
        ("21-2-8: \"Res", "21-3-1: \"Res", "a neware-bts has no channel '21-3-1'; it has 21-1-1"),
        ("Resistor(1000)", "Resitor(1000)", "Resitor"),
        ("socket://127.0.0.1", "socket://0.0.0.0", "needs an address like"),
        ("socket://127.0.0.1", "COM5#", "needs an address like"),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_told(path, old, new, says):
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(says)), serve_bench(read_bench(path)):
        pass


def test_a_whole_bench_is_served_and_opened_by_the_names_of_its_channels(path):
    bench = read_bench(path)
    with serve_bench(bench) as served:
        assert set(served) == {"pico", "bts", "oven"}
        with open_place(bench, "A1") as place:
            assert place.channel.identity.model == "EmStat4 HR"
            assert place.channel.clock.speed == 500
            assert [each.potential_max for each in place.limits] == [None, 4.8]
            assert place.chamber is not None
            assert place.chamber.read() == pytest.approx(23.0, abs=0.1)
        with open_place(bench, "B2") as place:
            assert place.channel.name == "21-2-8"
            assert place.chamber is None
        with pytest.raises(ValueError, match="there is no channel 'B3'; there are A1, B1, B2"):
            open_place(bench, "B3").__enter__()


def test_what_answers_is_recognised_and_left_as_it_is():
    cell = Resistor(1000.0)
    with contextlib.ExitStack() as stack:
        addresses = {
            stack.enter_context(serve(model, cell, tcp_port=0)).address: driver
            for model, driver in (
                ("keithley-2450", "keithley"),
                ("neware-bts", "neware"),
                ("emstat-pico", "emstat"),
            )
        }
        julabo = stack.enter_context(TcpServer(JulaboDevice([cell])))
        julabo.device.is_running = True
        addresses[julabo.address] = "julabo"
        findings = [found for found in look_around(list(addresses)) if found.address in addresses]
        assert julabo.device.is_running
    assert {found.address: found.driver for found in findings} == addresses
    assert [len(found.channels) for found in findings] == [1, 16, 1, 0]


def test_nobody_there_is_told():
    (port,) = free_ports(1)
    (found,) = [
        found for found in look_around([f"socket://127.0.0.1:{port}"]) if found.address.endswith(str(port))
    ]
    assert not found.driver
    assert "Nothing answers at" in found.trouble


def test_closing_one_source_meter_leaves_the_other_connected():
    with (
        serve("keithley-2450", Resistor(1.0), tcp_port=0) as one,
        serve("keithley-2450", Resistor(1.0), tcp_port=0) as two,
    ):
        first, second = (open_instrument("keithley", each.address) for each in (one, two))
        first.close()
        assert len(second.channels[0].read()) == 1
        second.close()


def test_kinds_of_faults_are_read():
    assert fault_kinds("all") == KINDS
    assert fault_kinds("lost, garble") == ("lost", "garble")
    assert fault_kinds("reboot,open_leads") == ("reboot", "open_leads")
    with pytest.raises(ValueError, match="'rain' is not a fault; there are pull_mid_reply"):
        fault_kinds("lost,rain")


def test_faults_of_instruments_and_cells_are_injected_through_the_link():
    with one_instrument(
        "emstat4-hr", "Resistor(1000)", tcp_port=0, speed=50.0, seed=1, with_faults=True
    ) as served, open_instrument("emstat", served["emstat4-hr"].address) as instrument:  # fmt: skip
        link, channel = served["emstat4-hr"], instrument.channels[0]
        hold = ConstantPotential(potential_V=0.5, until=Until(duration_s=5.0), record=Record(interval_s=1.0))
        link.inject("open_leads")
        rows = [block for block in channel.run(hold) if len(block)]
        assert abs(rows[-1]["current_A"][-1]) < 1e-6
        link.inject("open_leads")
        rows = [block for block in channel.run(hold) if len(block)]
        assert rows[-1]["current_A"][-1] == pytest.approx(5e-4, rel=0.01)
        link.inject("refuse")
        with pytest.raises(InstrumentFault):
            list(channel.run(hold))
        with pytest.raises(ValueError, match="not a fault that can happen here"):
            link.inject("alarm")
        assert link.done == ["open_leads", "open_leads", "refuse"]


# The command line


def command(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "faradaic", *map(str, arguments)], capture_output=True, text=True, check=False,
        timeout=100, env={**os.environ, "PYTHONUTF8": "1"}, **more,
    )  # fmt: skip


@contextlib.contextmanager
def simulating(*arguments, lines):
    started = [sys.executable, "-m", "faradaic", "simulate", *map(str, arguments)]
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield [process.stdout.readline().split() for _ in range(lines)]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_from_the_command_line_a_bench_is_served_found_and_measured_on(path, tmp_path):
    with simulating(path, lines=3) as served:
        assert [name for name, _ in served] == ["pico", "bts", "oven"]
        found = command(
            "instruments", *[address for _, address in served], "--write", tmp_path / "found.yaml"
        )
        assert found.returncode == 0, found.stderr
        assert "EmStat4 HR" in found.stdout
        proposed = Bench.model_validate(yaml.safe_load((tmp_path / "found.yaml").read_text("utf-8")))
        assert set(proposed.instruments) == {"emstat", "neware"}
        assert proposed.chambers["chamber"].channels == ("emstat",)
        again = command("instruments", served[0][1], "--write", tmp_path / "found.yaml")
        assert (again.returncode, "exists already" in again.stderr) == (2, True)
        refused = command(
            "run",
            "LinearSweep",
            "--bench",
            path,
            "--channel",
            "A1",
            "--set",
            "stop=5 V",
            "--out",
            tmp_path / "a.h5",
        )
        assert refused.returncode == 2
        assert "above its upper limit potential_max of 4.8 V" in refused.stderr
        done = command(
            "run", "LinearSweep", "--bench", path, "--channel", "A1", "--set", "start=4 V", "--set", "stop=4.7 V",
            "--set", "rate=5 mV/s", "--out", tmp_path / "a.h5",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        done = command(
            "run",
            "OpenCircuit",
            "--bench",
            path,
            "--channel",
            "B1",
            "--set",
            "duration=20 min",
            "--out",
            tmp_path / "b.h5",
        )
        assert done.returncode == 0, done.stderr
    with Run.open(tmp_path / "b.h5") as run:
        assert run.instrument["channel"] == "21-1-1"
        assert 2.5 < run.samples["voltage_volt"].mean() < 4.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "OpenCircuit", "--out", "a.h5"), "either --instrument ADDRESS, or --bench FILE"),
        (("run", "OpenCircuit", "--out", "a.h5", "--bench", "none.yaml", "--channel", "A1"), "cannot be read"),
        (("simulate",), "a bench file, or --instrument MODEL and --cell CELL"),
        (("simulate", "--instrument", "nexus", "--cell", "Resistor(1)", "--faults", "rain"), "'rain' is not a fault"),
        (("simulate", "--instrument", "nexus", "--cell", "Resistor(1)", "--faults", "all", "--every", "0 s"), "every: '0 s'"),
        (("simulate", "--instrument", "nexos", "--cell", "Resistor(1)"), "did you mean nexus?"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_in_a_sentence(arguments, says, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disturbed_instrument_is_served(tmp_path):
    with simulating(
        "--instrument", "emstat4-hr", "--cell", "Resistor(1000)", "--speed", "20", "--faults", "pull_idle,late,truncate",
        "--every", "1 s", lines=1,
    ) as ((address,),):  # fmt: skip
        done = command(
            "run", "LinearSweep", "--instrument", address, "--set", "start=0 V", "--set", "stop=1 V",
            "--set", "rate=10 mV/s", "--out", tmp_path / "a.h5",
        )  # fmt: skip
    if done.returncode == 2:
        # The cable was away when it was looked for.
        assert "Traceback" not in done.stderr
        return
    with Run.open(tmp_path / "a.h5") as run:
        assert run.state == "finished" or run.state.startswith("failed"), done.stderr
        rows = run.samples
        assert abs(rows["voltage_volt"] - rows["current_ampere"] * 1000.0).max() < 5e-3


@pytest.mark.parametrize("model", ["emstat4-hr", "rodeostat-10V_24MilliAmpV0.2"])
def test_behind_a_serial_server_an_instrument_is_found_before_a_cycler_is_waited_for(monkeypatch, model):
    def looked_for(*_):
        raise AssertionError("a BTS server was looked for, which takes five seconds")

    monkeypatch.setattr("faradaic.instruments.neware.driver.Dialogue", looked_for)
    kind = device_kind(model)
    with (
        contextlib.closing(kind.make([Resistor(1000.0)], SystemClock(), 1)) as device,
        TcpServer(device) as server,
    ):
        (finding,) = [each for each in look_around([server.address]) if each.address == server.address]
    assert finding.driver == kind.driver


FOUND = {
    "emstat": {"driver": "emstat", "address": "COM5", "channels": {"1": {"name": "emstat"}}},
    "pico": {"driver": "neware", "address": "10.0.0.2", "channels": {"21-1-1": {"name": "pico 21-1-1"}}},
}


def test_what_is_found_is_added_to_a_bench_whose_comments_stay(path):
    before = path.read_text("utf-8")
    address = read_bench(path).instruments["bts"].address
    commented = before.replace("chambers:", "# The oven by the window.\nchambers:")
    commented = commented.replace(address, f"{address}?max_A=0.1")
    path.write_text(commented, encoding="utf-8")
    known = {"bts": {"driver": "neware", "address": address, "channels": {}}}
    oven = read_bench(path).chambers["oven"].address
    chambers = {"chamber": {"address": oven}, "chamber2": {"address": "COM9"}}
    added = add_to_bench(path, {"instruments": {**known, **FOUND}, "chambers": chambers})
    assert added == Added(("emstat", "pico2"), ("COM9",))
    bench = read_bench(path)
    assert list(bench.instruments) == ["pico", "bts", "emstat", "pico2"]
    assert bench.find("pico2 21-1-1") == ("pico2", "21-1-1")
    said, lines = path.read_text("utf-8").splitlines(), commented.splitlines()
    at = lines.index("# The oven by the window.")
    assert said[:at] + said[at + len(said) - len(lines) :] == lines
    # Once they are in it, nothing is added any more.
    assert add_to_bench(path, {"instruments": FOUND}).instruments == ()
    assert path.read_text("utf-8").splitlines() == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("instruments: {a: {driver: emstat, address: COM1}}", "stand in braces"),
        ("instruments:\n  a: {driver: emsta, address: COM1}", "did you mean emstat"),
    ],
)
def test_a_bench_that_cannot_be_added_to_is_left_as_it_is(tmp_path, text, why):
    path = tmp_path / "bench.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=why):
        add_to_bench(path, {"instruments": FOUND})
    assert path.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_the_command_line_adds_what_answers(path):
    with serve("emstat-pico", Resistor(1000.0), tcp_port=0) as served:
        command = [sys.executable, "-m", "faradaic", "instruments", served.address, "--add", str(path)]
        for said in ("Added to", "nothing, as all of them are in it"):
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            assert said in done.stdout
        assert served.address in [each.address for each in read_bench(path).instruments.values()]

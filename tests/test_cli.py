"""The command line as a user meets it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from faradaic import cli
from faradaic.engine import Recorded, Runner
from faradaic.instruments import open_instrument
from faradaic.protocols import Cell, OpenCircuit
from faradaic.storage import Run

SYSTEM = [sys.executable, "-m", "faradaic"]


def invoke(*arguments):
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


def one_sentence(result):
    """Return what a refused command said: one line, no traceback, exit code 2."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("faradaic: ")


@pytest.fixture
def bench():
    """Serve a simulated EmStat4 HR with a resistor of 10 kΩ, as `faradaic simulate` does."""
    command = [
        *SYSTEM,
        "simulate",
        "--instrument",
        "emstat4-hr",
        "--cell",
        "Resistor(10000)",
        "--tcp",
        "0",
        "--speed",
        "100",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.terminate()
        assert process.wait(10) == 0


def test_help_names_every_command():
    output = invoke("--help").output
    for command in ("demo", "run", "simulate", "protocols", "show", "report", "recover", "export"):
        assert f"  {command} " in output


def test_protocols_are_listed_with_their_purpose():
    output = invoke("protocols").output
    assert re.search(r"LinearSweep +Sweep the potential once", output)


def test_parameters_are_listed_with_their_defaults():
    output = invoke("protocols", "CyclicVoltammetry").output
    assert "vertex_1 (needed)" in output
    assert "rates (default 0.1 mV/s, 0.2 mV/s" in output
    assert "First turning point." in output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["LinearSwep"], "there is no protocol 'LinearSwep'; did you mean LinearSweep?"),
        (["LinearSweep", "--set", "rate=-1 mV/s"], "rate: -1 mV/s is not allowed; it must be above 0"),
        (["LinearSweep", "--set", "rate=nan V/s"], "rate: 'nan V/s' does not begin with a number"),
        (["LinearSweep", "--set", "rte=1 mV/s"], "rte is not a parameter of LinearSweep; did you mean rate?"),
        (["LinearSweep", "--set", "rate"], "'rate' should look like name=value"),
        (
            ["LinearSweep", "--limit", "potential_mx=5 V"],
            "potential_mx is not a parameter of SafetyLimits; did you mean potential_max?",
        ),
        (["missing.yaml"], "missing.yaml cannot be read: No such file"),
        (["LinearSweep", "--cell", "missing.yaml"], "missing.yaml cannot be read: No such file"),
        (["LinearSweep", "--driver", "emstatt"], "there is no driver 'emstatt'; known are emstat"),
        (["LinearSweep", "--instrument", "COM999"], "The port COM999 cannot be opened"),
        (["LinearSweep", "--instrument", "socket://127.0.0.1:1"], "Nothing answers at socket://127.0.0.1:1"),
    ],
)
def test_a_mistake_is_answered_in_one_sentence_before_anything_is_connected(tmp_path, arguments, says):
    options = [] if "--instrument" in arguments else ["--instrument", "socket://127.0.0.1:1"]
    sentence = one_sentence(invoke("run", *arguments, *options, "--out", tmp_path / "a.h5"))
    assert says in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("area: -1 cm²", "area: -1 cm² is not allowed"),
        ("aera: 1 cm²", "aera is not a parameter of Cell; did you mean area?"),
        ("area: 1", "area: 1 has no unit"),
        ("- 1\n- 2", "should hold names with values"),
        ("area: [1", "is not a YAML file that can be read"),
        ("area: !!python/object/apply:os.system ['true']", "is not a YAML file that can be read"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nname: [*b, *b]", "aliases"),
        ("\x00\x01", "is not a YAML file that can be read"),
        ("name: ../../etc/passwd\narea: 1 km", "area: 'km' is not a unit of this quantity"),
    ],
)
def test_a_cell_file_that_is_wrong_is_answered_in_one_sentence(tmp_path, content, says):
    path = tmp_path / "cell.yaml"
    path.write_text(content, "utf-8")
    sentence = one_sentence(
        invoke(
            "run",
            "LinearSweep",
            "--instrument",
            "socket://127.0.0.1:1",
            "--cell",
            path,
            "--out",
            tmp_path / "a.h5",
        )
    )
    assert says in sentence
    assert str(path) in sentence


@pytest.mark.parametrize("command", ["show", "report", "recover", "export"])
@pytest.mark.parametrize("content", [None, b"", b"something else"])
def test_a_file_that_is_no_run_is_answered_in_one_sentence(tmp_path, command, content):
    path = tmp_path / "a.h5"
    if content is not None:
        path.write_bytes(content)
    sentence = one_sentence(invoke(command, path))
    assert "There is no file" in sentence if content is None else "is not a run file" in sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--instrument", "emstat5", "--cell", "Resistor(1)"], "emstat5"),
        (["--instrument", "emstat4-hr", "--cell", "Resistor(-1)"], "resistance_ohm"),
        (["--instrument", "emstat4-hr", "--cell", "__import__('os').system('true')"], "not a cell"),
        (["--instrument", "emstat4-hr", "--cell", "SS|IGE-9|Li"], "IGE-2"),
        (["--instrument", "emstat4-hr", "--cell", "Resistor(1)", "--speed", "0"], "speed"),
    ],
)
def test_a_simulation_that_cannot_be_is_refused_in_one_sentence(arguments, says):
    assert says in one_sentence(invoke("simulate", *arguments))


def test_a_run_from_the_command_line(tmp_path, bench):
    cell = tmp_path / "cell.yaml"
    cell.write_text("name: dummy №1\narea: 1 cm²\n", "utf-8")
    out = tmp_path / "run.h5"
    done = invoke(
        "run", "LinearSweep", "--instrument", bench, "--cell", cell, "--out", out, "--operator", "Ada",
        "--set", "start=-0.1 V", "--set", "stop=0.1 V", "--set", "rate=50 mV/s", "--set", "sample_every=5 mV",
        "--limit", "current_max=1 mA",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "finished" in done.output
    with Run.open(out) as run:
        assert run.state == "finished"
        assert run.environment["operator"] == "Ada"
        assert run.attributes["cell"] == "dummy №1"
        ohm = run.samples["voltage_volt"][-1] / run.samples["current_ampere"][-1]
        assert ohm == pytest.approx(1e4, rel=0.01)
    shown = invoke("show", out).output
    assert "Linear sweep" in shown
    assert "EmStat4 HR" in shown
    assert invoke("export", out, "--out", tmp_path / "csv").exit_code == 0
    assert len(list((tmp_path / "csv").glob("*.bdf.csv"))) == 1
    assert invoke("report", out, "--format", "png").exit_code == 0
    assert list(tmp_path.glob("*.png"))
    assert "finished: " in invoke("recover", out).output


def test_a_limit_fails_the_run_with_its_reason(tmp_path, bench):
    done = invoke(
        "run", "LinearSweep", "--instrument", bench, "--out", tmp_path / "run.h5",
        "--set", "start=0 V", "--set", "stop=5 V", "--set", "rate=1 V/s", "--set", "sample_every=10 mV",
        "--limit", "current_max=100 µA",
    )  # fmt: skip
    assert done.exit_code == 1
    assert "its limit is 100 µA. The cell was put at rest." in done.output
    assert "failed: limit" in done.output


@pytest.mark.parametrize("out", ["no/such/folder/run.h5", "."])
def test_an_output_that_cannot_be_written_is_refused_in_one_sentence(tmp_path, bench, out):
    done = invoke("run", "LinearSweep", "--instrument", bench, "--out", tmp_path / out)
    assert str(tmp_path) in one_sentence(done)


def test_what_the_instrument_cannot_do_is_refused_in_one_sentence(tmp_path, bench):
    done = invoke(
        "run", "LinearSweep", "--instrument", bench, "--out", tmp_path / "a.h5", "--set", "stop=7 V"
    )
    assert one_sentence(done).endswith("cannot apply 7 V: its range is -6 V to 6 V.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to stand in for Ctrl+C in a test")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_run_and_closes_the_file(tmp_path, bench, number):
    out = tmp_path / "run.h5"
    command = [
        *SYSTEM,
        "run",
        "OpenCircuit",
        "--instrument",
        bench,
        "--out",
        str(out),
        "--set",
        "duration=10 h",
        "--set",
        "sample_every=10 s",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while not out.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "stopped: " in output
    with Run.open(out) as run:
        assert run.state == "stopped"
        assert len(run.samples) > 0


def test_the_demo_runs_and_draws(tmp_path):
    done = invoke("demo", "--out", tmp_path / "demo")
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "demo").glob("*.h5")
    with Run.open(path) as run:
        assert run.state == "finished"
        assert run.results["onset_potential"].value == pytest.approx(4.8, abs=0.01)
    assert len(list((tmp_path / "demo").glob("*.png"))) >= 4
    for figure in (tmp_path / "demo").glob("*.png"):
        assert str(figure.name) in done.output.replace("\n", "")


def test_the_module_is_the_command():
    done = subprocess.run(
        [*SYSTEM, "--help"], capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "100"}
    )
    assert "Run a protocol on an instrument" in done.stdout
    assert Path(cli.__file__).parent.name == "cli"


def test_a_run_that_was_stopped_is_resumed(tmp_path, bench):
    out = tmp_path / "run.h5"
    sentence = one_sentence(invoke("resume", out, "--instrument", bench))
    assert "There is no file" in sentence

    def stop(message):
        if isinstance(message, Recorded):
            runner.commands.stop()

    with open_instrument("emstat", bench) as instrument:
        protocol = OpenCircuit(duration="20 s", sample_every="0.5 s")
        runner = Runner(protocol, instrument.channels[0], cell=Cell(), out=out, subscribers=[stop])
        assert runner.run() == "stopped"
    done = invoke("resume", out, "--instrument", bench)
    assert done.exit_code == 0, done.output
    assert "finished: " in done.output
    with Run.open(out) as run:
        assert [step.end_reason for step in run.steps] == ["stopped", "duration_s"]
        assert "open_circuit_potential" in run.results
    assert "nothing to go on with" in one_sentence(invoke("resume", out, "--instrument", bench))


def test_published_experiments_are_listed_by_their_names_when_one_is_wrong(tmp_path):
    sentence = one_sentence(invoke("reproduce", "--system", "IGE-9", "--out", tmp_path))
    assert "IGE-2" in sentence


def test_a_temperature_set_by_hand_is_asked_for(tmp_path, bench):
    command = [
        *SYSTEM, "run", "ConductivitySweep", "--instrument", bench, "--out", str(tmp_path / "s.h5"),
        "--set", "temperatures=25, 60 °C", "--set", "soak=10 s", "--set", "frequency_min=1 kHz",
        "--chamber", "hand",
    ]  # fmt: skip
    done = subprocess.run(command, input="\n\n", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Bring the cell to 25 °C and let it settle. Press Enter" in done.stderr
    assert "Bring the cell to 60 °C" in done.stderr


def test_a_temperature_without_a_chamber_is_refused(tmp_path, bench):
    done = invoke("run", "ConductivitySweep", "--instrument", bench, "--out", tmp_path / "s.h5")
    assert "it needs a chamber, or a person who sets the temperature by hand" in one_sentence(done)


def test_a_recording_of_another_program_is_imported_and_compared(tmp_path):
    source = tmp_path / "a.csv"
    rows = [f"{t},{3.5 + t / 1e4},{1 if t < 1800 else -1}" for t in range(0, 3600, 10)]
    source.write_text("test_time_second,voltage_volt,current_ampere\n" + "\n".join(rows))
    for name in ("a", "b"):
        done = invoke("import", source, "--out", tmp_path / f"{name}.h5")
        assert done.exit_code == 0, done.output
    done = invoke("compare", tmp_path / "a.h5", tmp_path / "b.h5", "--out", tmp_path, "--format", "svg")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "comparison-cycling.svg").exists()
    assert "two run files or more" in one_sentence(invoke("compare", tmp_path / "a.h5"))
    assert "No such file" in one_sentence(invoke("import", tmp_path / "x.mpr"))


UNICYCLER = """{
  "sample": {"name": "theirs", "capacity_mAh": 1},
  "record": {"time_s": 0.1},
  "safety": {"delay_s": 1},
  "method": [
    {"step": "tag", "tag": "again"},
    {"step": "constant_current", "rate_C": 0.1, "until_time_s": 1, "until_voltage_V": 2},
    {"step": "constant_current", "rate_C": -0.1, "until_time_s": 1, "until_voltage_V": 0},
    {"step": "loop", "loop_to": "again", "cycle_count": 2}
  ]
}"""


def test_a_protocol_of_unicycler_is_run_with_the_cell_that_it_describes(bench, tmp_path):
    file, out = tmp_path / "p.json", tmp_path / "r.h5"
    file.write_text(UNICYCLER, encoding="utf-8")
    command = [*SYSTEM, "run", str(file), "--instrument", bench, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "p.json: safety: limits act at once" in done.stderr
    with Run.open(out) as recorded:
        assert recorded.attributes["cell"] == "theirs"
        assert [step.role for step in recorded.steps] == ["charge", "discharge"] * 2
        # 0.1C of 1 mAh through 10 kΩ.
        charge = recorded.samples[recorded.steps[0].samples]
        assert charge["current_ampere"].mean() == pytest.approx(1e-4, rel=0.01)
        assert charge["voltage_volt"].mean() == pytest.approx(1.0, rel=0.01)
        # The first sample of the discharge is below 0 V already.
        assert recorded.steps[1].end_reason == "potential_below_V"


def test_protocols_are_converted_there_and_back_and_nothing_is_overwritten(tmp_path):
    file = tmp_path / "p.json"
    file.write_text(UNICYCLER, encoding="utf-8")
    assert invoke("convert", file, "--to", "yaml").exit_code == 0
    converted = (tmp_path / "p.yaml").read_text("utf-8")
    assert "times: 2" in converted
    assert "until_below: 0 V" in converted
    back = invoke("convert", tmp_path / "p.yaml", "--to", "unicycler")
    assert back.exit_code == 0
    assert "cut-off of 0 V" in back.stderr
    assert (
        invoke(
            "convert", tmp_path / "p.unicycler.json", "--to", "yaml", "--out", tmp_path / "q.yaml"
        ).exit_code
        == 0
    )
    assert (tmp_path / "q.yaml").read_text("utf-8") == converted
    assert "exists already" in one_sentence(invoke("convert", tmp_path / "p.yaml", "--to", "unicycler"))
    assert (tmp_path / "q.yaml").read_text("utf-8") == converted


def test_what_cannot_be_converted_is_told_in_one_line(tmp_path):
    said = one_sentence(invoke("convert", "LinearSweep", "--to", "unicycler", "--out", tmp_path / "x.json"))
    assert "depends on what is measured" in said
    assert not list(tmp_path.iterdir())


def test_settings_change_a_file_of_another_program(tmp_path):
    (tmp_path / "p.txt").write_text("Rest for 1 h", encoding="utf-8")
    out = tmp_path / "q.yaml"
    assert (
        invoke(
            "convert", tmp_path / "p.txt", "--to", "yaml", "--set", "sample_every=5 s", "--out", out
        ).exit_code
        == 0
    )
    assert "sample_every: 5 s" in out.read_text("utf-8")


def test_the_schema_is_printed_in_ascii():
    output = invoke("schema").output
    assert output.isascii()
    assert json.loads(output)["properties"]["protocol"]["enum"][0] == "OpenCircuit"

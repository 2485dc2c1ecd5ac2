"""What the documentation shows works."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from aurora_unicycler import CyclingProtocol
from jsonschema import Draft7Validator

from faradaic.cli import app
from faradaic.core.clock import VirtualClock
from faradaic.engine import run
from faradaic.instruments import InstrumentFault
from faradaic.instruments.bench_file import Bench, read_bench
from faradaic.protocols import Cell, ConstantPotential, LinearSweep, Until, preview
from faradaic.protocols.interchange import read_protocol_file
from faradaic.simulators import parse_cell

DOCS = Path(__file__).parents[1] / "docs"


class TinyInstrument:
    """A resistor of 1 kΩ behind four commands."""

    def __init__(self):
        self.values = {"limit": 0.0, "level": 0.0, "output": 0}
        self.deaf_to = ""

    def __call__(self, text):
        if text == "serial?":
            return "0042"
        if text == "read?":
            volt = self.values["level"] * self.values["output"]
            return f"{volt},{volt / 1000}"
        if text.endswith("?"):
            return str(self.values[text[:-1]])
        name, value = text.split()
        if name != self.deaf_to:
            self.values[name] = type(self.values[name])(float(value))
        return ""


def test_the_bench_files_that_are_shown_are_bench_files(tmp_path):
    examples = re.findall(r"```yaml\n(.*?)```", (DOCS / "bench.md").read_text("utf-8"), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        path = tmp_path / "bench.yaml"
        path.write_text(example, encoding="utf-8")
        assert "A1" in [name for name, _, _ in read_bench(path).channels()]


def test_the_alarms_that_are_shown_are_taken_by_a_bench():
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "service.md").read_text("utf-8"), re.DOTALL)
    instruments = {"i": {"driver": "emstat", "address": "COM5"}}
    bench = Bench.model_validate({**yaml.safe_load(example), "instruments": instruments})
    assert (bench.resume, bench.alarms.email.to) == ("automatic", ("ada@example.org",))


@pytest.mark.parametrize(
    ("page", "many"), [("service.md", 9), ("protocol-files.md", 3), ("pybamm-cells.md", 1)]
)
def test_every_command_that_is_shown_is_there(page, many):
    shown = set(re.findall(r"^faradaic ([a-z-]+)", (DOCS / page).read_text("utf-8"), re.MULTILINE))
    known = {command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands}
    assert len(shown) >= many
    assert shown <= known


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def test_the_protocol_files_that_are_shown_are_read_and_right_for_editors(tmp_path):
    schema = Draft7Validator(json.loads((DOCS / "faradaic.schema.json").read_text("utf-8")))
    names = {"yaml": "p.yaml", "json": "p.json", "text": "p.txt"}
    found = []
    for language, name in names.items():
        for block in blocks("protocol-files.md", language):
            (tmp_path / name).write_text(block, encoding="utf-8")
            incoming = read_protocol_file(tmp_path / name)
            cell = incoming.completed(Cell(area="1 cm²", nominal_capacity="2 mAh"))
            found.append(len(preview(incoming.protocol, cell).steps))
            if language == "yaml":
                assert not list(schema.iter_errors(yaml.safe_load(block)))
            if language == "json":
                CyclingProtocol.from_dict(json.loads(block))
    assert found == [1016, 304, 2, 150, 4, 300]


def test_the_conversion_that_is_shown_converts(capsys):
    (code,) = blocks("protocol-files.md", "python")
    exec(compile(code, "protocol-files.md", "exec"), {})
    assert capsys.readouterr().out.startswith("13 50 ")


@pytest.mark.timeout(400)
def test_the_pybamm_cell_that_is_shown_follows_pybamm(tmp_path, monkeypatch, capsys):
    (code,) = blocks("pybamm-cells.md", "python")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "pybamm-cells.md", "exec"), {})
    said = capsys.readouterr().out
    assert float(said.split(" mV")[0]) < 0.2
    (command,) = re.findall(r'--cell "(.*)" --tcp', "".join(blocks("pybamm-cells.md", "sh")))
    assert parse_cell(command).metadata["capacity_mAh"] == 100.0


@pytest.fixture
def tiny():
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "write-a-driver.md").read_text("utf-8"), re.DOTALL)
    device = TinyInstrument()
    names = {"LINKS": {"here": device}}
    exec(compile(code, "write-a-driver.md", "exec"), names)
    return names["TinySource"]("here", VirtualClock()), device


def test_the_smallest_driver_measures(tiny, tmp_path):
    instrument, device = tiny
    protocol = LinearSweep(start="0 V", stop="1 V", rate="10 mV/s", sample_every="10 mV")
    with instrument, run(protocol, instrument.channels[0], out=tmp_path / "r.h5") as measured:
        assert measured.state == "finished"
        rows = measured.samples
        assert len(rows) == 101
        assert np.allclose(rows["voltage_volt"], 1000 * rows["current_ampere"])
    assert device.values["output"] == 0


def test_the_smallest_driver_starts_on_nothing_that_was_not_taken(tiny, tmp_path):
    instrument, device = tiny
    device.deaf_to = "limit"
    protocol = LinearSweep(start="0 V", stop="1 V", rate="10 mV/s", sample_every="10 mV")
    with run(protocol, instrument.channels[0], out=tmp_path / "r.h5") as measured:
        assert measured.state == "failed: instrument"
    step = ConstantPotential(potential_V=1.0, until=Until(duration_s=1.0))
    with pytest.raises(InstrumentFault, match="did not take the limit"):
        list(instrument.channels[0].run(step))
    assert device.values["output"] == 0

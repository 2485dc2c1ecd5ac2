"""The pages about protocol files and PyBaMM cells: what they show is read, converted and followed."""

import json
import re

import pytest
import yaml
from aurora_unicycler import CyclingProtocol
from jsonschema import Draft7Validator

from faradaic.protocols import Cell, preview
from faradaic.protocols.interchange import read_protocol_file
from faradaic.simulators import parse_cell

from doc_pages import DOCS, blocks, check_sh


def texts(page, language):
    return [block.text for block in blocks(page) if block.language == language]


@pytest.mark.parametrize("page", ["protocol-files.md", "pybamm-cells.md"])
def test_the_commands_that_are_shown_are_there(page):
    for text in texts(page, "sh"):
        check_sh(text)


def test_the_protocol_files_that_are_shown_are_read_and_right_for_editors(tmp_path):
    schema = Draft7Validator(json.loads((DOCS / "faradaic.schema.json").read_text("utf-8")))
    names = {"yaml": "p.yaml", "json": "p.json", "text": "p.txt"}
    found = []
    for language, name in names.items():
        for text in texts("protocol-files.md", language):
            (tmp_path / name).write_text(text, encoding="utf-8")
            incoming = read_protocol_file(tmp_path / name)
            cell = incoming.completed(Cell(area="1 cm²", nominal_capacity="2 mAh"))
            found.append(len(preview(incoming.protocol, cell).steps))
            if language == "yaml":
                assert not list(schema.iter_errors(yaml.safe_load(text)))
            if language == "json":
                CyclingProtocol.from_dict(json.loads(text))
    assert found == [1016, 304, 2, 150, 4, 300]


def test_the_conversion_that_is_shown_converts(capsys):
    (code,) = texts("protocol-files.md", "python")
    exec(compile(code, "protocol-files.md", "exec"), {})
    assert capsys.readouterr().out.startswith("13 50 ")


@pytest.mark.timeout(400)
def test_the_pybamm_cell_that_is_shown_follows_pybamm(tmp_path, monkeypatch, capsys):
    (code,) = texts("pybamm-cells.md", "python")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "pybamm-cells.md", "exec"), {})
    assert float(capsys.readouterr().out.split(" mV")[0]) < 0.2
    (command,) = re.findall(r'--cell "(.*)" --tcp', "".join(texts("pybamm-cells.md", "sh")))
    assert parse_cell(command).metadata["capacity_mAh"] == 100.0

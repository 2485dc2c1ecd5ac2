"""The papers' experiments, repeated: what is compared, and how it is judged."""

import csv

import pytest

from faradaic.reproduction import Comparison, planned, reproduce, write_tables
from faradaic.reproduction.measuring import _facts


def test_every_printed_number_has_its_experiment():
    plan = [(system, each.name) for system, each in planned()]
    assert ("IGE-2", "linear-sweep") in plan
    assert ("PPLA", "coulombic-efficiency") in plan
    assert ("PL", "transference") not in plan  # the paper gives none
    assert ("PPLA", "life") not in plan  # it did not fail
    assert len(plan) > 60


def test_a_part_can_be_chosen():
    assert [each.name for _, each in planned("PLZ")] == ["conductivity"]
    assert {each.name for _, each in planned(experiment="tafel")} == {"tafel"}
    assert all(system == "PE" for system, _ in planned("PE"))


@pytest.mark.parametrize(("system", "experiment"), [("IGE-9", None), (None, "x-ray")])
def test_what_there_is_not_is_refused(system, experiment):
    with pytest.raises(ValueError, match="is not"):
        planned(system, experiment)


@pytest.mark.parametrize("name", ["conductivity", "linear-sweep", "tafel", "critical-current"])
def test_numbers_are_recovered_from_the_run_file(tmp_path, name):
    ((row,),) = reproduce(planned("PE", name), tmp_path)
    assert row.verdict == "reproduced"
    assert row.system == "PE"
    assert list(tmp_path.glob(f"PE-{name}*.h5"))
    assert list(tmp_path.glob(f"PE-{name}*.png"))
    if name == "conductivity":
        assert "60 C" in row.note or "60 °C" in row.note


def test_what_cannot_be_measured_is_not_called_reproduced(tmp_path):
    # The interfaces of IGE-2 take nearly all of the polarization.
    ((row,),) = reproduce(planned("IGE-2", "transference"), tmp_path)
    assert row.verdict == "not determined"
    assert "the interfaces take" in row.note


def test_the_tables_hold_every_row(tmp_path):
    row = Comparison("a|b", "P1", "q", "V", "1", "1.0 ± 0.1 V", "+0", "reproduced", "a note, with a comma")
    markdown, table = write_tables([row, row], tmp_path)
    lines = markdown.read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert "a\\|b" in lines[2]
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["system"] == "a|b"
    assert rows[1]["note"] == "a note, with a comma"


def test_printed_numbers_have_one_tolerance():
    for system, experiment in planned():
        for each in experiment.printed(system, _facts(system, experiment)):
            assert (each.absolute > 0) != (each.relative > 0)


def test_full_cells_give_what_is_printed_of_them(tmp_path):
    plan = planned("LFP|PLLZ", "rate") + planned("LFP|PLLZ", "polarization")
    rows = [row for rows in reproduce(plan, tmp_path, workers=2) for row in rows]
    assert len(rows) == 6
    assert {row.verdict for row in rows} == {"reproduced"}


def test_every_system_that_can_be_built_has_an_experiment_for_its_numbers():
    names = {system for system, _ in planned()}
    assert {"LFP|IGE-2", "NCM523|PPLA", "NCM811|HVQE", "pouch NCM811|Si PVCm-GPE"} <= names
    assert "pouch Li|GMFN" not in names  # names no cathode
    assert [each.name for _, each in planned("NCM523|PPLA")] == [
        "rate", "retention", "retention-5c", "retention-1c"
    ]  # fmt: skip


def test_contradictions_of_a_paper_are_named():
    ((_, experiment),) = planned("IGE-2", "overpotential")
    notes = {each.note for each in experiment.printed("IGE-2", _facts("IGE-2", experiment))}
    assert "520, 430, 467 Ω·cm²" in notes.pop()
    ((_, experiment),) = planned("IGE-2", "activation-energy-vtf")
    (printed,) = experiment.printed("IGE-2", _facts("IGE-2", experiment))
    assert "0.11 eV" in printed.note
    assert "negative T_0" in printed.note

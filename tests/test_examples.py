"""The examples run as they are, and find what is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name, *arguments, folder):
    """Run an example as a user does; return what it prints."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1"},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sweep_in_one_line_prints_the_published_onset(tmp_path):
    printed = example("one_line_sweep.py", tmp_path / "lsv.h5", folder=tmp_path)
    value, _, uncertainty, unit = printed.split()
    assert unit == "V"
    assert float(value) == pytest.approx(4.8, abs=0.02)
    assert 0 < float(uncertainty) < 0.01


def test_a_protocol_of_ones_own_closes_in_on_the_published_onset(tmp_path):
    *holds, last = example("own_protocol.py", tmp_path / "onset.h5", folder=tmp_path).splitlines()
    below, above = (float(word) for word in last.split() if word[0].isdigit())
    assert 4.75 < below < above < 4.85
    assert above - below <= 0.01
    # It never looks twice at the same potential, nor at more of them than halving needs.
    assert len(holds) == len(set(holds)) <= 8


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [2, 3])
def test_an_unknown_electrolyte_is_found(tmp_path, monkeypatch, seed):
    example("characterise.py", seed, tmp_path / "results", folder=tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from unknown_bench import sealed_envelope  # noqa: PLC0415  an example, not a package

    true = sealed_envelope(seed)
    found = json.loads((tmp_path / "results" / "findings.json").read_text("utf-8"))

    def off(name, value):
        return abs(found[name]["value"] - value) / found[name]["uncertainty"]

    exchange = true["exchange_current_density_mA_per_cm2"]
    assert off("conductivity at 25 °C", true["conductivity_S_per_cm"]) < 3.5
    # Its uncertainty is the scatter about a line of six points alone, not the bath's: up to 5 of them off.
    assert found["activation energy"]["value"] == pytest.approx(true["activation_energy_eV"], rel=2e-3)
    assert off("t₊, Bruce–Vincent–Evans", true["transference_number"]) < 3.5
    assert off("t₊, impedance", true["transference_number"]) < 3.5
    assert off("exchange current, impedance", exchange) < 3.5
    for name in ("exchange current, Tafel", "exchange current, low field"):
        # A membrane that resists more than its electrodes hides them, and then it is said.
        assert found[name]["value"] is None or off(name, exchange) < 3.5
    # The sweep reads 10 µA/cm² where the simulation puts it, but for the film that forms meanwhile.
    assert found["oxidation onset, sweep"]["value"] == pytest.approx(true["oxidation_limit_V"], abs=0.01)
    # 90 mV a decade: 5 µA/cm² lie 27 mV lower. The limit is the last hold below it, in steps of 0.1 V.
    limit_V = true["oxidation_limit_V"] - 0.027
    assert -0.01 <= limit_V - found["oxidation limit, floating"]["value"] <= 0.11
    critical = true["critical_current_density_mA_per_cm2"]
    assert -1e-6 <= critical - found["critical current density"]["value"] <= 0.05 * 1.01
    page = (tmp_path / "results" / "report.pdf").read_bytes()
    assert page.startswith(b"%PDF")
    assert page.count(b"/Type /Page\n") <= 1
    assert (tmp_path / "results" / "report.png").stat().st_size > 50_000


@pytest.mark.timeout(300)
def test_sixteen_rate_tests_run_at_once_through_the_service(tmp_path):
    printed = example("rate_test_16.py", tmp_path / "rates", folder=tmp_path)
    # Published at 0.5C, 1C and 2C, in mAh/g; charged within two hours, the cells are not quite full.
    for electrolyte, published in (
        ("LFP|PLLZ|Li", (133.7, 123.9, 109.9)),
        ("LFP|PLL|Li", (127.2, 111.2, 85.1)),
    ):
        (line,) = [line for line in printed.splitlines() if line.startswith(electrolyte)]
        assert " 8 cells" in line
        measured = json.loads(line[line.index("[") :])
        assert measured == pytest.approx(published, rel=0.1)
    assert (tmp_path / "rates" / "rates.png").stat().st_size > 10_000


@pytest.mark.timeout(300)
def test_the_dashboard_follows_a_run_to_its_end(tmp_path, monkeypatch):
    import nbformat  # noqa: PLC0415  takes a second
    from nbclient import NotebookClient  # noqa: PLC0415

    notebook = nbformat.read(EXAMPLES / "dashboard.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), "outputs are stripped"
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
    NotebookClient(
        notebook, timeout=280, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    pictures = [output for output in code[2].outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert code[-1].outputs[0]["text"].startswith("finished 4.79")


def test_every_example_is_told_of():
    told = (EXAMPLES / "README.md").read_text("utf-8")
    helpers = {"characterise_page.py", "simulated_bench.py"}
    for file in [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*.ipynb")]:
        assert file.name in helpers or f"({file.name})" in told, file.name

"""The layers, and what an installed package must be able to do."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("core", "protocols", "instruments", "storage", "analysis", "engine", "simulators", "gui")
MAY_IMPORT = {
    "core": set(),
    "protocols": {"core"},
    "instruments": {"core", "protocols"},
    "storage": {"core"},
    "analysis": {"core", "protocols", "storage"},
    "engine": {"core", "protocols", "instruments", "storage", "analysis"},
    "simulators": {"core"},
    # The window asks the service; it never talks to a driver.
    "gui": {"core", "protocols", "storage", "engine"},
}


def imports(path):
    """Return which of our parts a module imports."""
    found = set()
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level == 0:
            names = (node.module or "").split(".")
            found |= {names[1]} if names[0] == "faradaic" and len(names) > 1 else set()
            continue
        base = package[: len(package) - (node.level - 1)]
        full = (*base, *((node.module or "").split(".") if node.module else ()))
        found |= {full[0]} if full else {alias.name for alias in node.names}
    return found & set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_no_part_imports_what_is_above_it(part):
    for path in (ROOT / part).rglob("*.py"):
        allowed = MAY_IMPORT[part] | {part}
        if path.name in ("simulated.py", "serving.py") and part == "simulators":
            allowed |= {"instruments"}
        assert imports(path) <= allowed, f"{path.relative_to(ROOT)} imports {imports(path) - allowed}"


def test_drivers_and_simulated_instruments_do_not_know_each_other():
    for path in (ROOT / "simulators").rglob("*.py"):
        if path.name not in ("simulated.py", "serving.py"):
            assert "instruments" not in imports(path), path


def test_the_package_list_is_complete():
    listed = (ROOT / "pyproject.toml").read_text("utf-8")
    for part in PARTS:
        for init in (ROOT / part).rglob("__init__.py"):
            name = ".".join(("faradaic", *init.parent.relative_to(ROOT).parts))
            assert f'"{name}"' in listed, f"{name} is missing in pyproject.toml"


@pytest.mark.parametrize("module", ["faradaic.cli", "faradaic", "faradaic.analysis"])
def test_help_is_not_kept_waiting(module):
    heavy = ("numpy", "scipy", "matplotlib", "pint", "h5py", "pydantic", "PySide6")
    code = f"import sys, {module}; print(*(name for name in {heavy!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"scipy", "matplotlib", "PySide6"}
    if module != "faradaic.analysis":
        assert not loaded


@pytest.mark.skipif(
    shutil.which("uv") is None, reason="installing into an empty environment needs uv on the path"
)
def test_the_wheel_installs_into_an_empty_environment_and_every_module_imports(tmp_path):
    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("uv", "build", "--quiet", "--out-dir", str(tmp_path), str(ROOT))
    (wheel,) = tmp_path.glob("*.whl")
    run("uv", "venv", "--quiet", "--python", sys.executable, str(tmp_path / "empty"))
    folder = "Scripts" if sys.platform == "win32" else "bin"
    python = str(tmp_path / "empty" / folder / "python")
    run("uv", "pip", "install", "--quiet", "--python", python, str(wheel))
    code = (
        "import importlib, pkgutil, faradaic\n"
        "for module in pkgutil.walk_packages(faradaic.__path__, 'faradaic.'):\n"
        "    if not module.name.endswith('__main__') and not module.name.startswith('faradaic.gui'):\n"
        "        importlib.import_module(module.name); print(module.name)\n"
        "from faradaic.simulators import published_cell\n"
        "published_cell('SS|IGE-2|Li')\n"
    )
    names = run(python, "-c", code).split()
    assert "faradaic.engine.runner" in names
    assert not any("tests" in name or "benchmarks" in name for name in names)
    faradaic = str(tmp_path / "empty" / folder / "faradaic")
    assert "LinearSweep" in run(faradaic, "protocols")
    # Packages of others add protocols and drivers.
    shutil.copytree(ROOT / "examples" / "plugin", tmp_path / "plugin")
    run("uv", "pip", "install", "--quiet", "--python", python, str(tmp_path / "plugin"))
    assert "Hold potentials one after the other" in run(faradaic, "protocols")
    ladder = ("HoldLadder", "--set", "hold=1 s", "--set", "rungs=2")
    run(faradaic, "run", *ladder, "--driver", "decade", "--instrument", "1000", "--out", "ladder.h5")
    code = "from faradaic.storage import Run; print(Run.open('ladder.h5').samples['current_ampere'][-1])"
    assert float(run(python, "-c", code)) == pytest.approx(1e-3)

"""EC-Lab's binary files (.mpr), read by yadg in a process of its own.

yadg is under the GPL: it is used as a program that a person has installed, never as a library.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import StorageError
from .from_table import recording_of
from .recording import Recording
from .table import Table

SIGNATURE = b"BIO-LOGIC MODULAR FILE"
_LONGEST_S = 600.0
_HOW = (
    "Install it beside faradaic, for example with 'uv tool install yadg' or 'pipx install yadg', or export "
    "the file as text (.mpt) from EC-Lab."
)


def read_mpr(path: Path, mapping: dict[str, str]) -> Recording:
    """Read an .mpr file.

    Raises
    ------
    StorageError
        yadg is not installed, or cannot read the file.
    """
    command = _yadg()
    if command is None:
        raise StorageError(f"EC-Lab's binary files (.mpr) are read by yadg, which is not installed. {_HOW}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "extracted.nc"
        _extract([*command, "extract", "eclab.mpr", str(path.absolute()), str(out)], path)
        try:
            with h5py.File(out, "r", locking=False) as file:
                table = _table(file)
        except (OSError, KeyError, ValueError) as error:
            raise StorageError(f"What yadg made of {path} cannot be read: {error}.") from None
    if not table.columns:
        raise StorageError(f"{path} holds no samples.")
    found = recording_of(table, path, mapping, rests=True)
    found.instrument = {"model": "BioLogic"}
    return found


def _yadg() -> list[str] | None:
    """Return how yadg is started."""
    if program := shutil.which("yadg"):
        return [program]
    # Finding it does not import it.
    return [sys.executable, "-m", "yadg"] if importlib.util.find_spec("yadg") else None


def _extract(command: list[str], path: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603  a program that the user installed, and no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise StorageError(f"yadg did not read {path} within {_LONGEST_S / 60:.0f} min.") from None
    except OSError as error:
        raise StorageError(f"yadg cannot be started: {error.strerror}.") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise StorageError(
            f"yadg cannot read {path}: {(said or ['it says nothing'])[-1].strip()[:200].rstrip('.')}."
        )


def _table(file: h5py.File) -> Table:
    """Return the columns along time, with their units in their heads."""
    columns: dict[str, Any] = {}
    for name, dataset in file.items():
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or name.endswith("_std_err"):
            continue
        if dataset.dtype.kind not in "fiub":
            continue
        unit = dataset.attrs.get("units", "")
        unit = unit.decode() if isinstance(unit, bytes) else str(unit)
        is_plain = name == "uts" or not unit or " since " in unit
        columns[name if is_plain else f"{name}/{unit}"] = np.asarray(dataset[()], float)
    longest = max((len(values) for values in columns.values()), default=0)
    return Table({head: values for head, values in columns.items() if len(values) == longest})

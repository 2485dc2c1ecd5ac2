"""Export in the Battery Data Format (ontology 1.3): CSV with a metadata file beside it."""

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .errors import StorageError
from .run import Run

_SAMPLE_COLUMNS = {
    "test_time_second": "Test Time / s",
    "unix_time_second": "Unix Time / s",
    "voltage_volt": "Voltage / V",
    "current_ampere": "Current / A",
    "net_capacity_ah": "Net Capacity / Ah",
    "step_count": "Step Count / 1",
    "cycle_count": "Cycle Count / 1",
    "ambient_temperature_celsius": "Ambient Temperature / degC",
}
_IMPEDANCE_COLUMNS = {
    "test_time_second": "Test Time / s",
    "unix_time_second": "Unix Time / s",
    "frequency_hertz": "Frequency / Hz",
    "real_impedance_ohm": "Real Impedance / ohm",
    "imaginary_impedance_ohm": "Imaginary Impedance / ohm",
    "step_count": "Step Count / 1",
    "cycle_count": "Cycle Count / 1",
    "ambient_temperature_celsius": "Ambient Temperature / degC",
}
_ROWS_AT_ONCE = 10_000


def export_bdf(run: Run, folder: Path, stem: str | None = None) -> list[Path]:
    """Write a run's samples, its spectra where there are any, and its metadata.

    The format has no agreed place for spectra yet: they go into a file of their own, in the
    format's column names.

    Parameters
    ----------
    run : Run
        What is written.
    folder : Path
        Where.
    stem : str, optional
        Beginning of the file names; by default instrument, cell and date, as the format asks.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    StorageError
        They cannot be written.
    """
    stem = stem or default_stem(run)
    files = [folder / f"{stem}.bdf.csv", folder / f"{stem}.bdf.metadata.json"]
    try:
        _write_csv(files[0], run.samples, _SAMPLE_COLUMNS)
        files[1].write_text(json.dumps(_metadata(run), ensure_ascii=False, indent=2) + "\n", "utf-8")
        if len(run.impedance):
            files.append(folder / f"{stem}.impedance.bdf.csv")
            _write_csv(files[-1], run.impedance, _IMPEDANCE_COLUMNS)
    except OSError as error:
        raise StorageError(f"{error.filename} cannot be written: {error.strerror}.") from error
    return files


def default_stem(run: Run) -> str:
    """Return ``Instrument__Cell__YYYYMMDD_run`` with only harmless characters."""
    created = re.sub(r"\D", "", str(run.attributes["created"]))[:8]
    parts = [str(run.instrument.get("model", "instrument")), str(run.attributes["cell"])]
    return "__".join([*(safe_name(part) for part in parts), f"{created}_{run.attributes['run_id'][:8]}"])


def safe_name(text: str) -> str:
    """Return text as part of a file name on every system: letters, digits, ``.``, ``-`` and ``_``."""
    return re.sub(r"[^\w.-]+", "-", text).strip(".-")[:60] or "unnamed"


def _write_csv(path: Path, rows: np.ndarray[Any, Any], columns: dict[str, str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns.values())
        writer.writerows(_cells(rows, list(columns)))


def _cells(rows: np.ndarray[Any, Any], names: list[str]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        columns = [["" if math.isnan(value) else value for value in part[name].tolist()] for name in names]
        yield from zip(*columns, strict=True)


def _metadata(run: Run) -> dict[str, Any]:
    return {
        "run": dict(run.attributes),
        "cell": dict(run.cell),
        "instrument": dict(run.instrument),
        "protocol": dict(run.protocol),
        "steps": [
            {"step_count": step.step_count, "kind": step.kind, "label": step.label, "role": step.role}
            for step in run.steps
        ],
    }

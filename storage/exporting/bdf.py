"""Export in the Battery Data Format: CSV or Parquet, with a metadata file beside it."""

import json
import math
from pathlib import Path
from typing import Any

from ..results import Result
from ..run import Run, StepRecord
from .bdf_columns import EXACT, LABELS, ONTOLOGY, ONTOLOGY_VERSION, Columns, impedance_columns, sample_columns
from .files import whole_file, write_csv
from .parquet import write_parquet
from .steps import step_ids, step_type
from .tables import write_result_tables

_DIGITS = dict.fromkeys((label for label in LABELS.values() if label not in EXACT), 12)


def export_bdf(run: Run, folder: Path, stem: str) -> list[Path]:
    """Write a run's samples as CSV, what has no standard yet into files of its own, and its metadata.

    Parameters
    ----------
    run : Run
        What is written.
    folder : Path
        Where.
    stem : str
        Beginning of the file names.

    Returns
    -------
    list of Path
        The files; first that of the samples.

    Raises
    ------
    StorageError
        They cannot be written.
    """
    files = [folder / f"{stem}.bdf.csv", folder / f"{stem}.bdf.metadata.json"]
    columns = sample_columns(run)
    write_csv(files[0], columns, digits=_DIGITS)
    _write_metadata(files[1], run, columns)
    if len(run.impedance):
        files.append(folder / f"{stem}.spectra.csv")
        write_csv(files[-1], impedance_columns(run), digits=_DIGITS)
    return files + write_result_tables(run, folder, stem)


def export_bdf_parquet(run: Run, folder: Path, stem: str) -> list[Path]:
    """Write the same as `export_bdf`, with samples and spectra in Parquet; needs pyarrow.

    Raises
    ------
    StorageError
        The files cannot be written, or pyarrow is not installed.
    """
    files = [folder / f"{stem}.bdf.parquet", folder / f"{stem}.bdf.metadata.json"]
    columns = sample_columns(run)
    write_parquet(files[0], columns)
    _write_metadata(files[1], run, columns)
    if len(run.impedance):
        files.append(folder / f"{stem}.spectra.parquet")
        write_parquet(files[-1], impedance_columns(run))
    return files + write_result_tables(run, folder, stem)


def _write_metadata(path: Path, run: Run, columns: Columns) -> None:
    text = json.dumps(_without_nan(_metadata(run, columns)), ensure_ascii=False, indent=2, allow_nan=False)
    with whole_file(path) as place:
        place.write_text(text + "\n", "utf-8")


def _metadata(run: Run, columns: Columns) -> dict[str, Any]:
    names = {label: name for name, label in LABELS.items()}
    ids = step_ids(run)
    return {
        "format": "Battery Data Format",
        "ontology": f"{ONTOLOGY}/{ONTOLOGY_VERSION}/battery-data-format",
        "columns": {label: f"{ONTOLOGY}#{names[label]}" for label in columns if label in names},
        "current": "positive charges the cell and oxidises the working electrode",
        "capacities": "every measurement counts, also those that are not recorded",
        "energies": "mean potential between two recorded samples times the charge between them",
        "run": dict(run.attributes),
        "cell": dict(run.cell),
        "instrument": dict(run.instrument),
        "environment": dict(run.environment),
        "protocol": dict(run.protocol),
        "steps": [_step(step, ids[step.step_count]) for step in run.steps],
        "events": [
            {"test_time_second": event.test_time_s, "severity": event.severity, "text": event.text}
            for event in run.events
        ],
        "results": {
            name: {
                "value": result.value,
                "unit": result.unit,
                "uncertainty": result.uncertainty,
                "method": result.method,
                "warnings": list(result.warnings),
                "reason": result.reason,
            }
            for name, result in run.results.items()
            if isinstance(result, Result)
        },
    }


def _step(step: StepRecord, number: int) -> dict[str, Any]:
    return {
        "step_count": step.step_count,
        "step_id": number,
        "step_type": step_type(step),
        "kind": step.kind,
        "label": step.label,
        "role": step.role,
        "cycle_count": step.cycle_count,
        "begin_test_time_second": step.begin_s,
        "end_test_time_second": step.end_s,
        "net_capacity_ah": step.charge_Ah,
        "net_energy_wh": step.energy_Wh,
        "end_reason": step.end_reason,
        "parameters": dict(step.parameters),
    }


def _without_nan(value: Any) -> Any:
    """Return a JSON value with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

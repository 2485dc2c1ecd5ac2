"""Plain CSV: one file for each table, with units in the heads."""

from pathlib import Path

from ..run import Run
from .files import write_csv
from .tables import (
    Heads,
    event_table,
    impedance_table,
    result_table,
    sample_table,
    step_table,
    write_result_tables,
)


def export_csv(run: Run, folder: Path, stem: str) -> list[Path]:
    """Write the tables of a run that have rows; see `bdf.export_bdf` for the parameters.

    Raises
    ------
    StorageError
        They cannot be written.
    """
    tables: dict[str, Heads] = {
        "samples": sample_table(run),
        "impedance": impedance_table(run),
        "steps": step_table(run),
        "events": event_table(run),
        "results": result_table(run),
    }
    files = []
    for name, table in tables.items():
        if len(next(iter(table.values()))):
            files.append(folder / f"{stem}.{name}.csv")
            write_csv(files[-1], table)
    return files + write_result_tables(run, folder, stem)

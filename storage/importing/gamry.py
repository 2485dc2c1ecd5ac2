"""Gamry .DTA files: impedance spectra and curves, also of runs that were aborted."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StorageError
from .columns import read_table, read_text
from .recording import Recording


def read_gamry(path: Path) -> Recording:
    """Read a .DTA file: its spectrum, or its curves one after the other.

    Raises
    ------
    StorageError
        The file cannot be read, or holds neither.
    """
    lines = read_text(path).splitlines()
    if not lines or lines[0].strip() != "EXPLAIN":
        raise StorageError(f"{path} is not a file of Gamry: it does not begin with EXPLAIN.")
    head = _head(lines)
    warnings = []
    if "EXPERIMENTABORTED" in (line.split("\t")[0] for line in lines):
        warnings.append("The experiment was aborted; what was measured until then was read.")
    tables = _tables(lines)
    instrument = {"model": f"Gamry {head.get('PSTAT', '')}".strip()}
    for name, _, broken in tables:
        if broken:
            warnings.append(f"{name}: {broken} lines were damaged; what they hold was kept.")
    spectra = [columns for _, columns, _ in tables if {"Freq", "Zreal", "Zimag"} <= columns.keys()]
    if spectra:
        return _spectrum(spectra[0], instrument, warnings)
    curves = [
        columns for _, columns, _ in tables if {"T", "Vf", "Im"} <= columns.keys() and len(columns["T"])
    ]
    if curves:
        joined = {name: np.concatenate([curve[name] for curve in curves]) for name in ("T", "Vf", "Im")}
        count = [np.full(len(curve["T"]), number) for number, curve in enumerate(curves, 1)]
        return Recording(
            joined["T"], joined["Vf"], joined["Im"], step=np.concatenate(count), cycle=np.concatenate(count),
            instrument=instrument, warnings=warnings, is_sweep=True,
        )  # fmt: skip
    raise StorageError(f"{path} holds no measured points: it ends after {_last_entry(lines)!r}.")


def _spectrum(columns: dict[str, Any], instrument: dict[str, Any], warnings: list[str]) -> Recording:
    z = columns["Zreal"] + 1j * columns["Zimag"]
    usable = np.isfinite(z) & (columns["Freq"] > 0)
    if not np.all(usable):
        warnings.append(f"{int(np.count_nonzero(~usable))} damaged points were left out.")
    return Recording(
        frequency_Hz=columns["Freq"][usable],
        impedance_ohm=z[usable],
        spectrum_time_s=columns.get("Time", np.arange(len(z), dtype=float))[usable],
        instrument=instrument,
        warnings=warnings,
    )


def _head(lines: list[str]) -> dict[str, str]:
    """Return the entries before the first table: tag to value."""
    entries = {}
    for line in lines:
        cells = line.split("\t")
        if len(cells) > 1 and cells[1] == "TABLE":
            break
        if len(cells) > 2:
            entries[cells[0]] = cells[2]
    return entries


def _tables(lines: list[str]) -> list[tuple[str, dict[str, Any], int]]:
    """Return name, columns and number of damaged lines of every table; its second line holds units."""
    tables = []
    for start, line in enumerate(lines):
        cells = line.split("\t")
        if len(cells) < 2 or cells[1] != "TABLE":
            continue
        rows = []
        for row in lines[start + 1 :]:
            if not row.startswith(("\t", " ")):
                break
            rows.append(row.strip("\n"))
        if len(rows) < 2:
            continue
        heads = [head.strip() for head in rows[0].split("\t")]
        # Some lines were written with blanks for tabs.
        cells_of = [_cells(row, len(heads)) for row in rows[2:]]
        _, columns, broken = read_table(["\t".join(heads), *("\t".join(row) for row in cells_of)], "\t")
        tables.append((cells[0], columns, broken))
    return tables


def _cells(row: str, count: int) -> list[str]:
    cells = row.split("\t")
    if len(cells) >= count:
        return cells
    spaced = row.split()
    return ["", *spaced] if len(spaced) == count - 1 else [*cells, *[str(math.nan)] * (count - len(cells))]


def _last_entry(lines: list[str]) -> str:
    return next((line.split("\t")[0] for line in reversed(lines) if line.strip()), "")

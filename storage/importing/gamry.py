"""Gamry .DTA files: impedance spectra and curves, also of runs that were aborted."""

from pathlib import Path

import numpy as np

from ..errors import StorageError
from .cells import floats, has_decimal_comma, number, unix_time_s
from .from_table import begin_at, recording_of
from .recording import Counts, Recording
from .table import Table

SIGNATURE = "EXPLAIN"
_KINDS = {"CV": "CyclicVoltammetry", "LSV": "LinearSweep", "CORPOT": "OpenCircuit"}
_BEFORE = "OCVCURVE"
"""Open circuit before the experiment; it has times of its own."""
_NEVER_SET = 1.0
"""Gamry writes an area of 1 cm² where nobody entered one."""
_LARGEST_CM2 = 1e5
_SPECTRUM, _CURVE = {"Freq", "Zreal", "Zimag"}, {"T", "Vf"}


def read_gamry(text: str, path: Path, mapping: dict[str, str]) -> Recording:
    """Read the text of a .DTA file: its spectra, or its curves one after the other.

    Raises
    ------
    StorageError
        It holds neither.
    """
    lines = text.split("\n")
    head = _head(lines)
    tables = [(name, table) for name, table in _tables(lines) if table.rows]
    experiment = [(name, table) for name, table in tables if name != _BEFORE] or tables
    spectra = [table for _, table in experiment if _names(table) >= _SPECTRUM]
    curves = [table for _, table in experiment if _names(table) >= _CURVE]
    if not spectra and not curves:
        raise StorageError(f"{path} holds no measured points: it ends after {_last_entry(lines)!r}.")
    found = recording_of(_joined(spectra or curves), path, mapping, rests=True)
    if curves and not spectra:
        found.kind = _KINDS.get(head.get("TAG", ""), "")
        found.cycle = found.step = _curve_numbers(curves)
    found.instrument = {
        "model": f"Gamry {head.get('PSTAT', '')[:100]}".strip(),
        "technique": head.get("TAG", "")[:100],
    }
    area_cm2 = number(head.get("AREA", "").replace(",", "."))
    if 0.0 < area_cm2 < _LARGEST_CM2 and area_cm2 != _NEVER_SET:
        found.cell["area"] = f"{area_cm2:.10g} cm²"
    begin_at(found, unix_time_s(f"{head.get('DATE', '')} {head.get('TIME', '')}"))
    left = [name for name, _ in tables if name == _BEFORE and len(tables) > 1]
    if left:
        found.notes.append(f"Not taken over from the file: the table {_BEFORE}.")
    if any(line.startswith("EXPERIMENTABORTED\t") for line in lines):
        found.warnings.insert(0, "The experiment was aborted; what was measured until then was read.")
    return found


def _head(lines: list[str]) -> dict[str, str]:
    """Return the entries before the first table: tag to value."""
    entries = {}
    for line in lines:
        cells = line.split("\t")
        if len(cells) > 1 and cells[1] == "TABLE":
            break
        if len(cells) > 1:
            # "TAG" has no label, all others have one before the value.
            entries[cells[0]] = cells[min(len(cells) - 1, 2)]
    return entries


def _names(table: Table) -> set[str]:
    return {head.partition("/")[0] for head in table.columns}


def _tables(lines: list[str]) -> list[tuple[str, Table]]:
    """Return name and columns of every table; its second line holds units."""
    tables = []
    for start, line in enumerate(lines):
        cells = line.split("\t")
        if len(cells) < 2 or cells[1] != "TABLE":
            continue
        rows = []
        for row in lines[start + 1 :]:
            if not row.startswith(("\t", " ")):
                break
            rows.append(row)
        if len(rows) >= 2:
            tables.append((cells[0], _table(rows)))
    return tables


def _table(rows: list[str]) -> Table:
    names = [name.strip() for name in rows[0].split("\t")]
    units = [unit.strip().removesuffix(" vs. Ref.") for unit in rows[1].split("\t")]
    heads = [
        f"{name}/{unit}" if unit and unit not in ("#", "bits") else name
        for name, unit in zip(names, [*units, *[""] * len(names)], strict=False)
    ]
    cells = [_cells(row, len(heads)) for row in rows[2:]]
    broken = sum(len(row) != len(heads) for row in cells)
    even = [[*row[: len(heads)], *[""] * (len(heads) - len(row))] for row in cells]
    comma = has_decimal_comma([cell for row in even[:20] for cell in row])
    columns = {
        head: floats([row[index] for row in even], decimal_comma=comma)
        for index, head in enumerate(heads)
        if head
    }
    # Overload bits and the like.
    texts = [head for head, values in columns.items() if len(values) and not np.any(np.isfinite(values))]
    return Table({head: each for head, each in columns.items() if head not in texts}, texts, broken)


def _cells(row: str, count: int) -> list[str]:
    """Return the cells of a line; some lines were written with blanks for tabs."""
    cells = row.split("\t")
    spaced = row.split()
    return ["", *spaced] if len(cells) < count and len(spaced) == count - 1 else cells


def _joined(tables: list[Table]) -> Table:
    heads = [head for head in tables[0].columns if all(head in table.columns for table in tables)]
    return Table(
        {head: np.concatenate([table.columns[head] for table in tables]) for head in heads},
        tables[0].texts,
        sum(table.broken for table in tables),
    )


def _curve_numbers(curves: list[Table]) -> Counts:
    return np.repeat(np.arange(1, len(curves) + 1), [table.rows for table in curves])


def _last_entry(lines: list[str]) -> str:
    return next((line.split("\t")[0][:60] for line in reversed(lines) if line.strip()), "")

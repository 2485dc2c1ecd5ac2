"""Export as an Excel workbook: summary, results, steps and samples on sheets of their own."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import StorageError
from ..run import Run
from .files import texts, whole_file
from .tables import (
    Heads,
    event_table,
    impedance_table,
    result_table,
    result_tables,
    sample_table,
    step_table,
)

ROWS_PER_SHEET = 1_048_576
"""So many rows, that of the heads included, a sheet of Excel holds at most."""
_LONGEST_NAME = 31
_LONGEST_TEXT = 32_767
_ROWS_AT_ONCE = 10_000


def export_xlsx(run: Run, folder: Path, stem: str) -> list[Path]:
    """Write a workbook; see `bdf.export_bdf` for the parameters. Needs XlsxWriter.

    A table that is longer than a sheet goes on on the next one, which the summary says.

    Raises
    ------
    StorageError
        It cannot be written, or XlsxWriter is not installed.
    """
    try:
        import xlsxwriter  # noqa: PLC0415  an optional dependency
        from xlsxwriter.exceptions import XlsxWriterException  # noqa: PLC0415
    except ImportError:
        raise StorageError(
            "Excel files need XlsxWriter, which is not installed: pip install 'faradaic[excel]'."
        ) from None
    path = folder / f"{stem}.xlsx"
    tables = _tables(run)
    sheets = _sheets(tables)
    with whole_file(path) as place:
        # Text stays text: a cell's name that begins with = is no formula.
        how = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(str(place), how)
        try:
            bold = book.add_format({"bold": True})
            _write_summary(book.add_worksheet("Summary"), run, sheets, bold)
            for name, (table, start, end) in sheets.items():
                _write_table(book.add_worksheet(name), tables[table], start, end, bold)
            book.close()
        except XlsxWriterException as error:
            raise StorageError(f"{path} cannot be written: {error}.") from error
    return [path]


def _tables(run: Run) -> dict[str, Heads]:
    found = {"Results": result_table(run)}
    found |= result_tables(run)
    found |= {
        "Steps": step_table(run),
        "Samples": sample_table(run),
        "Impedance": impedance_table(run),
        "Events": event_table(run),
    }
    return {name: table for name, table in found.items() if _length(table) or name == "Samples"}


def _sheets(tables: dict[str, Heads]) -> dict[str, tuple[str, int, int]]:
    """Return for each sheet, by name, the table and the rows that it holds."""
    sheets: dict[str, tuple[str, int, int]] = {}
    most = ROWS_PER_SHEET - 1
    for table, columns in tables.items():
        for start in range(0, max(_length(columns), 1), most):
            sheets[_sheet_name(table, sheets)] = (table, start, min(start + most, _length(columns)))
    return sheets


def _sheet_name(table: str, taken: dict[str, Any]) -> str:
    """Return a name that Excel takes and that no other sheet has, in capitals or not."""
    plain = re.sub(r"[\[\]:*?/\\'\s_]+", " ", table).strip() or "Table"
    plain = plain[0].upper() + plain[1:]
    known = {"summary", "history", *(name.lower() for name in taken)}
    number = 1
    while True:
        ending = f" {number}" if number > 1 else ""
        name = plain[: _LONGEST_NAME - len(ending)] + ending
        if name.lower() not in known:
            return name
        number += 1


def _write_summary(sheet: Any, run: Run, sheets: dict[str, tuple[str, int, int]], bold: Any) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 70)
    lines: list[tuple[str, Any]] = [
        (name, run.attributes.get(name, ""))
        for name in ("cell", "protocol", "state", "created", "run_id", "software")
    ]
    lines += [(f"cell: {name}", value) for name, value in run.cell.items() if name != "name"]
    lines += [(f"instrument: {name}", value) for name, value in run.instrument.items()]
    lines += [(f"protocol: {name}", value) for name, value in run.protocol.items() if name != "protocol"]
    for name, (_, start, end) in sheets.items():
        lines.append((f"sheet: {name}", f"rows {start + 1} to {end}" if end > start else "no rows"))
    for row, (name, value) in enumerate(lines):
        sheet.write_string(row, 0, name, bold)
        _write(sheet, row, 1, value)


def _write_table(sheet: Any, table: Heads, start: int, end: int, bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    for column, head in enumerate(table):
        sheet.set_column(column, column, max(12, len(head) + 2))
    for column, head in enumerate(table):
        sheet.write_string(0, column, head, bold)
    for row, cells in enumerate(_cells(table, start, end), 1):
        for column, value in enumerate(cells):
            _write(sheet, row, column, value)


def _cells(table: Heads, start: int, end: int) -> Iterator[tuple[Any, ...]]:
    for first in range(start, end, _ROWS_AT_ONCE):
        part = slice(first, min(first + _ROWS_AT_ONCE, end))
        yield from zip(*(_values(values[part]) for values in table.values()), strict=True)


def _values(values: Any) -> Any:
    """Return the values of a column; what is float32 as the shortest number that it stands for."""
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        return [float(text) if text else math.nan for text in texts(values)]
    return texts(values) if values.dtype.kind == "S" else values.tolist()


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    """Write a cell; what is missing stays empty, and what Excel has no number for becomes text."""
    if isinstance(value, bool | int | float):
        if math.isfinite(value):
            sheet.write_number(row, column, value)
        elif not math.isnan(value):
            sheet.write_string(row, column, str(value))
    elif value is not None and value != "":
        sheet.write_string(row, column, str(value)[:_LONGEST_TEXT])


def _length(table: Heads) -> int:
    return len(next(iter(table.values())))

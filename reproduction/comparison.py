"""A printed number beside a recovered one, and the table of them."""

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from ..storage import Result
from .experiments import Printed


@dataclass(frozen=True)
class Comparison:
    """One row of the table."""

    system: str
    paper: str
    quantity: str
    unit: str
    printed: str
    recovered: str
    deviation: str
    verdict: str
    note: str


def compare(system: str, paper: str, printed: Printed, found: Result | None, state: str) -> Comparison:
    """Judge a result, or what came of the run where there is none."""
    recovered, deviation, verdict, reason = f"the run {state}", "", "not measured", ""
    if found is not None:
        recovered, verdict, reason = "–", "not determined", found.reason
        if found.value is not None:
            recovered = str(found)
            difference = found.value - printed.value
            allowed = max(printed.absolute, printed.relative * abs(printed.value))
            absolute = f"{difference:+.3g}"
            deviation = absolute if printed.absolute else f"{difference / printed.value:+.2%}"
            verdict = "reproduced" if abs(difference) <= allowed * (1 + 1e-6) else "differs"
    notes = [f"{reason[0].upper()}{reason[1:]}."] if reason else []
    return Comparison(
        system,
        paper,
        printed.quantity,
        printed.unit,
        f"{printed.value:g}",
        recovered,
        deviation,
        verdict,
        " ".join([*notes, *([printed.note] if printed.note else [])]),
    )


def write_tables(rows: list[Comparison], folder: Path) -> list[Path]:
    """Write the comparisons as Markdown and CSV."""
    heads = [field.name for field in fields(Comparison)]
    markdown, table = folder / "reproduction.md", folder / "reproduction.csv"
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    # A bar within a name would end the column.
    lines += ["| " + " | ".join(text.replace("|", "\\|") for text in astuple(row)) + " |" for row in rows]
    markdown.write_text("\n".join(lines) + "\n", "utf-8")
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(astuple(row) for row in rows)
    return [markdown, table]

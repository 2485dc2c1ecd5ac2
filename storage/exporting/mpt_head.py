"""The head of an EC-Lab-style text file."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...core.units import QuantityError, parse_quantity
from ..run import Run, StepRecord
from .steps import step_ids

_COLUMN_WIDTH = 20
_LONGEST = 120


def head_lines(run: Run, technique: str, names: Sequence[str], file: Path, start_unix_s: float) -> list[str]:
    """Return the lines before the data, the last of which holds the names of the columns.

    Parameters
    ----------
    run : Run
        The run.
    technique : str
        Its long name in EC-Lab.
    names : sequence of str
        Of the columns.
    file : Path
        What is written.
    start_unix_s : float
        When test time was 0; NaN where it is not known.
    """
    software = run.attributes.get("software", "faradaic")
    settings = [
        "Run on channel : 1 (SN 0)",
        f"User : {_line(run.environment.get('operator', ''))}",
        f"Electrode material : {_line(run.cell.get('working_electrode', ''))}",
        f"Electrolyte : {_line(run.cell.get('electrolyte', ''))}",
        f"Comments : {_line(run.attributes['cell'])}, {_line(run.attributes['protocol'])}",
        f"Comments : run {_line(run.attributes['run_id'])}, written by {_line(software)}",
        "Electrode connection : standard",
        "Potential control : Ewe",
        f"Ewe ctrl range : {_range_text(run)}",
        f"Acquisition started on : {_date(start_unix_s, run)}",
        f"Saved on : {_date(start_unix_s, run)}",
        f"\tFile : {_line(file.name)}",
        f"Device : {_line(run.instrument.get('model', 'unknown'))} "
        f"(SN {_line(run.instrument.get('serial', '') or '0')})",
        "EC-Lab for windows v11.50 (software)",
        *_cell_lines(run),
        # Without this line, which readers take for the end of the settings, yadg finds no data.
        "Cycle Definition : Charge/Discharge alternance",
        *_program_lines(run),
    ]
    columns = "".join(f"{name}\t" for name in names)
    count = 5 + len(settings) + 2
    first = ["EC-Lab ASCII FILE", f"Nb header lines : {count}", "", technique, ""]
    return [*first, *settings, "", columns]


def _cell_lines(run: Run) -> list[str]:
    lines = []
    for field, unit, head, factor, shown in (
        ("area", "m²", "Electrode surface area", 1e4, "cm²"),
        ("active_mass", "kg", "Characteristic mass", 1e6, "mg"),
        ("nominal_capacity", "C", "Battery capacity", 1 / 3.6, "mA.h"),
    ):
        try:
            value = parse_quantity(str(run.cell[field]), unit)
        except (KeyError, QuantityError):
            continue
        lines.append(f"{head} : {value * factor:.6g} {shown}")
    return lines


def _program_lines(run: Run) -> list[str]:
    """Return the steps of the program, one to a column of 20 characters, a parameter to a line."""
    ids = step_ids(run)
    program: dict[int, StepRecord] = {}
    for step in run.steps:
        program.setdefault(ids[step.step_count], step)
    rows: list[tuple[str, list[str]]] = [
        ("Ns", [str(number - 1) for number in program]),
        ("Step", [step.kind for step in program.values()]),
        ("Is (mA)", [_number(step, "current_A", 1e3) for step in program.values()]),
        ("E (V)", [_number(step, "potential_V", 1.0) for step in program.values()]),
    ]
    return [
        "".join(text[: _COLUMN_WIDTH - 1].ljust(_COLUMN_WIDTH) for text in (name, *cells))
        for name, cells in rows
    ]


def _number(step: StepRecord, name: str, factor: float) -> str:
    value = step.parameters.get(name)
    return f"{value * factor:.6g}" if isinstance(value, int | float) else "-"


def _range_text(run: Run) -> str:
    potential_V = run.samples["voltage_volt"]
    known = potential_V[np.isfinite(potential_V)]
    low, high = (float(np.floor(known.min())), float(np.ceil(known.max()))) if len(known) else (0.0, 5.0)
    return f"min = {low:.2f} V, max = {high:.2f} V"


def _date(unix_s: float, run: Run) -> str:
    """Return a time as EC-Lab writes it, in UTC."""
    if not np.isfinite(unix_s):
        created = time.strptime(str(run.attributes["created"])[:19], "%Y-%m-%dT%H:%M:%S")
        return time.strftime("%m/%d/%Y %H:%M:%S", created) + ".000"
    whole, milliseconds = divmod(round(unix_s * 1000.0), 1000)
    return f"{time.strftime('%m/%d/%Y %H:%M:%S', time.gmtime(whole))}.{milliseconds:03d}"


def _line(text: object) -> str:
    """Return what people wrote as part of one line."""
    return " ".join(str(text).split())[:_LONGEST]

"""EC-Lab text files (.mpt): cycling, sweeps and impedance, as EC-Lab and BT-Lab export them."""

import re
from pathlib import Path

from .cells import unix_time_s
from .from_table import begin_at, recording_of
from .recording import Recording
from .table import Table
from .text_table import read_rows, read_text_table

SIGNATURES = ("EC-Lab ASCII FILE", "BT-Lab ASCII FILE")
_SWEEPS = {"cyclic voltammetry": "CyclicVoltammetry", "linear sweep voltammetry": "LinearSweep"}
_NEVER_SET = "0.001"
"""EC-Lab writes an area of 0.001 cm² and a mass of 0.001 g where nobody entered one."""
_NONSENSE = 1e5
_CELL = {
    "Electrode surface area": ("area", r"([\d.]+)\s*(cm|mm)"),
    "Characteristic mass": ("active_mass", r"([\d.]+)\s*(mg|g)"),
    "Battery capacity": ("nominal_capacity", r"([\d.]+)\s*(mA\.h|A\.h)"),
}
_TEXTS = {"Electrolyte": "electrolyte", "Reference electrode": "reference_electrode"}


def read_eclab(text: str, path: Path, mapping: dict[str, str]) -> Recording:
    """Read the text of an .mpt file; one that was cut off gives what it holds.

    Raises
    ------
    StorageError
        It holds no table, or columns that are needed are missing.
    """
    lines = text.split("\n")
    count = _header_lines(lines)
    table = _table(lines, count, text, path)
    head = lines[:count]
    technique = next((line.strip() for line in head[2:8] if line.strip() and ":" not in line), "")
    is_rest = "open circuit" in technique.lower()
    found = recording_of(table, path, mapping, rests=is_rest)
    found.kind = _SWEEPS.get(technique.lower(), "OpenCircuit" if is_rest else "")
    entries = _entries(head)
    software = next((line.strip() for line in head if line.startswith(("EC-Lab for", "BT-Lab for"))), "")
    found.instrument = {**_instrument(entries), "firmware": software[:100], "technique": technique[:100]}
    found.cell = _cell(entries)
    begin_at(found, unix_time_s(entries.get("Acquisition started on", "")))
    return found


def _header_lines(lines: list[str]) -> int:
    """Return how many lines stand above the table, its heads included; 0 where the file does not tell."""
    for line in lines[:5]:
        if match := re.fullmatch(r"\s*Nb header lines\s*:\s*(\d{1,6})\s*", line):
            return int(match[1])
    return 0


def _table(lines: list[str], count: int, text: str, path: Path) -> Table:
    heads = lines[count - 1] if 0 < count <= len(lines) else ""
    # Some files were edited by hand, and their count is no longer true.
    if "\t" in heads and re.search(r"time/s|freq/Hz|Ewe|Ecell|control/|cycle number", heads):
        return read_rows(lines[count - 1 :], "\t", path)
    return read_text_table(text, path)


def _entries(head: list[str]) -> dict[str, str]:
    entries = {}
    for line in head:
        name, sign, value = line.partition(" : ")
        if sign:
            entries.setdefault(name.strip(), value.strip())
    return entries


def _instrument(entries: dict[str, str]) -> dict[str, str]:
    device, _, rest = entries.get("Device", "").partition("(SN")
    channel, _, serial = entries.get("Run on channel", "").partition("(SN")
    return {
        "model": device.strip()[:100] or "BioLogic",
        "serial": rest.strip(" )")[:100] or serial.strip(" )")[:100],
        "channel": channel.strip()[:100],
    }


def _cell(entries: dict[str, str]) -> dict[str, str]:
    """Return what was entered of the cell."""
    cell = {name: entries[entry][:500] for entry, name in _TEXTS.items() if entries.get(entry)}
    if cell.get("reference_electrode") in ("(unspecified)", "unspecified"):
        del cell["reference_electrode"]
    for entry, (name, pattern) in _CELL.items():
        match = re.match(pattern, entries.get(entry, "").replace(",", "."))
        if match is None or match[1] == _NEVER_SET or not _is_positive(match[1]):
            continue
        unit = f"{match[2]}²" if name == "area" else match[2].replace(".", "")
        cell[name] = f"{match[1]} {unit}"
    return cell


def _is_positive(text: str) -> bool:
    try:
        return 0.0 < float(text) < _NONSENSE
    except ValueError:
        return False

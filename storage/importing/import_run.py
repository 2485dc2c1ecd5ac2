"""From a file of another program to a run file."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...core.integration import Integrator
from ...core.samples import IMPEDANCE, SAMPLE, Block
from ..errors import StorageError
from ..recorder import Recorder
from .bdf import read_bdf
from .classify import Part, is_complete, is_titration, parts_of
from .gamry import read_gamry
from .recording import Recording
from .time_repair import repaired_time
from .zahner import read_zahner

_READERS: dict[str, Callable[[Path], Recording]] = {
    ".csv": read_bdf,
    ".dta": read_gamry,
    ".txt": read_zahner,
}
"""By the ending of the file's name."""


def import_run(
    source: Path, out: Path, *, cell: dict[str, Any] | None = None, analysed_as: str | None = None
) -> Path:
    """Write a run file with what another program recorded.

    Parameters
    ----------
    source : Path
        Battery Data Format (.csv), Gamry (.dta) or Zahner (.txt).
    out : Path
        The run file to be.
    cell : dict, optional
        What is known of the cell, as `protocols.Cell.metadata` gives it.
    analysed_as : str, optional
        The protocol whose analysis applies; by default what the recording looks like.

    Returns
    -------
    Path
        `out`. What was wrong with the source is in the run's events.

    Raises
    ------
    StorageError
        The source cannot be read, or the run file cannot be written.
    """
    reader = _READERS.get(source.suffix.lower())
    if reader is None:
        raise StorageError(f"{source} cannot be imported: its ending is not one of {', '.join(_READERS)}.")
    found = reader(source)
    if not len(found.time_s) and not len(found.frequency_Hz):
        raise StorageError(f"{source} holds no samples.")
    if len(found.time_s):
        _repair(found)
    parts = parts_of(found) if len(found.time_s) else []
    kind = analysed_as or _kind(found, parts)
    recorder = Recorder(out, _metadata(source, found, kind, cell or {"name": source.stem}))
    for sentence in found.warnings:
        recorder.event(_event(sentence))
    if len(found.frequency_Hz):
        _record_spectrum(recorder, found)
    else:
        _record_samples(recorder, found, parts, kind)
    recorder.close("finished")
    return out


def _repair(found: Recording) -> None:
    usable = np.isfinite(found.potential_V) & np.isfinite(found.current_A)
    if not np.all(usable):
        found.warnings.append(f"{int(np.count_nonzero(~usable))} samples without a value were left out.")
        for name in (
            "time_s", "potential_V", "current_A", "step", "cycle", "temperature_degC", "unix_time_s",
            "net_capacity_Ah", "flags",
        ):  # fmt: skip
            values = getattr(found, name)
            if values is not None:
                setattr(found, name, values[usable])
    found.time_s, sentence = repaired_time(found.time_s)
    if sentence:
        found.warnings.append(sentence)


def _kind(found: Recording, parts: list[Part]) -> str:
    if len(found.frequency_Hz):
        return "ImpedanceSpectrum"
    if found.is_sweep:
        return ""
    if not any(part.sign for part in parts):
        return "OpenCircuit"
    return "GITT" if is_titration(parts) else "GalvanostaticCycling"


def _metadata(source: Path, found: Recording, kind: str, cell: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": {
            "run_id": uuid.uuid4().hex,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "software": "imported",
            "protocol": "Imported",
            "cell": str(cell.get("name", source.stem)),
        },
        "protocol": {"protocol": "Imported", "analysed_as": kind, "source": source.name},
        "cell": cell,
        "instrument": {"model": "unknown", "serial": "", "firmware": "", "address": "", **found.instrument},
        "environment": {"source": source.name},
    }


def _record_spectrum(recorder: Recorder, found: Recording) -> None:
    rows = np.zeros(len(found.frequency_Hz), IMPEDANCE)
    rows["test_time_second"] = found.spectrum_time_s
    rows["unix_time_second"] = np.nan
    rows["frequency_hertz"] = found.frequency_Hz
    rows["real_impedance_ohm"] = found.impedance_ohm.real
    rows["imaginary_impedance_ohm"] = found.impedance_ohm.imag
    rows["ambient_temperature_celsius"] = np.nan
    rows["step_count"] = 1
    end_s = float(found.spectrum_time_s[-1])
    recorder.step_begun(_begun(1, 0, "spectrum", "Spectrum", 0.0))
    recorder.impedance(rows)
    recorder.step_ended(_ended(end_s, 0.0, 0.0, "completed"))


_ROLES = {
    "GalvanostaticCycling": {1: "charge", -1: "discharge", 0: "rest"},
    "GITT": {1: "pulse", -1: "pulse", 0: "relaxation"},
    "OpenCircuit": {0: "open_circuit"},
}
_NAMES = {1: "Charge", -1: "Discharge", 0: "Rest"}
_ENDS = {1: "potential_above_V", -1: "potential_below_V", 0: "duration_s"}


def _record_samples(recorder: Recorder, found: Recording, parts: list[Part], kind: str) -> None:
    net_Ah = 0.0
    roles = _ROLES.get(kind, {})
    for index, part in enumerate(parts):
        kept = found.step if found.counts_are_kept else None
        number = index + 1 if kept is None else int(kept[part.first])
        rows, charge_Ah, energy_Wh = _rows(found, part, number, net_Ah)
        net_Ah += charge_Ah
        begin_s, end_s = float(rows["test_time_second"][0]), float(rows["test_time_second"][-1])
        recorder.step_begun(_begun(number, part.cycle, roles.get(part.sign, ""), _NAMES[part.sign], begin_s))
        recorder.samples(rows)
        complete = is_complete(parts, found.potential_V, index)
        recorder.step_ended(
            _ended(end_s, charge_Ah, energy_Wh, _ENDS[part.sign] if complete else "interrupted")
        )


def _rows(found: Recording, part: Part, number: int, net_Ah: float) -> tuple[Block, float, float]:
    """Return the rows of a step, and its charge in Ah and energy in Wh."""
    span = slice(part.first, part.end)
    time_s, potential_V, current_A = found.time_s[span], found.potential_V[span], found.current_A[span]
    charge_C, energy_J = Integrator().add(time_s - time_s[0], potential_V, current_A)
    charge_Ah = charge_C / 3600.0
    net_capacity_Ah = net_Ah + charge_Ah
    if found.net_capacity_Ah is not None:
        net_capacity_Ah = found.net_capacity_Ah[span]
        charge_Ah = net_capacity_Ah - net_Ah
    rows = np.zeros(part.end - part.first, SAMPLE)
    rows["test_time_second"] = time_s
    rows["unix_time_second"] = np.nan if found.unix_time_s is None else found.unix_time_s[span]
    rows["voltage_volt"], rows["current_ampere"] = potential_V, current_A
    rows["net_capacity_ah"] = net_capacity_Ah
    rows["step_count"], rows["cycle_count"] = number, part.cycle
    if found.counts_are_kept and found.cycle is not None:
        rows["cycle_count"] = found.cycle[span]
    rows["flags"] = 0 if found.flags is None else found.flags[span]
    degC = found.temperature_degC
    rows["ambient_temperature_celsius"] = np.nan if degC is None else degC[span]
    return rows, float(charge_Ah[-1]), float(energy_J[-1]) / 3600.0


def _begun(number: int, cycle: int, role: str, label: str, begin_s: float) -> dict[str, Any]:
    return {
        "step_count": number,
        "program_index": number - 1,
        "segment": 0,
        "cycle_count": cycle,
        "kind": "imported",
        "label": label,
        "role": role,
        "part": "",
        "begin_test_time_second": begin_s,
        "begin_unix_time_second": float("nan"),
        "parameters": "{}",
    }


def _ended(end_s: float, charge_Ah: float, energy_Wh: float, reason: str) -> dict[str, Any]:
    return {
        "end_test_time_second": end_s,
        "end_unix_time_second": float("nan"),
        "charge_ampere_hour": charge_Ah,
        "energy_watt_hour": energy_Wh,
        "end_reason": reason,
        "result": "",
    }


def _event(sentence: str) -> dict[str, Any]:
    return {
        "test_time_second": 0.0,
        "unix_time_second": float("nan"),
        "severity": "warning",
        "source": "import",
        "text": sentence,
    }

"""From a file of another program to a run file."""

import hashlib
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StorageError
from ..recorder import Recorder
from .classify import Part, is_titration, parts_of
from .readers import read_recording
from .recording import Recording
from .steps import SWEEP_ROLES, ImportedStep, steps_of
from .time_repair import repaired_time

_ABSURD = 1e15
"""No potential, current, time or impedance is larger."""
_EARLIEST_UNIX_S, _LATEST_UNIX_S = 0.0, 4102444800.0  # 1970 to 2100


def import_run(
    source: Path,
    out: Path,
    *,
    cell: dict[str, Any] | None = None,
    analysed_as: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Path:
    """Write a run file with what another program recorded.

    Parameters
    ----------
    source : Path
        Any of the formats in docs/importing.md.
    out : Path
        The run file to be.
    cell : dict, optional
        What is known of the cell, as `protocols.Cell.metadata` gives it; what the file says besides is kept.
    analysed_as : str, optional
        The protocol whose analysis applies; by default what the recording looks like.
    columns : mapping of str to str, optional
        Which column holds what, where that cannot be known:
        ``{"potential": "Ecell/V", "current": "I in mA"}``.

    Returns
    -------
    Path
        `out`. What was wrong with the source, and what was not taken over, is in the run's events.

    Raises
    ------
    StorageError
        The source cannot be read, or the run file cannot be written.
    """
    found = read_recording(source, columns or {})
    _leave_out_what_is_no_value(found)
    if not len(found.time_s) and not len(found.frequency_Hz):
        raise StorageError(f"{source} holds no samples.")
    parts: list[Part] = []
    if len(found.time_s):
        found.time_s, sentence = repaired_time(found.time_s)
        found.warnings += [sentence] if sentence else []
        parts = _parts(found, analysed_as or found.kind)
    kind = analysed_as or _kind(found, parts)
    steps = steps_of(found, parts, kind)
    recorder = Recorder(out, _metadata(source, found, steps, kind, cell or {}))
    for severity, sentences in (("warning", found.warnings), ("info", found.notes)):
        for sentence in sentences:
            recorder.event(_event(severity, sentence))
    for step in steps:
        recorder.step_begun(step.begun)
        if len(step.samples):
            recorder.samples(step.samples)
        if len(step.impedance):
            recorder.impedance(step.impedance)
        recorder.step_ended(step.ended)
    recorder.close("finished")
    return out


def _leave_out_what_is_no_value(found: Recording) -> None:
    usable = (np.abs(found.potential_V) < _ABSURD) & (np.abs(found.current_A) < _ABSURD)
    # A time that is not known is between its neighbours.
    usable &= ~(np.abs(found.time_s) >= _ABSURD)
    if not np.all(usable):
        found.warnings.append(f"{np.count_nonzero(~usable)} samples without a value were left out.")
        found.keep(usable)
    sound = (np.abs(found.impedance_ohm) < _ABSURD) & (found.frequency_Hz < _ABSURD)
    sound &= found.spectrum_time_s < _ABSURD
    if not np.all(sound):
        found.warnings.append(f"{np.count_nonzero(~sound)} points without an impedance were left out.")
        found.keep_points(sound)


def _parts(found: Recording, kind: str) -> list[Part]:
    """Divide the samples into steps; a sweep is one, however the current changes in it."""
    if kind in SWEEP_ROLES:
        cycle = 1 if found.cycle is None else int(found.cycle[0])
        return [Part(0, len(found.time_s), 0, cycle)]
    return parts_of(found)


def _kind(found: Recording, parts: list[Part]) -> str:
    if not parts:
        return "ImpedanceSpectrum"
    if found.kind:
        return found.kind
    if not any(part.sign for part in parts):
        return "OpenCircuit"
    return "GITT" if is_titration(parts) else "GalvanostaticCycling"


def _metadata(
    source: Path, found: Recording, steps: list[ImportedStep], kind: str, cell: dict[str, Any]
) -> dict[str, Any]:
    name = _plain(source.name)
    if found.cell:
        found.notes.append(
            "Of the cell the file says: "
            + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in found.cell.items())
            + "."
        )
    cell = {
        "name": _plain(source.stem).removesuffix(".bdf")[:200].strip() or "unnamed cell",
        **found.cell,
        **cell,
    }
    return {
        "run": {
            "run_id": uuid.uuid4().hex,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_began_unix_s(found))),
            "software": "imported",
            "protocol": "Imported",
            "cell": str(cell["name"]),
        },
        "protocol": _protocol(name, steps, kind),
        "cell": cell,
        "instrument": {
            "model": "unknown", "serial": "", "firmware": "", "address": "", "channel": "", **found.instrument
        },
        "environment": {
            "operator": "",
            "notes": "",
            "source": name,
            "source_sha256": _sha256(source),
            "imported": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    }  # fmt: skip


def _protocol(source: str, steps: list[ImportedStep], kind: str) -> dict[str, Any]:
    """Describe what was imported: samples, and each spectrum, are a measurement of their own."""
    measured = {step.begun["part"]: "ImpedanceSpectrum" if len(step.impedance) else kind for step in steps}
    each = {
        part: {"protocol": "Imported", "analysed_as": analysis, "source": source}
        for part, analysis in measured.items()
    }
    if len(each) == 1:
        return next(iter(each.values()))
    return {"protocol": "Sequence", "protocols": [each[part] for part in sorted(each, key=int)]}


def _began_unix_s(found: Recording) -> float:
    """Return when the recording began, or now where it does not tell."""
    first = found.unix_time_s[0] if found.unix_time_s is not None and len(found.unix_time_s) else np.nan
    return float(first) if _EARLIEST_UNIX_S < first < _LATEST_UNIX_S else time.time()


def _sha256(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(text: str) -> str:
    """Return a text as every file and console can hold it."""
    return "".join(each for each in text.encode("utf-8", "replace").decode() if each.isprintable())


def _event(severity: str, sentence: str) -> dict[str, Any]:
    return {
        "test_time_second": 0.0,
        "unix_time_second": float("nan"),
        "severity": severity,
        "source": "import",
        "text": sentence,
    }

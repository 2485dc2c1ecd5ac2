"""A run file becomes a journal again, so that its recording can go on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from ..core.integration import Integrator
from .errors import StorageError
from .journal import Kind, journal_path
from .journal_writer import JournalWriter
from .run import Run, StepRecord

_ROWS_AT_ONCE = 10_000
_BEGUN = (
    "step_count", "program_index", "segment", "cycle_count", "kind", "label", "role", "part",
    "begin_test_time_second", "begin_unix_time_second", "parameters",
)  # fmt: skip
_ENDED = (
    "end_test_time_second", "end_unix_time_second", "charge_ampere_hour", "energy_watt_hour", "end_reason",
    "result",
)  # fmt: skip
_NOT_METADATA = ("format", "format_version", "state")


def write_journal_again(path: Path) -> None:
    """Replace a run file by the journal from which it could be built.

    At every moment one of both is whole: the journal is complete and on the disk before the file
    is removed. The caller holds the run's lock.

    Raises
    ------
    StorageError
        The file is no run, or the journal cannot be written; the file is unchanged then.
    """
    temporary = path.with_name(path.name + ".journal.new")
    temporary.unlink(missing_ok=True)
    with Run.open(path) as run, h5py.File(path, "r", locking=False) as file:
        journal = JournalWriter(temporary)
        try:
            journal.append_json(Kind.RUN, _metadata(run))
            for kind, payload in _frames(run, file):
                journal.append(kind, payload)
        except StorageError:
            journal.close()
            temporary.unlink()
            raise
        journal.close()
    try:
        temporary.replace(journal_path(path))
        path.unlink()
    except OSError as error:
        # Whichever of both is there now, it is whole.
        raise StorageError(f"{path} cannot be reopened: {error.strerror}.") from error


def _metadata(run: Run) -> dict[str, Any]:
    return {
        "run": {name: value for name, value in run.attributes.items() if name not in _NOT_METADATA},
        "protocol": dict(run.protocol),
        "cell": dict(run.cell),
        "instrument": dict(run.instrument),
        "environment": dict(run.environment),
    }


def _frames(run: Run, file: h5py.File) -> Iterator[tuple[Kind, bytes]]:
    table: Any = file["steps"]
    for step, row in zip(run.steps, table[()], strict=True):
        yield Kind.STEP_BEGUN, _values(row, _BEGUN)
        yield from _rows(Kind.SAMPLES, file["samples"], step.samples)
        yield from _rows(Kind.IMPEDANCE, file["impedance"], step.impedance)
        yield Kind.STEP_ENDED, _values(row, _ENDED) if step.end_reason else _interrupted(step, run)
    events: Any = file["events"]
    for row in events[()]:
        yield Kind.EVENT, _values(row, events.dtype.names)


def _rows(kind: Kind, table: Any, rows: slice) -> Iterator[tuple[Kind, bytes]]:
    for start in range(rows.start, rows.stop, _ROWS_AT_ONCE):
        part = table[start : min(start + _ROWS_AT_ONCE, rows.stop)]
        yield kind, part.tobytes()


def _values(row: Any, names: tuple[str, ...]) -> bytes:
    values = {name: row[name] for name in names}
    return json.dumps(
        {
            name: value.decode() if isinstance(value, bytes) else value.item()
            for name, value in values.items()
        },
        ensure_ascii=False,
    ).encode()


def _interrupted(step: StepRecord, run: Run) -> bytes:
    """Return the end of a step that never ended, with what its recorded samples add up to."""
    rows = run.samples[step.samples]
    values: dict[str, Any] = {"end_test_time_second": step.end_s, "end_reason": "interrupted"}
    if len(rows):
        before = run.samples[step.samples.start - 1]["net_capacity_ah"] if step.samples.start else 0.0
        time_s = rows["test_time_second"] - step.begin_s
        _, energy_J = Integrator().add(time_s, rows["voltage_volt"], rows["current_ampere"])
        values["charge_ampere_hour"] = float(rows["net_capacity_ah"][-1] - before)
        values["energy_watt_hour"] = float(energy_J[-1]) / 3600.0
        values["end_unix_time_second"] = float(rows["unix_time_second"][-1])
    return json.dumps(values).encode()

"""A cell whose run has ended at a limit goes on being watched, at rest, until a person looks."""

import time
from collections.abc import Sequence
from pathlib import Path

from ...protocols import Cell, OpenCircuit, SafetyLimits
from ..runner import Runner
from .desk import Connection
from .names import new_run_path

_WATCHED = OpenCircuit.model_validate(
    {"duration": "365 d", "sample_every": "10 s", "record_every": "1 h", "record_change": "100 mV"}
)
"""Seldom enough for months, and dense wherever the potential moves."""


def watcher(
    ended: Runner, folder: Path, channel: str, connection: Connection, limits: Sequence[SafetyLimits]
) -> Runner:
    """Return what records the resting cell of a run that has ended, into a file of its own.

    Parameters
    ----------
    ended : Runner
        The run.
    folder : Path
        Of all data.
    channel : str
        What people call the channel.
    connection : Connection
        What stands behind it.
    limits : sequence of SafetyLimits
        Of instrument and channel.
    """
    # What it was before does not hold for a cell that has been beyond its limit.
    cell = Cell.model_validate({**ended.cell.model_dump(), "expected_open_circuit": None})
    path = new_run_path(folder, cell.name, "AfterLimit", channel, time.time())
    return Runner(
        _WATCHED,
        connection.channel,
        cell=cell,
        out=path,
        bench_limits=limits,
        operator="the engine",
        notes=f"The cell at rest, after run {ended.run_id} has ended at a limit.",
    )

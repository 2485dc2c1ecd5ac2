"""Going on with a run that was interrupted."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..instruments import Chamber
from ..instruments.base import Channel
from ..protocols import Cell, Limits, Protocol, ProtocolError, load_protocol
from ..storage import Run, StorageError
from .history import history_of
from .messages import Subscriber
from .runner import Runner

_RESUMABLE = ("interrupted", "stopped", "failed")


def resumed(
    path: str | Path,
    channel: Channel,
    *,
    protocol: Protocol | None = None,
    chamber: Chamber | None = None,
    subscribers: Sequence[Subscriber] = (),
) -> Runner:
    """Return a runner that completes a run, in the same file; nothing happens until it is run.

    The protocol is replayed with the results that were recorded, until it asks for a step that
    has none; a step that was interrupted goes on with what is left of it.

    Parameters
    ----------
    path : path
        The run file.
    channel : Channel
        With which terminals of which instrument; the cell must be the same.
    protocol : Protocol, optional
        The protocol, where it is of a type that is not known by its name.
    chamber : Chamber, optional
        Brings the cell to the temperatures that the protocol asks for.
    subscribers : sequence of callables
        As for `Runner`.

    Raises
    ------
    StorageError
        There is no such run, it is under way, or it has finished.
    ValueError, OutOfRange
        The channel cannot go on with it.
    """
    with Run.open(path) as run:
        if run.is_live:
            raise StorageError(f"{path} is still being recorded.")
        if not run.state.startswith(_RESUMABLE):
            raise StorageError(f"{path} is {run.state}: there is nothing to go on with.")
        try:
            asked = protocol or load_protocol(dict(run.protocol))
        except ProtocolError as error:
            raise ProtocolError(f"{path} cannot go on: {error}") from None
        if protocol is not None and protocol.to_dict() != run.protocol:
            raise ProtocolError(f"{path} was recorded with other parameters of {type(protocol).__name__}")
        history, run_id = history_of(run), run.attributes["run_id"]
        limits = Limits.model_validate(json.loads(run.environment.get("limits", "{}")))
        cell = Cell.from_metadata(run.cell)
    runner = Runner(asked, channel, cell=cell, out=path, chamber=chamber, subscribers=subscribers)
    runner.go_on_from(history, limits, run_id)
    return runner

"""Going on with a run that was interrupted."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..instruments import Chamber
from ..instruments.base import Channel
from ..protocols import Cell, Limits, Protocol, ProtocolError, SafetyLimits, load_protocol
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
    bench_limits: Sequence[SafetyLimits] = (),
    chamber: Chamber | None = None,
    subscribers: Sequence[Subscriber] = (),
    other_channel: bool = False,
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
    bench_limits : sequence of SafetyLimits
        Those of the instrument and of the channel as they are now; the tightest of them and of the
        run's own hold.
    chamber : Chamber, optional
        Brings the cell to the temperatures that the protocol asks for.
    subscribers : sequence of callables
        As for `Runner`.
    other_channel : bool
        Whether the cell may have been connected to another channel meanwhile, or to another instrument.

    Raises
    ------
    StorageError
        There is no such run, it is under way, or it has finished.
    ValueError, OutOfRange
        The channel cannot go on with it, or is not the one on which it was begun.
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
        if not other_channel:
            _check_same(path, run, channel)
        history, run_id = history_of(run), run.attributes["run_id"]
        limits = Limits.model_validate(json.loads(run.environment.get("limits", "{}")))
        cell = Cell.from_metadata(run.cell)
    runner = Runner(
        asked,
        channel,
        cell=cell,
        out=path,
        bench_limits=bench_limits,
        chamber=chamber,
        subscribers=subscribers,
    )
    runner.go_on_from(history, limits, run_id)
    return runner


def _check_same(path: str | Path, run: Run, channel: Channel) -> None:
    """Refuse another channel than that of the run: another cell is connected to it."""
    recorded = tuple(run.instrument.get(name, "") for name in ("model", "serial", "channel"))
    found = (channel.identity.model, channel.identity.serial, channel.name)
    if recorded != found:
        raise ProtocolError(
            f"{path} was begun on {_called(*recorded)}; this is {_called(*found)}. Go on there, or say that "
            "the cell was moved here (faradaic resume --other-channel)."
        )


def _called(model: str, serial: str, name: str) -> str:
    return f"{model}{f' no. {serial}' if serial else ''}, channel {name}"

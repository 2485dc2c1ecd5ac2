"""One call for a whole run: measure, record, analyse."""

from collections.abc import Sequence
from pathlib import Path

from ..instruments import Chamber
from ..instruments.base import Channel
from ..protocols import Cell, Protocol, SafetyLimits
from ..storage import Run
from .guarded import guarded
from .messages import Subscriber
from .runner import Runner


def run(
    protocol: Protocol,
    channel: Channel,
    *,
    out: str | Path,
    cell: Cell | None = None,
    limits: SafetyLimits | None = None,
    chamber: Chamber | None = None,
    subscribers: Sequence[Subscriber] = (),
    operator: str = "",
    notes: str = "",
) -> Run:
    """Run a protocol on a channel and return the recorded, analysed run.

    An instrument that needs the computer is put at rest by a process of its own, should this program die.

    Parameters
    ----------
    protocol : Protocol
        What to do.
    channel : Channel
        With which terminals of which instrument.
    out : path
        The run file, which must not exist yet.
    cell : Cell, optional
        What is connected; its metadata are needed for areal currents, C-rates and many results.
    limits : SafetyLimits, optional
        Limits besides the protocol's own; the tighter ones hold.
    chamber : Chamber, optional
        Brings the cell to the temperatures that the protocol asks for.
    subscribers : sequence of callables
        Called with every `Message` while the run goes on.
    operator, notes : str
        Recorded with the run.

    Returns
    -------
    Run
        Closed for writing. `Run.state` says how it ended; a run that failed is returned like one that
        finished, with what it measured until then.

    Raises
    ------
    ValueError, OutOfRange, StorageError
        Refused before the cell was connected; the message says why.
    """
    with guarded(channel) as follow:
        runner = Runner(
            protocol,
            channel,
            cell=cell or Cell(),
            out=out,
            limits=limits,
            chamber=chamber,
            subscribers=[*subscribers, follow],
            operator=operator,
            notes=notes,
        )
        runner.run()
    return analysed(runner.path)


def analysed(path: str | Path) -> Run:
    """Open a run, analyse it and put the results into its file."""
    from ..analysis import analyse  # noqa: PLC0415  scipy takes a second to import

    run = Run.open(path)
    run.write_results(analyse(run))
    return run

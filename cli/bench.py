"""Commands that ask the bench's service."""

import gc
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import CellFile, LimitTexts, Notes, ProtocolText, Settings, app, refuse, refusing
from .arguments import assignments, load_protocol, validated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..engine.bench import StationStatus
    from ..engine.service.client import Client

Name = Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel of the bench.")]
DataFolder = Annotated[Path, typer.Option(metavar="FOLDER", help="Where run files go.")]
_DATA = Path("faradaic-data")
_LOOKS = {
    "idle": ("○", "default"),
    "starting": ("▶", "blue"),
    "running": ("▶", "blue"),
    "resuming": ("▶", "blue"),
    "ending": ("▶", "blue"),
    "paused": ("‖", "yellow"),
    "holding": ("‖", "yellow"),
    "finished": ("✓", "green"),
    "stopped": ("■", "yellow"),
    "interrupted": ("!", "yellow"),
    "failed": ("✕", "red"),
    "unsafe": ("!", "red"),
    "offline": ("-", "dim"),
}
"""Symbol and colour of a state, by its first word."""
_DRAWN_PER_S = 4.0


@app.command()
def serve(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="The bench file.")],
    data: DataFolder = _DATA,
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8420,
    host: Annotated[
        str, typer.Option(help="Listen there; without it only programs of this computer can ask.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name under which other computers may ask for it, with --host."),
    ] = None,
) -> None:
    """Serve a bench: runs go on here, whatever happens to windows and terminals."""
    # None of what is imported is garbage: to look for it meanwhile takes an eighth of the start.
    gc.disable()
    from ..engine.service.server import serve as serving

    gc.enable()

    def say(sentence: str) -> None:
        # Whoever started it may not listen any more, and it serves all the same.
        with suppress(OSError):
            print(sentence, flush=True)

    with refusing():
        serving(
            bench,
            data,
            host=host,
            port=port,
            names=tuple(name or ()),
            ready=say,
        )


@app.command()
def end(
    interrupt: Annotated[
        bool, typer.Option("--interrupt", help="Also while runs are under way; they can be gone on with.")
    ] = False,
) -> None:
    """End the service of the bench in good order."""
    from ..engine.service.client import ServiceError
    from ..engine.service.starting import end_own

    try:
        print("\n".join(end_own(interrupt=interrupt)))
    except ServiceError as error:
        refuse(str(error))


@app.command()
def status(
    act: Annotated[
        bool, typer.Option("--act", help="Also show the link with which one can act in a browser.")
    ] = False,
) -> None:
    """Show how the bench stands, and where to look at it in a browser."""
    from ..engine.service.own import own_tokens

    with _asking() as client:
        found = client.status()
        _print(_table(found.channels))
        for alarm in found.alarms:
            if not alarm.acknowledged_by:
                when = time.strftime("%Y-%m-%d %H:%M", time.localtime(alarm.time))
                print(f"! {when}  {alarm.channel:8} {alarm.text}")
        print(f"\nRun files  {found.folder}, {found.free_bytes / 1e9:.0f} GB free")
        print(f"To look    {client.url}/#token={own_tokens().reader}")
        if act:
            print(f"To act     {client.url}/#token={own_tokens().operator}")


@app.command()
def start(
    protocol: ProtocolText,
    channel: Annotated[list[str], typer.Option(metavar="NAME", help="On which channel; may be repeated.")],
    set_: Settings = None,
    cell: CellFile = None,
    limit: LimitTexts = None,
    notes: Notes = "",
    operator: Annotated[str | None, typer.Option(help="Recorded with the run.")] = None,
    bench: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve this bench first, where none is served yet.")
    ] = None,
    data: DataFolder = _DATA,
) -> None:
    """Put a run into the queue of a channel of the bench; an idle channel begins at once."""
    from ..core.units import pretty_duration
    from ..protocols import Cell
    from ..protocols.files import cell_from_file

    with _asking(operator, bench, data) as client:
        incoming = load_protocol(protocol, set_ or [])
        described = incoming.protocol
        connected = incoming.completed(cell_from_file(cell) if cell else Cell())
        more: dict[str, Any] = {"limits": assignments(limit or []), "notes": notes}
        foreseen = {name: client.preview(name, described, connected, **more) for name in channel}
        for name in channel:
            job = client.add(name, described, connected, **more)
            takes = pretty_duration(foreseen[name].duration_s)
            megabytes = max(foreseen[name].bytes / 1e6, 0.1)
            print(f"{name}: {job.title}, about {takes} and {megabytes:.1f} MB, job {job.id}")


@app.command()
def queue(
    channel: Annotated[str | None, typer.Argument(metavar="[CHANNEL]")] = None,
    remove: Annotated[str | None, typer.Option(metavar="JOB", help="Take a job out of the queue.")] = None,
    first: Annotated[str | None, typer.Option(metavar="JOB", help="Put a job first.")] = None,
) -> None:
    """Show what waits for its turn, or change it."""
    with _asking() as client:
        if (remove or first) and channel is None:
            refuse("say of which channel: faradaic queue CHANNEL --remove JOB.")
        if remove and channel:
            client.remove(channel, remove)
        if first and channel:
            jobs = [job.id for job in client.channel(channel).queue]
            client.reorder(channel, [first, *(job for job in jobs if job != first)])
        for each in client.status().channels:
            if channel not in (None, each.channel) or not (each.queue or channel):
                continue
            print(f"{each.channel}{', held' if each.is_held else ''}")
            for job in each.queue:
                print(f"  {job.id}  {job.title}, asked for by {job.by}")


@app.command()
def pause(
    channel: Name,
    hold: Annotated[bool, typer.Option("--hold", help="Hold the cell at its potential.")] = False,
) -> None:
    """Interrupt the step under way on a channel, with the cell at rest."""
    with _asking() as client:
        client.pause(channel, "hold" if hold else "rest")


@app.command(name="continue")
def continue_(channel: Name) -> None:
    """End a pause, go on with an interrupted run, or let a held queue go on."""
    with _asking() as client:
        client.resume(channel)


@app.command()
def skip(channel: Name) -> None:
    """End the step under way on a channel, and go on with the next one."""
    with _asking() as client:
        client.skip(channel)


@app.command()
def stop(channel: Name) -> None:
    """End the run on a channel, with the cell at rest."""
    with _asking() as client:
        client.stop(channel)


@app.command(name="give-up")
def give_up(channel: Name) -> None:
    """Leave an interrupted run as it is."""
    with _asking() as client:
        client.give_up(channel)


@app.command(name="limits")
def change_limits(
    channel: Name,
    limit: LimitTexts = None,
) -> None:
    """Replace the limits of the run under way on a channel; those of protocol and channel stay."""
    from ..protocols import SafetyLimits

    with _asking() as client:
        values = assignments(limit or [])
        validated(SafetyLimits, values)
        client.change_limits(channel, **values)


@app.command(name="until")
def change_until(channel: Name, set_: Settings = None) -> None:
    """Replace the end conditions of the step under way on a channel, such as --set "duration=2 h"."""
    from ..protocols import EndConditions

    with _asking() as client:
        values = assignments(set_ or [])
        validated(EndConditions, values)
        client.change_until(channel, **values)


@app.command(name="emergency-stop")
def emergency_stop(
    channel: Annotated[
        str | None, typer.Argument(metavar="[CHANNEL]", help="Only this one; otherwise all.")
    ] = None,
) -> None:
    """Put one cell or all at rest at once, and hold the queues."""
    with _asking() as client:
        sentences = client.emergency_stop(channel)
        print("\n".join(sentences))
    if not all(sentence.endswith("is at rest.") for sentence in sentences):
        raise typer.Exit(1)


@app.command()
def watch(
    channel: Annotated[
        list[str] | None, typer.Argument(metavar="[CHANNEL]...", help="Only these; otherwise all.")
    ] = None,
) -> None:
    """Show live how the bench stands, until Ctrl+C."""
    from rich.live import Live

    from ..engine.service.following import followed

    with _asking() as client:
        begun = client.status()
        shown = {each.channel: each for each in begun.channels if not channel or each.channel in channel}
        for name in channel or ():
            if name not in shown:
                refuse(f"there is no channel {name!r}; there are {', '.join(shown) or 'none of these'}.")
        drawn_at = 0.0
        with Live(_table(list(shown.values())), auto_refresh=False) as live:
            try:
                for record in client.live(begun.seq):
                    if record.channel in shown:
                        shown[record.channel] = followed(shown[record.channel], record)
                    if time.monotonic() - drawn_at > 1 / _DRAWN_PER_S:
                        drawn_at = time.monotonic()
                        live.update(_table(list(shown.values())), refresh=True)
            except KeyboardInterrupt:
                return


@contextmanager
def _asking(by: str | None = None, bench: Path | None = None, data: Path = _DATA) -> "Iterator[Client]":
    """Ask this user's service; what it refuses ends the command with a sentence."""
    from ..engine.service.client import Client, ServiceError
    from ..engine.service.starting import started

    with refusing():
        try:
            with started(bench, data, by=by) if bench else Client.own(by=by) as client:
                yield client
        except ServiceError as error:
            refuse(str(error))


def _print(table: Any) -> None:
    from rich.console import Console

    Console().print(table)


def _table(channels: "list[StationStatus]") -> Any:
    from rich.table import Table

    from ..core.units import pretty, pretty_duration

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("channel", "state"):
        table.add_column(head, no_wrap=True)
    for head in ("cell", "protocol", "step"):
        table.add_column(head)
    for head in ("cycle", "E", "I", "left", "queue"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in channels:
        word = each.state.split(":")[0]
        symbol, colour = _LOOKS.get(word, ("", "default"))
        state = f"[{colour}]{symbol} {each.state}[/]"
        is_running = word in ("running", "paused", "holding")
        table.add_row(
            each.channel,
            state,
            each.cell,
            each.protocol,
            each.step if is_running else each.detail[:60],
            str(each.cycle or ""),
            "" if each.potential_V is None else f"{each.potential_V:.4f} V",
            "" if each.current_A is None else pretty(each.current_A, "A", 4),
            pretty_duration(each.remaining_s) if is_running else "",
            f"{len(each.queue)}{' held' if each.is_held else ''}" if each.queue else "",
        )
    return table

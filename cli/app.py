"""The application object, and how a user's mistakes are told."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(
    help="Run electrochemical and battery protocols on real and simulated instruments, into HDF5.",
    rich_markup_mode=None,
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)

RunFile = Annotated[Path, typer.Argument(metavar="FILE", help="A run file.")]
ProtocolText = Annotated[
    str,
    typer.Argument(
        metavar="PROTOCOL",
        help="A protocol's name, or a file: YAML, aurora-unicycler (.json), PyBaMM experiment (.txt).",
    ),
]
CellFile = Annotated[Path | None, typer.Option(metavar="FILE", help="A YAML file that describes the cell.")]
LimitTexts = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=VALUE", help='A safety limit, such as "potential_max=4.6 V".'),
]
Notes = Annotated[str, typer.Option(help="Recorded with the run.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help='A parameter, such as "rate=0.1 mV/s".'),
]


@app.callback()
def start(context: typer.Context) -> None:
    """Run electrochemical and battery protocols on real and simulated instruments, into HDF5.

    Without a command, the window opens.
    """
    if context.invoked_subcommand is None:
        open_the_window()


def open_the_window(**how: Any) -> NoReturn:
    """Open the window and end when it is closed; see `gui.app.open_window`."""
    # The window collects garbage by itself (`gui.garbage`); to look for it among what is imported is a
    # quarter of the start.
    gc.disable()
    try:
        from ..gui.app import open_window
    except ImportError as error:
        refuse(
            f"the window cannot be opened, because a library of the system is missing: {error}. "
            "On Debian and Ubuntu: apt install libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0."
        )
    raise typer.Exit(open_window(**how))


def main() -> None:
    """Run the command line; a user's mistake ends it with one sentence and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # Symbols such as µ and Ω must not fail on a console with an old code page.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
    app()


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what a user can do wrong into one sentence and exit code 2."""
    from pydantic import ValidationError

    from ..instruments import InstrumentError
    from ..storage import StorageError

    try:
        yield
    except ValidationError as error:
        refuse("; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors()))
    except (ValueError, InstrumentError, StorageError) as error:
        refuse(str(error))


def refuse(sentence: str) -> NoReturn:
    """End with a sentence and exit code 2."""
    print(f"faradaic: {sentence}", file=sys.stderr)
    raise typer.Exit(2)

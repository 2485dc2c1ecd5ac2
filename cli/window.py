"""The command that opens the window."""

from pathlib import Path
from typing import Annotated

import typer

from .app import app, open_the_window


@app.command()
def gui(
    demo: Annotated[bool, typer.Option("--demo", help="With a simulated bench, to try everything.")] = False,
    bench: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Work with the instruments of this bench file.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where run files go when an engine is started.")
    ] = None,
) -> None:
    """Open the window."""
    open_the_window(demo=demo, bench=bench, data=data)

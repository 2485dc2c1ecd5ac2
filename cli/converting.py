"""Commands that bring protocols into other formats."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import CellFile, ProtocolText, Settings, app, refusing
from .arguments import load_protocol

_SUFFIX = {"unicycler": ".unicycler.json", "yaml": ".yaml"}


@app.command()
def convert(
    protocol: ProtocolText,
    to: Annotated[
        Literal["unicycler", "yaml"], typer.Option(help="aurora-unicycler, or our own list of steps.")
    ],
    set_: Settings = None,
    cell: CellFile = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to be; by default beside the protocol's.")
    ] = None,
) -> None:
    """Write a protocol in another format; what that cannot say is named."""
    from ..protocols import Cell
    from ..protocols.files import cell_from_file
    from ..protocols.interchange import Findings, as_schedule, to_unicycler
    from ..protocols.plain_yaml import plain_yaml_text

    with refusing():
        incoming = load_protocol(protocol, set_ or [])
        connected = incoming.completed(cell_from_file(cell) if cell else Cell())
        target = out or Path(Path(protocol).stem + _SUFFIX[to])
        if out is None and Path(protocol).suffix:
            target = Path(protocol).with_name(target.name)
        if target.exists():
            raise ValueError(f"{target} exists already; choose another name with --out, or remove it.")
        if to == "unicycler":
            described, notes = to_unicycler(incoming.protocol, connected)
            text = json.dumps(described, indent=2, ensure_ascii=False)
        else:
            findings = Findings()
            text = plain_yaml_text(as_schedule(incoming.protocol, connected, findings).to_dict())
            notes = findings.notes
        for note in notes:
            print(note, file=sys.stderr)
        _write(target, text + "\n")


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to be; otherwise it is printed.")
    ] = None,
) -> None:
    """Give the JSON Schema of protocol files, with which editors check and complete them."""
    from ..protocols.interchange import protocol_schema

    with refusing():
        # Only ASCII: a console may write its output in any encoding.
        text = json.dumps(protocol_schema(), indent=1)
        if out is None:
            print(text)
        else:
            _write(out, text + "\n")


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{target} cannot be written: {error.strerror}.") from None
    print(target)

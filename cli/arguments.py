"""What people write on a command line, read."""

import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..instruments import Chamber
    from ..instruments.bench_channel import Place
    from ..protocols.interchange import Incoming
    from ..storage import Run


def open_run(file: Path) -> "Run":
    """Open a run, recovered where that is needed."""
    from ..storage import Run

    return Run.open(file)


def load_protocol(text: str, settings: list[str]) -> "Incoming":
    """Return the protocol of a name or a file, with some parameters set; say what is done otherwise."""
    from ..protocols import load_protocol
    from ..protocols.files import read_yaml
    from ..protocols.interchange import PROTOCOL_SUFFIXES, Incoming, read_protocol_file

    path, set_here = Path(text), assignments(settings)
    suffix = path.suffix.lower()
    if suffix not in PROTOCOL_SUFFIXES:
        return Incoming(load_protocol({"protocol": text, **set_here}), {}, ())
    if suffix in (".yaml", ".yml") and set_here:
        return Incoming(load_protocol({**read_yaml(path), **set_here}), {}, ())
    incoming = read_protocol_file(path)
    for note in incoming.notes:
        print(f"{path.name}: {note}", file=sys.stderr)
    if not set_here:
        return incoming
    return incoming._replace(protocol=load_protocol({**incoming.protocol.to_dict(), **set_here}))


def assignments(texts: list[str]) -> dict[str, Any]:
    """Return "a.b=value" texts as nested dictionaries."""
    result: dict[str, Any] = {}
    for text in texts:
        path, sign, value = text.partition("=")
        if not sign or not path.strip():
            raise ValueError(f"{text!r} should look like name=value, for example 'rate=0.1 mV/s'.")
        *outer, name = path.strip().split(".")
        place = result
        for each in outer:
            place = place.setdefault(each, {})
            if not isinstance(place, dict):
                raise ValueError(f"{text!r}: {each} is a value already.")
        place[name] = value.strip()
    return result


def columns_named(texts: list[str]) -> dict[str, str]:
    """Return "quantity=column" texts as a dictionary; a column may hold whatever a program writes."""
    result = {}
    for text in texts:
        quantity, sign, column = text.partition("=")
        if not sign or not quantity.strip() or not column.strip():
            raise ValueError(f"{text!r} should look like quantity=column, for example 'potential=Ecell/V'.")
        result[quantity.strip()] = column.strip()
    return result


def known_protocol(name: str | None) -> None:
    """Refuse the name of a protocol that there is not."""
    from ..protocols import load_protocol, protocol_types

    if name is not None and name not in protocol_types():
        load_protocol({"protocol": name})


def positive_seconds(name: str, text: str) -> float:
    """Return a duration above zero, written with its unit, in seconds."""
    from ..core.units import parse_quantity

    seconds = parse_quantity(text, "s")
    if seconds <= 0:
        raise ValueError(f"{name}: {text!r} is not allowed; it must be above 0 s.")
    return seconds


def validated(model: Any, values: dict[str, Any]) -> Any:
    """Return a model of values, or say in a sentence what is wrong with them."""
    from pydantic import ValidationError

    from ..protocols import explain

    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ValueError(explain(error, model)) from None


def default_text(protocol: Any, field: str) -> str:
    """Return the default of a parameter as people write it."""
    from ..protocols.texts import parameter_texts

    shown = parameter_texts(protocol.model_construct()).get(field)
    return f"default {shown}" if shown else "optional"


@contextmanager
def open_asked(
    instrument: str | None,
    driver: str,
    bench: Path | None,
    channel: str | None,
    chamber: str | None,
    wires: int | None = None,
) -> "Iterator[Place]":
    """Connect to what was asked for: a channel of a bench file, or of an instrument by its address."""
    from ..instruments import open_instrument
    from ..instruments.bench_channel import Place, channel_named, open_place
    from ..instruments.bench_file import read_bench

    if (instrument is None) == (bench is None):
        raise ValueError("say where to measure: either --instrument ADDRESS, or --bench FILE --channel NAME.")
    with ExitStack() as stack:
        tempers = stack.enter_context(open_chamber(chamber)) if chamber else None
        if bench is not None:
            if wires is not None:
                raise ValueError(
                    f"--wires: {bench} says itself how its instruments are wired, by wires: {wires}."
                )
            described = read_bench(bench)
            names = [name for name, _, _ in described.channels()]
            if channel is None:
                raise ValueError(f"--channel is needed with a bench file; it has {', '.join(names)}.")
            place = stack.enter_context(open_place(described, channel))
            yield place._replace(chamber=tempers or place.chamber)
        else:
            opened = stack.enter_context(open_instrument(driver, instrument or "", wires=wires))
            found = opened.channels[0] if channel is None else channel_named(opened, channel)
            yield Place(found, (), tempers)


def open_chamber(address: str) -> "Chamber":
    """Connect to a chamber, or let the person at the terminal be it."""
    from ..instruments import ByHand, Julabo

    return ByHand(_ask) if address == "hand" else Julabo(address)


def _ask(sentence: str) -> None:
    print(f"\n{sentence} Press Enter when it is there.", file=sys.stderr, flush=True)
    if not sys.stdin.readline():
        # Nobody can answer; what the run waits for never comes, and it says so.
        raise EOFError("the standard input is closed: nobody can say when the temperature is there")

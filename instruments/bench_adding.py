"""Adding instruments to a bench file that people have written: what stands there stays, with its comments."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .bench_file import read_bench


@dataclass(frozen=True)
class Added:
    """What became of a proposal.

    Parameters
    ----------
    instruments : tuple of str
        The names that instruments got in the file.
    chambers_left_out : tuple of str
        The addresses of chambers that the bench does not have: only people know which cells stand in one.
    """

    instruments: tuple[str, ...]
    chambers_left_out: tuple[str, ...]


def add_to_bench(path: Path, proposal: Mapping[str, Mapping[str, Any]]) -> Added:
    """Add instruments that a bench file does not have yet.

    Parameters
    ----------
    path : Path
        The bench file.
    proposal : mapping
        Instruments and chambers by name, as they stand in such a file. Those at an address of the bench
        are left out; instruments whose name, or whose channel's name, is taken get a number.

    Raises
    ------
    ValueError
        The file does not describe a bench, has its instruments in braces, or cannot be written.
    """
    bench = read_bench(path)
    known = {_place(each.address) for each in (*bench.instruments.values(), *bench.chambers.values())}
    taken = {*bench.instruments, *(name for name, _, _ in bench.channels())}
    added: dict[str, Any] = {}
    for name, instrument in proposal.get("instruments", {}).items():
        if _place(instrument["address"]) not in known:
            key, channels = _named_anew(name, instrument["channels"], taken)
            added[key] = {**instrument, "channels": channels}
            taken |= {key, *(each["name"] for each in channels.values())}
    if added:
        _write(path, added)
    chambers = dict.fromkeys(each["address"] for each in proposal.get("chambers", {}).values())
    return Added(tuple(added), tuple(address for address in chambers if _place(address) not in known))


def _place(address: str) -> str:
    """Return an address without its options."""
    return address.partition("?")[0]


def _write(path: Path, added: dict[str, Any]) -> None:
    """Write the file anew, whole or not at all."""
    temporary = path.with_name(f"{path.name}.new")
    try:
        temporary.write_text(_inserted(path.read_text("utf-8-sig"), added), encoding="utf-8")
        read_bench(temporary)
        temporary.replace(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from None
    except ValueError as error:
        raise ValueError(f"Nothing was added to {path}: {error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _named_anew(name: str, channels: dict[str, Any], taken: set[str]) -> tuple[str, dict[str, Any]]:
    """Return a name that is not taken, and the channels named after it."""
    key, number = name, 1
    while True:
        names = {own: key + each["name"].removeprefix(name) for own, each in channels.items()}
        if taken.isdisjoint({key, *names.values()}):
            return key, {own: {**each, "name": names[own]} for own, each in channels.items()}
        number += 1
        key = f"{name}{number}"


def _inserted(text: str, entries: dict[str, Any]) -> str:
    """Return the text with more entries at the end of its instruments."""
    parts = yaml.compose(text, yaml.SafeLoader).value
    instruments = next(value for key, value in parts if key.value == "instruments")
    if instruments.flow_style:
        raise ValueError("its instruments stand in braces; write each on lines of its own.")
    lines = text.splitlines()
    end = instruments.end_mark.line
    # What is said above the next part belongs to that one.
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1
    indent = " " * instruments.value[0][0].start_mark.column
    more = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
    return "\n".join([*lines[:end], *textwrap.indent(more, indent).splitlines(), *lines[end:], ""])

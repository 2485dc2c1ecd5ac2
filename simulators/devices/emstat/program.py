"""A script after it was read: commands with their arguments, loops and branches with their bodies."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Literal:
    """A number in the script; an `int` for an integer."""

    value: float | int


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable, or the element of an array if `index` is given."""

    name: str
    index: str | int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A type, an operator, or the name of an array."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string, in pieces: plain text, and variables where it is an f-string."""

    pieces: tuple[str | Reference, ...]


Argument = Literal | Reference | Word | Text


@dataclass(slots=True)
class Command:
    """One command; a loop has a body, an `if` has branches.

    A branch is its condition (none for `else`) and its body.
    """

    line: int
    name: str
    arguments: tuple[Argument, ...]
    options: dict[str, list[tuple[Argument, ...]]] = field(default_factory=dict)
    body: list[Command] = field(default_factory=list)
    branches: list[tuple[tuple[Argument, ...] | None, list[Command]]] = field(default_factory=list)


@dataclass(slots=True)
class Program:
    """A whole script: what runs, what runs at the end in any case, and the names it declares."""

    commands: list[Command]
    on_finished: list[Command]
    variables: frozenset[str]
    arrays: frozenset[str]

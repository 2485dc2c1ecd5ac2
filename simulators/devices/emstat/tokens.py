"""A line of a script cut into words, with the column of each."""

import re
from typing import NamedTuple

from .errors import Code, SyntaxFault

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+)
  | (?P<comment>\#.*)
  | (?P<text>f?"[^"]*")
  | (?P<option>[a-z_][a-z0-9_]*\([^()"#]*\))
  | (?P<word>[A-Za-z0-9_.:+\-<>=!&|]+(?:\[[A-Za-z0-9_]*\])?)
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word of a script: its text, the column of its first character, and what it looks like."""

    text: str
    column: int
    kind: str

    @property
    def end(self) -> int:
        """Column just behind it."""
        return self.column + len(self.text)


def split(line: str, number: int, start: int = 1) -> list[Token]:
    """Cut a line into words, texts and optional arguments, without comments.

    Raises
    ------
    SyntaxFault
        A character fits nothing.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None:
            raise SyntaxFault(Code.UNEXPECTED_CHARACTER, number, start + position)
        kind = match.lastgroup or ""
        if kind not in {"space", "comment"}:
            tokens.append(Token(match[0], start + position, kind))
        position = match.end()
    return tokens

"""Headers of SCPI commands: short and long forms, optional nodes, numeric suffixes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NODE = re.compile(r"(\[)?:?([A-Za-z*]+)(\[1\])?(\])?")


@dataclass(frozen=True)
class _Node:
    short: str
    long: str
    is_optional: bool
    has_number: bool

    def matches(self, text: str) -> bool:
        if self.has_number and text.endswith("1"):
            text = text[:-1]
        return text in (self.short, self.long)


class Header:
    """A pattern such as ``:SOURce[1]:VOLTage[:LEVel][:IMMediate]``.

    Capitals are the short form of a node; a node in brackets may be left out, and ``[1]`` allows
    the number 1 behind it.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._nodes = tuple(
            _Node(
                short="".join(letter for letter in word if not letter.islower()),
                long=word.upper(),
                is_optional=bool(opened),
                has_number=bool(number),
            )
            for opened, word, number, _ in _NODE.findall(pattern)
        )

    def matches(self, nodes: Sequence[str]) -> bool:
        """Whether the nodes of a header, in capitals, are of this pattern."""
        return _match(self._nodes, tuple(nodes))


def _match(pattern: tuple[_Node, ...], nodes: tuple[str, ...]) -> bool:
    if not pattern:
        return not nodes
    first, rest = pattern[0], pattern[1:]
    if nodes and first.matches(nodes[0]) and _match(rest, nodes[1:]):
        return True
    return first.is_optional and _match(rest, nodes)

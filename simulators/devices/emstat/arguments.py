"""Arguments of script commands: what each kind accepts, and the error if a word is not of it."""

import re
from collections.abc import Callable

from .errors import Code, SyntaxFault
from .literals import parse_literal
from .program import Argument, Literal, Reference, Text, Word
from .tokens import Token, split
from .vartypes import VARTYPES

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_REFERENCE = re.compile(r"([a-z][a-z0-9_]*)(?:\[([A-Za-z0-9_]*)\])?")
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_LONGEST_NAME = 60
_WORDS = {
    "op": (frozenset({"==", "!=", "<", "<=", ">", ">=", "&", "|"}), Code.UNEXPECTED_CHARACTER),
    "vartype": (VARTYPES, Code.INVALID_VARTYPE),
}


class Names:
    """Variables and arrays declared so far."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.arrays: set[str] = set()


def read_argument(kind: str, token: Token, names: Names, line: int) -> Argument:
    """Read one argument of a kind of `commands`; declare it where that is what it does.

    Raises
    ------
    SyntaxFault
        The word is not of this kind.
    """
    if token.kind == "option":
        raise SyntaxFault(Code.INVALID_OPTION, line, token.column)
    if (token.kind == "text") != (kind == "text"):
        raise SyntaxFault(Code.UNEXPECTED_CHARACTER, line, token.column)
    return _READERS[kind](kind, token, names, line)


def read_options(
    known: dict[str, str], tokens: list[Token], names: Names, line: int
) -> dict[str, list[tuple[Argument, ...]]]:
    """Read optional arguments such as `nscans(3)`; those of the same name are collected in order."""
    options: dict[str, list[tuple[Argument, ...]]] = {}
    for token in tokens:
        if token.kind != "option":
            raise SyntaxFault(Code.EXTRA_ARGUMENT, line, token.column)
        name, _, inner = token.text.partition("(")
        if name not in known:
            raise SyntaxFault(Code.INVALID_OPTION, line, token.column)
        words = split(inner[:-1], line, token.column + len(name) + 1)
        kinds = known[name].split()
        if len(words) != len(kinds):
            raise SyntaxFault(Code.INVALID_OPTION, line, token.column)
        pairs = zip(kinds, words, strict=True)
        read = tuple(read_argument(kind, word, names, line) for kind, word in pairs)
        if name == "nscans" and not _is_scan_count(read[0]):
            raise SyntaxFault(Code.OUT_OF_BOUNDS, line, token.column)
        options.setdefault(name, []).append(read)
    return options


def _is_scan_count(argument: Argument) -> bool:
    return isinstance(argument, Reference) or (isinstance(argument, Literal) and 1 <= argument.value <= 9999)


def _declare(kind: str, token: Token, names: Names, line: int) -> Word:
    name = token.text
    if not _NAME.fullmatch(name):
        raise SyntaxFault(Code.BAD_NAME, line, token.column)
    if len(name) > _LONGEST_NAME:
        raise SyntaxFault(Code.NAME_TOO_LONG, line, token.column)
    if name in names.variables or name in names.arrays:
        raise SyntaxFault(Code.VARIABLE_EXISTS, line, token.column)
    (names.variables if kind == "new" else names.arrays).add(name)
    return Word(name)


def _read_variable(kind: str, token: Token, names: Names, line: int) -> Reference:  # noqa: ARG001
    if _looks_like_number(token.text):
        raise SyntaxFault(Code.LITERAL_NOT_ALLOWED, line, token.column)
    return _read_reference(token.text, token.column, names, line)


def _read_array(kind: str, token: Token, names: Names, line: int) -> Word:  # noqa: ARG001
    if token.text not in names.arrays:
        known = token.text in names.variables
        raise SyntaxFault(Code.VARIABLE_NOT_ALLOWED if known else Code.NOT_DECLARED, line, token.column)
    return Word(token.text)


def _read_word(kind: str, token: Token, names: Names, line: int) -> Word:  # noqa: ARG001
    allowed, code = _WORDS[kind]
    if token.text not in allowed:
        raise SyntaxFault(code, line, token.column)
    return Word(token.text)


def _looks_like_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "+-"


def _read_number(kind: str, token: Token, names: Names, line: int) -> Literal | Reference:
    if not _looks_like_number(token.text):
        reference = _read_reference(token.text, token.column, names, line)
        if kind == "literal":
            raise SyntaxFault(Code.VARIABLE_NOT_ALLOWED, line, token.column)
        return reference
    try:
        value = parse_literal(token.text)
    except OverflowError:
        raise SyntaxFault(Code.OVERFLOW, line, token.column) from None
    if value is None:
        code = Code.UNEXPECTED_CHARACTER if "." in token.text else Code.BAD_LITERAL
        raise SyntaxFault(code, line, token.column)
    return Literal(value)


def _read_reference(text: str, column: int, names: Names, line: int) -> Reference:
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise SyntaxFault(Code.BAD_REFERENCE, line, column)
    name, index = match.groups()
    if index is None:
        if name in names.arrays:
            raise SyntaxFault(Code.ARRAY_NOT_ALLOWED, line, column)
        if name not in names.variables:
            raise SyntaxFault(Code.NOT_DECLARED, line, column)
        return Reference(name)
    if name not in names.arrays:
        code = Code.BAD_REFERENCE if name in names.variables else Code.NOT_DECLARED
        raise SyntaxFault(code, line, column)
    inside = column + len(name) + 1
    if not _looks_like_number(index):
        if not _NAME.fullmatch(index):
            raise SyntaxFault(Code.BAD_REFERENCE, line, inside)
        if index not in names.variables:
            raise SyntaxFault(Code.NOT_DECLARED, line, inside)
        return Reference(name, index)
    try:
        value = parse_literal(index)
    except OverflowError:
        value = None
    if value is None or value != int(value):
        raise SyntaxFault(Code.BAD_LITERAL, line, inside)
    return Reference(name, int(value))


def _read_text(kind: str, token: Token, names: Names, line: int) -> Text:  # noqa: ARG001
    formatted = token.text.startswith("f")
    inner = token.text[2:-1] if formatted else token.text[1:-1]
    if not formatted:
        return Text((inner,))
    start = token.column + 2
    pieces: list[str | Reference] = []
    position = 0
    for match in _PIECE.finditer(inner):
        pieces.append(inner[position : match.start()])
        position = match.end()
        if match[0] in {"{{", "}}"}:
            pieces.append(match[0][0])
        elif match[1] is None:
            raise SyntaxFault(Code.BAD_BRACE, line, start + match.start())
        else:
            pieces.append(_read_reference(match[1].strip(), start + match.start() + 1, names, line))
    pieces.append(inner[position:])
    return Text(tuple(pieces))


_READERS: dict[str, Callable[[str, Token, Names, int], Argument]] = {
    "new": _declare,
    "new_array": _declare,
    "in": _read_number,
    "literal": _read_number,
    "out": _read_variable,
    "var": _read_variable,
    "array": _read_array,
    "op": _read_word,
    "vartype": _read_word,
    "text": _read_text,
}

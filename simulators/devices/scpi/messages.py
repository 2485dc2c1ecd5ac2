"""Program messages of SCPI: units between semicolons, and their arguments."""

from dataclasses import dataclass

from .errors import ScpiError


@dataclass(frozen=True)
class Unit:
    """One command or query.

    Parameters
    ----------
    nodes : tuple of str
        Of its header from the root, in capitals, without the question mark.
    is_query : bool
        Whether it asks for something.
    arguments : tuple of str
        Without quotation marks.
    """

    nodes: tuple[str, ...]
    is_query: bool
    arguments: tuple[str, ...]


def split_message(text: str) -> list[Unit]:
    """Return the units of a line.

    A header without a leading colon goes on where the one before it was, as IEEE 488.2 says.

    Raises
    ------
    ScpiError
        A quotation mark is missing.
    """
    units: list[Unit] = []
    path: tuple[str, ...] = ()
    for part in _split(text, ";"):
        part = part.strip()  # noqa: PLW2901
        if not part:
            continue
        header, _, rest = part.partition(" ")
        is_query = header.endswith("?")
        name = header.rstrip("?").upper()
        if name.startswith("*"):
            nodes = (name,)
        else:
            nodes = tuple(name.strip(":").split(":"))
            if not name.startswith(":"):
                nodes = path + nodes
            path = nodes[:-1]
        arguments = tuple(each.strip().strip("'\"") for each in _split(rest, ",")) if rest.strip() else ()
        units.append(Unit(nodes, is_query, arguments))
    return units


def _split(text: str, separator: str) -> list[str]:
    """Split where a separator stands outside of quotation marks."""
    parts, start, quote = [], 0, ""
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == separator:
            parts.append(text[start:index])
            start = index + 1
    if quote:
        raise ScpiError(-151, "Invalid string data")
    return [*parts, text[start:]]

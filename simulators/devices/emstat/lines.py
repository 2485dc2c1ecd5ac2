"""Bytes from the host cut into lines, as the firmware takes them."""

_LONGEST_LINE = 255
_IGNORED = b"\r\x11\x13"
"""Carriage returns, and the flow control characters of the serial port."""


class LineReader:
    """Collects bytes into lines; of a line that is too long it keeps only that it was."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[tuple[str, bool]]:
        """Add bytes; return the lines that they complete, each with whether it was too long."""
        *complete, rest = data.translate(None, _IGNORED).split(b"\n")
        lines = []
        for piece in complete:
            self._add(piece)
            lines.append((self._line.decode("latin-1"), self._overlong))
            self._line.clear()
            self._overlong = False
        self._add(rest)
        return lines

    def _add(self, piece: bytes) -> None:
        room = _LONGEST_LINE - len(self._line)
        if len(piece) > room:
            self._overlong = True
        self._line += piece[:room]

"""What stations and their bench know of each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...instruments import Chamber
from ...instruments.base import Channel
from .publication import Publisher

if TYPE_CHECKING:
    from .station import Station


class Desk(Protocol):
    """What a station needs of its bench."""

    publisher: Publisher
    folder: Path

    def begin(self, station: "Station") -> None:
        """Take note that a run begins, before the cell is connected."""
        ...

    def end(self, station: "Station", state: str, path: Path | None) -> None:
        """Take note that a run has ended, and its file is closed."""
        ...

    def lost(self, station: "Station", sentence: str) -> None:
        """Take note that the instrument does not answer."""
        ...

    def alarm(self, channel: str, severity: str, text: str) -> None:
        """Tell people what they should know at once."""
        ...


@dataclass(frozen=True)
class Connection:
    """What stands behind a channel's name while its instrument answers."""

    channel: Channel
    chamber: Chamber | None

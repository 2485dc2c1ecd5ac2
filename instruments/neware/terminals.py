"""How the BTS names a channel, and what it says of it."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ..errors import BadReply
from .dialogue import Dialogue, element
from .points import Points, points_of

BUSY = ("working", "pause")


@dataclass(frozen=True)
class Terminals:
    """One channel in the server's terms, and the requests about it.

    Parameters
    ----------
    bts : Dialogue
        The server.
    ip, devtype, devid, subdevid, chlid : str
        As the server names them.
    """

    bts: Dialogue
    ip: str
    devtype: str
    devid: str
    subdevid: str
    chlid: str

    def __str__(self) -> str:
        return f"{self.devid}-{self.subdevid}-{self.chlid}"

    def inquire(self) -> dict[str, str]:
        """Return what the server says of the channel now."""
        found = self._ask_one("inquire", self._element("inquire", "true", aux="0", barcode="1"))
        if "workstatus" not in found.attrib:
            raise BadReply(f"The BTS server did not say what channel {self} is doing.", b"")
        return dict(found.attrib)

    def count(self) -> tuple[int, int]:
        """Return the number of the last test, and how many points it has."""
        found = self._ask_one("inquiredf", self._element("chl", testid="0"))
        try:
            return int(found.get("testid", "")), int(found.get("count", ""))
        except ValueError:
            raise BadReply(f"The BTS server did not say how many points channel {self} has.", b"") from None

    def download(self, testid: int, first: int, count: int) -> Points:
        """Return points of the last test, which must be the one with this number."""
        about = self._element("download", auxid="0", testid="0", startpos=str(first), count=str(count))
        return points_of(self.bts.ask("download", about), first, testid)

    def first_points(self) -> list[int]:
        """Return the number of the first point of every step that the last test has executed."""
        reply = self.bts.ask("downloadStepLayer", self._element("downloadStepLayer"))
        try:
            return [int(data.get("startseqid", "")) for data in reply.iterfind("list/data")]
        except ValueError:
            raise BadReply(f"The BTS server did not say which steps channel {self} has run.", b"") from None

    def start(self, path: str, folder: str, barcode: str) -> str:
        """Start the program in a step file; return "ok", or what the server says instead."""
        backup = {
            "backupdir": folder,
            "remotedir": "",
            "filenametype": "0",
            "customfilename": "",
            "addtimewhenrepeat": "0",
            "createdirbydate": "0",
            "filetype": "0",
            "backupontime": "1",
            "backupontimeinterval": "720",
            "backupfree": "1",
        }
        request = self._element("start", path, barcode=barcode) + element("backup", backup)
        return (self._ask_one("start", request).text or "").strip()

    def stop(self) -> None:
        """Stop whatever runs."""
        # An empty list is an answer as well: there was nothing to stop.
        self.bts.ask("stop", _listed(self._element("stop", "true")))

    def _ask_one(self, command: str, about: str) -> Element:
        found = self.bts.ask(command, _listed(about)).find("list/*")
        if found is None:
            raise BadReply(f"The BTS server said nothing about channel {self}.", b"")
        return found

    def _element(self, name: str, text: str | None = None, **more: str) -> str:
        named = {"devtype": self.devtype, "devid": self.devid, "subdevid": self.subdevid, "chlid": self.chlid}
        return element(name, {"ip": self.ip, **named, **more}, text)


def _listed(content: str) -> str:
    return f'<list count="1">{content}</list>'


def terminals_of(bts: Dialogue) -> list[Terminals]:
    """Return all channels of a server."""
    named = ("ip", "devtype", "devid", "subdevid", "Channelid")
    return [
        Terminals(bts, *(each.get(name, "") for name in named))
        for each in bts.ask("getdevinfo").iterfind("middle/channel")
    ]

"""Requests to a BTS server, and its replies: XML over TCP.

Source: the published client aurora-neware, and the replies that it recorded from a BTS 8.0; the
maker's own description of the interface is not public.
"""

import threading
import time
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape, quoteattr

from ..errors import BadReply, InstrumentError, NotConnected, Timeout
from ..insisting import asked
from ..link import SocketLink

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>'
_TERMINATOR = b"\n\n#\r\n"
_TRIES = 2
_REPLY_S = 5.0
"""Longest silence before or within a reply."""


class Dialogue:
    """One request at a time over one connection, which is opened again after anything strange.

    What an earlier request was answered with can therefore never be taken for the answer to a later one.

    Parameters
    ----------
    host : str
        The computer on which the BTS server runs.
    port : int
        Usually 502.
    user, password : str
        Of the server's interface.

    Raises
    ------
    NotConnected, Timeout, BadReply
        There is no BTS server, or it refuses the user.
    """

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.address = f"socket://{host}:{port}"
        self._user, self._password = user, password
        self._lock = threading.Lock()
        self._link: SocketLink | None = None
        with self._lock:
            self._connect()

    def ask(self, command: str, body: str = "") -> Element:
        """Return the reply to a request.

        Raises
        ------
        NotConnected, Timeout, BadReply
            There was none, or it makes no sense; the request may have been carried out.
        """
        with self._lock:
            # What only asks may be asked again at once.
            tries = 1 if command == "start" else _TRIES
            return asked(lambda: self._ask_once(command, body), tries, (NotConnected, Timeout, BadReply))

    def _ask_once(self, command: str, body: str) -> Element:
        if self._link is None:
            self._connect()
        return self._exchange(command, body)

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _connect(self) -> None:
        self._link = SocketLink(self.address)
        user, password = escape(self._user), escape(self._password)
        answer = self._exchange(
            "connect", f"<username>{user}</username><password>{password}</password><type>bfgs</type>"
        )
        if answer.findtext("result", "").strip() != "ok":
            self.close()
            raise NotConnected(
                f"The BTS server at {self.address} refuses the user {self._user!r}. "
                "Check that its interface is activated, and the user and the password."
            )

    def _exchange(self, command: str, body: str) -> Element:
        try:
            self._link_now.write(
                f'{_DECLARATION}<bts version="1.0"><cmd>{command}</cmd>{body}</bts>'.encode() + _TERMINATOR
            )
            return self._parsed(command, self._received())
        except InstrumentError:
            self.close()
            raise

    @property
    def _link_now(self) -> SocketLink:
        if self._link is None:
            raise NotConnected(f"The connection to {self.address} is closed.")
        return self._link

    def _received(self) -> bytes:
        pieces: list[bytes] = []
        deadline = time.monotonic() + _REPLY_S
        ending = b""
        while not ending.endswith(_TERMINATOR):
            piece = self._link_now.read()
            if piece:
                pieces.append(piece)
                ending = (ending + piece)[-len(_TERMINATOR) :]
                deadline = time.monotonic() + _REPLY_S
            elif time.monotonic() > deadline:
                raise Timeout(f"The BTS server at {self.address} does not answer. Check that it is running.")
        return b"".join(pieces).removesuffix(_TERMINATOR)

    def _parsed(self, command: str, reply: bytes) -> Element:
        try:
            root = _root_of(reply.decode("utf-8"))
        except (ParseError, UnicodeDecodeError):
            raise BadReply(
                f"The BTS server at {self.address} sent something that is no reply.", reply
            ) from None
        # The real server spells "donwload_resp".
        answered = (root.findtext("cmd") or "").strip().replace("donwload", "download")
        if answered.removesuffix("_resp") != command:
            raise BadReply(
                f"The BTS server at {self.address} was asked for {command} and answered {answered!r}.", reply
            )
        return root


class _WithoutDoctype(TreeBuilder):
    """Builds a reply, and refuses a document type: only there could entities be declared."""

    def doctype(self, *_: str | None) -> None:
        raise ParseError("a document type")


def _root_of(text: str) -> Element:
    # What defusedxml refuses is refused here as well, in half its time: its parser is Python.
    parser = XMLParser(target=_WithoutDoctype())  # noqa: S314
    parser.feed(text)
    return parser.close()


def element(name: str, attributes: dict[str, str], text: str | None = None) -> str:
    """Return an element of a request."""
    inner = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{inner} />" if text is None else f"<{name}{inner}>{escape(text)}</{name}>"

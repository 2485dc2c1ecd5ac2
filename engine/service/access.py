"""What may ask the service at all: hosts, origins, and sizes."""

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY_BYTES = 2**20
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


class Gatekeeper:
    """Turns away what no client of ours would send: other hosts, other origins, huge bodies.

    A page from anywhere that is open in the user's browser can send requests to this computer; it
    cannot hide where it comes from.

    Parameters
    ----------
    app : ASGI application
        What is behind the gate.
    hosts : set of str
        Names under which the service may be asked for, besides this computer's loopback.
    """

    def __init__(self, app: ASGIApp, hosts: set[str]) -> None:
        self._app = app
        self._hosts = hosts | _LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it with 403 or 413."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if _without_port(host) not in self._hosts or (origin is not None and not _same(origin, host)):
            await _refuse(scope, receive, send, 403, "Requests from another origin are not answered.")
            return
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY_BYTES:
            await _refuse(scope, receive, send, 413, f"A request has {LARGEST_BODY_BYTES} bytes at most.")
            return
        await self._app(scope, _Bounded(receive), send)


class _Bounded:
    """Receives no more than a request may have, whatever it said about its length."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        # Without a body there is nothing to be done with it.
        return {"type": "http.disconnect"} if self._bytes > LARGEST_BODY_BYTES else message


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await JSONResponse({"detail": sentence}, status)(scope, receive, send)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _same(origin: str, host: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc == host

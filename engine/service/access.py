"""Who may ask the service for what: tokens, roles, origins, and sizes."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import platformdirs
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Role = Literal["reader", "operator"]
LARGEST_BODY_BYTES = 2**20
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
FOLDER_VARIABLE = "FARADAIC_HOME"
"""Environment variable that names another private folder."""


@dataclass(frozen=True)
class Tokens:
    """What proves a role.

    Parameters
    ----------
    operator, reader : str
        Secrets: the one allows everything, the other only to look.
    """

    operator: str
    reader: str

    def role_of(self, token: str) -> Role | None:
        """Return the role that a token proves; None for one that is not known."""
        # Compared in constant time, as bytes: what comes from outside may hold anything.
        given = token.encode("utf-8", "replace")
        if secrets.compare_digest(given, self.operator.encode()):
            return "operator"
        return "reader" if secrets.compare_digest(given, self.reader.encode()) else None


def private_folder() -> Path:
    """Return the folder of this user in which the service keeps its tokens and its address.

    The environment variable ``FARADAIC_HOME`` names another one.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else Path(platformdirs.user_state_dir("faradaic", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def own_tokens() -> Tokens:
    """Return this user's tokens, made when they are first needed."""
    path = private_folder() / "tokens.json"
    try:
        return Tokens(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        tokens = Tokens(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        write_private(path, vars(tokens))
        return tokens


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Write a file that only this user can read, whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    # The mode counts from the moment the file is there; on Windows the user's folder is private.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    temporary.replace(path)


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

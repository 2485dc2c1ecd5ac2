"""The service as an ASGI application."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from ...instruments import InstrumentError
from ...storage import StorageError
from ..bench import BenchEngine, NoSuchAlarm, NoSuchChannel
from .access import Gatekeeper
from .live import stream
from .own import Tokens
from .routes import acting, looking

_PAGE = Path(__file__).parent / "page"
_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ABOUT = (
    "Runs electrochemical protocols on a bench. Every request carries a token: "
    "`Authorization: Bearer …`; a reader's may look, an operator's may also act."
)


class Sentence(BaseModel):
    """Why a request was refused."""

    detail: str


_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"model": Sentence, "description": "No token, or one that is not known"},
    403: {"model": Sentence, "description": "The token does not allow it"},
    404: {"model": Sentence, "description": "There is no such thing"},
    409: {"model": Sentence, "description": "It cannot be done as things stand"},
    413: {"model": Sentence, "description": "The request is too large"},
}


def make_app(engine: BenchEngine, tokens: Tokens, hosts: frozenset[str] = frozenset()) -> FastAPI:
    """Return the service of an engine as an ASGI application.

    Parameters
    ----------
    engine : BenchEngine
        What is served.
    tokens : Tokens
        What proves a role.
    hosts : frozenset of str
        Names under which it may be asked for, besides this computer's loopback.
    """
    app = FastAPI(
        title="faradaic", version="1", description=_ABOUT, docs_url=None, redoc_url=None, responses=_ANSWERS
    )
    app.state.engine, app.state.tokens = engine, tokens
    # A program that serves it alone says here how it is ended.
    app.state.end = None
    app.include_router(looking)
    app.include_router(acting)

    @app.websocket("/api/v1/live")
    async def live(socket: WebSocket) -> None:
        await stream(socket, engine.publisher, tokens)

    @app.middleware("http")
    async def secure(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(_SECURITY)
        return response

    _tell_refusals(app)
    app.mount("/", StaticFiles(directory=_PAGE, html=True))
    app.add_middleware(Gatekeeper, hosts=set(hosts))
    return app


def _tell_refusals(app: FastAPI) -> None:
    """Turn what can be refused into an answer with one sentence."""

    def answering(status: int) -> Callable[[Request, Exception], JSONResponse]:
        def answer(_request: Request, error: Exception) -> JSONResponse:
            return JSONResponse({"detail": str(error)}, status)

        return answer

    for kind, status in {NoSuchChannel: 404, NoSuchAlarm: 404, FileNotFoundError: 404}.items():
        app.add_exception_handler(kind, answering(status))
    # Parameters that are not allowed, a range that is exceeded, a disk without room, a channel that
    # does nothing that could be stopped.
    for kind in (ValueError, InstrumentError, StorageError):
        app.add_exception_handler(kind, answering(409))

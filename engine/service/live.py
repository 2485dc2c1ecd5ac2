"""What the bench publishes, over a WebSocket: frames as `engine.bench.publication` describes them."""

import asyncio
import json
import threading
from collections import deque
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..bench import Publisher, Record
from .own import Tokens

_TOKEN_WAIT_S = 5.0
_TOGETHER_S = 0.02
"""Records that come within this time travel in one message."""
_MOST_WAITING_BYTES = 32 * 2**20
_NOT_ALLOWED = 4401


class Mailbox:
    """Records on their way from the threads that publish them to one reader.

    Parameters
    ----------
    loop : asyncio event loop
        In which the reader waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._missed = 0
        self._lock = threading.Lock()
        self._arrived = asyncio.Event()
        self._is_told = False

    def put(self, record: Record) -> None:
        """Take a record, in any thread; without space the oldest is left out."""
        with self._lock:
            self._waiting.append(record)
            self._waiting_bytes += record.size
            while self._waiting_bytes > _MOST_WAITING_BYTES:
                self._waiting_bytes -= self._waiting.popleft().size
                self._missed += 1
        if not self._is_told:
            self._is_told = True
            with suppress(RuntimeError):
                # The loop may have ended meanwhile.
                self._loop.call_soon_threadsafe(self._arrived.set)

    async def take(self) -> bytes:
        """Wait for records and return them as frames."""
        await self._arrived.wait()
        self._arrived.clear()
        self._is_told = False
        with self._lock:
            records, self._waiting = self._waiting, deque()
            missed, self._missed = self._missed, 0
            self._waiting_bytes = 0
        if missed:
            first = records[0]
            gap = Record(first.seq - 1, first.engine, first.time, "", "", "missed", {"records": missed})
            records.appendleft(gap)
        return b"".join(record.frame for record in records)


async def stream(socket: WebSocket, publisher: Publisher, tokens: Tokens) -> None:
    """Send what is published, until the reader leaves.

    The reader's first message is JSON: ``{"token": …, "since": n}``, with the number of the last
    record that it knows, or without ``since`` to begin with what comes.
    """
    await socket.accept()
    since = await _admitted(socket, tokens)
    if since is None:
        with suppress(RuntimeError):
            await socket.close(_NOT_ALLOWED)
        return
    mailbox = Mailbox(asyncio.get_running_loop())
    stop = publisher.listen(mailbox.put, since if since >= 0 else None)
    tasks = asyncio.create_task(_carry(mailbox, socket)), asyncio.create_task(_left(socket))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        stop()


async def _carry(mailbox: Mailbox, socket: WebSocket) -> None:
    """Send what comes into the mailbox, until the reader leaves."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.send_bytes(await mailbox.take())
            await asyncio.sleep(_TOGETHER_S)


async def _admitted(socket: WebSocket, tokens: Tokens) -> int | None:
    """Return the number from which on a reader wants records (-1: the next); None without a token."""
    try:
        said = json.loads(await asyncio.wait_for(socket.receive_text(), _TOKEN_WAIT_S))
        since = said.get("since")
        if tokens.role_of(str(said.get("token"))) is None:
            return None
        return -1 if since is None else max(0, int(since))
    except (WebSocketDisconnect, TimeoutError, ValueError, TypeError, AttributeError, KeyError, RuntimeError):
        return None


async def _left(socket: WebSocket) -> None:
    """Return when the reader has left; what it says is not listened to."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass

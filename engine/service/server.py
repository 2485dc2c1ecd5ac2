"""Serving a bench: one service for each user of a computer, until it is told to end."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from filelock import Timeout as Locked

from ...instruments.bench_file import read_bench
from ...storage import StorageError
from ..bench import BenchEngine
from .affinity import stay_on_one_core
from .app import make_app
from .heap import keep_heap_small
from .own import address_file, own_tokens, service_lock, write_private

log = logging.getLogger(__name__)

PORT = 8420
_GRACE_S = 3
_KEEP_ALIVE_S = 60
"""Longer than clients keep a connection that is idle: else one is closed while they ask on it."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    bench: Path,
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    names: tuple[str, ...] = (),
    ready: Callable[[str], None] = log.info,
) -> None:
    """Serve a bench until the process is told to end (Ctrl+C, or its system's way).

    Parameters
    ----------
    bench : Path
        The bench file.
    folder : Path
        Where run files go.
    host : str
        The address to listen on; only this computer's own, unless said otherwise.
    port : int
        0 takes any that is free.
    names : tuple of str
        Names under which others may ask for it, where `host` is not this computer's own.
    ready : callable
        Called with a sentence for people, once it listens.

    Raises
    ------
    ValueError, StorageError
        The bench file is wrong, a service runs already, or the address is taken.
    """
    keep_heap_small()
    stay_on_one_core()
    described = read_bench(bench)
    lock = service_lock()
    try:
        lock.acquire(timeout=0)
    except Locked:
        raise StorageError("A service of yours runs already; see: faradaic status.") from None
    with lock, _listening(host, port) as listener, BenchEngine(described, folder, name=bench.stem) as engine:
        at = listener.getsockname()
        allowed = frozenset(names) | ({host} if host not in _LOOPBACK else frozenset())
        app = make_app(engine, own_tokens(), allowed)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_KEEP_ALIVE_S,
            ws_max_size=2**16,
            # Readers are near: to compress every message takes the engine longer than to send it.
            ws_per_message_deflate=False,
        )
        shown = "127.0.0.1" if host in _LOOPBACK else host
        url = f"http://{shown}:{at[1]}"
        count = len(engine.stations)
        server = _Server(
            config,
            lambda: ready(
                f"{engine.name}: {count} {'channel' if count == 1 else 'channels'}, served at {url} "
                "(faradaic status shows the link to look at it); Ctrl+C or faradaic end ends it."
            ),
        )
        app.state.end = server.told_to_end
        write_private(
            address_file(),
            {
                "url": url,
                "pid": os.getpid(),
                "bench": str(bench.absolute()),
                "folder": str(engine.folder),
            },
        )
        try:
            server.run(sockets=[listener])
        finally:
            address_file().unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """Ends when it is told to, and lets the engine end in good order after it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals that end a program; uvicorn's own way would send them to us once more."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGBREAK"):
            numbers.append(signal.SIGBREAK)  # pyright: ignore[reportAttributeAccessIssue]
        for number in numbers:
            # From now on for good: a second one must not interrupt the end either.
            signal.signal(number, self.told_to_end)
        yield

    def told_to_end(self, *_: object) -> None:
        """End soon: once what was asked for has been answered."""
        self.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ValueError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another --port."
        ) from None

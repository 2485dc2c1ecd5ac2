"""Simulated instruments on a TCP port or a virtual serial port."""

import contextlib
import os
import selectors
import socket
import threading
from abc import abstractmethod

from ...core.closing import Closing
from .link import Outbox, WireDevice

_PIECE = 1 << 16


class Server(Closing):
    """A thread that carries bytes between one host and a device, until it is closed.

    Attributes
    ----------
    address : str
        What a host opens, in the form that pyserial understands.
    """

    address: str

    def __init__(self, device: WireDevice) -> None:
        self.device = device
        self._selector = selectors.DefaultSelector()
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._selector.register(self._wakened, selectors.EVENT_READ)
        self._outbox: Outbox | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name=type(self).__name__, daemon=True)

    def close(self) -> None:
        """Stop serving and release the port; the device goes on without a host."""
        if self._closing:
            return
        self._closing = True
        if self._outbox is not None:
            self._outbox.close()
        self._wake()
        self._thread.join()
        self.device.attach(None)
        self._selector.close()
        self._waker.close()
        self._wakened.close()
        self._release()

    @abstractmethod
    def _ready(self, file: object, events: int) -> None:
        """Handle a file of the server that is ready."""

    @abstractmethod
    def _want_writing(self, wanted: bool) -> None:
        """Watch for room to write, or stop watching."""

    @abstractmethod
    def _release(self) -> None:
        """Close the files of the server."""

    def _serve(self) -> None:
        while not self._closing:
            for key, events in self._selector.select():
                if key.fileobj is self._wakened:
                    with contextlib.suppress(BlockingIOError):
                        self._wakened.recv(_PIECE)
                else:
                    self._ready(key.fileobj, events)
            if self._outbox is not None and not self._closing:
                self._want_writing(not self._outbox.is_empty)

    def _connect(self, outbox: Outbox) -> None:
        outbox.serve_from_here()
        self._outbox = outbox
        self.device.attach(outbox.send)

    def _wake(self) -> None:
        # A full pipe is a wake-up that is on its way already.
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"\0")


class TcpServer(Server):
    """Serves a device on a TCP port to one client at a time; a new one replaces the old.

    Parameters
    ----------
    device : WireDevice
        What to serve.
    host : str
        Address to listen on; by default this computer only.
    port : int
        0 takes any free port.

    Raises
    ------
    OSError
        The port is taken.
    """

    def __init__(self, device: WireDevice, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(device)
        self._listener = socket.create_server((host, port))
        self._listener.setblocking(False)
        self._client: socket.socket | None = None
        bound_host, bound_port = self._listener.getsockname()[:2]
        self.address = f"socket://{bound_host}:{bound_port}"
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread.start()

    def _ready(self, file: object, events: int) -> None:
        if file is self._listener:
            self._accept()
        elif file is self._client and self._client is not None:
            if events & selectors.EVENT_WRITE and self._outbox is not None:
                self._outbox.drain()
            if events & selectors.EVENT_READ:
                self._read(self._client)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        self._drop_client()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._selector.register(client, selectors.EVENT_READ)
        self._connect(Outbox(client.send, self._wake))

    def _read(self, client: socket.socket) -> None:
        try:
            data = client.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.device.receive(data)
        else:
            self._drop_client()
            self.device.attach(None)

    def _drop_client(self) -> None:
        if self._client is None:
            return
        if self._outbox is not None:
            self._outbox.close()
            self._outbox = None
        self._selector.unregister(self._client)
        self._client.close()
        self._client = None

    def _want_writing(self, wanted: bool) -> None:
        if self._client is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
            self._selector.modify(self._client, events)

    def _release(self) -> None:
        if self._client is not None:
            self._client.close()
        self._listener.close()


class PtyServer(Server):
    """Serves a device on a virtual serial port, where the system has them.

    Parameters
    ----------
    device : WireDevice
        What to serve.

    Raises
    ------
    OSError
        The system has no pseudo-terminals (Windows) or none free.
    """

    def __init__(self, device: WireDevice) -> None:
        try:
            import pty  # noqa: PLC0415  not on Windows
            import tty  # noqa: PLC0415
        except ImportError:
            raise OSError("This system has no virtual serial ports; serve the instrument on TCP.") from None
        super().__init__(device)
        self._master, self._slave = pty.openpty()
        # Raw at both ends, or the line discipline echoes and rewrites line ends. The instrument's
        # end of the slave stays open, so that the port outlives every program that opens it.
        tty.setraw(self._master)
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)
        self._selector.register(self._master, selectors.EVENT_READ)
        self._thread.start()

    def _serve(self) -> None:
        self._connect(Outbox(lambda data: os.write(self._master, data), self._wake))
        super()._serve()

    def _ready(self, file: object, events: int) -> None:  # noqa: ARG002
        if events & selectors.EVENT_WRITE and self._outbox is not None:
            self._outbox.drain()
        if events & selectors.EVENT_READ:
            with contextlib.suppress(BlockingIOError):
                self.device.receive(os.read(self._master, _PIECE))

    def _want_writing(self, wanted: bool) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        self._selector.modify(self._master, events)

    def _release(self) -> None:
        os.close(self._master)
        os.close(self._slave)

"""Serving the simulated part of a bench, to be opened like the real one."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from ..core.clock import ScaledClock
from ..instruments.bench_file import Bench, BenchInstrument
from .cells import SimulatedCell, parse_cell
from .devices import JulaboDevice, TcpServer, WireDevice, device_kind
from .devices.server import Server
from .faults import FaultyLink
from .simulated import serve

_LOOPBACK = ("127.0.0.1", "localhost")


@contextmanager
def serve_bench(bench: Bench, *, with_faults: bool = False) -> Iterator[dict[str, FaultyLink | Server]]:
    """Serve what is simulated of a bench at the addresses in its file; return the servers by name.

    Parameters
    ----------
    bench : Bench
        What is to be served.
    with_faults : bool
        Whether a `FaultyLink` stands before each of them; it carries everything as it is until a
        fault is injected.

    Raises
    ------
    ValueError
        An address, a model, a channel or a cell cannot be simulated; the message names it.
    """
    clock = ScaledClock(bench.speed)
    cells: dict[str, SimulatedCell] = {}
    served: dict[str, FaultyLink | Server] = {}
    with ExitStack() as stack:

        def serve(name: str, address: str, device: WireDevice) -> None:
            host, port = _place(name, address)
            try:
                if with_faults:
                    server = stack.enter_context(TcpServer(device))
                    link = FaultyLink(server.address, host=host, port=port, seed=len(served))
                    served[name] = stack.enter_context(link)
                else:
                    served[name] = stack.enter_context(TcpServer(device, host, port))
            except OSError as error:
                raise ValueError(f"{name}: {address} cannot be served: {error.strerror}.") from None

        for name, instrument in bench.instruments.items():
            if instrument.simulated is not None:
                device = stack.enter_context(closing(_device(name, instrument, clock, cells)))
                serve(name, instrument.address, device)
        for name, chamber in bench.chambers.items():
            if chamber.simulated:
                inside = [cells[channel] for channel in chamber.channels if channel in cells]
                serve(name, chamber.address, JulaboDevice(inside, clock))
        if not served:
            raise ValueError("nothing on this bench is simulated; give an instrument a part 'simulated'.")
        yield served


@contextmanager
def one_instrument(
    model: str, cell: str, *, tcp_port: int | None, speed: float, seed: int, with_faults: bool
) -> Iterator[dict[str, FaultyLink | Server]]:
    """Serve one simulated instrument; see `serve`, whose arguments these are."""
    clock = ScaledClock(speed)
    with ExitStack() as stack:
        if not with_faults:
            yield {
                model: stack.enter_context(
                    serve(model, parse_cell(cell), clock=clock, seed=seed, tcp_port=tcp_port)
                )
            }
            return
        server = stack.enter_context(serve(model, parse_cell(cell), clock=clock, seed=seed, tcp_port=0))
        yield {model: stack.enter_context(FaultyLink(server.address, port=tcp_port or 0, seed=seed))}


def _device(
    name: str, instrument: BenchInstrument, clock: ScaledClock, cells: dict[str, SimulatedCell]
) -> Any:
    """Return the device that stands in for an instrument; its cells are added by their channels' names."""
    part = instrument.simulated
    assert part is not None  # noqa: S101  the caller has looked
    kind = device_kind(part.model)
    if kind.driver != instrument.driver:
        raise ValueError(f"{name}: a {part.model} is not an instrument for the driver {instrument.driver}.")
    for channel in (*part.cells, *instrument.channels):
        if channel not in kind.channels:
            known = ", ".join(kind.channels)
            raise ValueError(f"{name}: a {part.model} has no channel {channel!r}; it has {known}.")
    connected: list[SimulatedCell | None] = []
    for channel in kind.channels:
        described = part.cells.get(channel)
        cell = None if described is None else parse_cell(described)
        connected.append(cell)
        if cell is not None and channel in instrument.channels:
            cells[instrument.channels[channel].name] = cell
    return kind.make(connected, clock, part.seed)


def _place(name: str, address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        host, port = "", 0
    if not address.startswith("socket://") or host not in _LOOPBACK or not port:
        raise ValueError(
            f"{name}: {address!r} cannot be served; a simulated instrument needs an address like "
            "'socket://127.0.0.1:5025' on this computer."
        )
    return "127.0.0.1", port

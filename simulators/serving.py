"""Serving the simulated part of a bench, to be opened like the real one."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from ..core.clock import ScaledClock
from ..instruments.bench_file import Bench, BenchInstrument, SimulatedPart
from .cells import BadlyConnected, parse_cell
from .devices import JulaboDevice, TcpServer, device_kind
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
    cells: dict[str, BadlyConnected] = {}
    served: dict[str, FaultyLink | Server] = {}
    with ExitStack() as stack:

        def listen(name: str, address: str, device: Any, inside: Sequence[BadlyConnected] = ()) -> None:
            host, port = _place(name, address)
            try:
                if with_faults:
                    served[name] = _disturbed(stack, device, inside, host, port)
                else:
                    served[name] = stack.enter_context(TcpServer(device, host, port))
            except OSError as error:
                raise ValueError(f"{name}: {address} cannot be served: {error.strerror}.") from None

        for name, instrument in bench.instruments.items():
            if instrument.simulated is not None:
                connected = _cells(name, instrument, instrument.simulated)
                kind, seed = device_kind(instrument.simulated.model), instrument.simulated.seed
                device = stack.enter_context(
                    closing(kind.make([connected.get(own) for own in kind.channels], clock, seed))
                )
                named = {own: channel.name for own, channel in instrument.channels.items()}
                cells |= {named[own]: cell for own, cell in connected.items() if own in named}
                listen(name, instrument.address, device, list(connected.values()))
        for name, chamber in bench.chambers.items():
            if chamber.simulated:
                inside = [cells[channel] for channel in chamber.channels if channel in cells]
                listen(name, chamber.address, JulaboDevice(inside, clock))
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
        inside = BadlyConnected(parse_cell(cell))
        device = stack.enter_context(closing(device_kind(model).make([inside], clock, seed)))
        yield {model: _disturbed(stack, device, [inside], _LOOPBACK[0], tcp_port or 0)}


def _disturbed(
    stack: ExitStack, device: Any, cells: Sequence[BadlyConnected], host: str, port: int
) -> FaultyLink:
    """Serve a device behind a link that can be disturbed."""
    server = stack.enter_context(TcpServer(device))
    return stack.enter_context(FaultyLink(server.address, host=host, port=port, device=device, cells=cells))


def _cells(name: str, instrument: BenchInstrument, part: SimulatedPart) -> dict[str, BadlyConnected]:
    """Return the cells of an instrument by its own names for the channels.

    Raises
    ------
    ValueError
        The part does not fit the instrument, or has no such channel or cell.
    """
    kind = device_kind(part.model)
    if kind.driver != instrument.driver:
        raise ValueError(f"{name}: a {part.model} is not an instrument for the driver {instrument.driver}.")
    for channel in (*part.cells, *instrument.channels):
        if channel not in kind.channels:
            known = ", ".join(kind.channels)
            raise ValueError(f"{name}: a {part.model} has no channel {channel!r}; it has {known}.")
    return {channel: BadlyConnected(parse_cell(described)) for channel, described in part.cells.items()}


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

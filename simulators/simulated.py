"""Simulated instruments ready for use: opened by the real driver, or served to any client."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from ..core.clock import Clock, ScaledClock, VirtualClock
from ..instruments import Chamber, Instrument, Julabo, open_instrument
from .cells import SimulatedCell
from .devices import JulaboDevice, PtyServer, TcpServer, device_kind
from .devices.server import Server


@contextmanager
def simulated(
    model: str,
    cell: SimulatedCell | Sequence[SimulatedCell | None],
    *,
    seed: int = 1,
    speed: float | None = None,
    clock: Clock | None = None,
) -> Iterator[Instrument]:
    """Open a simulated instrument with the driver of the real one, over its wire protocol.

    Parameters
    ----------
    model : str
        A key of `devices.DEVICES`, such as "emstat4-hr", "keithley-2450" or "neware-bts".
    cell : SimulatedCell or sequence of them
        What is connected: to the first channel, or to one after the other; None leaves leads open.
    seed : int, optional
        Decides the errors and the noise of the instrument.
    speed : float, optional
        How many times faster than real time it runs; without it, as fast as it can.
    clock : Clock, optional
        The time it lives in, instead of `speed`.

    Raises
    ------
    ValueError
        The model is unknown, or both `speed` and `clock` are given.
    """
    if speed is not None and clock is not None:
        raise ValueError("speed and clock exclude each other; give one of them.")
    if clock is None:
        clock = VirtualClock() if speed is None else ScaledClock(speed)
    kind = device_kind(model)
    with (
        closing(kind.make(_listed(cell), clock, seed)) as device,
        TcpServer(device) as server,
        open_instrument(kind.driver, server.address, clock) as instrument,
    ):
        yield instrument


@contextmanager
def simulated_chamber(cell: SimulatedCell, clock: Clock) -> Iterator[Chamber]:
    """Open a simulated circulator, with a cell in its bath, with the driver of the real one.

    Parameters
    ----------
    cell : SimulatedCell
        What it heats and cools.
    clock : Clock
        The time it lives in: that of the instrument which measures the cell.
    """
    device = JulaboDevice([cell], clock)
    with TcpServer(device) as server, Julabo(server.address, clock) as chamber:
        yield chamber


@contextmanager
def serve(
    model: str,
    cell: SimulatedCell | Sequence[SimulatedCell | None],
    *,
    clock: Clock | None = None,
    seed: int = 1,
    tcp_port: int | None = None,
) -> Iterator[Server]:
    """Serve a simulated instrument to any client, at `address` of what this returns.

    Parameters
    ----------
    model, cell, seed
        As for `simulated`.
    clock : Clock, optional
        The time it lives in; real time by default.
    tcp_port : int, optional
        TCP port on this computer (0: any free one); without it a virtual serial port where
        the system has them.

    Raises
    ------
    ValueError
        The model is unknown, or the port is taken.
    """
    with closing(device_kind(model).make(_listed(cell), clock, seed)) as device:
        try:
            if tcp_port is None and hasattr(os, "openpty"):
                server = PtyServer(device)
            else:
                server = TcpServer(device, port=tcp_port or 0)
        except (OSError, OverflowError) as error:
            raise ValueError(f"tcp: port {tcp_port} cannot be served: {error}.") from None
        with server:
            yield server


def _listed(cells: SimulatedCell | Sequence[SimulatedCell | None]) -> Sequence[SimulatedCell | None]:
    return [cells] if isinstance(cells, SimulatedCell) else cells

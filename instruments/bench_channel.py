"""Opening one channel of a bench by its name."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from ..core.clock import Clock, ScaledClock, SystemClock
from ..protocols import SafetyLimits
from .base import Channel, Instrument
from .bench_file import Bench, BenchChamber
from .chamber import Chamber
from .julabo import Julabo


class Place(NamedTuple):
    """Where a run takes place.

    Parameters
    ----------
    channel : Channel
        With which terminals.
    limits : tuple of SafetyLimits
        Of the instrument and of this channel.
    chamber : Chamber or None
        In which its cell stands.
    """

    channel: Channel
    limits: tuple[SafetyLimits, ...]
    chamber: Chamber | None


@contextmanager
def open_place(bench: Bench, name: str) -> Iterator[Place]:
    """Connect to the instrument of a channel, and to the chamber in which its cell stands.

    Raises
    ------
    ValueError
        No channel has this name.
    InstrumentError
        The instrument or the chamber does not answer, or has no such channel.
    """
    from . import open_instrument  # noqa: PLC0415  the package's list needs this module first

    key, own = bench.find(name)
    described = bench.instruments[key]
    with ExitStack() as stack:
        clock = clock_of(bench, is_simulated=described.simulated is not None)
        instrument = stack.enter_context(
            open_instrument(described.driver, described.address, clock, wires=described.wires)
        )
        chamber, chamber_key = None, bench.chamber_of(name)
        if chamber_key is not None:
            found = bench.chambers[chamber_key]
            chamber = stack.enter_context(open_chamber(found, clock_of(bench, is_simulated=found.simulated)))
        channel = channel_named(instrument, own)
        yield Place(channel, described.limits_of(own), chamber)


def channel_named(instrument: Instrument, name: str) -> Channel:
    """Return the channel that an instrument calls by a name; raise `ValueError` where it has none."""
    for channel in instrument.channels:
        if channel.name == name:
            return channel
    known = ", ".join(channel.name for channel in instrument.channels)
    raise ValueError(f"{instrument.identity} has no channel {name!r}; it has {known}.")


def open_chamber(described: BenchChamber, clock: Clock) -> Julabo:
    """Connect to a chamber of a bench; raise `InstrumentError` where it does not answer."""
    lowest_degC, highest_degC = described.range_degC
    return Julabo(described.address, clock, lowest_degC=lowest_degC, highest_degC=highest_degC)


def clock_of(bench: Bench, *, is_simulated: bool) -> Clock:
    """Return the time in which a bench's simulated instruments live, or its real ones."""
    return ScaledClock(bench.speed) if is_simulated and bench.speed != 1.0 else SystemClock()

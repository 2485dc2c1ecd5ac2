"""The interface behind which every instrument stands."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ..core.clock import Clock, SystemClock
from ..core.samples import Block
from ..protocols.steps import Step
from .checks import Capabilities, check_step


@dataclass(frozen=True)
class Identity:
    """Which instrument this is, as it says itself.

    Parameters
    ----------
    model, serial, firmware : str
        As the instrument names them.
    address : str
        Where it is connected.
    """

    model: str
    serial: str
    firmware: str
    address: str

    def __str__(self) -> str:
        return f"{self.model} on {self.address}"


class Channel(ABC):
    """One set of cell terminals on an instrument.

    Parameters
    ----------
    name : str
        What people call it, such as "1".
    identity : Identity
        The instrument it belongs to.
    capabilities : Capabilities
        What it can do.
    clock : Clock
        The time in which it lives: a simulated instrument's may be virtual.
    """

    def __init__(self, name: str, identity: Identity, capabilities: Capabilities, clock: Clock) -> None:
        self.name = name
        self.identity = identity
        self.capabilities = capabilities
        self.clock = clock
        self.notices: list[str] = []
        """Sentences about what happened on the way, for the run's events; the engine empties the list."""

    def __str__(self) -> str:
        return f"{self.identity}, channel {self.name}"

    def check(self, step: Step) -> None:
        """Raise `OutOfRange` where the channel cannot run a step; nothing is sent, the cell stays off."""
        check_step(step, self.capabilities, str(self.identity))

    @abstractmethod
    def run(self, step: Step) -> Generator[Block, None, None]:
        """Run a step and yield what it measures, until it ends.

        Yields
        ------
        ndarray
            `MEASUREMENT` rows, or `IMPEDANCE_MEASUREMENT` rows during a spectrum. An empty block
            comes at least every 0.2 s, so that the caller can act. After `rest` the iterator yields
            what was still under way and ends. When the caller closes it, the cell is put at rest.

        Raises
        ------
        InstrumentError
            The cell was put at rest, or the message says that this failed.
        """

    @abstractmethod
    def read(self) -> Block:
        """Return one reading now, as one `MEASUREMENT` row, without switching the cell on."""

    def recover(self, since_s: float) -> Iterator[Block]:  # noqa: ARG002
        """Yield what the instrument buffered since a time in the step; nothing where it cannot."""
        return iter(())

    @abstractmethod
    def rest(self) -> None:
        """Switch the output off, cell at open circuit; idempotent, and callable from any thread.

        Raises
        ------
        InstrumentError
            The instrument did not confirm: the cell may still be connected.
        """


class Closing(ABC):
    """What is connected until it is closed; a context manager that closes it."""

    @abstractmethod
    def close(self) -> None:
        """Make it safe and let go of the connection; idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Instrument(Closing):
    """A box with one or more channels; a context manager that closes it.

    Parameters
    ----------
    address : str
        A device name or a URL, as the driver's documentation says.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.
    """

    channels: Sequence[Channel]
    identity: Identity

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        self.address = address
        self.clock = clock or SystemClock()
        self._closed = False

    @abstractmethod
    def _let_go(self) -> None:
        """Close the connection."""

    def close(self) -> None:
        """Put all channels at rest and let go of the connection; idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            for channel in self.channels:
                channel.rest()
        finally:
            self._let_go()

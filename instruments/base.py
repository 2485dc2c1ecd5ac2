"""The interface behind which every instrument stands."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ..core.clock import Clock, SystemClock
from ..core.closing import Closing
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

    needs_computer = False
    """Whether its cell stays as it is when the computer stops asking: nothing on board ends the step."""
    driver = ""
    """The name by which `open_instrument` knows its family; empty where it was made in another way."""
    wires: int | None = None
    """Over how many wires the potential is sensed, where that was chosen."""

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
            comes at least every 0.5 s, so that the caller can act; or at least every second, and at
            once after `wake`. After `rest` the iterator yields what was still under way and ends.
            When the caller closes it, the cell is put at rest.

        Raises
        ------
        InstrumentError
            The cell was put at rest, or the message says that this failed.
        """

    @abstractmethod
    def read(self) -> Block:
        """Return one reading now, as one `MEASUREMENT` row, without switching the cell on."""

    def foresee(
        self,
        step: Step,  # noqa: ARG002
        plan: Sequence[Step],  # noqa: ARG002
        index: int,  # noqa: ARG002
        *,
        run_id: str,  # noqa: ARG002
        elapsed_s: float = 0.0,  # noqa: ARG002
    ) -> bool:
        """Take note of what will be run if nothing interferes, where `capabilities.runs_programs`.

        The instrument starts as much of it as it can run by itself, from `step` on, unless it is
        doing so already, since an earlier program of the same run was started.

        Parameters
        ----------
        step : Step
            What is run next: the step of the plan, or what remains of it.
        plan : sequence of Step
            All steps of the run from its beginning, as far as they are known.
        index : int
            Where in the plan the step stands.
        run_id : str
            Of the run, to know its program again.
        elapsed_s : float
            How much of the step was recorded before.

        Returns
        -------
        bool
            Whether the step was under way already, so that nothing is missing since.

        Raises
        ------
        InstrumentError
            The program was refused.
        """
        return False

    def follows_on(self, step: Step) -> bool:  # noqa: ARG002
        """Tell whether the instrument goes over into a step by itself, from the end of the last one."""
        return False

    def finish(self) -> None:
        """End the step whose end condition was met; by default the cell is put at rest.

        An instrument that ends its steps by itself does so; `run` then yields what is left of it.
        """
        self.rest()

    def wake(self) -> None:  # noqa: B027  most yield often enough
        """Have `run` yield at once, where it sleeps until its next sample; callable from any thread."""

    @abstractmethod
    def rest(self) -> None:
        """Switch the output off, cell at open circuit; idempotent, and callable from any thread.

        Raises
        ------
        InstrumentError
            The instrument did not confirm: the cell may still be connected.
        """


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

    @classmethod
    def probe(cls, address: str) -> tuple[Identity, tuple[str, ...]]:
        """Return what is at an address and the names of its channels, without changing what it does.

        By default it is opened; a driver whose opening changes something asks in another way.

        Raises
        ------
        InstrumentError
            Nothing of this family answers.
        """
        instrument = cls(address)
        instrument._let_go()
        return instrument.identity, tuple(channel.name for channel in instrument.channels)

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

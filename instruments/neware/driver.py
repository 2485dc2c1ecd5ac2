"""The driver of a Neware BTS server."""

from urllib.parse import parse_qs, urlsplit

from ...core.clock import Clock
from ..base import Identity, Instrument
from ..checks import Capabilities
from ..errors import NotConnected
from .channel import NewareChannel
from .dialogue import Dialogue
from .folder import StepFolder
from .terminals import terminals_of

_PORT = 502
_RANGES = {"min_V": -5.0, "max_V": 5.0, "max_A": 0.1}
"""Of the channels, unless the address says otherwise: the server does not tell."""
_OTHERS = ("user", "password", "folder", "seen_as")


class Neware(Instrument):
    """A Neware BTS server with the channels of its cyclers.

    Whole programs run on board with their cut-offs and protections: they go on when the network,
    this program or the computer is gone, and what was measured meanwhile is read out afterwards.
    Points come at regular intervals; the spacing of a transient in log(time) is not available.

    Parameters
    ----------
    address : str
        ``socket://host:502`` with options as in a URL: ``user`` and ``password`` of the interface;
        ``max_V``, ``min_V`` and ``max_A``, the ranges of the channels (±5 V and 0.1 A unless said);
        ``folder``, where step files are written, and ``seen_as``, what the BTS computer calls this
        folder. Both are needed where it is another computer.
    clock : Clock, optional
        The time the instrument lives in; the computer's by default.

    Raises
    ------
    ValueError
        An option makes no sense.
    NotConnected, Timeout, BadReply
        There is no BTS server at the address, or it has no channels.
    """

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        super().__init__(address, clock)
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port or _PORT
        except ValueError as error:
            raise ValueError(
                f"{address!r} is not an address like 'socket://192.168.0.20:502': {error}."
            ) from None
        options = _options(parts.query)
        capabilities = _capabilities(options)
        self._folder = StepFolder(
            options.get("folder"),
            options.get("seen_as"),
            is_here=host in ("localhost", "127.0.0.1", "::1"),
        )
        self._bts = Dialogue(host, port, options.get("user", "admin"), options.get("password", "neware"))
        found = terminals_of(self._bts)
        if not found:
            self._let_go()
            raise NotConnected(f"The BTS server at {address} has no channels. Check them in the BTS client.")
        cyclers = sorted({f"{each.devtype}-{each.devid}" for each in found})
        self.identity = Identity("Neware BTS", ", ".join(cyclers), "8.0", f"socket://{host}:{port}")
        self.channels = [
            NewareChannel(each, self.identity, capabilities, self.clock, self._folder) for each in found
        ]

    def _let_go(self) -> None:
        self._bts.close()
        self._folder.close()


def _options(query: str) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    for name in options:
        if name not in (*_RANGES, *_OTHERS):
            raise ValueError(
                f"{name} is not an option of a BTS address; it has {', '.join((*_RANGES, *_OTHERS))}."
            )
    return options


def _capabilities(options: dict[str, str]) -> Capabilities:
    ranges = dict(_RANGES)
    for name in _RANGES.keys() & options.keys():
        try:
            ranges[name] = float(options[name])
        except ValueError:
            raise ValueError(f"{name}: {options[name]!r} is not a number.") from None
    return Capabilities(
        kinds=frozenset({"rest", "constant_potential", "constant_current", "potential_sweep"}),
        potential_min_V=ranges["min_V"],
        potential_max_V=ranges["max_V"],
        current_max_A=ranges["max_A"],
        shortest_interval_s=0.1,
        cuts_off_on_board=True,
        runs_programs=True,
    )

"""The simulated instruments by name."""

import difflib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...core.clock import Clock
from ..cells import Resistor, SimulatedCell
from .emstat import EmStatDevice
from .emstat.models import MODELS as EMSTATS
from .keithley import KeithleyDevice
from .keithley.models import MODELS as SOURCE_METERS
from .neware import CHANNELS, NewareDevice
from .rodeostat import RodeostatDevice
from .rodeostat.variants import CURRENT_RANGES_uA as RODEOSTATS

_OPEN_ohm = 1e10


class Kind(NamedTuple):
    """A simulated instrument.

    Parameters
    ----------
    driver : str
        The family of drivers that is made for the real one.
    channels : tuple of str
        As the instrument calls them.
    build : callable
        (cells, clock, seed) -> the device, which has `close`; a cell for every channel.
    """

    driver: str
    channels: tuple[str, ...]
    build: Callable[[Sequence[SimulatedCell], Clock | None, int], Any]

    def make(self, cells: Sequence[SimulatedCell | None], clock: Clock | None, seed: int) -> Any:
        """Return the device with cells on its channels, in their order; None leaves the leads open.

        Raises
        ------
        ValueError
            There are more cells than channels.
        """
        if len(cells) > len(self.channels):
            raise ValueError(f"{len(cells)} cells are too many: there are {len(self.channels)} channels.")
        missing = [None] * (len(self.channels) - len(cells))
        return self.build([cell or Resistor(_OPEN_ohm) for cell in (*cells, *missing)], clock, seed)


def _one_channel(driver: str, device: Callable[..., Any], model: str) -> Kind:
    return Kind(driver, ("1",), lambda cells, clock, seed: device(model, cells[0], clock, seed))


DEVICES: dict[str, Kind] = {
    **{name: _one_channel("emstat", EmStatDevice, name) for name in EMSTATS},
    **{f"keithley-{name}": _one_channel("keithley", KeithleyDevice, name) for name in SOURCE_METERS},
    **{f"rodeostat-{name}": _one_channel("rodeostat", RodeostatDevice, name) for name in RODEOSTATS},
    "neware-bts": Kind("neware", CHANNELS, NewareDevice),
}
"""By the name under which people ask for them."""


def device_kind(model: str) -> Kind:
    """Return what a name stands for; raise `ValueError` where it is unknown."""
    if model not in DEVICES:
        close = difflib.get_close_matches(model, DEVICES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(DEVICES)}."
        raise ValueError(f"{model!r} is not a simulated instrument; {hint}")
    return DEVICES[model]

"""The simulated instruments by name."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ...core.clock import Clock
from ..cells import SimulatedCell
from .emstat import EmStatDevice
from .emstat.models import MODELS as EMSTATS
from .keithley import KeithleyDevice
from .keithley.models import MODELS as SOURCE_METERS
from .neware import NewareDevice
from .rodeostat import RodeostatDevice
from .rodeostat.variants import CURRENT_RANGES_uA as RODEOSTATS


class Kind(NamedTuple):
    """A simulated instrument.

    Parameters
    ----------
    driver : str
        The family of drivers that is made for the real one.
    make : callable
        (cell, clock, seed) -> the device, which has `close`.
    """

    driver: str
    make: Callable[[SimulatedCell, Clock | None, int], Any]


def _kind(driver: str, device: Callable[..., Any], model: str) -> Kind:
    return Kind(driver, lambda cell, clock, seed: device(model, cell, clock, seed))


DEVICES: dict[str, Kind] = {
    **{name: _kind("emstat", EmStatDevice, name) for name in EMSTATS},
    **{f"keithley-{name}": _kind("keithley", KeithleyDevice, name) for name in SOURCE_METERS},
    **{f"rodeostat-{name}": _kind("rodeostat", RodeostatDevice, name) for name in RODEOSTATS},
    "neware-bts": Kind("neware", lambda cell, clock, seed: NewareDevice([cell], clock, seed)),
}
"""By the name under which people ask for them."""


def device_kind(model: str) -> Kind:
    """Return what a name stands for; raise `ValueError` where it is unknown."""
    if model not in DEVICES:
        raise ValueError(f"{model!r} is not a simulated instrument; there are {', '.join(DEVICES)}.")
    return DEVICES[model]

"""The bench in one file: which instruments stand on it, what their channels are called, and their limits."""

import difflib
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from ..protocols import SafetyLimits, explain
from ..protocols.files import read_yaml
from ..protocols.quantities import Temperature
from ..protocols.steps import Frozen

_ZERO_degC_in_K = 273.15
_NAME = re.compile(r"\w[\w .+-]{0,59}")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a name; take letters, digits, spaces and . + - _, "
            "with a letter or a digit first, 60 at most"
        )
    return name


Name = Annotated[str, AfterValidator(_named)]


def _text_keys(value: object) -> object:
    """Take channels by number as well: YAML reads 1 as one."""
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else value


class BenchChannel(Frozen):
    """What is said of one channel of an instrument."""

    name: Name
    """What people call it; no two channels of a bench have the same name."""
    limits: SafetyLimits = SafetyLimits()
    """Limits that hold for everything that runs on it."""


class SimulatedPart(Frozen):
    """What stands in for an instrument that is not there."""

    model: str
    """Such as "emstat4-hr"."""
    cells: Annotated[dict[str, str], BeforeValidator(_text_keys)] = Field(default_factory=dict)
    """What is connected to each channel, such as "LFP|PLLZ|Li"; nothing is to the others."""
    seed: int = 1
    """Decides errors and noise."""


class BenchInstrument(Frozen):
    """One instrument."""

    driver: str
    """Its family."""
    address: Annotated[str, Field(min_length=1)]
    """Where it is connected, as its driver takes it."""
    channels: Annotated[dict[str, BenchChannel], BeforeValidator(_text_keys)] = Field(default_factory=dict)
    """By the instrument's own names for them."""
    limits: SafetyLimits = SafetyLimits()
    """Limits that hold for everything that runs on any of its channels."""
    wires: Literal[2, 4] | None = None
    """Over how many wires the potential is sensed, where the driver can be told."""
    simulated: SimulatedPart | None = None
    """Where it is a simulated one."""

    def limits_of(self, channel: str) -> tuple[SafetyLimits, SafetyLimits]:
        """Return the limits of the instrument and of one of its channels; of each kind the tightest holds."""
        return self.limits, self.channels[channel].limits

    @field_validator("driver")
    @classmethod
    def _known(cls, driver: str) -> str:
        from . import driver_types  # noqa: PLC0415  the package's list needs this module first

        types = driver_types()
        if driver not in types:
            close = difflib.get_close_matches(driver, types, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(types)}."
            raise ValueError(f"there is no driver {driver!r}; {hint}")
        return driver

    @model_validator(mode="after")
    def _wired(self) -> "BenchInstrument":
        from . import check_wires  # noqa: PLC0415  the package's list needs this module first

        if self.wires is not None:
            check_wires(self.driver, self.wires)
        return self


class BenchChamber(Frozen):
    """A chamber or circulator."""

    driver: Literal["julabo"] = "julabo"
    """Its family."""
    address: Annotated[str, Field(min_length=1)]
    """Where it is connected."""
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of the channels whose cells stand in it."""
    lowest: Temperature = _ZERO_degC_in_K - 20.0
    """Lowest temperature that the bath fluid allows."""
    highest: Temperature = _ZERO_degC_in_K + 120.0
    """Highest temperature that the bath fluid allows."""
    simulated: bool = False
    """Whether it is a simulated one."""

    @property
    def range_degC(self) -> tuple[float, float]:
        """Lowest and highest temperature in °C."""
        return self.lowest - _ZERO_degC_in_K, self.highest - _ZERO_degC_in_K

    @model_validator(mode="after")
    def _not_empty(self) -> "BenchChamber":
        if self.lowest >= self.highest:
            raise ValueError("lowest must be below highest")
        return self


class BenchEmail(Frozen):
    """How alarms are mailed."""

    host: Annotated[str, Field(min_length=1)]
    """The mail server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port."""
    tls: bool = True
    """Whether the connection is encrypted."""
    user: str = ""
    """Where the server asks for one."""
    password_file: str = ""
    """A file that holds the password and nothing else."""
    sender: Annotated[str, Field(min_length=3, pattern="@")]
    """From whom."""
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    """To whom."""


class BenchAlarms(Frozen):
    """Where alarms go, besides to whoever looks."""

    desktop: bool = True
    """As a notification on this computer."""
    webhook: Annotated[str, Field(pattern="^https?://")] | None = None
    """To an address that takes JSON, such as a chat program's incoming webhook."""
    email: BenchEmail | None = None
    """By mail."""


class Bench(Frozen):
    """Everything on a bench."""

    instruments: Annotated[dict[Name, BenchInstrument], Field(min_length=1)]
    """By the names that people give them."""
    chambers: dict[Name, BenchChamber] = Field(default_factory=dict)
    """By the names that people give them."""
    speed: PositiveFloat = 1.0
    """How many times faster than real time the simulated ones live."""
    resume: Literal["ask", "automatic"] = "ask"
    """Whether runs that were interrupted with the engine go on by themselves when it starts again."""
    alarms: BenchAlarms = BenchAlarms()
    """Where alarms go."""

    @model_validator(mode="after")
    def _consistent(self) -> "Bench":
        names = [name for name, _, _ in self.channels()]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"there are two channels with the name {twice[0]!r}; give each its own")
        addresses = Counter(each.address for each in self.instruments.values())
        addresses.update(each.address for each in self.chambers.values())
        shared = [address for address, count in addresses.items() if count > 1]
        if shared:
            raise ValueError(f"the address {shared[0]!r} stands there twice; one line can serve only one")
        for chamber in self.chambers.values():
            for name in chamber.channels:
                if name not in names:
                    raise ValueError(_unknown_channel(name, names))
        return self

    def channels(self) -> list[tuple[str, str, str]]:
        """Return name, instrument and the instrument's own name of every channel that has a name."""
        return [
            (channel.name, instrument, own)
            for instrument, each in self.instruments.items()
            for own, channel in each.channels.items()
        ]

    def find(self, name: str) -> tuple[str, str]:
        """Return instrument and the instrument's own name of a channel.

        Raises
        ------
        ValueError
            No channel has this name.
        """
        for channel, instrument, own in self.channels():
            if channel == name:
                return instrument, own
        raise ValueError(_unknown_channel(name, [channel for channel, _, _ in self.channels()]) + ".")

    def chamber_of(self, name: str) -> str | None:
        """Return the chamber in which a channel's cell stands; None where it stands on the bench."""
        return next((key for key, chamber in self.chambers.items() if name in chamber.channels), None)


def read_bench(path: Path) -> Bench:
    """Return the bench that a YAML file describes.

    Raises
    ------
    ValueError
        The message says which file, which entry, and what is allowed.
    """
    try:
        return Bench.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ValueError(f"{path}: {explain(error, Bench)}") from None


def _unknown_channel(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none with a name'}"
    return f"there is no channel {name!r}; {hint}"

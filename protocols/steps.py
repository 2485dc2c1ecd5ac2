"""The step vocabulary: the few things an instrument can be asked to do with a cell.

Potentials are working against reference electrode (positive against negative for two
electrodes); positive current oxidises the working electrode and charges the cell. All numbers
are SI floats, with the unit in the name. 0 V and 0 A are values like any other: "not set" is
None.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)
from pydantic_core import core_schema

from .field_docs import field_docs

POTENTIAL_TOLERANCE_V = 1e-3
"""A potential this far beyond a limit does not trip it, so that a setpoint may equal its limit."""
CURRENT_TOLERANCE = 1e-3
"""The same for currents, as a fraction of the limit."""


class Frozen(BaseModel):
    """Base of all descriptions: immutable, no unknown fields, no NaN and no infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """Return the schema with what the docstrings below the fields say."""
        found = handler(schema)
        properties = handler.resolve_ref_schema(found).get("properties", {})
        for name, sentence in field_docs(cls).items():
            properties.get(name, {}).setdefault("description", sentence)
        return found


class Until(Frozen):
    """End conditions of a step; whichever is met first ends it. Unset ones do not count."""

    duration_s: PositiveFloat | None = None
    potential_above_V: float | None = None
    potential_below_V: float | None = None
    current_above_A: NonNegativeFloat | None = None
    """Ends when the magnitude of the current reaches this value."""
    current_below_A: NonNegativeFloat | None = None
    """Ends when the magnitude of the current falls to this value."""
    charge_C: PositiveFloat | None = None
    """Ends when the magnitude of the charge passed in the step reaches this value."""
    energy_J: PositiveFloat | None = None
    """Ends when the magnitude of the energy passed in the step reaches this value."""
    potential_rate_below_V_per_s: PositiveFloat | None = None
    """Ends when |dE/dt| over `potential_rate_window_s` falls to this value."""
    potential_rate_window_s: PositiveFloat = 60.0

    def is_empty(self) -> bool:
        """Whether no end condition is set."""
        return not (self.model_dump(exclude={"potential_rate_window_s"}, exclude_none=True))


class Record(Frozen):
    """Which samples are kept; charge and limits always see every sample."""

    interval_s: PositiveFloat = 1.0
    """A sample is kept at least this often."""
    potential_change_V: PositiveFloat | None = None
    """Also when the potential has changed by this much since the last kept sample."""
    current_change_A: PositiveFloat | None = None
    """Also when the current has changed by this much since the last kept sample."""
    sample_interval_s: PositiveFloat | None = None
    """How often the instrument measures; by default as often as samples are kept."""
    logarithmic_s: PositiveFloat | None = None
    """For this long after the step begins, samples are spaced evenly in log(time)."""

    @property
    def measure_every_s(self) -> float:
        """Time between measurements."""
        return min(self.interval_s, self.sample_interval_s or self.interval_s)


class Limits(Frozen):
    """The safety envelope: a sample beyond it puts the cell at rest and fails the run."""

    potential_max_V: float | None = None
    potential_min_V: float | None = None
    current_max_A: PositiveFloat | None = None
    """Largest magnitude of the current."""
    temperature_max_degC: float | None = None
    charge_max_C: PositiveFloat | None = None
    """Largest magnitude of the charge passed in one step."""
    energy_max_J: PositiveFloat | None = None
    """Largest magnitude of the energy passed in one step."""

    def tightest(self, other: "Limits") -> "Limits":
        """Return the envelope that lies within both."""
        ours, theirs = self.model_dump(exclude_none=True), other.model_dump(exclude_none=True)
        both = {
            name: (max if name.endswith("min_V") else min)(ours[name], theirs[name])
            for name in ours.keys() & theirs.keys()
        }
        return Limits(**{**ours, **theirs, **both})

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        low, high = self.potential_min_V, self.potential_max_V
        if low is not None and high is not None and low >= high:
            raise ValueError(f"the lower potential limit, {low:g} V, is not below the upper one, {high:g} V")
        return self


class StepBase(Frozen):
    """What all steps have in common."""

    until: Until = Until()
    record: Record = Record()
    limits: Limits = Limits()
    cycle: Annotated[int, Field(ge=0)] = 0
    """The cycle that the step belongs to, from 1; 0 before the first and where nothing cycles."""
    label: Annotated[str, Field(max_length=60)] = ""
    """What a person reads in the progress line."""
    role: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")] = ""
    """What the step is for, in one word; analysis finds steps by it."""
    temperature_degC: Annotated[float, Field(ge=-100, le=300)] | None = None
    """The temperature to which the cell is brought, at rest, before the step; None leaves it as it is."""
    part: Annotated[str, Field(max_length=40, pattern=r"^[0-9.]*$")] = ""
    """Which protocol inside a sequence the step belongs to: "2", or "0.1" when nested."""

    @property
    def measure_every_s(self) -> float:
        """Time between measurements."""
        return self.record.measure_every_s


class _Held(StepBase):
    """A step that lasts until an end condition is met."""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.until.is_empty():
            raise ValueError("a step needs at least one end condition, such as a duration")
        never = self._never_met()
        given = self.until.model_dump(exclude={"potential_rate_window_s"}, exclude_none=True)
        if given.keys() <= never.keys():
            raise ValueError(
                "a step must be able to end: "
                + " and ".join(never[name] for name in given)
                + " can never be met"
            )
        return self

    def _never_met(self) -> dict[str, str]:
        """Return the end conditions that this kind of step cannot meet, by name, in words."""
        return {}

    def _unreached_by(self, current_A: float) -> dict[str, str]:
        """Return the end conditions that a current which is always the same does not meet."""
        until, size_A = self.until, abs(current_A)
        never = {}
        if until.current_above_A is not None and until.current_above_A > size_A:
            never["current_above_A"] = f"current above {until.current_above_A:g} A at {size_A:g} A"
        if until.current_below_A is not None and until.current_below_A < size_A:
            never["current_below_A"] = f"current below {until.current_below_A:g} A at {size_A:g} A"
        if size_A == 0.0:
            never |= {"charge_C": "a charge without current", "energy_J": "an energy without current"}
        return never


class Rest(_Held):
    """Open circuit: the cell is switched off and its potential watched."""

    kind: Literal["rest"] = "rest"

    def _never_met(self) -> dict[str, str]:
        return self._unreached_by(0.0)


class ConstantPotential(_Held):
    """Hold a potential."""

    kind: Literal["constant_potential"] = "constant_potential"
    potential_V: float

    def _never_met(self) -> dict[str, str]:
        until, never = self.until, {}
        if until.potential_above_V is not None and until.potential_above_V > self.potential_V:
            never["potential_above_V"] = (
                f"potential above {until.potential_above_V:g} V at {self.potential_V:g} V"
            )
        if until.potential_below_V is not None and until.potential_below_V < self.potential_V:
            never["potential_below_V"] = (
                f"potential below {until.potential_below_V:g} V at {self.potential_V:g} V"
            )
        return never


class ConstantCurrent(_Held):
    """Hold a current."""

    kind: Literal["constant_current"] = "constant_current"
    current_A: float

    def _never_met(self) -> dict[str, str]:
        return self._unreached_by(self.current_A)


class PotentialSweep(StepBase):
    """Sweep the potential at a constant rate along a path of potentials, once or several times."""

    kind: Literal["potential_sweep"] = "potential_sweep"
    path_V: Annotated[tuple[float, ...], Field(min_length=2, max_length=50)]
    rate_V_per_s: PositiveFloat
    sample_every_V: PositiveFloat = 1e-3
    scans: PositiveInt = 1
    """How often the path is run through; a path that is repeated ends where it begins."""

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if any(start == stop for start, stop in pairwise(self.path_V)):
            raise ValueError("a sweep must go from one potential to a different one")
        if self.scans > 1 and self.path_V[0] != self.path_V[-1]:
            raise ValueError("a sweep that is repeated must end at the potential where it begins")
        return self

    @property
    def measure_every_s(self) -> float:
        """Time between measurements."""
        return self.sample_every_V / self.rate_V_per_s

    @property
    def scan_duration_s(self) -> float:
        """How long one pass along the path takes."""
        return sum(abs(b - a) for a, b in pairwise(self.path_V)) / self.rate_V_per_s

    @property
    def duration_s(self) -> float:
        """How long all passes take."""
        return self.scan_duration_s * self.scans


class Impedance(StepBase):
    """Measure an impedance spectrum, around a potential or around a current."""

    kind: Literal["impedance"] = "impedance"
    frequency_max_Hz: PositiveFloat | None = None
    """None: the channel's highest frequency, at most 1 MHz."""
    frequency_min_Hz: PositiveFloat = 0.01
    points_per_decade: Annotated[int, Field(ge=1, le=100)] = 10
    amplitude_V: PositiveFloat | None = None
    """Root-mean-square amplitude of a potentiostatic spectrum."""
    bias_V: float | None = None
    amplitude_A: PositiveFloat | None = None
    """Root-mean-square amplitude of a galvanostatic spectrum."""
    bias_A: float | None = None

    @model_validator(mode="after")
    def _one_control(self) -> Self:
        potentiostatic = self.amplitude_V is not None and self.bias_V is not None
        galvanostatic = self.amplitude_A is not None and self.bias_A is not None
        given = [self.amplitude_V, self.bias_V, self.amplitude_A, self.bias_A]
        if potentiostatic == galvanostatic or sum(value is not None for value in given) != 2:
            raise ValueError(
                "a spectrum needs an amplitude and a bias, either both in volt or both in ampere"
            )
        if self.frequency_max_Hz is not None and self.frequency_max_Hz <= self.frequency_min_Hz:
            raise ValueError("the highest frequency of a spectrum must be above the lowest")
        return self

    @property
    def span_V(self) -> tuple[float, ...]:
        """Lowest and highest potential that is applied; empty around a current."""
        if self.bias_V is None or self.amplitude_V is None:
            return ()
        peak_V = self.amplitude_V * math.sqrt(2)
        return self.bias_V - peak_V, self.bias_V + peak_V

    @property
    def span_A(self) -> tuple[float, ...]:
        """Lowest and highest current that is driven; empty around a potential."""
        if self.bias_A is None or self.amplitude_A is None:
            return ()
        peak_A = self.amplitude_A * math.sqrt(2)
        return self.bias_A - peak_A, self.bias_A + peak_A

    def frequencies_Hz(self, highest_Hz: float) -> list[float]:
        """Return the frequencies, falling and evenly spaced in their logarithm.

        Parameters
        ----------
        highest_Hz : float
            Stands in for `frequency_max_Hz` where that is None.
        """
        start = self.frequency_max_Hz if self.frequency_max_Hz is not None else highest_Hz
        decades = math.log10(start / self.frequency_min_Hz)
        count = max(2, round(decades * self.points_per_decade) + 1)
        return [start * 10 ** (-decades * index / (count - 1)) for index in range(count)]


Step: TypeAlias = Annotated[
    Rest | ConstantPotential | ConstantCurrent | PotentialSweep | Impedance, Field(discriminator="kind")
]
"""Any step; `kind` tells them apart in JSON."""


class StepResult(Frozen):
    """What a step measured, as the protocol that asked for it receives it.

    The end reason is the name of the end condition that was met ("duration_s",
    "potential_above_V" …), "completed" for a sweep or spectrum that ran to its end, or
    "skipped" when a person ended it.
    """

    end_reason: str
    duration_s: float
    charge_C: float = 0.0
    energy_J: float = 0.0
    samples: int = 0
    potential_first_V: float | None = None
    potential_last_V: float | None = None
    potential_min_V: float | None = None
    potential_max_V: float | None = None
    current_first_A: float | None = None
    current_last_A: float | None = None
    current_min_A: float | None = None
    current_max_A: float | None = None
    tail: Annotated[tuple[tuple[float, float, float], ...], Field(max_length=10)] = ()
    """The last samples: time in the step (s), potential (V), current (A)."""


def sweep_potential_V(path_V: Sequence[float], rate_V_per_s: float, time_s: float) -> float:
    """Return the programmed potential of a sweep at a time within its first pass."""
    for start, stop in pairwise(path_V):
        leg_s = abs(stop - start) / rate_V_per_s
        if time_s <= leg_s:
            return start + math.copysign(rate_V_per_s * time_s, stop - start)
        time_s -= leg_s
    return path_V[-1]

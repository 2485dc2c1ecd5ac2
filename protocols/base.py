"""The base of all protocols: parameters that validate themselves and a generator of steps."""

import difflib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import reduce
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import PlainSerializer, PlainValidator, ValidationError, WithJsonSchema

from ..core.plugins import with_added
from .cell import Cell
from .quantities import Charge, Energy, PositiveCurrent, Potential, Temperature
from .steps import Frozen, Limits, Step, StepBase, StepResult

_LONGEST_SHOWN, _DEEPEST = 200, 100

Steps: TypeAlias = Generator[Step, StepResult, None]


class ProtocolError(ValueError):
    """A protocol cannot be made, or cannot go on; the message is for the person at the bench."""


class SafetyLimits(Frozen):
    """The safety envelope as people give it: a sample beyond it puts the cell at rest and fails the run."""

    potential_max: Potential | None = None
    """Highest potential."""
    potential_min: Potential | None = None
    """Lowest potential."""
    current_max: PositiveCurrent | None = None
    """Largest magnitude of the current."""
    temperature_max: Temperature | None = None
    """Highest temperature of the cell."""
    charge_max: Charge | None = None
    """Most charge that may pass in one step, in either direction."""
    energy_max: Energy | None = None
    """Most energy that may pass in one step, in either direction."""

    def resolve(self, cell: Cell) -> Limits:
        """Return the limits in SI units; raise `ValueError` where the cell lacks what that needs."""
        temperature_K = self.temperature_max
        return Limits(
            potential_max_V=self.potential_max,
            potential_min_V=self.potential_min,
            current_max_A=None if self.current_max is None else self.current_max.amperes(cell),
            temperature_max_degC=None if temperature_K is None else temperature_K - 273.15,
            charge_max_C=self.charge_max,
            energy_max_J=self.energy_max,
        )


def tightest_limits(limits: Iterable[SafetyLimits], cell: Cell) -> Limits:
    """Return the tightest of several limits; raise `ValueError` where the cell lacks what that needs."""
    return reduce(Limits.tightest, (each.resolve(cell) for each in limits), Limits())


class Protocol(Frozen):
    """A protocol: its fields are its parameters, `steps` says what is done with them.

    Subclasses document every field with a docstring below it: the command line's help, forms
    and documentation are made from them.
    """

    limits: SafetyLimits = SafetyLimits()
    """Safety limits of the whole protocol."""

    def steps(self, cell: Cell) -> Steps:
        """Yield the steps, receiving what each of them measured.

        Must be deterministic (no clock, no randomness, no input or output), because an
        interrupted run is resumed by replaying it with the results that were recorded.

        Parameters
        ----------
        cell : Cell
            Resolves areal currents and C-rates.
        """
        raise NotImplementedError

    def program(self, cell: Cell) -> Steps:
        """Yield the steps with the protocol's own limits applied to each of them."""
        limits = self.limits.resolve(cell)
        return mapped(
            self.steps(cell), lambda step: step.model_copy(update={"limits": step.limits.tightest(limits)})
        )

    @classmethod
    def purpose(cls) -> str:
        """Return what the protocol is for, in one line."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol's name and parameters, quantities as text with units."""
        parameters = self.model_dump(mode="json", exclude_none=True)
        if not parameters["limits"]:
            del parameters["limits"]
        return {"protocol": type(self).__name__, **parameters}


def mapped(steps: Steps, change: Callable[[Step], Step]) -> Steps:
    """Pass every step of a generator through `change`, and the results back to the generator."""
    result: StepResult | None = None
    while True:
        try:
            step = next(steps) if result is None else steps.send(result)
        except StopIteration:
            return
        if not isinstance(step, StepBase):
            raise ProtocolError(f"the protocol asked for {step!r}, which is not a step")
        result = yield change(step)


def protocol_types() -> dict[str, type[Protocol]]:
    """Return every known protocol by name: ours, and those that installed packages add.

    A package adds its own through the entry-point group ``faradaic.protocols``.
    """
    from . import BUILT_IN  # noqa: PLC0415  the package's list needs this module first

    return with_added("faradaic.protocols", {protocol.__name__: protocol for protocol in BUILT_IN})


def load_protocol(description: dict[str, Any]) -> Protocol:
    """Make a protocol from its name and parameters, as `Protocol.to_dict` writes them.

    Raises
    ------
    ProtocolError
        The protocol is unknown, or a parameter is not allowed; the message names it.
    """
    if not isinstance(description, dict) or not isinstance(description.get("protocol"), str):
        raise ProtocolError(
            "a protocol is described by its name, for example 'protocol: LinearSweep', and its parameters"
        )
    parameters = {name: value for name, value in description.items() if name != "protocol"}
    name = description["protocol"]
    types = protocol_types()
    if name == "Imported":
        from .imported import Imported  # noqa: PLC0415  not a protocol that people choose

        types[name] = Imported
    if name not in types:
        close = difflib.get_close_matches(name, types, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "known are " + ", ".join(sorted(types)) + "."
        raise ProtocolError(f"there is no protocol {name!r}; {hint}")
    try:
        return types[name].model_validate(parameters)
    except ValidationError as error:
        raise ProtocolError(explain(error, types[name])) from None


def explain(error: ValidationError, model: type[Frozen]) -> str:
    """Say in one sentence per fault which field has which value, and what is allowed."""
    return " ".join(dict.fromkeys(sentence for _, sentence in _sentences(error, model)))


def explain_fields(error: ValidationError, model: type[Frozen]) -> dict[str, str]:
    """Return the sentences of `explain` by parameter; what concerns several of them is under ""."""
    told: dict[str, list[str]] = {}
    for place, sentence in _sentences(error, model):
        told.setdefault(str(place[0]) if place else "", []).append(sentence)
    return {name: " ".join(dict.fromkeys(sentences)) for name, sentences in told.items()}


def _sentences(error: ValidationError, model: type[Frozen]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield where each fault is, and a sentence about it."""
    faults = [fault for fault in error.errors() if fault["type"] != "none_required"]
    places = [fault["loc"] for fault in faults]
    for fault in faults:
        if len(fault["loc"]) > _DEEPEST:
            yield fault["loc"][:1], f"{fault['loc'][0]}: it is nested too deeply."
            continue
        # A list whose items were refused is also reported as too short: say only the first.
        if any(place[: len(fault["loc"])] == fault["loc"] != place for place in places):
            continue
        field = ".".join(str(item) for item in fault["loc"] if not str(item).startswith("function-"))
        yield fault["loc"], _sentence(field, dict(fault), model)


def _sentence(field: str, fault: dict[str, Any], model: type[Frozen]) -> str:
    owner = _owner(model, fault["loc"])
    known = list(owner.model_fields)
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1)
        hint = f"did you mean {close[0]}?" if close else "it has " + ", ".join(known) + "."
        return f"{field} is not a parameter of {owner.__name__}; {hint}"
    if fault["type"] == "missing":
        return f"{field} is needed: {owner.__name__} has no default for it."
    message = fault["msg"].removeprefix("Value error, ").removesuffix(".")
    if fault["type"] in ("quantity", "value_error"):
        end = "" if message.endswith("?") else "."
        return f"{field or model.__name__}: {message}{end}"
    if message.startswith("Input should be "):
        allowed = message.removeprefix("Input should be ")
        return f"{field}: {_shown(fault['input'])} is not allowed; it must be {allowed}."
    return f"{field}: {_shown(fault['input'])} is not allowed: {message[0].lower()}{message[1:]}."


def _shown(value: object) -> str:
    """Return a value as a person may have written it, as much of it as one reads."""
    try:
        text = repr(value)
    except RecursionError:
        return "this"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _owner(model: type[Frozen], place: tuple[int | str, ...]) -> type[Frozen]:
    """Return the model, of those inside a model, to which the last name of a place belongs."""
    owner = model
    for name in place[:-1]:
        field = owner.model_fields.get(str(name))
        owner = (_model_in(field.annotation) if field else None) or owner
    return owner


def _model_in(annotation: Any) -> type[Frozen] | None:
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)


def _load_nested(value: object) -> Protocol:
    if isinstance(value, Protocol):
        return value
    if isinstance(value, dict):
        return load_protocol(value)
    raise ValueError(f"{value!r} is not a protocol")


AnyProtocol: TypeAlias = Annotated[
    Protocol,
    PlainValidator(_load_nested),
    PlainSerializer(Protocol.to_dict),
    WithJsonSchema({"type": "object", "$comment": "protocol"}),
]
"""A parameter that is itself a protocol, of any type."""

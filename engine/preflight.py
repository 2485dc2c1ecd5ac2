"""What is checked before a cell is connected."""

from ..core.units import pretty
from ..instruments import Chamber
from ..instruments.base import Channel
from ..protocols import Cell, Limits, Preview, Protocol, ProtocolError, Step, preview
from ..protocols.steps import (
    CURRENT_TOLERANCE,
    POTENTIAL_TOLERANCE_V,
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    PotentialSweep,
)


def preflight(
    protocol: Protocol, cell: Cell, channel: Channel, limits: Limits, chamber: Chamber | None = None
) -> Preview:
    """Return the foreseen course of a protocol, or refuse it.

    Raises
    ------
    ValueError
        The protocol contradicts itself, the cell or the limits; the message says how.
    OutOfRange
        The channel cannot run one of its steps.
    """
    try:
        course = preview(protocol, cell)
    except ValueError:
        raise
    except Exception as error:
        # What a user's own protocol does wrong is the user's to mend, in a sentence.
        raise ProtocolError(f"{type(protocol).__name__} fails: {error}") from error
    if not course.steps:
        raise ProtocolError("the protocol has no steps")
    for step in dict.fromkeys(course.steps):
        check_step(step, channel, limits)
        if step.temperature_degC is not None:
            _check_temperature(step.temperature_degC, limits, chamber)
    return course


def check_step(step: Step, channel: Channel, limits: Limits) -> Step:
    """Return a step with the run's limits applied, or refuse it; see `preflight`."""
    limited = step.model_copy(update={"limits": step.limits.tightest(limits)})
    _check_programme(limited)
    channel.check(limited)
    return limited


def _check_temperature(temperature_degC: float, limits: Limits, chamber: Chamber | None) -> None:
    if chamber is None:
        raise ProtocolError(
            f"the protocol brings the cell to {temperature_degC:g} °C: it needs a chamber, "
            "or a person who sets the temperature by hand"
        )
    chamber.check(temperature_degC)
    hottest_degC = limits.temperature_max_degC
    if hottest_degC is not None and temperature_degC > hottest_degC:
        raise ProtocolError(
            f"the protocol brings the cell to {temperature_degC:g} °C, "
            f"above its limit temperature_max of {hottest_degC:g} °C"
        )


def _check_programme(step: Step) -> None:
    """Refuse a step that would itself go beyond its limits."""
    limits = step.limits
    for potential_V in _programmed_potentials(step):
        high_V, low_V = limits.potential_max_V, limits.potential_min_V
        if high_V is not None and potential_V > high_V + POTENTIAL_TOLERANCE_V:
            raise ProtocolError(
                f"the protocol applies {potential_V:g} V, above its upper limit potential_max of {high_V:g} V"
            )
        if low_V is not None and potential_V < low_V - POTENTIAL_TOLERANCE_V:
            raise ProtocolError(
                f"the protocol applies {potential_V:g} V, below its lower limit potential_min of {low_V:g} V"
            )
    if isinstance(step, ConstantCurrent):
        _check_driven(step)
    most_A = limits.current_max_A
    for current_A in _programmed_currents(step):
        if most_A is not None and abs(current_A) > most_A * (1 + CURRENT_TOLERANCE):
            raise ProtocolError(
                f"the protocol drives {pretty(current_A, 'A')}, "
                f"above its limit current_max of {pretty(most_A, 'A')}"
            )


def _check_driven(step: ConstantCurrent) -> None:
    """Refuse a current that is to drive the potential to an end which lies beyond its limits."""
    until, limits = step.until, step.limits
    high_V, low_V = limits.potential_max_V, limits.potential_min_V
    above_V, below_V = until.potential_above_V, until.potential_below_V
    if (
        step.current_A > 0
        and high_V is not None
        and above_V is not None
        and above_V > high_V + POTENTIAL_TOLERANCE_V
    ):
        raise ProtocolError(
            f"the protocol charges as far as {above_V:g} V, "
            f"above its upper limit potential_max of {high_V:g} V"
        )
    if (
        step.current_A < 0
        and low_V is not None
        and below_V is not None
        and below_V < low_V - POTENTIAL_TOLERANCE_V
    ):
        raise ProtocolError(
            f"the protocol discharges as far as {below_V:g} V, "
            f"below its lower limit potential_min of {low_V:g} V"
        )


def _programmed_potentials(step: Step) -> tuple[float, ...]:
    match step:
        case ConstantPotential(potential_V=potential_V):
            return (potential_V,)
        case PotentialSweep(path_V=path_V):
            return path_V
        case Impedance(span_V=span_V):
            return span_V
        case _:
            return ()


def _programmed_currents(step: Step) -> tuple[float, ...]:
    match step:
        case ConstantCurrent(current_A=current_A):
            return (current_A,)
        case Impedance(span_A=span_A):
            return span_A
        case _:
            return ()

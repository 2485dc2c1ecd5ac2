"""What a channel can do, and whether a step stays within it."""

from dataclasses import dataclass

from ..core.units import pretty
from ..protocols.steps import ConstantCurrent, ConstantPotential, Impedance, PotentialSweep, Step
from .errors import OutOfRange


@dataclass(frozen=True)
class Capabilities:
    """What a channel can do.

    Parameters
    ----------
    kinds : frozenset of str
        The kinds of step it runs.
    potential_min_V, potential_max_V : float
        Potentials that it can apply.
    current_max_A : float
        Largest magnitude of the current.
    frequency_min_Hz, frequency_max_Hz : float
        Band of impedance spectra; both 0 without them.
    shortest_interval_s : float
        Least time between samples.
    cuts_off_on_board : bool
        Whether limits and end conditions are kept by the instrument itself, when the computer is gone.
    runs_programs : bool
        Whether it goes over from step to step by itself, once it has been told a plan.
    """

    kinds: frozenset[str]
    potential_min_V: float
    potential_max_V: float
    current_max_A: float
    frequency_min_Hz: float = 0.0
    frequency_max_Hz: float = 0.0
    shortest_interval_s: float = 0.001
    cuts_off_on_board: bool = False
    runs_programs: bool = False

    @property
    def highest_spectrum_Hz(self) -> float:
        """Where a spectrum starts when no frequency is asked for."""
        return min(1e6, self.frequency_max_Hz)


def check_step(step: Step, capabilities: Capabilities, who: str) -> None:
    """Raise `OutOfRange` where a step asks for more than the capabilities allow.

    Parameters
    ----------
    who : str
        The instrument and its address, for the message.
    """
    if step.kind not in capabilities.kinds:
        known = ", ".join(sorted(kind.replace("_", " ") for kind in capabilities.kinds))
        raise OutOfRange(f"{who} cannot run a step of {step.kind.replace('_', ' ')}; it can run {known}.")
    for potential_V in _applied_potentials(step):
        if not capabilities.potential_min_V <= potential_V <= capabilities.potential_max_V:
            raise OutOfRange(
                f"{who} cannot apply {potential_V:g} V: its range is {capabilities.potential_min_V:g} V "
                f"to {capabilities.potential_max_V:g} V."
            )
    for current_A in _applied_currents(step):
        if abs(current_A) > capabilities.current_max_A:
            raise OutOfRange(
                f"{who} cannot drive {pretty(current_A, 'A')}: its largest current is "
                f"{pretty(capabilities.current_max_A, 'A')}. Lower the current or choose another instrument."
            )
    _check_reach(step, capabilities, who)
    _check_timing(step, capabilities, who)
    if isinstance(step, Impedance):
        _check_band(step, capabilities, who)


def _applied_potentials(step: Step) -> tuple[float, ...]:
    if isinstance(step, ConstantPotential):
        return (step.potential_V,)
    if isinstance(step, PotentialSweep):
        return step.path_V
    if isinstance(step, Impedance):
        return step.span_V
    return ()


def _applied_currents(step: Step) -> tuple[float, ...]:
    if isinstance(step, ConstantCurrent):
        return (step.current_A,)
    if isinstance(step, Impedance):
        return step.span_A
    return ()


def _check_reach(step: Step, capabilities: Capabilities, who: str) -> None:
    """Refuse a step that would only end at a current which the instrument never reaches."""
    until = step.until
    above_A = until.current_above_A
    others = until.model_dump(exclude={"current_above_A", "potential_rate_window_s"}, exclude_none=True)
    is_held = isinstance(step, ConstantPotential | ConstantCurrent)
    if is_held and above_A is not None and not others and above_A > capabilities.current_max_A:
        raise OutOfRange(
            f"{who} never reaches {pretty(above_A, 'A')}: its largest current is "
            f"{pretty(capabilities.current_max_A, 'A')}."
        )


def _check_timing(step: Step, capabilities: Capabilities, who: str) -> None:
    if isinstance(step, Impedance):
        return
    interval_s = step.measure_every_s
    if interval_s < capabilities.shortest_interval_s * 0.999:
        raise OutOfRange(
            f"{who} cannot measure every {pretty(interval_s, 's')}: its shortest interval is "
            f"{pretty(capabilities.shortest_interval_s, 's')}. Ask for fewer samples or a slower sweep."
        )


def _check_band(step: Impedance, capabilities: Capabilities, who: str) -> None:
    highest = step.frequency_max_Hz or capabilities.highest_spectrum_Hz
    lower_Hz, upper_Hz = capabilities.frequency_min_Hz, capabilities.frequency_max_Hz
    for frequency_Hz in (highest, step.frequency_min_Hz):
        if not lower_Hz <= frequency_Hz <= upper_Hz:
            raise OutOfRange(
                f"{who} cannot measure impedance at {pretty(frequency_Hz, 'Hz')}: its band is "
                f"{pretty(lower_Hz, 'Hz')} to {pretty(upper_Hz, 'Hz')}."
            )
    if highest <= step.frequency_min_Hz:
        raise OutOfRange(f"{who}: the spectrum would end at its highest frequency, {pretty(highest, 'Hz')}.")

"""The checks that a script makes on board after every sample.

In the script p is the potential, c the current and t the time; q and w add up charge and
energy, d is scratch, and m, n and k remember the potential, the time and whether there was
any when |dE/dt| was last looked at.
"""

from collections.abc import Sequence

from ...protocols.steps import CURRENT_TOLERANCE, POTENTIAL_TOLERANCE_V, ConstantCurrent, Rest, Step
from .literals import literal


def variables(step: Step) -> list[str]:
    """Return the lines that declare what the checks of a step need."""
    lines = ["var d"]
    for name, needed in (("q", _charges(step)), ("w", _energies(step))):
        lines += [f"var {name}", f"store_var {name} 0 ja"] if needed else []
    if step.until.potential_rate_below_V_per_s is not None:
        lines += ["var m", "var n", "var k", "store_var m 0 ab", "store_var n 0 eb", "store_var k 0i ja"]
    return lines


def body(step: Step, interval_s: float, stop: Sequence[str]) -> list[str]:
    """Return the checks for one measurement loop.

    Potentials and currents that the instrument itself applies are known beforehand and need
    no check; a potential limit means nothing to a cell that is switched off.

    Parameters
    ----------
    step : Step
        Its limits and end conditions are checked.
    interval_s : float
        Time between the loop's samples.
    stop : sequence of str
        The lines that end the step.
    """
    until, limits = step.until, step.limits
    lines: list[str] = []
    if isinstance(step, Rest | ConstantCurrent):
        if isinstance(step, ConstantCurrent):
            lines += _when("p", ">=", limits.potential_max_V, stop, margin=POTENTIAL_TOLERANCE_V)
            lines += _when("p", "<=", limits.potential_min_V, stop, margin=-POTENTIAL_TOLERANCE_V)
    else:
        most_A = None if limits.current_max_A is None else limits.current_max_A * (1 + CURRENT_TOLERANCE)
        lines += _when_outside("c", most_A, stop) + _when_outside("c", until.current_above_A, stop)
        lines += _when_inside("c", until.current_below_A, stop)
    lines += _when("p", ">=", until.potential_above_V, stop) + _when("p", "<=", until.potential_below_V, stop)
    if charges := _charges(step):
        lines += ["copy_var c d", f"mul_var d {literal(interval_s)}", "add_var q d"]
        for charge_C in charges:
            lines += _when_outside("q", charge_C, stop)
    if energies := _energies(step):
        lines += ["copy_var c d", "mul_var d p", f"mul_var d {literal(interval_s)}", "add_var w d"]
        for energy_J in energies:
            lines += _when_outside("w", energy_J, stop)
    if until.potential_rate_below_V_per_s is not None:
        lines += _when_slow(until.potential_rate_below_V_per_s, until.potential_rate_window_s, stop)
    return lines


def _charges(step: Step) -> list[float]:
    # Under a constant current the charge that ends a step is a time, which the loop keeps.
    wanted = None if isinstance(step, ConstantCurrent) else step.until.charge_C
    return _given(step, wanted, step.limits.charge_max_C)


def _energies(step: Step) -> list[float]:
    return _given(step, step.until.energy_J, step.limits.energy_max_J)


def _given(step: Step, *values: float | None) -> list[float]:
    return [] if isinstance(step, Rest) else [value for value in values if value is not None]


def _when(
    name: str, sign: str, value: float | None, stop: Sequence[str], *, margin: float = 0.0
) -> list[str]:
    return [] if value is None else [f"if {name} {sign} {literal(value + margin)}", *stop, "endif"]


def _when_outside(name: str, value: float | None, stop: Sequence[str]) -> list[str]:
    return [] if value is None else _when(name, ">=", value, stop) + _when(name, "<=", -value, stop)


def _when_inside(name: str, value: float | None, stop: Sequence[str]) -> list[str]:
    return [] if value is None else _when(name, "<=", value, _when(name, ">=", -value, stop))


def _when_slow(rate_V_per_s: float, window_s: float, stop: Sequence[str]) -> list[str]:
    """Compare the potential with that of one window ago, once a window."""
    compare = ["if k == 1i", "copy_var p d", "sub_var d m", *_when_inside("d", rate_V_per_s * window_s, stop)]
    remember = ["copy_var p m", "store_var k 1i ja", f"add_var n {literal(window_s)}"]
    return ["if t >= n", *compare, "endif", *remember, "endif"]

"""Step files for the BTS: what the cycler does by itself, computer or not.

Format and units: step files of the BTS client 8.0, as aurora-unicycler writes them. Potentials
are in 0.1 mV, currents in mA without sign, times in ms, charges in mA·s.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ...protocols.steps import (
    CURRENT_TOLERANCE,
    POTENTIAL_TOLERANCE_V,
    ConstantCurrent,
    ConstantPotential,
    Limits,
    PotentialSweep,
    Rest,
    Step,
)

_PER_V, _PER_A, _PER_S, _PER_C = 1e4, 1e3, 1e3, 1e3
_ABOVE = 1.05
_MOST_STEPS = 250
"""In a file; how many a real cycler takes is not known, so that this stays modest."""

_CHARGE, _DISCHARGE, _HOLD_CHARGE, _HOLD_DISCHARGE = "1", "2", "3", "19"
_REST, _CYCLE, _END, _SCAN = "4", "5", "6", "25"
_A_YEAR_S = 3.15e7


class _Line(NamedTuple):
    """A step of the file: its type, the values of ``Limit/Main``, and the begin, end and rate of a scan."""

    kind: str
    main: tuple[tuple[str, float], ...] = ()
    slope: tuple[float, float, float] | None = None


def ends_on_board(step: Step) -> bool:
    """Tell whether the cycler itself finds every end condition of a step."""
    asked = set(step.until.model_dump(exclude={"potential_rate_window_s"}, exclude_none=True))
    if isinstance(step, ConstantCurrent):
        towards = "potential_above_V" if step.current_A > 0 else "potential_below_V"
        return asked <= {"duration_s", "charge_C", towards}
    if isinstance(step, ConstantPotential):
        return asked <= {"duration_s", "current_below_A"}
    return asked <= {"duration_s"} if isinstance(step, Rest) else not asked


def is_bounded(step: Step) -> bool:
    """Tell whether a step ends by itself, or does no harm, when nobody watches it."""
    if isinstance(step, Rest | PotentialSweep):
        return True
    return bool(_main_of(step, 1.0).keys() & {"Time", "Stop_Volt", "Stop_Curr"})


def on_board(steps: Sequence[Step]) -> list[Step]:
    """Return as many of the steps as one program can hold: at least the first.

    All of them must end on board and have the same limits, and of every hold after the first step
    it must be known whether it charges or discharges the cell: the cycler has a step for either.
    """
    taken = [steps[0]]
    for step in steps[1:]:
        if not (_can_be_followed(taken[-1]) and _can_be_followed(step)):
            break
        if step.limits != steps[0].limits or not _direction_is_known(step, taken):
            break
        taken.append(step)
    while len(_folded(taken, 0.0, 1.0)) > _MOST_STEPS:
        taken = taken[: len(taken) // 2]
    return taken


def _can_be_followed(step: Step) -> bool:
    return ends_on_board(step) and not isinstance(step, PotentialSweep)


def _direction_is_known(step: Step, before: Sequence[Step]) -> bool:
    """Tell whether it is certain on which side of a hold the cell is when it begins."""
    if not isinstance(step, ConstantPotential) or isinstance(before[-1], ConstantPotential):
        return True
    driven = next((each for each in reversed(before) if not isinstance(each, Rest)), None)
    return driven is not None and _potential_after(driven, None) == step.potential_V


def step_file(steps: Sequence[Step], name: str, potential_V: float, most_A: float) -> str:
    """Return the step file of a program that `on_board` allows.

    Parameters
    ----------
    steps : sequence of Step
        What is to be done; limits and shortest record interval hold for all of it.
    name : str
        Shown by the BTS as its remark.
    potential_V : float
        Of the cell now.
    most_A : float
        The largest current of the channel.
    """
    root = Element("root")
    config = SubElement(
        root,
        "config",
        type="Step File",
        version="17",
        client_version="BTS Client 8.0.0.478(2024.06.24)(R3)",
        date=datetime.now().strftime("%Y%m%d%H%M%S"),
        Guid=str(uuid.uuid4()),
    )
    head = SubElement(config, "Head_Info")
    for tag, value in (("Operate", "66"), ("Scale", "1"), ("Creator", "faradaic"), ("Remark", name)):
        SubElement(head, tag, Value=value)
    SubElement(head, "Start_Step", Value="1", Hide_Ctrl_Step="0")
    SubElement(head, "RateType", Value="103")
    whole = SubElement(config, "Whole_Prt")
    _add_protections(whole, steps[0].limits)
    _add_record(whole, steps)
    lines = [*_folded(steps, potential_V, most_A), _Line(_END)]
    info = SubElement(config, "Step_Info", Num=str(len(lines)))
    for number, line in enumerate(lines, start=1):
        _add_line(info, number, line)
    SubElement(SubElement(config, "SMBUS"), "SMBUS_Info", Num="0", AdjacentInterval="0")
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True)


def pieces_of(step: Step) -> int:
    """Return how many steps of the file a step becomes: a sweep one for each leg."""
    return (len(step.path_V) - 1) * step.scans if isinstance(step, PotentialSweep) else 1


def most_current_A(step: Step, most_A: float) -> float:
    """Return the current at which a hold is limited: a little above its limit, so that a breach is seen."""
    limit_A = step.limits.current_max_A
    return most_A if limit_A is None else min(most_A, _ABOVE * limit_A)


def _folded(steps: Sequence[Step], potential_V: float, most_A: float) -> list[_Line]:
    """Return the lines of a program, equal cycles that follow each other written once."""
    placed = zip(steps, _approaches(steps, potential_V, most_A), strict=True)
    cycles = [
        [line for step, approach in group for line in _lines_of(step, approach)]
        for _, group in groupby(placed, key=lambda pair: pair[0].cycle)
    ]
    lines: list[_Line] = []
    for body, repeated in groupby(cycles):
        count = len(list(repeated))
        first = len(lines) + 1
        lines += body
        if count > 1:
            lines.append(_Line(_CYCLE, (("Start_Step", first), ("Cycle_Count", count))))
    return lines


class _Approach(NamedTuple):
    """How a hold is reached: with a current that charges or discharges the cell, and how large at most."""

    is_charge: bool
    most_A: float


def _approaches(steps: Sequence[Step], potential_V: float, most_A: float) -> list[_Approach]:
    found: list[_Approach] = []
    is_charge, reached_V, driven_A = True, potential_V, None
    for step in steps:
        if isinstance(step, ConstantPotential) and reached_V != step.potential_V:
            is_charge, driven_A = step.potential_V > reached_V, None
        elif isinstance(step, ConstantCurrent) and step.current_A:
            is_charge, driven_A = step.current_A > 0, abs(step.current_A)
        # A hold where a current has brought the cell goes on with at most this current.
        found.append(_Approach(is_charge, driven_A or most_current_A(step, most_A)))
        after_V = _potential_after(step, reached_V)
        reached_V = reached_V if after_V is None else after_V
    return found


def _lines_of(step: Step, approach: _Approach) -> list[_Line]:
    if isinstance(step, PotentialSweep):
        return [
            _Line(_SCAN, slope=(start, end, step.rate_V_per_s)) for start, end in pairwise(step.path_V)
        ] * step.scans
    main = tuple(_main_of(step, approach.most_A).items())
    if isinstance(step, ConstantPotential):
        return [_Line(_HOLD_CHARGE if approach.is_charge else _HOLD_DISCHARGE, main)]
    if isinstance(step, ConstantCurrent) and step.current_A:
        return [_Line(_CHARGE if step.current_A > 0 else _DISCHARGE, main)]
    return [_Line(_REST, main)]


def _main_of(step: Step, most_A: float) -> dict[str, float]:
    """Return the values of a step by their names in the file, in its units."""
    until = step.until
    values: dict[str, float] = {}
    times_s = [] if until.duration_s is None else [until.duration_s]
    if isinstance(step, ConstantPotential):
        values = {"Volt": step.potential_V * _PER_V, "Curr": most_A * _PER_A}
        if until.current_below_A is not None:
            values["Stop_Curr"] = until.current_below_A * _PER_A
    elif isinstance(step, ConstantCurrent) and step.current_A:
        values["Curr"] = abs(step.current_A) * _PER_A
        stop_V = _potential_after(step, None)
        if stop_V is not None:
            values["Stop_Volt"] = stop_V * _PER_V
        if until.charge_C is not None:
            # At a constant current a charge is a time.
            times_s.append(until.charge_C / abs(step.current_A))
    if not times_s and isinstance(step, Rest):
        times_s.append(_A_YEAR_S)
    if times_s:
        values["Time"] = min(times_s) * _PER_S
    return values


def _potential_after(step: Step, before_V: float | None) -> float | None:
    """Return where a step leaves the cell; None where only the cell decides it."""
    if isinstance(step, ConstantPotential):
        return step.potential_V
    if isinstance(step, ConstantCurrent) and step.current_A:
        return step.until.potential_above_V if step.current_A > 0 else step.until.potential_below_V
    return before_V


def _add_protections(whole: Element, limits: Limits) -> None:
    main = SubElement(SubElement(whole, "Protect"), "Main")
    most_A = None if limits.current_max_A is None else limits.current_max_A * (1 + CURRENT_TOLERANCE)
    high_V, low_V = limits.potential_max_V, limits.potential_min_V
    bounds = {
        "Volt": {
            "Upper": None if high_V is None else (high_V + POTENTIAL_TOLERANCE_V) * _PER_V,
            "Lower": None if low_V is None else (low_V - POTENTIAL_TOLERANCE_V) * _PER_V,
        },
        "Curr": {
            "Upper": None if most_A is None else most_A * _PER_A,
            "Lower": None if most_A is None else -most_A * _PER_A,
        },
        "Cap": {"Upper": None if limits.charge_max_C is None else limits.charge_max_C * _PER_C},
    }
    for quantity, sides in bounds.items():
        place = SubElement(main, quantity)
        for side, value in sides.items():
            if value is not None:
                SubElement(place, side, Value=_written(value))


def _add_record(whole: Element, steps: Sequence[Step]) -> None:
    main = SubElement(SubElement(whole, "Record"), "Main")
    SubElement(main, "Time", Value=_written(min(map(record_every_s, steps)) * _PER_S))
    changes_V = [change for step in steps if (change := step.record.potential_change_V) is not None]
    changes_A = [change for step in steps if (change := step.record.current_change_A) is not None]
    if changes_V:
        SubElement(main, "Volt", Value=_written(min(changes_V) * _PER_V))
    if changes_A:
        SubElement(main, "Curr", Value=_written(min(changes_A) * _PER_A))


def record_every_s(step: Step) -> float:
    """Return how often the cycler has to record: where it finds the end itself, not more than is kept."""
    is_sweep = isinstance(step, PotentialSweep)
    return step.record.interval_s if ends_on_board(step) and not is_sweep else step.measure_every_s


def _add_line(info: Element, number: int, line: _Line) -> None:
    step = SubElement(info, f"Step{number}", Step_ID=str(number), Step_Type=line.kind)
    if line.slope is not None:
        start_V, end_V, rate_V_per_s = line.slope
        slope = SubElement(step, "Slope", SlopeType="1", Cycle_Count="1", ItemCount="1")
        values = {"StartValue": start_V * _PER_V, "EndValue": end_V * _PER_V, "Value": rate_V_per_s * 1e3}
        SubElement(slope, "Slope1", {name: _written(value) for name, value in values.items()})
    elif line.main:
        place = SubElement(SubElement(step, "Limit"), "Other" if line.kind == _CYCLE else "Main")
        for name, value in line.main:
            SubElement(place, name, Value=str(int(value)) if line.kind == _CYCLE else _written(value))


def _written(value: float) -> str:
    return f"{value:.6f}"

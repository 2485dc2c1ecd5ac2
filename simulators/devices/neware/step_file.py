"""Reading step files, as the BTS client 8.0 and aurora-unicycler write them."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_MOST_BYTES = 10_000_000
_V, _A, _S, _C = 1e-4, 1e-3, 1e-3, 1e-3
"""Units of the file: 0.1 mV, mA, ms and mA·s."""

CHARGE, DISCHARGE, HOLD_CHARGE, REST, CYCLE, END = 1, 2, 3, 4, 5, 6
HOLD_DISCHARGE, SCAN = 19, 25
NAMES = {
    CHARGE: "cc",
    DISCHARGE: "dc",
    HOLD_CHARGE: "cv",
    REST: "rest",
    HOLD_DISCHARGE: "dv",
    SCAN: "scan",
}
"""Types of steps that do something, as the server names them ("cc" is a charge, "dc" a discharge)."""


@dataclass(frozen=True)
class FileStep:
    """A step of the file, in SI units.

    Parameters
    ----------
    number : int
        Its ``Step_ID``.
    kind : int
        Its ``Step_Type``.
    current_A : float, optional
        Magnitude: the current of a charge or discharge, the largest of a hold.
    potential_V, end_V : float, optional
        The potential that is held, or the begin and the end of a scan.
    rate_V_per_s : float
        Of a scan.
    time_s, stop_V, stop_A : float, optional
        What ends it.
    to, count : int
        Where a cycle begins, and how often it is run in all.
    """

    number: int
    kind: int
    current_A: float | None = None
    potential_V: float | None = None
    end_V: float = 0.0
    rate_V_per_s: float = 0.0
    time_s: float | None = None
    stop_V: float | None = None
    stop_A: float | None = None
    to: int = 0
    count: int = 0


@dataclass(frozen=True)
class StepFile:
    """A program with its protections and its record conditions, in SI units."""

    steps: tuple[FileStep, ...]
    potential_max_V: float | None = None
    potential_min_V: float | None = None
    current_max_A: float | None = None
    current_min_A: float | None = None
    charge_max_C: float | None = None
    record_s: float = 1.0
    record_V: float | None = None
    record_A: float | None = None


def read_step_file(path: Path) -> StepFile:
    """Return what a file says; raise `ValueError` where it is no step file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if len(text) > _MOST_BYTES:
        raise ValueError(f"{path} is too large for a step file")
    try:
        config = fromstring(text).find("config")
    except (ParseError, DefusedXmlException) as error:
        raise ValueError(f"{path} is not XML: {error}") from None
    if config is None or config.get("type") != "Step File":
        raise ValueError(f"{path} is not a step file")
    steps = tuple(_step(each) for each in config.iterfind("Step_Info/*"))
    if not steps or steps[-1].kind != END:
        raise ValueError(f"{path} has no step that ends it")
    if config.find("Step_Info").get("Num") != str(len(steps)):  # pyright: ignore[reportOptionalMemberAccess]
        raise ValueError(f"{path} has another number of steps than it says")
    protect, record = "Whole_Prt/Protect/Main/", "Whole_Prt/Record/Main/"
    return StepFile(
        steps,
        potential_max_V=_value(config, f"{protect}Volt/Upper", _V),
        potential_min_V=_value(config, f"{protect}Volt/Lower", _V),
        current_max_A=_value(config, f"{protect}Curr/Upper", _A),
        current_min_A=_value(config, f"{protect}Curr/Lower", _A),
        charge_max_C=_value(config, f"{protect}Cap/Upper", _C),
        record_s=_value(config, f"{record}Time", _S) or 1.0,
        record_V=_value(config, f"{record}Volt", _V),
        record_A=_value(config, f"{record}Curr", _A),
    )


def _step(element: Element) -> FileStep:
    number, kind = int(element.get("Step_ID", "0")), int(element.get("Step_Type", "0"))
    if kind not in (*NAMES, CYCLE, END):
        raise ValueError(f"step {number} is of type {kind}, which this cycler does not know")
    if kind == CYCLE:
        to, count = (_value(element, f"Limit/Other/{name}", 1) or 0 for name in ("Start_Step", "Cycle_Count"))
        if not 0 < to < number or count < 1:
            raise ValueError(f"step {number} is a cycle that begins nowhere")
        return FileStep(number, kind, to=int(to), count=int(count))
    if kind == SCAN:
        slope = element.find("Slope/Slope1")
        if slope is None:
            raise ValueError(f"step {number} scans nothing")
        start, end, rate = (float(slope.get(name, "nan")) for name in ("StartValue", "EndValue", "Value"))
        return FileStep(number, kind, potential_V=start * _V, end_V=end * _V, rate_V_per_s=rate * 1e-3)
    main = "Limit/Main/"
    return FileStep(
        number,
        kind,
        current_A=_value(element, f"{main}Curr", _A),
        potential_V=_value(element, f"{main}Volt", _V),
        time_s=_value(element, f"{main}Time", _S),
        stop_V=_value(element, f"{main}Stop_Volt", _V),
        stop_A=_value(element, f"{main}Stop_Curr", _A),
    )


def _value(element: Element, path: str, unit: float) -> float | None:
    found = element.find(path)
    return None if found is None else float(found.get("Value", "nan")) * unit

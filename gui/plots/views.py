"""Which plots there are, and which one suits which protocol."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...core.units import engineering_prefix
from .source import Source
from .thinning import Floats

CURRENT_UNITS = ("A", "mA/cm²", "mA/g")
"""In what a current, and with it a charge, may be shown."""


@dataclass(frozen=True)
class Axis:
    """What an axis shows.

    Parameters
    ----------
    name : str
        Such as "Potential".
    unit : str
        Of the values, such as "V"; "" where it has none.
    """

    name: str
    unit: str

    @property
    def has_prefix(self) -> bool:
        """Whether the unit takes mega, milli and micro."""
        return self.unit in ("V", "A", "Ah", "Ω", "s")


@dataclass(frozen=True)
class Pane:
    """One plot: its axes, and how it gets its curve from a source."""

    x: Callable[[Source, str], tuple[Axis, Floats]]
    y: Callable[[Source, str], tuple[Axis, Floats]]
    rises: bool
    """Whether x never falls."""
    has_points: bool = False
    """Whether the points are drawn, not only lines."""
    is_square: bool = False
    """Whether both axes have the same scale."""
    x_is_log: bool = False
    y_is_log: bool = False
    """Whether an axis is logarithmic, whatever a person chooses."""


@dataclass(frozen=True)
class View:
    """One or more plots that belong together, with the same x axis."""

    name: str
    panes: tuple[Pane, ...]


def _time(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("Time", "s"), source.column("test_time_second")


def potential(source: Source, _: str) -> tuple[Axis, Floats]:
    """Return the potential of the cell, or of its working electrode."""
    name = "E" if source.cell.reference_electrode else "Cell voltage"
    return Axis(name, "V"), source.column("voltage_volt")


def _current(source: Source, unit: str) -> tuple[Axis, Floats]:
    values = source.column("current_ampere")
    factor = current_factor(source, unit)
    if factor is None:
        return Axis("Current", "A"), values
    return Axis("Current density" if unit == "mA/cm²" else "Specific current", unit), values * factor


def _step_capacity(source: Source, unit: str) -> tuple[Axis, Floats]:
    """Return the charge of each step, counted from zero."""
    net_Ah, steps = source.column("net_capacity_ah"), source.column("step_count")
    if not len(net_Ah):
        return Axis("Capacity", "Ah"), net_Ah
    begins = np.flatnonzero(np.diff(steps, prepend=steps[0] - 1))
    offsets = np.repeat(net_Ah[begins], np.diff(np.append(begins, len(steps))))
    values = np.abs(net_Ah - offsets)
    # Nothing is drawn from the end of one step to the begin of the next.
    values[begins] = np.nan
    factor = current_factor(source, unit)
    if factor is None:
        return Axis("Capacity", "Ah"), values
    return Axis("Areal capacity" if unit == "mA/cm²" else "Specific capacity", unit.replace("A", "Ah")), (
        values * factor
    )


def _cycles(source: Source) -> tuple[Floats, Floats, Floats]:
    """Return the numbers of the cycles, with the charge that went in and out in each of them, in Ah."""
    return source.derived("cycles", lambda: _counted_cycles(source))


def _counted_cycles(source: Source) -> tuple[Floats, Floats, Floats]:
    cycle = source.column("cycle_count").astype(np.int64)
    if len(cycle) < 2:
        return np.empty(0), np.empty(0), np.empty(0)
    passed_Ah = np.diff(source.column("net_capacity_ah"), prepend=0.0)
    number = np.arange(cycle.max() + 1, dtype=np.float64)
    charge: Floats = np.bincount(cycle, np.maximum(passed_Ah, 0.0), len(number)).astype(np.float64)
    discharge: Floats = np.bincount(cycle, np.maximum(-passed_Ah, 0.0), len(number)).astype(np.float64)
    shown = (number > 0) & ((charge > 0) | (discharge > 0))
    return number[shown], charge[shown], discharge[shown]


def _cycle(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("Cycle", ""), _cycles(source)[0]


def _discharge(source: Source, unit: str) -> tuple[Axis, Floats]:
    factor = current_factor(source, unit)
    capacity = _cycles(source)[2]
    if factor is None:
        return Axis("Discharge capacity", "Ah"), capacity
    return Axis("Discharge capacity", unit.replace("A", "Ah")), capacity * factor


def _efficiency(source: Source, _: str) -> tuple[Axis, Floats]:
    charge, discharge = _cycles(source)[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return Axis("Coulombic efficiency", "%"), np.where(charge > 0, 100 * discharge / charge, np.nan)


def _real(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("Z′", "Ω"), source.impedance["real_impedance_ohm"].astype(np.float64)


def _imaginary(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("−Z″", "Ω"), -source.impedance["imaginary_impedance_ohm"].astype(np.float64)


def _frequency(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("Frequency", "Hz"), source.impedance["frequency_hertz"].astype(np.float64)


def _magnitude(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("|Z|", "Ω"), np.hypot(_real(source, "")[1], _imaginary(source, "")[1])


def _phase(source: Source, _: str) -> tuple[Axis, Floats]:
    return Axis("−Phase", "°"), np.degrees(np.arctan2(_imaginary(source, "")[1], _real(source, "")[1]))


_NYQUIST = Pane(_real, _imaginary, rises=False, has_points=True, is_square=True)
VIEWS = {
    view.name: view
    for view in (
        View("E and I over time", (Pane(_time, potential, rises=True), Pane(_time, _current, rises=True))),
        View("I over E", (Pane(potential, _current, rises=False),)),
        View("E over capacity", (Pane(_step_capacity, potential, rises=False),)),
        View(
            "Capacity and efficiency over cycle",
            (
                Pane(_cycle, _discharge, rises=True, has_points=True),
                Pane(_cycle, _efficiency, rises=True, has_points=True),
            ),
        ),
        View("Nyquist", (_NYQUIST,)),
        View(
            "Bode",
            (
                Pane(_frequency, _magnitude, rises=False, has_points=True, x_is_log=True, y_is_log=True),
                Pane(_frequency, _phase, rises=False, has_points=True, x_is_log=True),
            ),
        ),
    )
}
_OF_PROTOCOL = {
    "LinearSweep": "I over E",
    "CyclicVoltammetry": "I over E",
    "TafelPlot": "I over E",
    "ImpedanceSpectrum": "Nyquist",
    "ConductivitySweep": "Nyquist",
    "GalvanostaticCycling": "Capacity and efficiency over cycle",
    "RateTest": "Capacity and efficiency over cycle",
    "CoulombicEfficiency": "E over capacity",
}


def view_of(protocol: str) -> str:
    """Return the name of the view that suits a protocol."""
    return _OF_PROTOCOL.get(protocol, "E and I over time")


def current_factor(source: Source, unit: str) -> float | None:
    """Return what turns ampere into a unit of `CURRENT_UNITS`; None where the cell lacks what that needs."""
    if unit == "mA/cm²" and source.cell.area:
        return 0.1 / source.cell.area
    if unit == "mA/g" and source.cell.active_mass:
        return 1.0 / source.cell.active_mass
    return None


def time_scale(largest_s: float) -> tuple[float, str]:
    """Return by what times are divided, and the unit, for an axis whose largest time this is."""
    for seconds, unit in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if largest_s >= 2 * seconds:
            return seconds, unit
    return 1.0, "s"


def shown_scale(axis: Axis, largest: float) -> tuple[float, str]:
    """Return by what values are divided, and the unit, for an axis whose largest value this is."""
    if axis.unit == "s":
        return time_scale(largest)
    if not axis.has_prefix or not np.isfinite(largest) or largest <= 0 or axis.unit == "V":
        return 1.0, axis.unit
    factor, prefix = engineering_prefix(largest)
    return factor, f"{prefix}{axis.unit}"

"""Compiling a step into the MethodSCRIPT that runs it on board, with its cut-offs.

The script keeps limits and end conditions itself and switches the cell off in
``on_finished:``, so that the cell is safe when the computer is gone. The order of the
settings is that of the vendor's published examples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.samples import IMPEDANCE_MEASUREMENT, MEASUREMENT
from ...protocols.steps import ConstantCurrent, ConstantPotential, Impedance, PotentialSweep, Rest, Step
from ..errors import OutOfRange
from . import cutoffs
from .literals import literal
from .loops import Loop, loops
from .models import Model
from .packages import PackageFormat

_BANDWIDTH_PER_RATE = 6.0
"""Bandwidth over sampling rate, as the vendor's examples choose it."""
_LARGEST_BANDWIDTH_HZ = 200e3


@dataclass(frozen=True)
class Script:
    """A compiled step.

    Parameters
    ----------
    lines : tuple of str
        The script, without empty lines.
    package : PackageFormat
        What its data packages hold.
    columns : tuple of str
        The fields of `dtype` that those variables fill, in order.
    dtype : dtype
        `MEASUREMENT` or `IMPEDANCE_MEASUREMENT`.
    interval_s : float
        The longest time that passes between packages.
    """

    lines: tuple[str, ...]
    package: PackageFormat
    columns: tuple[str, ...]
    dtype: np.dtype[Any]
    interval_s: float


def compile_step(step: Step, model: Model) -> Script:
    """Return the script that runs a step on a model.

    Raises
    ------
    OutOfRange
        The model cannot run it.
    """
    capabilities = model.capabilities
    loops_ = loops(
        step, shortest_s=capabilities.shortest_interval_s, highest_Hz=capabilities.highest_spectrum_Hz
    )
    dtype, columns = MEASUREMENT, ("time_s", "potential_V", "current_A")
    match step:
        case Rest():
            names, types, columns = "tp", ("eb", "ab"), ("time_s", "potential_V")
        case ConstantCurrent():
            names, types = "tpc", ("eb", "ab", "ba|db")
        case Impedance():
            names, types = "tfrj", ("eb", "dc", "cc", "cd")
            dtype, columns = IMPEDANCE_MEASUREMENT, ("time_s", "frequency_Hz", "real_ohm", "imaginary_ohm")
        case _:
            names, types = "tpc", ("eb", "da", "ba")
    lines = [
        *(f"var {name}" for name in names),
        "set_pgstat_chan 0",
        *_settings(step, model, min(loop.interval_s for loop in loops_)),
        *_measurement(step, loops_, names),
        "on_finished:",
        "cell_off",
    ]
    return Script(
        tuple(lines),
        PackageFormat(types, is_closed=True),
        columns,
        dtype,
        interval_s=max(loop.interval_s for loop in loops_),
    )


def _measurement(step: Step, loops_: list[Loop], names: str) -> list[str]:
    """Return the loops with their bodies; a cut-off in one of them skips those that follow."""
    several = len(loops_) > 1
    checked = not isinstance(step, Impedance)
    stop = ["store_var x 1i ja", "breakloop"] if several else ["breakloop"]
    lines = cutoffs.variables(step) if checked else []
    lines += ["var x", "store_var x 0i ja"] if several else []
    lines.append("timer_start")
    for index, loop in enumerate(loops_):
        # The time comes first and last; see `PackageFormat`.
        body = ["timer_get t", "pck_start", *(f"pck_add {name}" for name in (*names, "t")), "pck_end"]
        body += cutoffs.body(step, loop.interval_s, stop) if checked else []
        block = [loop.header, *body, "endloop"]
        lines += ["if x == 0i", *block, "endif"] if index else block
    return lines


def _settings(step: Step, model: Model, interval_s: float) -> list[str]:
    """Return the lines that set the instrument up, the last of which switches the cell on or off."""
    bandwidth_Hz = min(_BANDWIDTH_PER_RATE / interval_s, _LARGEST_BANDWIDTH_HZ)
    match step:
        case Rest():
            return ["set_pgstat_mode 3", _bandwidth(bandwidth_Hz), "cell_off"]
        case ConstantCurrent(current_A=current_A):
            return _galvanostat(model, bandwidth_Hz, current_A, abs(current_A))
        case ConstantPotential(potential_V=potential_V):
            return _potentiostat(model, bandwidth_Hz, (potential_V,))
        case PotentialSweep(path_V=path_V):
            return _potentiostat(model, bandwidth_Hz, path_V)
        case Impedance(bias_A=float(bias_A)):
            largest_A = max(map(abs, step.span_A))
            return _galvanostat(model, model.capabilities.highest_spectrum_Hz, bias_A, largest_A)
        case Impedance(bias_V=bias_V):
            highest_Hz = model.capabilities.highest_spectrum_Hz
            return _potentiostat(model, highest_Hz, (bias_V or 0.0,), is_spectrum=True)


def _potentiostat(
    model: Model, bandwidth_Hz: float, path_V: tuple[float, ...], *, is_spectrum: bool = False
) -> list[str]:
    low_V, high_V = min(path_V), max(path_V)
    mode = 3 if is_spectrum else _potentiostat_mode(low_V, high_V, model)
    smallest, largest = literal(model.current_ranges_A[0]), literal(model.current_ranges_A[-1])
    return [
        f"set_pgstat_mode {mode}",
        _bandwidth(bandwidth_Hz),
        f"set_range_minmax da {literal(low_V)} {literal(high_V)}",
        f"set_range ba {largest}",
        f"set_autoranging ba {smallest} {largest}",
        f"set_e {literal(path_V[0])}",
        "cell_on",
    ]


def _galvanostat(model: Model, bandwidth_Hz: float, current_A: float, largest_A: float) -> list[str]:
    ranges = model.current_ranges_A
    full_scale = literal(next((scale for scale in ranges if largest_A <= scale), ranges[-1]))
    return [
        "set_pgstat_mode 6",
        _bandwidth(bandwidth_Hz),
        f"set_range ab {literal(model.capabilities.potential_max_V)}",
        f"set_range db {full_scale}",
        f"set_autoranging db {full_scale} {full_scale}",
        f"set_i {literal(current_A)}",
        "cell_on",
    ]


def _bandwidth(frequency_Hz: float) -> str:
    return f"set_max_bandwidth {literal(float(f'{frequency_Hz:.2g}'))}"


def _potentiostat_mode(low_V: float, high_V: float, model: Model) -> int:
    """Return the mode that reaches the potentials.

    The EmStat Pico trades speed for window: mode 2 (slow) spans 2.2 V within -1.25 to 2 V,
    mode 4 spans 2.6 V within its whole range; the others reach everything in mode 3.
    """
    if model.galvanostat:
        return 3
    if low_V >= -1.25 and high_V - low_V <= 2.2:
        return 2
    if high_V - low_V <= 2.6:
        return 4
    raise OutOfRange(
        f"{model.name} cannot sweep over {high_V - low_V:g} V in one go: its window is 2.6 V wide. "
        "Sweep a smaller part, or choose another instrument."
    )


READ_POTENTIAL = Script(
    (
        "var p",
        "set_pgstat_chan 0",
        "set_pgstat_mode 3",
        "set_max_bandwidth 60",
        "cell_off",
        "meas 100m p ab",
        "pck_start",
        "pck_add p",
        "pck_end",
    ),
    PackageFormat(("ab",)),
    ("potential_V",),
    MEASUREMENT,
    interval_s=0.1,
)
"""One reading of the cell's potential, without switching it on."""

CELL_OFF = Script(("cell_off",), PackageFormat(()), (), MEASUREMENT, interval_s=0.0)
"""Switches the cell off, whatever was set before."""

"""What a reader takes from a file of another program."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def no_values() -> Floats:
    """Return an empty array."""
    return np.empty(0)


@dataclass
class Recording:
    """Samples or a spectrum, in SI units and with the signs of `core.samples`.

    Parameters
    ----------
    time_s, potential_V, current_A : array, shape (n,)
        The samples.
    step, cycle : array of int, shape (n,), or None
        What the file calls so; None where it does not tell.
    counts_are_kept : bool
        Whether `step` and `cycle` are what a run file means by them, so that they are kept as they are.
    net_capacity_Ah : array, shape (n,), or None
        Charge since the test began, as the instrument counted it.
    flags : array of int, shape (n,), or None
        `core.samples.Flag` of each sample.
    temperature_degC : array, shape (n,), or None
        Of the cell.
    unix_time_s : array, shape (n,), or None
        Time of day.
    frequency_Hz, impedance_ohm, spectrum_time_s : array, shape (m,)
        The points of a spectrum.
    instrument : dict
        What the file says of the instrument.
    warnings : list of str
        What was wrong with the file, and what was made of it.
    is_sweep : bool
        Whether the potential was swept.
    """

    time_s: Floats = field(default_factory=no_values)
    potential_V: Floats = field(default_factory=no_values)
    current_A: Floats = field(default_factory=no_values)
    step: NDArray[np.int64] | None = None
    cycle: NDArray[np.int64] | None = None
    counts_are_kept: bool = False
    net_capacity_Ah: Floats | None = None
    flags: NDArray[np.int64] | None = None
    temperature_degC: Floats | None = None
    unix_time_s: Floats | None = None
    frequency_Hz: Floats = field(default_factory=no_values)
    impedance_ohm: NDArray[np.complex128] = field(default_factory=lambda: np.empty(0, complex))
    spectrum_time_s: Floats = field(default_factory=no_values)
    instrument: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    is_sweep: bool = False

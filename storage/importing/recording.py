"""What a reader takes from a file of another program."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
_OF_SAMPLES = (
    "time_s", "potential_V", "current_A", "step", "cycle", "temperature_degC", "unix_time_s", "net_charge_Ah",
    "net_energy_Wh", "flags",
)  # fmt: skip
_OF_SPECTRA = (
    "frequency_Hz", "impedance_ohm", "spectrum_time_s", "spectrum", "spectrum_temperature_degC",
    "spectrum_flags",
)  # fmt: skip


def no_values() -> Floats:
    """Return an empty array."""
    return np.empty(0)


@dataclass
class Recording:
    """Samples and spectra, in SI units and with the signs of `core.samples`.

    Parameters
    ----------
    time_s, potential_V, current_A : array, shape (n,)
        The samples.
    step, cycle : array of int, shape (n,), or None
        What the file calls so; None where it does not tell.
    temperature_degC : array, shape (n,), or None
        Of the cell.
    unix_time_s : array, shape (n,), or None
        Time of day.
    net_charge_Ah, net_energy_Wh : array, shape (n,), or None
        What the instrument counted from the first sample on; None where it tells no counts.
    frequency_Hz, impedance_ohm, spectrum_time_s : array, shape (m,)
        The points of all spectra.
    spectrum : array of int, shape (m,)
        Which of them a point belongs to, from 0.
    spectrum_temperature_degC : array, shape (m,), or None
        Of the cell.
    flags, spectrum_flags : array of int, or None
        `core.samples.Flag` of the samples and of the points, in files that we wrote.
    counts_are_kept : bool
        Whether steps are counted one by one as they were executed, so that steps, cycles and net charge
        stay as they are.
    kind : str
        The protocol whose analysis applies; empty where the file does not tell.
    instrument, cell : dict
        What the file says of the instrument and, as `protocols.Cell.metadata` writes it, of the cell.
    warnings : list of str
        What was wrong with the file, and what was made of it.
    notes : list of str
        What else a person should know, such as what was not taken over.
    """

    time_s: Floats = field(default_factory=no_values)
    potential_V: Floats = field(default_factory=no_values)
    current_A: Floats = field(default_factory=no_values)
    step: Counts | None = None
    cycle: Counts | None = None
    temperature_degC: Floats | None = None
    unix_time_s: Floats | None = None
    net_charge_Ah: Floats | None = None
    net_energy_Wh: Floats | None = None
    frequency_Hz: Floats = field(default_factory=no_values)
    impedance_ohm: NDArray[np.complex128] = field(default_factory=lambda: np.empty(0, complex))
    spectrum_time_s: Floats = field(default_factory=no_values)
    spectrum: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    spectrum_temperature_degC: Floats | None = None
    flags: Counts | None = None
    spectrum_flags: Counts | None = None
    counts_are_kept: bool = False
    kind: str = ""
    instrument: dict[str, Any] = field(default_factory=dict)
    cell: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Keep only some of the samples."""
        self._keep(_OF_SAMPLES, rows)

    def keep_points(self, points: NDArray[np.bool_]) -> None:
        """Keep only some points of the spectra."""
        self._keep(_OF_SPECTRA, points)

    def _keep(self, names: tuple[str, ...], rows: NDArray[np.bool_]) -> None:
        for name in names:
            values = getattr(self, name)
            if values is not None:
                setattr(self, name, values[rows])

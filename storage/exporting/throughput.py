"""Charge and energy in both directions, added up over the recorded samples.

The charge between two samples is the difference of their net capacities: it counts every
measurement, also those that the record leaves out. Its sign is its direction. The energy is this
charge times the mean of both potentials.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.samples import Block

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Throughput:
    """What passed through the cell at each sample since the one before it; all are 0 or more.

    Parameters
    ----------
    charging_Ah, discharging_Ah : array, shape (n,)
        Charge.
    charging_Wh, discharging_Wh : array, shape (n,)
        Energy; below 0 only where the potential was.
    """

    charging_Ah: Floats
    discharging_Ah: Floats
    charging_Wh: Floats
    discharging_Wh: Floats


def throughput(samples: Block) -> Throughput:
    """Return the charge and the energy between consecutive samples."""
    passed_Ah = np.diff(samples["net_capacity_ah"], prepend=0.0)
    charging_Ah, discharging_Ah = np.maximum(passed_Ah, 0.0), np.maximum(-passed_Ah, 0.0)
    mean_V = _mean_potential(samples)
    return Throughput(charging_Ah, discharging_Ah, mean_V * charging_Ah, mean_V * discharging_Ah)


def added_up(increments: Floats, counter: NDArray[np.integer] | None = None) -> Floats:
    """Return the running sum of increments, which begins again wherever a counter changes.

    Parameters
    ----------
    increments : array, shape (n,)
        At each sample, since the one before it.
    counter : array of int, shape (n,), optional
        Of steps or of cycles; without it the sum never begins again.
    """
    total = np.cumsum(increments)
    if counter is None or not len(total):
        return total
    begins = np.flatnonzero(np.append(True, counter[1:] != counter[:-1]))
    before = np.append(0.0, total)[begins]
    return total - np.repeat(before, np.diff(np.append(begins, len(total))))


def _mean_potential(samples: Block) -> Floats:
    """Return the mean potential between each sample and the one before it in its step."""
    potential_V, step = samples["voltage_volt"].astype(np.float64), samples["step_count"]
    rows, known = np.arange(len(potential_V)), np.isfinite(potential_V)
    if np.any(known):
        potential_V = np.interp(rows, rows[known], potential_V[known])
    mean_V = potential_V.copy()
    same = np.flatnonzero(step[1:] == step[:-1]) + 1
    mean_V[same] = 0.5 * (potential_V[same] + potential_V[same - 1])
    return mean_V

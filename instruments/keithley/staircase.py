"""Sweeps as staircases that an instrument climbs by itself."""

from itertools import pairwise
from typing import NamedTuple

from ...protocols.steps import PotentialSweep

_WHOLE = 1e-6
_MOST_POINTS = 100_000
"""What the buffer of a source-measure unit holds."""


class Staircase(NamedTuple):
    """One leg of a sweep.

    Parameters
    ----------
    start_V, stop_V : float
        First and last level.
    points : int
        How many levels.
    interval_s : float
        How long each is held.
    """

    start_V: float
    stop_V: float
    points: int
    interval_s: float


def staircases(step: PotentialSweep) -> list[Staircase] | None:
    """Return the legs of a sweep, each level once; None where a leg does not hold whole steps."""
    interval_s = step.measure_every_s
    legs: list[Staircase] = []
    for start_V, stop_V in list(pairwise(step.path_V)) * step.scans:
        levels = abs(stop_V - start_V) / step.sample_every_V
        if abs(levels - round(levels)) > _WHOLE * levels or not 2 <= round(levels) < _MOST_POINTS:
            return None
        # Where one leg ends the next one begins: its first level is the one after that.
        first_V = start_V if not legs else start_V + (stop_V - start_V) / round(levels)
        legs.append(Staircase(first_V, stop_V, round(levels) + (not legs), interval_s))
    return legs

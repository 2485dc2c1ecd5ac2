"""Which steps a recording consists of, and what each of them is."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .recording import Floats, Recording

_AT_REST = 1e-3
"""A current below this share of the largest is none."""
_FEWEST_PULSES = 4
_MANY_CYCLES = 2
_SAME_POTENTIAL_V = 0.02
_MOST_PARTS = 50_000
"""More changes of sign than this are noise about zero."""


@dataclass(frozen=True)
class Part:
    """Consecutive samples of one step.

    Parameters
    ----------
    first, end : int
        Its rows.
    sign : int
        Of the current; 0 at rest.
    cycle : int
        The cycle it belongs to, from 1.
    """

    first: int
    end: int
    sign: int
    cycle: int


def parts_of(recording: Recording) -> list[Part]:
    """Divide a recording where the step changes that the file names, or the sign of the current."""
    signs = _signs(recording.current_A)
    borders = np.flatnonzero(np.diff(signs) != 0) + 1
    if recording.step is not None:
        changes = np.flatnonzero(np.diff(recording.step) != 0) + 1
        borders = changes if recording.counts_are_kept else np.union1d(borders, changes)
    edges = [0, *borders.tolist(), len(signs)]
    if len(edges) > _MOST_PARTS:
        edges = [0, len(signs)]
        recording.warnings.append(
            f"The current changes its sign, or the step, {len(borders)} times; all was kept as one step."
        )
    spans = [(first, end) for first, end in pairwise(edges) if end > first]
    kinds = [int(np.sign(np.median(signs[first:end]))) for first, end in spans]
    cycles = _cycles(recording, spans, kinds)
    return [
        Part(first, end, sign, cycle) for (first, end), sign, cycle in zip(spans, kinds, cycles, strict=True)
    ]


def is_titration(parts: list[Part]) -> bool:
    """Whether pulses of one sign, with rests between them, follow each other."""
    active = [part.sign for part in parts if part.sign]
    repeats = sum(a == b for a, b in pairwise(active))
    return repeats >= _FEWEST_PULSES and repeats >= 0.5 * len(active)


def is_complete(parts: list[Part], potential_V: Floats, index: int) -> bool:
    """Whether a step ran to its end: the last one only where it ends where others of its sign do."""
    if index < len(parts) - 1:
        return True
    last = parts[index]
    ends = [potential_V[part.end - 1] for part in parts[:index] if part.sign == last.sign]
    return bool(ends) and bool(np.min(np.abs(np.array(ends) - potential_V[last.end - 1])) < _SAME_POTENTIAL_V)


def _signs(current_A: Floats) -> NDArray[np.int64]:
    known = np.nan_to_num(current_A)
    least = _AT_REST * float(np.max(np.abs(known), initial=0.0))
    return np.where(np.abs(known) <= least, 0, np.sign(known)).astype(np.int64)


def _cycles(recording: Recording, spans: list[tuple[int, int]], kinds: list[int]) -> list[int]:
    """Return the cycle of every step: as the file counts, or anew where the first direction returns."""
    known = recording.cycle
    as_known = None if known is None else [int(known[first]) for first, _ in spans]
    if as_known is not None and (recording.counts_are_kept or len(set(as_known)) >= _MANY_CYCLES):
        return as_known
    first_sign = next((sign for sign in kinds if sign), 0)
    cycles, cycle, turned = [], 1, False
    for sign in kinds:
        if sign == first_sign and turned:
            cycle, turned = cycle + 1, False
        turned |= sign == -first_sign and sign != 0
        cycles.append(cycle)
    if as_known is not None and cycle == 1:
        return as_known
    if as_known is not None:
        recording.notes.append(
            f"The file counts one cycle only; {cycle} were counted, one wherever the first direction of the "
            "current returns."
        )
    return cycles

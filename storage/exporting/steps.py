"""What each sample's step says of it."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..run import Run, StepRecord

_TYPES = {"rest": "REST", "potential_sweep": "POTENTIAL_SWEEP", "impedance": "EIS"}
_PREFIXES = {"constant_current": "CC_", "constant_potential": "CV_", "imported": ""}
_IN_THE_PROGRAM = ("kind", "role", "part")


def of_each_sample(run: Run, value: Callable[[StepRecord], Any], missing: Any, dtype: Any) -> NDArray[Any]:
    """Return an array, shape (n,), with a value of its step for each sample."""
    values = np.full(len(run.samples), missing, dtype)
    for step in run.steps:
        values[step.samples] = value(step)
    return values


def step_ids(run: Run) -> dict[int, int]:
    """Return the number in the program of every executed step, from 1, by its count.

    Steps that asked for the same thing, such as the charge of every cycle, share one.
    """
    known: dict[str, int] = {}
    ids = {}
    for step in run.steps:
        asked = {name: value for name, value in step.parameters.items() if name not in ("cycle", "label")}
        key = json.dumps([*(getattr(step, name) for name in _IN_THE_PROGRAM), asked], sort_keys=True)
        ids[step.step_count] = known.setdefault(key, len(known) + 1)
    return ids


def step_type(step: StepRecord) -> str:
    """Return what a step did, in the words of the Battery Data Format where it has one."""
    if step.kind in _TYPES:
        return "OCV" if step.role == "open_circuit" else _TYPES[step.kind]
    if step.kind not in _PREFIXES:
        return ""
    asked_A = step.parameters.get("current_A")
    direction = step.charge_Ah if asked_A is None else asked_A
    if direction == 0.0:
        return "REST" if step.kind != "constant_potential" else "CV"
    return _PREFIXES[step.kind] + ("CHG" if direction > 0.0 else "DCH")

"""Run files with data of our choice, for analysis."""

import json

import numpy as np

from faradaic.core.samples import IMPEDANCE, SAMPLE
from faradaic.protocols import Cell
from faradaic.storage import Run
from faradaic.storage.builder import RunFileBuilder
from faradaic.storage.journal import Frame, Kind

CELL = Cell(name="test", area="1 cm²")


def samples(time_s, potential_V, current_A, cycle=0, flags=0):
    rows = np.zeros(len(time_s), SAMPLE)
    rows["test_time_second"], rows["voltage_volt"], rows["current_ampere"] = time_s, potential_V, current_A
    rows["cycle_count"], rows["flags"] = cycle, flags
    return rows


def spectrum(frequency_Hz, impedance_ohm, flags=0):
    rows = np.zeros(len(frequency_Hz), IMPEDANCE)
    rows["frequency_hertz"] = frequency_Hz
    rows["real_impedance_ohm"], rows["imaginary_impedance_ohm"] = impedance_ohm.real, impedance_ohm.imag
    rows["flags"] = flags
    return rows


def recorded(folder, protocol, *steps, cell=CELL, ends=None):
    """Return a run of `protocol` whose steps are (role, rows, other fields of the step).

    `ends` gives, by the index of a step, further fields of its end.
    """
    description = protocol if isinstance(protocol, dict) else protocol.to_dict()
    builder = RunFileBuilder(folder / "run.h5")
    metadata = {
        "run": {"run_id": "0", "created": "2026-01-01T00:00:00Z", "protocol": "P", "cell": cell.name},
        "protocol": description,
        "cell": cell.metadata(),
    }
    builder.apply(Frame(Kind.RUN, json.dumps(metadata).encode()))
    for index, (role, rows, fields) in enumerate(steps):
        begun = {
            "step_count": index + 1,
            "kind": "k",
            "role": role,
            "parameters": "{}",
            "program_index": index,
        }
        begun |= fields
        end_reason = begun.pop("end_reason", "completed")
        builder.apply(Frame(Kind.STEP_BEGUN, json.dumps(begun).encode()))
        kind = Kind.IMPEDANCE if rows.dtype == IMPEDANCE else Kind.SAMPLES
        builder.apply(Frame(kind, rows.tobytes()))
        builder.apply(
            Frame(
                Kind.STEP_ENDED,
                json.dumps({"end_reason": end_reason, **(ends or {}).get(index, {})}).encode(),
            )
        )
    builder.state = "finished"
    builder.finish()
    return Run.open(folder / "run.h5")

"""The layout of a run file; `docs/file-format.md` describes it for other programs.

Text is kept in columns of fixed width (UTF-8), because HDF5 cannot append variable-length text
to a file that is being read at the same time.
"""

from typing import Any

import numpy as np

from ..core.samples import IMPEDANCE, SAMPLE

FORMAT = "faradaic run"
FORMAT_VERSION = 1

STEP = np.dtype(
    [
        ("step_count", "u4"),  # from 1, one per executed step or segment of a step
        ("program_index", "u4"),  # which step of the protocol, from 0
        ("segment", "u4"),  # 0, and counted on when the step was interrupted and went on
        ("cycle_count", "u4"),
        ("kind", "S24"),
        ("label", "S120"),
        ("role", "S40"),
        ("part", "S40"),
        ("first_sample", "u8"),  # index into /samples
        ("sample_count", "u8"),
        ("first_impedance", "u8"),  # index into /impedance
        ("impedance_count", "u8"),
        ("begin_test_time_second", "f8"),
        ("end_test_time_second", "f8"),
        ("begin_unix_time_second", "f8"),
        ("end_unix_time_second", "f8"),
        ("charge_ampere_hour", "f8"),
        ("energy_watt_hour", "f8"),
        ("end_reason", "S40"),  # empty while the step is under way, or where nobody could say
        ("parameters", "S2048"),  # the step, JSON
        ("result", "S2048"),  # the StepResult, JSON; empty until the step has ended
    ]
)

EVENT = np.dtype(
    [
        ("test_time_second", "f8"),
        ("unix_time_second", "f8"),
        ("severity", "S8"),  # info, warning or error
        ("source", "S32"),
        ("text", "S512"),
    ]
)

TABLES: dict[str, np.dtype[Any]] = {
    "samples": SAMPLE,
    "impedance": IMPEDANCE,
    "steps": STEP,
    "events": EVENT,
}

CHUNK_ROWS = {"samples": 1024, "impedance": 256, "steps": 16, "events": 32}


def encode(text: str, dtype: np.dtype[Any], field: str) -> bytes:
    """Return text as UTF-8 for a column; what does not fit is cut at a whole character."""
    width = dtype[field].itemsize
    data = text.encode()
    if len(data) <= width:
        return data
    return data[: width - 3].decode(errors="ignore").encode() + "…".encode()


def row(dtype: np.dtype[Any], values: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return one row of a table from a dictionary; missing fields are zero or empty."""
    result = np.zeros(1, dtype)
    for name, value in values.items():
        result[name] = encode(value, dtype, name) if isinstance(value, str) else value
    return result

"""Export as EC-Lab-style text (``.mpt``), which most programs of the field read.

The samples become one file, every spectrum another one. Text is cp1252, lines end with CR LF, and
every line of the table ends with a tab, as in the files of the original.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.samples import Block, Flag
from ..run import Run, StepRecord
from .files import whole_file
from .mpt_head import head_lines
from .steps import of_each_sample, step_ids
from .throughput import added_up, throughput

_ROWS_AT_ONCE = 10_000
_LATEST_UNIX_S = 1e11
"""A clock that says more than the year 5138 says nothing."""
_GALVANOSTATIC, _POTENTIOSTATIC, _REST = 1, 2, 3
_MODES = {
    "rest": _REST,
    "constant_current": _GALVANOSTATIC,
    "constant_potential": _POTENTIOSTATIC,
    "potential_sweep": _POTENTIOSTATIC,
    "imported": _GALVANOSTATIC,
}
_TECHNIQUES = (
    ("constant_current", "Galvanostatic Cycling with Potential Limitation"),
    ("imported", "Galvanostatic Cycling with Potential Limitation"),
    ("potential_sweep", "Cyclic Voltammetry"),
    ("constant_potential", "Chronoamperometry / Chronocoulometry"),
    ("rest", "Open Circuit Voltage"),
)

Columns = Mapping[str, NDArray[Any]]


def export_mpt(run: Run, folder: Path, stem: str) -> list[Path]:
    """Write a run's samples and each of its spectra; see `bdf.export_bdf` for the parameters.

    Raises
    ------
    StorageError
        They cannot be written.
    """
    files = []
    start_s = _start_unix_s(run)
    if len(run.samples):
        files.append(folder / f"{stem}.mpt")
        _write(files[-1], run, _technique(run), _cycling_columns(run), start_s)
    spectra = [step for step in run.steps if step.impedance.stop > step.impedance.start]
    for number, step in enumerate(spectra, 1):
        files.append(folder / f"{stem}_{'GEIS' if _is_galvanostatic(step) else 'PEIS'}_{number:02d}.mpt")
        how = "Galvano" if _is_galvanostatic(step) else "Potentio"
        columns = _impedance_columns(step, run.impedance[step.impedance])
        _write(files[-1], run, f"{how} Electrochemical Impedance Spectroscopy", columns, start_s)
    return files


def _write(path: Path, run: Run, technique: str, columns: Columns, start_s: float) -> None:
    head = head_lines(run, technique, list(columns), path, start_s)
    with (
        whole_file(path) as place,
        place.open("w", encoding="cp1252", errors="replace", newline="\r\n") as file,
    ):
        file.writelines(f"{line}\n" for line in head)
        count = len(next(iter(columns.values())))
        for start in range(0, count, _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            cells = [_texts(values[part]) for values in columns.values()]
            file.writelines("\t".join(row) + "\t\n" for row in zip(*cells, strict=True))


def _texts(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind != "f":
        return [str(value) for value in values.tolist()]
    # Fifteen decimals as in the original; a missing value cannot be left out, because some readers
    # divide lines at any white space.
    return [f"{value:.15E}" for value in values.tolist()]


def _cycling_columns(run: Run) -> Columns:
    samples = run.samples
    passed = throughput(samples)
    ids = step_ids(run)
    sequence = of_each_sample(run, lambda step: ids[step.step_count] - 1, 0, np.int64)
    half_cycle = _half_cycles(run)
    net_Ah = samples["net_capacity_ah"]
    is_first = np.diff(samples["step_count"].astype(np.int64), prepend=-1) != 0
    return {
        "mode": of_each_sample(run, lambda step: _MODES.get(step.kind, _REST), _REST, np.int64),
        "ox/red": (samples["current_ampere"] > 0.0).astype(np.int64),
        "error": (samples["flags"] & Flag.OVERLOAD != 0).astype(np.int64),
        "control changes": is_first.astype(np.int64),
        "Ns changes": is_first.astype(np.int64),
        "counter inc.": np.zeros(len(samples), np.int64),
        "Ns": sequence,
        "time/s": samples["test_time_second"],
        "control/V/mA": of_each_sample(run, _control, np.nan, np.float64),
        "Ewe/V": samples["voltage_volt"],
        "<I>/mA": samples["current_ampere"] * 1e3,
        "dq/mA.h": np.diff(net_Ah, prepend=0.0) * 1e3,
        "(Q-Qo)/mA.h": net_Ah * 1e3,
        "half cycle": half_cycle,
        "Q charge/mA.h": added_up(passed.charging_Ah, half_cycle) * 1e3,
        "Q discharge/mA.h": added_up(passed.discharging_Ah, half_cycle) * 1e3,
        "cycle number": samples["cycle_count"].astype(np.int64),
    }


def _impedance_columns(step: StepRecord, rows: Block) -> Columns:
    z_ohm = rows["real_impedance_ohm"] + 1j * rows["imaginary_impedance_ohm"]
    bias_V = _asked(step, "bias_V")
    bias_A = _asked(step, "bias_A")
    return {
        "freq/Hz": rows["frequency_hertz"],
        "Re(Z)/Ohm": rows["real_impedance_ohm"],
        "-Im(Z)/Ohm": -rows["imaginary_impedance_ohm"],
        "|Z|/Ohm": np.abs(z_ohm),
        "Phase(Z)/deg": np.angle(z_ohm, deg=True),
        "time/s": rows["test_time_second"],
        "<Ewe>/V": np.full(len(rows), bias_V),
        "<I>/mA": np.full(len(rows), bias_A * 1e3),
    }


def _half_cycles(run: Run) -> NDArray[np.int64]:
    """Return for each sample how many charges and discharges there were before; rests count to the last."""
    numbers = np.zeros(len(run.samples), np.int64)
    passed_Ah = np.diff(run.samples["net_capacity_ah"], prepend=0.0)
    number, direction = 0, 0.0
    for step in run.steps:
        sign = float(np.sign(np.sum(passed_Ah[step.samples]))) if step.kind != "rest" else 0.0
        if sign and direction and sign != direction:
            number += 1
        direction = sign or direction
        numbers[step.samples] = number
    return numbers


def _control(step: StepRecord) -> float:
    """Return what was held, in V or mA; 0 at rest, NaN where it was not one value."""
    match step.kind:
        case "rest":
            return 0.0
        case "constant_current":
            return _asked(step, "current_A") * 1e3
        case "constant_potential":
            return _asked(step, "potential_V")
        case _:
            return float("nan")


def _asked(step: StepRecord, name: str) -> float:
    value = step.parameters.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _is_galvanostatic(step: StepRecord) -> bool:
    return step.parameters.get("bias_A") is not None


def _technique(run: Run) -> str:
    kinds = {step.kind for step in run.steps}
    return next((name for kind, name in _TECHNIQUES if kind in kinds), "Open Circuit Voltage")


def _start_unix_s(run: Run) -> float:
    """Return when test time was 0; NaN where no time of day was recorded."""
    for rows in (run.samples, run.impedance):
        start_s = rows["unix_time_second"] - rows["test_time_second"]
        known = start_s[(start_s > 0.0) & (start_s < _LATEST_UNIX_S)]
        if len(known):
            return float(known[0])
    return float("nan")

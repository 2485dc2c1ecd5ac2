"""The steps of a run file that a recording becomes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.integration import Integrator
from ...core.samples import IMPEDANCE, SAMPLE, Block
from .classify import Part, is_complete
from .recording import Floats, Recording

SWEEP_ROLES = {"CyclicVoltammetry": "voltammogram", "LinearSweep": "sweep"}
_ROLES = {
    "GalvanostaticCycling": {1: "charge", -1: "discharge", 0: "rest"},
    "GITT": {1: "pulse", -1: "pulse", 0: "relaxation"},
    "OpenCircuit": {0: "open_circuit"},
}
_NAMES = {1: "Charge", -1: "Discharge", 0: "Rest"}
_ENDS = {1: "potential_above_V", -1: "potential_below_V", 0: "duration_s"}


_COARSE = 0.5
"""A counter that moves at fewer of the samples shows stairs."""


@dataclass(frozen=True)
class ImportedStep:
    """One step: its columns in the table of steps, and its rows.

    Parameters
    ----------
    begun, ended : dict
        Columns of the table of steps.
    samples, impedance : Block
        Rows of `SAMPLE` and `IMPEDANCE`.
    """

    begun: dict[str, Any]
    ended: dict[str, Any]
    samples: Block
    impedance: Block


def steps_of(found: Recording, parts: list[Part], kind: str) -> list[ImportedStep]:
    """Return the steps of a recording in the order in which they began.

    Parameters
    ----------
    found : Recording
        What was read.
    parts : list of Part
        Into which its samples divide.
    kind : str
        The protocol whose analysis applies to the samples.
    """
    spectra = np.unique(found.spectrum).tolist()
    has_both = bool(parts) and bool(spectra)
    rows = [(found.time_s[part.first], 0, index) for index, part in enumerate(parts)]
    rows += [(found.spectrum_time_s[found.spectrum == each][0], 1, each) for each in spectra]
    samples = _Samples(found, parts, kind)
    steps = []
    for number, (_, is_spectrum, index) in enumerate(sorted(rows), 1):
        if is_spectrum:
            # Each spectrum is a measurement of its own, so that each is fitted.
            part = str(spectra.index(index) + has_both) if has_both or len(spectra) > 1 else ""
            steps.append(_spectrum(found, index, number, part))
        else:
            kept = found.step if found.counts_are_kept and not spectra else None
            own = number if kept is None else int(kept[parts[index].first])
            steps.append(samples.step(index, own, "0" if has_both else ""))
    return steps


class _Samples:
    """Makes steps of the parts of a recording, in their order."""

    def __init__(self, found: Recording, parts: list[Part], kind: str) -> None:
        self._found, self._parts, self._kind = found, parts, kind
        self._net_Ah = 0.0

    def step(self, index: int, number: int, protocol_part: str) -> ImportedStep:
        """Return the step of a part."""
        found, part = self._found, self._parts[index]
        span = slice(part.first, part.end)
        time_s, potential_V, current_A = found.time_s[span], found.potential_V[span], found.current_A[span]
        passed_Ah, energy_Wh = self._passed(part)
        rows = np.zeros(part.end - part.first, SAMPLE)
        rows["test_time_second"] = time_s
        rows["unix_time_second"] = np.nan if found.unix_time_s is None else found.unix_time_s[span]
        rows["voltage_volt"], rows["current_ampere"] = potential_V, current_A
        rows["net_capacity_ah"] = self._net_Ah + passed_Ah
        if found.counts_are_kept and found.net_charge_Ah is not None:
            rows["net_capacity_ah"] = found.net_charge_Ah[span]
        rows["step_count"], rows["cycle_count"] = number, part.cycle
        role = SWEEP_ROLES.get(self._kind)
        if (role or found.counts_are_kept) and found.cycle is not None:
            rows["cycle_count"] = found.cycle[span]
        rows["ambient_temperature_celsius"] = _floats32(found.temperature_degC, span)
        rows["flags"] = 0 if found.flags is None else found.flags[span]
        self._net_Ah += float(passed_Ah[-1])
        if role:
            label, reason, parameters = "Sweep", "completed", _rate(time_s, potential_V)
        else:
            is_whole = is_complete(self._parts, found.potential_V, index)
            role, label = _ROLES.get(self._kind, {}).get(part.sign, ""), _NAMES[part.sign]
            reason, parameters = _ENDS[part.sign] if is_whole else "interrupted", "{}"
        return ImportedStep(
            _begun(number, part.cycle, role, label, protocol_part, rows, parameters),
            _ended(rows, float(passed_Ah[-1]), energy_Wh, reason),
            rows,
            np.zeros(0, IMPEDANCE),
        )

    def _passed(self, part: Part) -> tuple[Floats, float]:
        """Return the charge in Ah since the step began, and its energy in Wh: as counted, else integrated."""
        found, span = self._found, slice(part.first, part.end)
        time_s, potential_V = found.time_s[span], found.potential_V[span]
        before = max(part.first - 1, 0)
        if found.net_charge_Ah is None:
            charge_C, energy_J = Integrator().add(time_s - time_s[0], potential_V, found.current_A[span])
            passed_Ah, energy_Wh = charge_C / 3600.0, float(energy_J[-1]) / 3600.0
        else:
            passed_Ah = found.net_charge_Ah[span] - found.net_charge_Ah[before]
            if part.sign:
                passed_Ah = _between_counts(time_s, passed_Ah)
            # Currents may be recorded with fewer digits than what was counted.
            means_V = 0.5 * (potential_V[1:] + potential_V[:-1])
            energy_Wh = float(passed_Ah[0] * potential_V[0] + np.sum(means_V * np.diff(passed_Ah)))
        if found.net_energy_Wh is not None:
            energy_Wh = float(found.net_energy_Wh[part.end - 1] - found.net_energy_Wh[before])
        return passed_Ah, energy_Wh


def _between_counts(time_s: Floats, passed_Ah: Floats) -> Floats:
    """Return what has passed, on lines between the counts where a counter moves in coarse stairs."""
    moved = np.flatnonzero(np.diff(passed_Ah)) + 1
    if not 2 < len(moved) < _COARSE * len(passed_Ah):
        return passed_Ah
    knots = np.array([0, *moved, len(passed_Ah) - 1])
    return np.interp(time_s, time_s[knots], passed_Ah[knots])


def _spectrum(found: Recording, index: int, number: int, protocol_part: str) -> ImportedStep:
    chosen = found.spectrum == index
    rows = np.zeros(int(np.count_nonzero(chosen)), IMPEDANCE)
    rows["test_time_second"] = found.spectrum_time_s[chosen]
    rows["unix_time_second"] = np.nan
    rows["frequency_hertz"] = found.frequency_Hz[chosen]
    rows["real_impedance_ohm"] = found.impedance_ohm.real[chosen]
    rows["imaginary_impedance_ohm"] = found.impedance_ohm.imag[chosen]
    rows["ambient_temperature_celsius"] = _floats32(found.spectrum_temperature_degC, chosen)
    rows["flags"] = 0 if found.spectrum_flags is None else found.spectrum_flags[chosen]
    rows["step_count"] = number
    return ImportedStep(
        _begun(number, 0, "spectrum", "Spectrum", protocol_part, rows, "{}"),
        _ended(rows, 0.0, 0.0, "completed"),
        np.zeros(0, SAMPLE),
        rows,
    )


def _floats32(values: Any, rows: Any) -> Any:
    if values is None:
        return np.nan
    # A column of nonsense is no reason to fail.
    with np.errstate(over="ignore"):
        return values[rows].astype(np.float32)


def _rate(time_s: Any, potential_V: Any) -> str:
    """Return the parameters of a sweep: its rate, as measured."""
    duration_s = np.diff(time_s)
    moving = duration_s > 0.0
    rates = np.abs(np.diff(potential_V)[moving] / duration_s[moving])
    return f'{{"rate_V_per_s": {float(f"{np.median(rates):.4g}") if len(rates) else 0.0!r}}}'


def _begun(
    number: int, cycle: int, role: str, label: str, part: str, rows: Block, parameters: str
) -> dict[str, Any]:
    return {
        "step_count": number,
        "program_index": number - 1,
        "segment": 0,
        "cycle_count": cycle,
        "kind": "imported",
        "label": label,
        "role": role,
        "part": part,
        "begin_test_time_second": float(rows["test_time_second"][0]),
        "begin_unix_time_second": float(rows["unix_time_second"][0]),
        "parameters": parameters,
    }


def _ended(rows: Block, charge_Ah: float, energy_Wh: float, reason: str) -> dict[str, Any]:
    return {
        "end_test_time_second": float(rows["test_time_second"][-1]),
        "end_unix_time_second": float(rows["unix_time_second"][-1]),
        "charge_ampere_hour": charge_Ah,
        "energy_watt_hour": energy_Wh,
        "end_reason": reason,
        "result": "",
    }

"""Columns of the Battery Data Format, ontology 1.3.0.

https://battery-data-alliance.github.io/battery-data-format-ontology/pages/specification.html
"""

import numpy as np
from numpy.typing import NDArray

from ..run import Run
from .steps import of_each_sample, step_ids, step_type
from .throughput import added_up, throughput

ONTOLOGY = "https://w3id.org/battery-data-alliance/ontology/battery-data-format"
ONTOLOGY_VERSION = "1.3.0"

LABELS = {
    "test_time_second": "Test Time / s",
    "voltage_volt": "Voltage / V",
    "current_ampere": "Current / A",
    "unix_time_second": "Unix Time / s",
    "cycle_count": "Cycle Count / 1",
    "step_count": "Step Count / 1",
    "ambient_temperature_celsius": "Ambient Temperature / degC",
    "step_id": "Step ID",
    "step_type": "Step Type",
    "step_time_second": "Step Time / s",
    "power_watt": "Power / W",
    "net_capacity_ah": "Net Capacity / Ah",
    "charging_capacity_ah": "Charging Capacity / Ah",
    "discharging_capacity_ah": "Discharging Capacity / Ah",
    "charging_energy_wh": "Charging Energy / Wh",
    "discharging_energy_wh": "Discharging Energy / Wh",
    "cycle_charging_capacity_ah": "Cycle Charging Capacity / Ah",
    "cycle_discharging_capacity_ah": "Cycle Discharging Capacity / Ah",
    "cycle_charging_energy_wh": "Cycle Charging Energy / Wh",
    "cycle_discharging_energy_wh": "Cycle Discharging Energy / Wh",
    "step_charging_capacity_ah": "Step Charging Capacity / Ah",
    "step_discharging_capacity_ah": "Step Discharging Capacity / Ah",
    "step_charging_energy_wh": "Step Charging Energy / Wh",
    "step_discharging_energy_wh": "Step Discharging Energy / Wh",
    "frequency_hertz": "Frequency / Hz",
    "real_impedance_ohm": "Real Impedance / ohm",
    "imaginary_impedance_ohm": "Imaginary Impedance / ohm",
    "absolute_impedance_ohm": "Absolute Impedance / ohm",
    "phase_degree": "Phase / deg",
}
"""Machine-readable name to preferred label."""

FLAGS = "Flags / 1"
"""Not a term of the format; written only where a sample has a flag. Readers of the format leave it aside."""

EXACT = frozenset(
    LABELS[name]
    for name in (
        "test_time_second", "voltage_volt", "current_ampere", "unix_time_second",
        "ambient_temperature_celsius", "net_capacity_ah", "frequency_hertz", "real_impedance_ohm",
        "imaginary_impedance_ohm",
    )
)  # fmt: skip
"""Labels of what was recorded, which is never rounded; the others follow from it."""

_RECORDED = (
    "test_time_second", "voltage_volt", "current_ampere", "unix_time_second", "cycle_count", "step_count",
    "ambient_temperature_celsius",
)  # fmt: skip
_WHERE_KNOWN = ("unix_time_second", "ambient_temperature_celsius")

Columns = dict[str, NDArray]
"""Label to values, shape (n,)."""


def sample_columns(run: Run) -> Columns:
    """Return the samples of a run and what follows from them, by label."""
    samples = run.samples
    named: Columns = {name: samples[name] for name in _RECORDED if _is_known(name, samples[name])}
    ids = step_ids(run)
    begin_s = of_each_sample(run, lambda step: step.begin_s, np.nan, np.float64)
    named["step_id"] = of_each_sample(run, lambda step: ids[step.step_count], 0, np.int64)
    named["step_type"] = of_each_sample(run, step_type, "", "U16")
    named["step_time_second"] = samples["test_time_second"] - begin_s
    named["power_watt"] = samples["voltage_volt"] * samples["current_ampere"]
    named["net_capacity_ah"] = samples["net_capacity_ah"]
    passed = throughput(samples)
    for prefix, counter in (
        ("", None),
        ("cycle_", samples["cycle_count"]),
        ("step_", samples["step_count"]),
    ):
        named[f"{prefix}charging_capacity_ah"] = added_up(passed.charging_Ah, counter)
        named[f"{prefix}discharging_capacity_ah"] = added_up(passed.discharging_Ah, counter)
        named[f"{prefix}charging_energy_wh"] = added_up(passed.charging_Wh, counter)
        named[f"{prefix}discharging_energy_wh"] = added_up(passed.discharging_Wh, counter)
    return _labelled(named) | _flags(samples["flags"])


def impedance_columns(run: Run) -> Columns:
    """Return the points of a run's spectra by label; capacitive reactances are negative."""
    rows = run.impedance
    named: Columns = {
        name: rows[name]
        for name in (
            "test_time_second", "unix_time_second", "cycle_count", "step_count",
            "ambient_temperature_celsius", "frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm",
        )
        if _is_known(name, rows[name])
    }  # fmt: skip
    z_ohm = rows["real_impedance_ohm"] + 1j * rows["imaginary_impedance_ohm"]
    named["absolute_impedance_ohm"] = np.abs(z_ohm)
    named["phase_degree"] = np.angle(z_ohm, deg=True)
    return _labelled(named) | _flags(rows["flags"])


def _is_known(name: str, values: NDArray) -> bool:
    return name not in _WHERE_KNOWN or bool(np.any(np.isfinite(values)))


def _labelled(named: Columns) -> Columns:
    return {label: named[name] for name, label in LABELS.items() if name in named}


def _flags(values: NDArray) -> Columns:
    return {FLAGS: values} if np.any(values) else {}

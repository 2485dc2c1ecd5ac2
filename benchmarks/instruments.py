"""The same cells and protocols on every instrument: ``python -m benchmarks.instruments``.

Prints a table instrument × protocol of the main result. What an instrument cannot run is refused
in words, which are listed below the table.
"""

import tempfile
from pathlib import Path

from faradaic.engine import run
from faradaic.instruments import OutOfRange
from faradaic.protocols import (
    Cell,
    CriticalCurrentDensity,
    FloatingTest,
    GalvanostaticCycling,
    ImpedanceSpectrum,
    LinearSweep,
    OpenCircuit,
    PotentiostaticPolarization,
    SymmetricCycling,
    TafelPlot,
)
from faradaic.simulators import FullCell, RandlesCell, SymmetricCell, published_cell, simulated
from faradaic.storage import Table

MODELS = (
    "emstat-pico", "emstat4-lr", "emstat4-hr", "nexus", "keithley-2450", "keithley-2460", "keithley-2461",
    "rodeostat-10V_24MilliAmpV0.2", "neware-bts",
)  # fmt: skip
LITHIUM = {"working_electrode": "Li", "counter_electrode": "Li", "temperature": "25 °C", "thickness": "50 µm"}
SOUND = {"exchange_current_density_mA_per_cm2": 1.0, "conductivity_S_per_cm": 1e-3}
EXPERIMENTS = {
    "open circuit / V": (
        OpenCircuit(duration="5 min"), lambda: published_cell("SS|PE|Li"), {}, "open_circuit_potential"
    ),
    "onset / V": (
        LinearSweep(start="3.5 V", stop="5 V", rate="1 mV/s"), lambda: published_cell("SS|PE|Li"), {},
        "onset_potential",
    ),
    "oxid. limit / V": (
        FloatingTest(start="4.3 V", stop="4.9 V", hold="1 h"), lambda: published_cell("SS|PE|Li"), {},
        "oxidation_limit",
    ),
    "R bulk / Ω": (
        ImpedanceSpectrum(frequency_min="1 Hz", bias="0 V"), lambda: RandlesCell(10.0, 100.0, 1e-5), {},
        "bulk_resistance",
    ),
    "t₊ (ratio)": (
        PotentiostaticPolarization(duration="2 h"), lambda: SymmetricCell(**SOUND), LITHIUM,
        "transference_number_ratio",
    ),
    "i₀ / mA/cm²": (TafelPlot(), lambda: SymmetricCell(**SOUND), LITHIUM, "exchange_current_density"),
    "CCD / mA/cm²": (
        CriticalCurrentDensity(stop="1.5 mA/cm²"), lambda: published_cell("Li|PE|Li"), LITHIUM,
        "critical_current_density",
    ),
    "plating / mV": (
        SymmetricCycling(stages="0.2 mA/cm² x 0.2 mAh/cm² x 3"), lambda: SymmetricCell(**SOUND), LITHIUM,
        "overpotential",
    ),
    "discharge / mAh": (
        GalvanostaticCycling(upper="4.2 V", lower="2.8 V", cycles=1, formation_cycles=0),
        lambda: FullCell(charged=0.1, cathode="NCM"), {"nominal_capacity": "2 mAh"}, "cycles",
    ),
}  # fmt: skip

_COLUMN = {"SymmetricCycling": 3, "GalvanostaticCycling": 1}
"""Where a table of cycles holds the mean overpotential, and the charge of the discharge."""


def main() -> None:
    refusals: dict[str, list[str]] = {}
    print(f"{'':30}" + "".join(f"{name:>17}" for name in EXPERIMENTS))
    for model in MODELS:
        shown = []
        for name, (protocol, cell, metadata, result) in EXPERIMENTS.items():
            with tempfile.TemporaryDirectory() as folder, simulated(model, cell(), seed=1) as instrument:
                try:
                    with run(
                        protocol,
                        instrument.channels[0],
                        cell=Cell.model_validate({"area": "1 cm²", **metadata}),
                        out=Path(folder) / "run.h5",
                    ) as found:
                        shown.append(text(found.results.get(result), found))
                except OutOfRange as error:
                    shown.append("–")
                    refusals.setdefault(str(error).split(" on socket")[0], []).append(f"{name}: {error}")
        print(f"{model:30}" + "".join(f"{each:>17}" for each in shown), flush=True)
    print()
    for model, sentences in refusals.items():
        for sentence in sentences:
            print(f"{model}: {sentence}")


def text(result, run) -> str:
    """Return a result in a few digits."""
    if result is None:
        return f"({', '.join(run.results)})"[:19]
    if isinstance(result, Table):
        return f"{result.rows[-1][_COLUMN[run.protocol['protocol']]]:.5g}"
    return "not determined" if result.value is None else f"{result.value:.4g}"


if __name__ == "__main__":
    main()

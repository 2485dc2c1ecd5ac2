"""Everything that a first paper says about an electrolyte, measured on cells that nobody knows.

    python characterise.py [SEED] [FOLDER]

Six experiments on fresh cells, then a page for the group meeting (PDF and PNG) and the numbers as JSON.
"""

import json
import sys
from pathlib import Path

from faradaic.analysis.run_results import analyses
from faradaic.engine import run
from faradaic.protocols import (
    Cell,
    ConductivitySweep,
    CriticalCurrentDensity,
    FloatingTest,
    ImpedanceSpectrum,
    LinearSweep,
    PotentiostaticPolarization,
    TafelPlot,
)
from faradaic.storage import Result, Run

from characterise_page import draw_page
from unknown_bench import AREA_cm2, THICKNESS_um, UnknownBench

SPECTRUM_CIRCUIT = "R0-p(R1,C1)-p(R2,C2)-Ws3"
"""Electrolyte, interphases, charge transfer, and the salt that diffuses."""

THERMAL_mV = 25.693
"""RT/F at 25 °C."""


def measure(seed: int, folder: Path) -> dict[str, Run]:
    """Run all experiments, each on a cell that nothing has happened to yet."""
    bench = UnknownBench(seed)
    cell = Cell(name=f"unknown no. {seed}", area=f"{AREA_cm2} cm²", thickness=f"{THICKNESS_um} µm")
    plan = {
        "conductivity": (bench.steel, ConductivitySweep(temperatures="25, 35, 45, 55, 65, 75 °C")),
        "sweep": (bench.steel, LinearSweep(stop="5.5 V", rate="0.1 mV/s")),
        "floating": (bench.steel, FloatingTest(start="4 V", stop="5.2 V", step="0.1 V")),
        "polarization": (bench.lithium, PotentiostaticPolarization(polarization="10 mV")),
        "spectrum": (bench.lithium, ImpedanceSpectrum(frequency_min="1 mHz", bias="0 V")),
        "tafel": (bench.lithium, TafelPlot(overpotential="0.15 V", rate="0.1 mV/s")),
        "critical": (
            bench.lithium,
            CriticalCurrentDensity(start="0.05 mA/cm²", step="0.05 mA/cm²", stop="3 mA/cm²"),
        ),
    }
    runs = {}
    for name, (connect, protocol) in plan.items():
        with connect() as (channel, chamber):
            runs[name] = run(protocol, channel, cell=cell, chamber=chamber, out=folder / f"{name}.h5")
        print(f"{name:13} {runs[name].state}", flush=True)
    return runs


def from_spectrum(measured: Run) -> dict[str, Result]:
    """Return t₊ and i_0 of one spectrum down to 1 mHz, without polarization and without currents.

    t₊ = R_b/(R_b + R_d), R_d of the salt's diffusion (Sørensen and Jacobsen, Electrochim. Acta 27
    (1982) 1671); i_0 = 2RT/(F·R_ct·A) of two electrodes, R_ct the slower arc.
    """
    ((_, analysis),) = analyses(measured, circuit=SPECTRUM_CIRCUIT)
    transference = analysis.fit.derive(lambda ohm: ohm["R0"] / (ohm["R0"] + ohm["Ws3.R"]))
    exchange = analysis.fit.derive(lambda ohm: 2 * THERMAL_mV / (ohm["R2"] * AREA_cm2))
    return {
        "t₊, impedance": Result(transference[0], "1", transference[1], "R_b/(R_b + R_d), to 1 mHz"),
        "exchange current, impedance": Result(exchange[0], "mA/cm²", exchange[1], "2RT/(F·R_ct·A)"),
    }


def findings(runs: dict[str, Run]) -> dict[str, Result]:
    """Return what the electrolyte is, by what is meant."""
    chosen = {
        "conductivity at 25 °C": ("conductivity", "ionic_conductivity"),
        "activation energy": ("conductivity", "activation_energy_arrhenius"),
        "t₊, Bruce–Vincent–Evans": ("polarization", "transference_number_bruce_vincent_evans"),
        "oxidation onset, sweep": ("sweep", "onset_potential"),
        "oxidation limit, floating": ("floating", "oxidation_limit"),
        "exchange current, Tafel": ("tafel", "exchange_current_density"),
        "exchange current, low field": ("tafel", "exchange_current_density_low_field"),
        "critical current density": ("critical", "critical_current_density"),
    }
    found = {meaning: runs[name].results[result] for meaning, (name, result) in chosen.items()}
    return {**found, **from_spectrum(runs["spectrum"])}


def main(seed: int = 1, folder: Path = Path("unknown")) -> None:
    """Measure, tell, and draw."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = measure(seed, folder)
    found = findings(runs)
    for meaning, result in found.items():
        print(f"{meaning:30} {result}")
    page = draw_page(runs, found)
    for ending in ("pdf", "png"):
        page.savefig(folder / f"report.{ending}", dpi=200)
    (folder / "findings.json").write_text(
        json.dumps({name: vars(result) for name, result in found.items()}, ensure_ascii=False, indent=1),
        encoding="utf-8",
    )
    for each in runs.values():
        each.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, Path(sys.argv[2] if len(sys.argv) > 2 else "unknown"))

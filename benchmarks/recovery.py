"""What is recovered of cells with parameters drawn at random, on simulated instruments with their noise.

``python -m benchmarks.recovery [cells] [cells for transference numbers]``
"""

import math
import random
import sys
import tempfile
from pathlib import Path

from faradaic.engine import run
from faradaic.protocols import (
    Cell,
    CriticalCurrentDensity,
    ImpedanceSpectrum,
    LinearSweep,
    PotentiostaticPolarization,
    TafelPlot,
)
from faradaic.simulators import BlockingCell, SymmetricCell, simulated

CELL = Cell(area="1 cm²", thickness="50 µm", temperature="25 °C")


def measure(protocol, cell, seed: int):
    """Return the results of one run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        simulated("emstat4-hr", cell, seed=seed) as instrument,
        run(protocol, instrument.channels[0], cell=CELL, out=Path(folder) / "run.h5") as measured,
    ):
        return measured.results


def _log(chance: random.Random, low: float, high: float) -> float:
    return 10 ** chance.uniform(math.log10(low), math.log10(high))


def onset(chance: random.Random, seed: int) -> tuple[float, float, bool]:
    true = chance.uniform(4.0, 5.5)
    cell = BlockingCell(oxidation_limit_V=true, conductivity_S_per_cm=_log(chance, 1e-4, 1e-2))
    found = measure(LinearSweep(start="2.5 V", stop="6 V"), cell, seed)["onset_potential"].value
    return true, found, abs(found - true) <= 0.02


def conductivity(chance: random.Random, seed: int) -> tuple[float, float, bool]:
    true = _log(chance, 1e-5, 1e-2)
    results = measure(ImpedanceSpectrum(frequency_min="1 Hz"), BlockingCell(conductivity_S_per_cm=true), seed)
    found = results["ionic_conductivity"].value
    return true, found, abs(found / true - 1) <= 0.02


def exchange_current(chance: random.Random, seed: int) -> tuple[float, float, bool]:
    true = _log(chance, 0.003, 0.5)
    cell = SymmetricCell(
        exchange_current_density_mA_per_cm2=true, critical_current_density_mA_per_cm2=100.0, life_h=1e5
    )
    found = measure(TafelPlot(), cell, seed)["exchange_current_density"].value
    return true, found, abs(found / true - 1) <= 0.15


def critical_current(chance: random.Random, seed: int) -> tuple[float, float, bool]:
    true = _log(chance, 0.1, 5.0)
    cell = SymmetricCell(critical_current_density_mA_per_cm2=true, conductivity_S_per_cm=1e-3)
    found = measure(CriticalCurrentDensity(stop="6 mA/cm²"), cell, seed)["critical_current_density"].value
    return true, found, abs(found - true) <= 0.05


def transference(chance: random.Random, seed: int) -> tuple[float, float | None, bool, bool, bool]:
    """Return truth, value, whether the interval holds it, whether 2 % is asked for, and whether it is met."""
    true, ratio = chance.uniform(0.05, 0.95), _log(chance, 0.1, 50.0)
    sigma = 1e-4
    bulk_ohm = 50e-4 / sigma
    # The interphases and the charge transfer share the resistance of the interfaces.
    exchange = 2 * 25.693 / (0.5 * ratio * bulk_ohm)
    cell = SymmetricCell(
        transference_number=true,
        conductivity_S_per_cm=sigma,
        interphase_resistance_ohm_cm2=0.25 * ratio * bulk_ohm,
        exchange_current_density_mA_per_cm2=exchange,
        critical_current_density_mA_per_cm2=100.0,
    )
    result = measure(PotentiostaticPolarization(), cell, seed)["transference_number_bruce_vincent_evans"]
    if result.value is None:
        # "not determined" claims nothing that could be wrong.
        return true, None, True, ratio <= 1.0, ratio > 1.0
    held = abs(result.value - true) <= 1.96 * (result.uncertainty or 0.0)
    return true, result.value, held, ratio <= 1.0, ratio > 1.0 or abs(result.value / true - 1) <= 0.02


def main(cells: int = 10, transference_cells: int = 50) -> None:
    chance = random.Random(20261121)
    for name, experiment in (
        ("LSV onset, V, within 20 mV", onset),
        ("conductivity, S/cm, within 2 %", conductivity),
        ("i_0, mA/cm², within 15 %", exchange_current),
        ("CCD, mA/cm², within one increment", critical_current),
    ):
        rows = [experiment(chance, seed) for seed in range(1, cells + 1)]
        print(f"{name}: {sum(ok for *_, ok in rows)} of {cells}")
        for true, found, ok in rows:
            if not ok:
                print(f"  {true:.5g} was found as {found if found is None else format(found, '.5g')}")
    rows = [transference(chance, seed) for seed in range(1, transference_cells + 1)]
    asked = [met for *_, is_asked, met in rows if is_asked]
    silent = sum(found is None for _, found, *_ in rows)
    inside = sum(row[2] for row in rows)
    print(f"t₊: the 95 % interval holds the truth for {inside} of {len(rows)} cells")
    print(f"    ({silent} of them said to be not determined)")
    print(f"    within 2 % where R_i ≤ R_b: {sum(asked)} of {len(asked)}")
    for true, found, held, _, met in rows:
        if not held or not met:
            print(f"  {true:.4g} was found as {found}")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))

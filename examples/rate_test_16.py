"""Sixteen coin cells, one rate test each, on a cycler behind the bench service.

python rate_test_16.py [FOLDER]
"""

import sys
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from faradaic.analysis import analyse
from faradaic.engine.service.client import Client
from faradaic.protocols import Cell, RateTest
from faradaic.storage import Run

from simulated_bench import simulated_service

CATHODES = ("LFP|PLLZ|Li", "LFP|PLL|Li")
RATES = (0.5, 1.0, 2.0)
CHANNELS = {f"21-{1 + (n - 1) // 8}-{1 + (n - 1) % 8}": n for n in range(1, 17)}
"""The cycler's own names: unit 21, two boxes of eight."""
SPEED = 500.0


def measure(bench: Client, cells: dict[str, str]) -> dict[str, Path]:
    """Start a rate test on every channel, wait for all of them, and return the run files."""
    protocol = RateTest(
        rates=", ".join(f"{rate}C" for rate in RATES),
        charge_current="1C",
        hold_until="0.1C",
        cycles=1,
        back_to_first=False,
        rest="0 s",
        sample_every="60 s",
    )
    for name, electrolyte in cells.items():
        cell = Cell(
            name=f"{name} {electrolyte}", area="1 cm²", active_mass="2.0 mg", specific_capacity="170 mAh/g"
        )
        bench.add(name, protocol, cell, limits={"potential_max": "4.2 V"})
    while True:
        channels = bench.status().channels
        for each in channels:
            if each.state.startswith("failed"):
                raise SystemExit(f"{each.channel}: {each.state}. {each.detail}")
        if all(each.state == "finished" for each in channels):
            return {each.channel: Path(each.file) for each in channels}
        time.sleep(1.0)


def capacities(file: Path) -> np.ndarray:
    """Return the discharge capacity in mAh/g at each rate."""
    with Run.open(file) as run:
        return analyse(run)["rate_capacity"].rows["specific_capacity"]


def main(folder: Path) -> None:
    """Measure, tell, and draw."""
    cells = {f"B{number:02}": CATHODES[number % 2] for number in CHANNELS.values()}
    wired = {own: (f"B{number:02}", cells[f"B{number:02}"]) for own, number in CHANNELS.items()}
    with simulated_service(folder, "neware-bts", "neware", wired, SPEED) as bench:
        files = measure(bench, cells)
    found = {name: capacities(file) for name, file in files.items()}
    figure = Figure(figsize=(4.2, 3.2), layout="constrained")
    axes = figure.subplots()
    for electrolyte, colour in zip(CATHODES, ("#0072B2", "#D55E00"), strict=True):
        rows = np.array([found[name] for name in sorted(found) if cells[name] == electrolyte])
        axes.errorbar(RATES, rows.mean(0), rows.std(0), fmt="o-", capsize=3, color=colour, label=electrolyte)
        print(electrolyte, f"{len(rows)} cells, mAh/g at {RATES} C:", rows.mean(0).round(1).tolist())
    axes.set(xlabel="Rate (C)", ylabel="Discharge capacity (mAh/g)", xticks=RATES, ylim=(0, 140))
    axes.legend(frameon=False)
    figure.savefig(folder / "rates.png", dpi=200)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "rate-test"))

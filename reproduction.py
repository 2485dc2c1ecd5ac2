"""The experiments of four papers, repeated on simulated instruments and compared with what was printed.

Every recovered number comes out of a run file that was measured through the real driver and the
real wire format; the papers' numbers are those of `simulators/cells/systems.yaml`.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from .analysis.report import draw_report
from .engine import run
from .protocols import Cell, Protocol, load_protocol
from .simulators import published_cell, published_systems, simulated
from .storage import Result, Run
from .storage.bdf import safe_name

_THICKNESS_UM = 50.0
_LIFE_CURRENT, _LIFE_CAPACITY = 0.1, 0.1


@dataclass(frozen=True)
class Experiment:
    """One kind of measurement.

    Parameters
    ----------
    name, quantity, unit : str
        How it is called, and what it gives.
    fact : str
        Key of the printed number.
    electrodes : tuple of str
        On both sides of the electrolyte.
    protocol : callable
        Makes the description of the protocol from the facts of a system.
    result : str
        Name of the result in the run file.
    absolute, relative : float
        What may be between both numbers.
    """

    name: str
    quantity: str
    unit: str
    fact: str
    electrodes: tuple[str, str]
    protocol: Callable[[dict[str, Any]], dict[str, Any]]
    result: str
    absolute: float = 0.0
    relative: float = 0.0

    def printed(self, facts: dict[str, Any]) -> float | None:
        """Return the number that the paper gives, or None."""
        value = facts.get(self.fact)
        if self.fact == "symmetric_life_h":
            if not value or value.get("failure") == "none":
                return None
            value = value.get("hours")
        return None if value is None else float(value)


def _fixed(name: str, **parameters: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _: {"protocol": name, **parameters}


def _life(facts: dict[str, Any]) -> dict[str, Any]:
    life = facts["symmetric_life_h"]
    current = life.get("current_mA_per_cm2", _LIFE_CURRENT)
    capacity = life.get("areal_capacity_mAh_per_cm2", max(_LIFE_CAPACITY, current))
    # Half as many cycles again as the paper reports.
    cycles = int(1.5 * life["hours"] * current / capacity / 2) + 2
    stage = f"{current} mA/cm² x {capacity} mAh/cm² x {cycles}"
    return {"protocol": "SymmetricCycling", "stages": stage}


EXPERIMENTS = (
    Experiment(
        "conductivity", "ionic conductivity", "S/cm", "conductivity_S_per_cm", ("SS", "Li"),
        _fixed("ImpedanceSpectrum", frequency_min="1 Hz"), "ionic_conductivity", relative=0.02,
    ),
    Experiment(
        "linear-sweep", "oxidation onset", "V", "oxidation_limit_V", ("SS", "Li"),
        _fixed("LinearSweep", start="2.5 V", stop="6 V"), "onset_potential", absolute=0.02,
    ),
    Experiment(
        "floating-test", "oxidation limit", "V", "oxidation_limit_V", ("SS", "Li"),
        _fixed("FloatingTest", stop="6 V"), "oxidation_limit", absolute=0.1,
    ),
    Experiment(
        "transference", "transference number", "1", "transference_number", ("Li", "Li"),
        _fixed("PotentiostaticPolarization"), "transference_number_bruce_vincent_evans", relative=0.02,
    ),
    Experiment(
        "tafel", "exchange current density", "mA/cm²", "exchange_current_density_mA_per_cm2", ("Li", "Li"),
        _fixed("TafelPlot"), "exchange_current_density", relative=0.15,
    ),
    Experiment(
        "critical-current", "critical current density", "mA/cm²", "critical_current_density_mA_per_cm2",
        ("Li", "Li"), _fixed("CriticalCurrentDensity"), "critical_current_density", absolute=0.05,
    ),
    Experiment(
        "life", "life of Li‖Li", "h", "symmetric_life_h", ("Li", "Li"),
        _life, "time_to_failure", relative=0.05,
    ),
    Experiment(
        "coulombic-efficiency", "coulombic efficiency", "%", "coulombic_efficiency_Li_Cu_percent",
        ("Cu", "Li"), _fixed("CoulombicEfficiency"), "average_coulombic_efficiency", absolute=0.5,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One row of the table."""

    system: str
    paper: str
    quantity: str
    unit: str
    printed: str
    recovered: str
    deviation: str
    verdict: str
    note: str


def planned(system: str | None = None, experiment: str | None = None) -> list[tuple[str, Experiment]]:
    """Return what can be measured of the systems: for every one the experiments whose number is printed.

    Raises
    ------
    ValueError
        There is no such system or experiment.
    """
    electrolytes = published_systems()["electrolytes"]
    if system is not None and system not in electrolytes:
        raise ValueError(f"{system!r} is not a published electrolyte; known are {', '.join(electrolytes)}.")
    names = [each.name for each in EXPERIMENTS]
    if experiment is not None and experiment not in names:
        raise ValueError(f"{experiment!r} is not an experiment; there are {', '.join(names)}.")
    return [
        (name, each)
        for name, facts in electrolytes.items()
        if system in (None, name)
        for each in EXPERIMENTS
        if experiment in (None, each.name) and each.printed(facts) is not None
    ]


def reproduce(plan: list[tuple[str, Experiment]], folder: Path, seed: int = 1) -> Iterator[Comparison]:
    """Measure everything that is planned, one after the other; yield each comparison as it is made.

    Run files and figures go into `folder`, which exists.
    """
    for system, experiment in plan:
        yield _compare(system, experiment, folder, seed)


def write_tables(rows: list[Comparison], folder: Path) -> list[Path]:
    """Write the comparisons as Markdown and CSV."""
    heads = [field.name for field in fields(Comparison)]
    markdown, table = folder / "reproduction.md", folder / "reproduction.csv"
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    # A bar within a name would end the column.
    lines += ["| " + " | ".join(text.replace("|", "\\|") for text in astuple(row)) + " |" for row in rows]
    markdown.write_text("\n".join(lines) + "\n", "utf-8")
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(astuple(row) for row in rows)
    return [markdown, table]


def _compare(system: str, experiment: Experiment, folder: Path, seed: int) -> Comparison:
    facts = published_systems()["electrolytes"][system]
    path = folder / f"{safe_name(system)}-{experiment.name}.h5"
    path.unlink(missing_ok=True)
    first, last = experiment.electrodes
    cell = Cell.model_validate(
        {
            "name": system,
            "area": "1 cm²",
            "thickness": f"{facts.get('thickness_um', _THICKNESS_UM)} µm",
            "temperature": "25 °C",
            "working_electrode": first,
            "counter_electrode": last,
        }
    )
    protocol: Protocol = load_protocol(experiment.protocol(facts))
    with simulated("emstat4-hr", published_cell(f"{first}|{system}|{last}"), seed=seed) as instrument:
        measured = run(protocol, instrument.channels[0], cell=cell, out=path)
    with measured:
        draw_report(measured, folder, ("png",))
        return _judged(system, experiment, facts, measured)


def _judged(system: str, experiment: Experiment, facts: dict[str, Any], measured: Run) -> Comparison:
    printed = experiment.printed(facts)
    result = measured.results.get(experiment.result)
    recovered, deviation, verdict = f"the run {measured.state}", "", "not measured"
    if isinstance(result, Result) and printed is not None:
        recovered, verdict = "–", "not determined"
        if result.value is not None:
            recovered = str(result)
            difference = result.value - printed
            allowed = max(experiment.absolute, experiment.relative * abs(printed))
            deviation = f"{difference:+.3g}" if experiment.absolute else f"{difference / printed:+.2%}"
            verdict = "reproduced" if abs(difference) <= allowed * (1 + 1e-6) else "differs"
    return Comparison(
        system,
        str(facts["paper"]),
        experiment.quantity,
        experiment.unit,
        f"{printed:g}",
        recovered,
        deviation,
        verdict,
        _note(experiment, facts, result.reason if isinstance(result, Result) else ""),
    )


def _note(experiment: Experiment, facts: dict[str, Any], reason: str) -> str:
    notes = [f"{reason[0].upper()}{reason[1:]}."] if reason else []
    if experiment.name == "conductivity" and "note" in facts and "conductivit" in facts["note"].lower():
        notes.append(facts["note"])
    if experiment.name == "transference" and "note" in facts and "transference" in facts["note"].lower():
        notes.append(facts["note"])
    if experiment.name == "life" and "current_mA_per_cm2" not in facts["symmetric_life_h"]:
        notes.append(f"The paper gives no current; {_LIFE_CURRENT} mA/cm² was assumed.")
    return " ".join(notes)

"""Runs the experiments, several at a time, and compares what they give."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..analysis.report import draw_report
from ..engine import run
from ..protocols import Cell, load_protocol
from ..simulators import (
    CATHODES,
    LOADING_mg_PER_cm2,
    cathode_of,
    published_cell,
    published_systems,
    simulated,
    simulated_chamber,
)
from ..storage.exporting import safe_name
from .comparison import Comparison, compare
from .experiments import EXPERIMENTS, THICKNESS_UM, Experiment

_BY_NAME = {each.name: each for each in EXPERIMENTS}


def planned(system: str | None = None, experiment: str | None = None) -> list[tuple[str, Experiment]]:
    """Return what can be measured of the systems: for every one the experiments whose number is printed.

    Raises
    ------
    ValueError
        There is no such system or experiment.
    """
    systems = published_systems()
    names = [*systems["electrolytes"], *systems["full_cells"]]
    if system is not None and system not in names:
        raise ValueError(f"{system!r} is not a published system; known are {', '.join(names)}.")
    if experiment is not None and experiment not in _BY_NAME:
        raise ValueError(f"{experiment!r} is not an experiment; there are {', '.join(_BY_NAME)}.")
    return [
        (name, each)
        for group in ("electrolytes", "full_cells")
        for name, facts in systems[group].items()
        if system in (None, name) and _can_be_built(group, name)
        for each in EXPERIMENTS
        if each.group == group and experiment in (None, each.name) and each.printed(name, facts)
    ]


def reproduce(
    plan: list[tuple[str, Experiment]], folder: Path, seed: int = 1, workers: int | None = None
) -> Iterator[list[Comparison]]:
    """Measure everything that is planned; yield the comparisons of each experiment as it ends.

    Run files and figures go into `folder`, which exists.

    Parameters
    ----------
    workers : int, optional
        How many experiments run at a time, each in a process; by default as many as there are cores.
    """
    workers = min(workers or os.cpu_count() or 1, len(plan))
    if workers <= 1:
        for system, experiment in plan:
            yield _measure(system, experiment.name, folder, seed)
        return
    # The longest first, so that none is left over at the end.
    order = sorted(plan, key=lambda item: -item[1].weight(_facts(*item)))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_measure, system, each.name, folder, seed) for system, each in order]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for each in waiting:
                each.cancel()


def _measure(system: str, name: str, folder: Path, seed: int) -> list[Comparison]:
    experiment = _BY_NAME[name]
    facts = _facts(system, experiment)
    path = folder / f"{safe_name(system)}-{experiment.name}.h5"
    path.unlink(missing_ok=True)
    cell_name, parameters = experiment.cell(system, facts)
    simulated_cell = published_cell(cell_name, **parameters)
    protocol = load_protocol(experiment.protocol(system, facts))
    with ExitStack() as stack:
        instrument = stack.enter_context(simulated("emstat4-hr", simulated_cell, seed=seed))
        chamber = None
        if experiment.has_chamber:
            chamber = stack.enter_context(simulated_chamber(simulated_cell, instrument.clock))
        cell = _metadata(system, cell_name, experiment, facts)
        measured = stack.enter_context(
            run(protocol, instrument.channels[0], cell=cell, out=path, chamber=chamber)
        )
        draw_report(measured, folder, ("png",))
        return [
            compare(system, str(facts["paper"]), each, each.read(measured), measured.state)
            for each in experiment.printed(system, facts)
        ]


def _facts(system: str, experiment: Experiment) -> dict[str, Any]:
    return published_systems()[experiment.group][system]


def _metadata(system: str, cell_name: str, experiment: Experiment, facts: dict[str, Any]) -> Cell:
    first, *_, last = cell_name.split("|")
    known: dict[str, Any] = {
        "name": system,
        "area": "1 cm²",
        "temperature": f"{experiment.temperature_degC} °C",
        "working_electrode": first,
        "counter_electrode": last,
    }
    if experiment.group == "electrolytes":
        return Cell.model_validate({**known, "thickness": f"{facts.get('thickness_um', THICKNESS_UM)} µm"})
    one_C = facts.get("one_C_mAh_per_g", CATHODES[cathode_of(system)].one_C_mAh_per_g)
    mass_mg = facts.get("loading_mg_per_cm2", LOADING_mg_PER_cm2)
    return Cell.model_validate(
        {**known, "active_mass": f"{mass_mg} mg", "specific_capacity": f"{one_C} mAh/g"}
    )


def _can_be_built(group: str, name: str) -> bool:
    """Return whether there is a simulated cell: one full cell's cathode is not named."""
    if group == "electrolytes":
        return True
    try:
        cathode_of(name)
    except ValueError:
        return False
    return True

"""Cells of published electrolytes, by name."""

import difflib
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .base import SimulatedCell
from .blocking import BlockingCell
from .copper import LithiumCopperCell
from .full import FullCell
from .published_full import build_full_cell
from .symmetric import SymmetricCell

_BUILDERS: dict[tuple[str, str], type[BlockingCell] | type[SymmetricCell]] = {
    ("SS", "Li"): BlockingCell,
    ("Li", "Li"): SymmetricCell,
    ("Cu", "Li"): LithiumCopperCell,
}
"""The cell for the electrodes on both sides of an electrolyte."""


@lru_cache(maxsize=1)
def published_systems() -> dict[str, dict[str, Any]]:
    """Return what papers report, as `{"papers": …, "electrolytes": …, "full_cells": …}`."""
    return yaml.safe_load(Path(__file__).with_name("systems.yaml").read_text(encoding="utf-8"))


def published_cell(name: str, **parameters: Any) -> SimulatedCell:
    """Build the cell of a published electrolyte.

    Parameters
    ----------
    name : str
        The layers from the positive to the negative electrode, such as "SS|IGE-2|Li" or "LFP|PLLZ|Li".
    **parameters
        Parameters of the cell that differ from the paper, such as `area_cm2` or
        `temperature_degC`.

    Raises
    ------
    ValueError
        The electrolyte is unknown, its layout has no cell yet, or a parameter is not allowed.
    """
    layers = [layer.strip() for layer in name.split("|")]
    electrolytes = published_systems()["electrolytes"]
    full = published_systems()["full_cells"].get("|".join(layers[:2]))
    if full is not None and layers[2:] in ([], ["Li"]):
        return _full_cell("|".join(layers[:2]), full, parameters)
    if len(layers) != 3:
        raise ValueError(f"{name!r} is not a cell; write three layers such as 'SS|IGE-2|Li'.")
    positive, electrolyte, negative = layers
    if electrolyte not in electrolytes:
        raise ValueError(f"{electrolyte!r} is not a published electrolyte; {_suggestion(electrolyte)}")
    builder = _BUILDERS.get((positive, negative))
    if builder is None:
        available = [f"{first}|{electrolyte}|{last}" for first, last in _BUILDERS]
        available += [
            f"{system}|Li" for system in published_systems()["full_cells"] if f"|{electrolyte}" in system
        ]
        raise ValueError(
            f"{positive}|{electrolyte}|{negative} has no simulated cell; available are {_listed(available)}."
        )
    facts = electrolytes[electrolyte]
    known = {field.name for field in fields(builder)}
    published = {key: value for key, value in _flat(facts).items() if key in known and value is not None}
    unknown = parameters.keys() - known
    if unknown:
        raise ValueError(f"{min(unknown)} is not a parameter of {name}; those are {_listed(known)}.")
    cell = builder(**{**published, **parameters})
    cell.attribute(
        {
            "name": f"{positive}|{electrolyte}|{negative}",
            "paper": published_systems()["papers"][facts["paper"]],
            "published": sorted(published.keys() - parameters.keys()),
            **{key: facts[key] for key in ("note", "transference_note") if key in facts},
        }
    )
    return cell


def _full_cell(name: str, facts: dict[str, Any], parameters: dict[str, Any]) -> SimulatedCell:
    known = {field.name for field in fields(FullCell)} | {"cycling"}
    unknown = parameters.keys() - known
    if unknown:
        raise ValueError(f"{min(unknown)} is not a parameter of {name}; those are {_listed(known)}.")
    return build_full_cell(name, facts, papers=published_systems()["papers"], **parameters)


def _flat(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with what is printed of a symmetric cell's life under the names of parameters."""
    life = facts.get("symmetric_life_h", {})
    return {
        **facts,
        "life_h": life.get("hours"),
        "life_current_density_mA_per_cm2": life.get("current_mA_per_cm2"),
        "coulombic_efficiency_percent": facts.get("coulombic_efficiency_Li_Cu_percent"),
        "failure": "open" if life.get("failure") == "open circuit" else None,
    }


def _suggestion(electrolyte: str) -> str:
    names = list(published_systems()["electrolytes"])
    by_lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(electrolyte.lower(), by_lower, n=4, cutoff=0.5)
    if close:
        return f"close to it are {_listed(by_lower[match] for match in close)}."
    return f"known are {_listed(names)}."


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))

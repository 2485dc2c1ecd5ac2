"""Where the window keeps what is its user's own."""

from pathlib import Path

import yaml
from platformdirs import user_config_path, user_documents_path

from ..engine.bench.names import safe_name
from ..protocols import Cell
from ..protocols.files import cell_from_file


def own_folder() -> Path:
    """Return the folder of settings, saved cells and crash reports; it is made where it is missing."""
    folder = user_config_path("faradaic", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def data_folder() -> Path:
    """Return where run files go unless a person chose another place."""
    return user_documents_path() / "faradaic-data"


def save_yaml(path: Path, content: dict[str, object]) -> None:
    """Write a description as the command line reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def saved_cells() -> dict[str, Path]:
    """Return the files of the saved cells by the cells' names."""
    found = {}
    for path in sorted((own_folder() / "cells").glob("*.yaml")):
        try:
            found[cell_from_file(path).name] = path
        except ValueError:
            # Not a cell any more; it is a person's file, so it stays.
            continue
    return found


def save_cell(cell: Cell) -> Path:
    """Keep a cell under its name."""
    path = own_folder() / "cells" / f"{safe_name(cell.name)}.yaml"
    save_yaml(path, cell.model_dump(mode="json", exclude_defaults=True))
    return path

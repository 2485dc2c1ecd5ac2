"""Results in a run file: ``/results/<name>``, a number or a table with what belongs to it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .errors import StorageError
from .results import Result, Results, Table


def write_results(path: Path, results: Results) -> None:
    """Replace the results in a run file, on a copy that then takes the file's place.

    Raises
    ------
    StorageError
        The copy cannot be written; the file is unchanged.
    """
    temporary = path.with_name(path.name + ".results")
    try:
        if shutil.disk_usage(path.parent).free < path.stat().st_size + 2**20:
            raise StorageError(f"The results cannot be written: the disk of {path.parent} is full.")
        shutil.copyfile(path, temporary)
        with h5py.File(temporary, "r+") as file:
            if "results" in file:
                del file["results"]
            group = file.create_group("results", track_order=True)
            for name, result in results.items():
                _write(group, name, result)
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"The results cannot be written to {path}: {error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_results(file: h5py.File) -> Mapping[str, Result | Table]:
    """Return the results in a run file, by name; a name may have the part of a sequence before it."""
    group = file.get("results")
    return dict(_walk(group, "")) if isinstance(group, h5py.Group) else {}


def _walk(group: h5py.Group, prefix: str) -> Iterator[tuple[str, Result | Table]]:
    for name, item in group.items():
        if isinstance(item, h5py.Dataset):
            yield prefix + name, _read(item)
        elif isinstance(item, h5py.Group):
            yield from _walk(item, f"{prefix}{name}/")


def _write(group: h5py.Group, name: str, result: Result | Table) -> None:
    if isinstance(result, Table):
        dataset = group.create_dataset(name, data=result.rows)
        dataset.attrs["units"] = json.dumps(dict(result.units), ensure_ascii=False)
    else:
        dataset = group.create_dataset(name, data=np.nan if result.value is None else result.value)
        dataset.attrs["unit"] = result.unit
        dataset.attrs["uncertainty"] = np.nan if result.uncertainty is None else result.uncertainty
    dataset.attrs["method"] = result.method
    dataset.attrs["warnings"] = json.dumps(result.warnings, ensure_ascii=False)
    dataset.attrs["reason"] = result.reason


def _read(dataset: h5py.Dataset) -> Result | Table:
    attributes: Any = dataset.attrs
    common = {
        "method": attributes["method"],
        "warnings": tuple(json.loads(attributes["warnings"])),
        "reason": attributes["reason"],
    }
    if "units" in attributes:
        return Table(dataset[()], json.loads(attributes["units"]), **common)
    value, uncertainty = float(dataset[()]), float(attributes["uncertainty"])
    return Result(
        None if np.isnan(value) else value,
        attributes["unit"],
        None if np.isnan(uncertainty) else uncertainty,
        **common,
    )

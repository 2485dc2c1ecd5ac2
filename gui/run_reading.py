"""What the window shows of run files, read in other threads."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.service.requests import RunFile
from ..storage import StorageError

if TYPE_CHECKING:
    from ..storage import Run


@dataclass(frozen=True)
class RunFacts:
    """What a run file says of itself.

    Parameters
    ----------
    path : Path
        The file.
    changed : float
        Unix time in seconds of its last change.
    cell, protocol, state, created : str
        As in the file; empty where it cannot be read.
    bytes : int
        Its size.
    is_recorded : bool
        Whether it is being recorded.
    """

    path: Path
    changed: float
    cell: str = ""
    protocol: str = ""
    state: str = ""
    created: str = ""
    bytes: int = 0
    is_recorded: bool = False


@dataclass(frozen=True)
class RunDetails:
    """All that is shown of one run.

    Parameters
    ----------
    facts : dict
        Names and texts.
    results : dict
        Names and texts.
    events : list
        Time in s, severity and text.
    protocol, cell : dict
        Their descriptions, for a run like this one.
    capacity : str
        The discharge capacity of the last complete cycle; empty where there is none.
    """

    facts: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    events: list[tuple[float, str, str]] = field(default_factory=list)
    protocol: dict[str, Any] = field(default_factory=dict)
    cell: dict[str, Any] = field(default_factory=dict)
    capacity: str = ""


def read_facts(folder: Path, files: list[RunFile], known: dict[Path, RunFacts]) -> list[RunFacts]:
    """Return the facts of run files, read only where they have changed."""
    from ..storage import Run  # noqa: PLC0415  the window is there before HDF5 is loaded

    found = []
    for file in files:
        path = folder / file.path
        before = known.get(path)
        if before is not None and before.changed == file.changed and before.is_recorded == file.is_recorded:
            found.append(before)
            continue
        said: dict[str, str] = {}
        if file.is_recorded:
            # Its folder is named after the cell, and its name after the protocol.
            said = {"cell": path.parent.name, "protocol": _protocol_in(path.stem), "state": "running"}
        else:
            try:
                with Run.open(path) as run:
                    said = {
                        name: str(run.attributes[name]) for name in ("cell", "protocol", "state", "created")
                    }
            except (StorageError, OSError, KeyError) as error:
                said = {"state": f"cannot be read: {error}"}
        found.append(
            RunFacts(path=path, changed=file.changed, bytes=file.bytes, is_recorded=file.is_recorded, **said)
        )
    return found


def read_details(path: Path) -> RunDetails:
    """Return all that is shown of a run.

    Raises
    ------
    StorageError
        It is not a run file.
    """
    from ..storage import Run  # noqa: PLC0415

    with Run.open(path) as run:
        device, environment = run.instrument, run.environment
        facts = {
            "State": run.state,
            "Cell": str(run.attributes["cell"]),
            "Protocol": str(run.attributes["protocol"]),
            "Begun": str(run.attributes["created"])[:19].replace("T", " "),
            "Instrument": f"{device['model']} {device['serial']}, channel {device['channel']}",
            "Operator": str(environment["operator"]),
            "Notes": str(environment["notes"]),
            "Samples": f"{len(run.samples)}, points of spectra {len(run.impedance)}",
            "Run id": str(run.attributes["run_id"]),
            "Software": str(run.attributes["software"]),
        }
        from ..protocols import Cell  # noqa: PLC0415

        return RunDetails(
            facts={name: text for name, text in facts.items() if text},
            results=results_of(run),
            events=[(each.test_time_s, each.severity, each.text) for each in run.events],
            protocol=dict(run.protocol),
            cell=Cell.from_metadata(run.cell).model_dump(mode="json", exclude_none=True),
            capacity=_last_capacity(run),
        )


def _last_capacity(run: "Run") -> str:
    cycles = run.results.get("cycles")
    rows = getattr(cycles, "rows", None)
    if rows is None or "discharge_capacity" not in (rows.dtype.names or ()) or not len(rows):
        return ""
    return f"{rows['discharge_capacity'][-1]:.4g} mAh" if rows["discharge_capacity"][-1] > 0 else ""


def read_results(path: Path) -> tuple[dict[str, str], dict[str, float]]:
    """Return the results of a run as texts by name, and its onset potentials in V."""
    from ..storage import Run  # noqa: PLC0415
    from ..storage.results import Result  # noqa: PLC0415

    with Run.open(path) as run:
        onsets = {
            f"{name.replace('_', ' ')} {result.value:.3f} V": result.value
            for name, result in run.results.items()
            if "onset" in name
            and isinstance(result, Result)
            and result.unit == "V"
            and result.value is not None
        }
        return results_of(run), onsets


def results_of(run: Any) -> dict[str, str]:
    """Return the results in a run, as texts."""
    return {name: str(result) for name, result in run.results.items()}


def _protocol_in(stem: str) -> str:
    words = stem.split(" ")
    return words[2] if len(words) > 2 else ""

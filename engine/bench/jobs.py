"""What is asked of a channel: a protocol on a cell, with everything that belongs to it."""

import json
import os
import uuid
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from ...protocols import Cell, EndConditions, Protocol, ProtocolError, SafetyLimits, explain, load_protocol
from ...protocols.steps import Frozen
from ...storage import StorageError

MOST_JOBS = 1000
"""In the queue of a channel."""
_Text = Annotated[str, Field(max_length=10_000)]
By = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""Who asks for something."""


class JobRequest(Frozen):
    """What a person asks for."""

    protocol: dict[str, Any]
    """Name and parameters, as in a protocol's YAML file."""
    cell: dict[str, Any] = Field(default_factory=dict)
    """The cell's metadata, as in a cell's YAML file."""
    limits: dict[str, Any] = Field(default_factory=dict)
    """Limits besides those of the protocol and of the channel, such as potential_max: 4.6 V."""
    notes: _Text = ""
    """Recorded with the run."""

    def load_protocol(self) -> Protocol:
        """Return the protocol; raise `ProtocolError` for what it does not allow."""
        return load_protocol(self.protocol)

    def load_cell(self) -> Cell:
        """Return the cell; raise `ProtocolError` for what it does not allow."""
        return _loaded(Cell, self.cell, "cell")

    def load_limits(self) -> SafetyLimits:
        """Return the limits; raise `ProtocolError` for what they do not allow."""
        return load_limits(self.limits)


class Job(Frozen):
    """A request that a channel has taken."""

    id: str
    request: JobRequest
    by: By
    """Who asked for it."""
    added_unix_s: float
    file: str = ""
    """The run file, once it has begun."""

    @classmethod
    def new(cls, request: JobRequest, by: str, now_unix_s: float) -> "Job":
        """Return a job with an id of its own."""
        return cls(id=uuid.uuid4().hex[:12], request=request, by=by, added_unix_s=now_unix_s)

    @property
    def title(self) -> str:
        """Protocol and cell, in a few words."""
        cell = self.request.cell.get("name", "unnamed cell")
        return f"{self.request.protocol.get('protocol', '?')} on {cell}"


class Agenda:
    """The jobs of one channel, kept in a file that survives the program.

    Parameters
    ----------
    path : Path
        The file; it is made when there is something to keep.

    Raises
    ------
    StorageError
        There is such a file, but it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.running: Job | None = None
        """The job under way; after a start, the one that was interrupted."""
        self.queue: list[Job] = []
        try:
            content = json.loads(path.read_text("utf-8"))
            self.running = Job.model_validate(content["running"]) if content["running"] else None
            self.queue = [Job.model_validate(job) for job in content["queue"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{path} cannot be read: {error}. Move it away to start anew.") from error

    def save(self) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        StorageError
            It cannot be written.
        """
        content = {
            "running": self.running.model_dump() if self.running else None,
            "queue": [job.model_dump() for job in self.queue],
        }
        temporary = self.path.with_suffix(".new")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}.") from error


def load_limits(limits: dict[str, Any]) -> SafetyLimits:
    """Return limits as people give them; raise `ProtocolError` for what they do not allow."""
    return _loaded(SafetyLimits, limits, "limits")


def load_end_conditions(conditions: dict[str, Any]) -> EndConditions:
    """Return end conditions as people give them; raise `ProtocolError` for what they do not allow."""
    return _loaded(EndConditions, conditions, "end conditions")


def _loaded(model: Any, values: dict[str, Any], what: str) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ProtocolError(f"{what}: {explain(error, model)}") from None

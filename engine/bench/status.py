"""How a bench stands: its channels and its alarms."""

from pydantic import BaseModel

from ...protocols import Until
from .jobs import Job


class StationStatus(BaseModel):
    """How a channel stands."""

    channel: str
    """Its name."""
    instrument: str
    """The instrument's name on the bench, and what it is."""
    state: str
    """offline, idle, starting, running, paused, holding, ending, finished, stopped, interrupted, unsafe,
    or failed with its reason, such as "failed: limit"."""
    detail: str = ""
    """A sentence about what is wrong, where something is."""
    protocol: str = ""
    cell: str = ""
    step: str = ""
    cycle: int = 0
    potential_V: float | None = None
    current_A: float | None = None
    net_charge_Ah: float = 0.0
    elapsed_s: float = 0.0
    remaining_s: float = 0.0
    fraction: float = 0.0
    until: Until | None = None
    """The end conditions of the step under way."""
    run: str = ""
    """Id of the run under way, or of the last one."""
    file: str = ""
    """Its file."""
    queue: list[Job] = []
    is_held: bool = False
    """Whether the queue waits for a person to start it."""


class Alarm(BaseModel):
    """One alarm."""

    id: str
    time: float
    """Unix time in seconds."""
    severity: str
    """warning or error."""
    channel: str
    """Empty for what concerns the bench."""
    text: str
    acknowledged_by: str = ""

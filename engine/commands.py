"""What a person may ask of a run while it goes on."""

import re
import threading
from collections.abc import Callable
from typing import Literal

from pydantic import ValidationError

from ..protocols import Limits, Step, Until, explain

Pause = Literal["rest", "hold"]


class Commands:
    """Requests to a run, from any thread; it answers at its next sample, at the latest after 0.5 s.

    Parameters
    ----------
    stop_at_once : callable
        Called when the run is to end: its cell does not wait for the next sample.
    wake : callable
        Called when something else was asked for: it does not wait where the channel can be woken.
    """

    def __init__(self, stop_at_once: Callable[[], None], wake: Callable[[], None]) -> None:
        self._stop_at_once, self._wake = stop_at_once, wake
        self._lock = threading.Lock()
        self._stop = False
        self._skip = False
        self._pause: Pause | None = None
        self._limits: Limits | None = None
        self._until: Until | None = None
        self._log: list[tuple[str, str]] = []
        self.step: Step | None = None
        """The step under way, the whole of it; None before the first."""

    def begin_step(self, step: Step) -> None:
        """Take notice of a step that begins: what was asked for the one before does not concern it."""
        with self._lock:
            is_late, self._until = self._until is not None, None
            self.step = step
        if is_late:
            self._note("engine", "The step had ended before its end conditions could be changed.")

    def stop(self, by: str = "operator") -> None:
        """End the run; the cell is put at rest."""
        self._note(by, "Stop.")
        self._stop = True
        self._stop_at_once()

    def pause(self, kind: Pause = "rest", by: str = "operator") -> None:
        """Interrupt the step, with the cell at rest or held at its potential."""
        self._note(by, "Pause with the cell " + ("at rest." if kind == "rest" else "held at its potential."))
        self._pause = kind
        self._wake()

    def resume(self, by: str = "operator") -> None:
        """End a pause: the step goes on with what is left of it."""
        self._note(by, "Resume.")
        self._pause = None
        self._wake()

    def skip_step(self, by: str = "operator") -> None:
        """End the step, and go on with the next one."""
        self._note(by, "Skip this step.")
        self._skip = True
        self._wake()

    def change_limits(self, limits: Limits, by: str = "operator") -> None:
        """Replace the run's own limits; the protocol's stay."""
        self._note(by, f"Change the limits to {_in_words(limits)}.")
        self._limits = limits
        self._wake()

    def change_until(self, until: Until, by: str = "operator") -> None:
        """Replace the end conditions of the step under way; what it has done so far counts.

        Raises
        ------
        ValueError
            No step is under way, or it could not end with them.
        """
        with self._lock:
            if self.step is None:
                raise ValueError("No step is under way.")
            changed = self.step.model_copy(update={"until": until})
            try:
                type(changed).model_validate(changed.model_dump())
            except ValidationError as error:
                raise ValueError(explain(error, type(changed))) from None
            self._until = until
        self._note(by, f"Change the end conditions to {_in_words(until)}.")
        self._wake()

    @property
    def pause_kind(self) -> Pause | None:
        """How the run is asked to pause; None while it is not."""
        return self._pause

    def interruption(self, *, in_pause: bool = False) -> str | None:
        """Return why the segment under way has to end now; None where nothing was asked for."""
        if self._stop:
            return "stopped"
        if in_pause:
            return "resumed" if self._pause is None or self._skip else None
        if self._skip:
            self._skip, self._pause = False, None
            return "skipped"
        if self._pause is not None:
            return "paused"
        return "changed" if self._limits is not None or self._until is not None else None

    def apply_changes(self, step: Step, limits: Limits) -> tuple[Step, Limits]:
        """Return the step and the run's limits with what was asked for, once."""
        with self._lock:
            new_limits, self._limits = self._limits, None
            new_until, self._until = self._until, None
        if new_until is not None:
            step = self.step = step.model_copy(update={"until": new_until})
        return step, limits if new_limits is None else new_limits

    def take_log(self) -> list[tuple[str, str]]:
        """Return who asked for what since the last call."""
        with self._lock:
            entries, self._log = self._log, []
        return entries

    def _note(self, by: str, sentence: str) -> None:
        with self._lock:
            self._log.append((by, sentence))


_UNIT = re.compile(r"_(V_per_s|V|A|C|J|s|degC)$")


def _in_words(model: Limits | Until) -> str:
    """Return what is set: "potential max 4.6 V, current max 0.001 A"."""
    set_values = model.model_dump(exclude_unset=True, exclude_none=True)
    words = []
    for name, value in set_values.items():
        what, unit, _ = _UNIT.split(name)
        unit = unit.replace("_per_", "/").replace("deg", "°")
        words.append(f"{what.replace('_', ' ')} {value:g} {unit}")
    return ", ".join(words) or "none"

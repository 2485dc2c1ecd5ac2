"""The error queue of a SCPI instrument."""

from collections import deque

_LONGEST = 64


class ScpiError(Exception):
    """A command that the instrument refuses, with its number and text."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number
        self.text = text


class ErrorQueue:
    """Errors in the order in which they came; a full queue says so in its last entry."""

    def __init__(self) -> None:
        self._errors: deque[ScpiError] = deque()

    def __len__(self) -> int:
        return len(self._errors)

    def add(self, error: ScpiError) -> None:
        """Take in an error."""
        if len(self._errors) == _LONGEST:
            self._errors[-1] = ScpiError(-350, "Queue overflow")
            return
        self._errors.append(error)

    def take(self) -> ScpiError | None:
        """Return the oldest error and forget it."""
        return self._errors.popleft() if self._errors else None

    def clear(self) -> None:
        """Forget all errors."""
        self._errors.clear()

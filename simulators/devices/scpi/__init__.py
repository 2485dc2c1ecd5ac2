"""What simulated SCPI instruments share: headers, messages, the error queue (SCPI-99, IEEE 488.2)."""

from .errors import ErrorQueue, ScpiError
from .headers import Header
from .messages import Unit, split_message

__all__ = ["ErrorQueue", "Header", "ScpiError", "Unit", "split_message"]

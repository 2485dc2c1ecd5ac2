"""What other installed packages add, by entry points."""

import logging
from functools import cache
from importlib.metadata import entry_points
from typing import Any

log = logging.getLogger(__name__)


@cache
def added(group: str) -> dict[str, Any]:
    """Return what installed packages add to a group of entry points, by name.

    One that cannot be loaded is left out with a warning in the log: it must not keep the rest from working.
    They are looked for once, which takes about 30 ms.
    """
    found: dict[str, Any] = {}
    for entry in entry_points(group=group):
        try:
            found[entry.name] = entry.load()
        except Exception as error:  # noqa: BLE001  it is other people's code
            log.warning("%s, which a package adds to %s, cannot be loaded: %s", entry.value, group, error)
    return found


def with_added(group: str, ours: dict[str, Any]) -> dict[str, Any]:
    """Return what is ours by name, and after it what installed packages add; nobody replaces ours."""
    return ours | added(group) | ours

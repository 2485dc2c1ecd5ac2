"""The bench log: who asked for what, and what happened, one JSON line each, only ever appended."""

import json
import logging
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class BenchLog:
    """Appends to a file.

    Parameters
    ----------
    path : Path
        The file; what it holds stays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def write(self, by: str, channel: str, text: str, **more: Any) -> None:
        """Append an entry; a disk that takes none is no reason to stop."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        line = json.dumps(
            {"time": stamp, "by": by, "channel": channel, "text": text, **more}, ensure_ascii=False
        )
        try:
            with self._lock, self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            log.warning("not in the bench log, because %s: %s", error, line)

    def tail(self, count: int) -> list[dict[str, Any]]:
        """Return the last entries."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                lines = deque(file, maxlen=count)
        except OSError:
            return []
        entries: list[dict[str, Any]] = []
        for line in lines:
            try:
                entries.append(json.loads(line))
            except ValueError:
                # Cut off by a power failure.
                continue
        return entries

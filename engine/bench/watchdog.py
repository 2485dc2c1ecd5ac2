"""The process that puts host-timed instruments at rest when the engine dies.

``python -m faradaic.engine.bench.watchdog`` reads JSON lines from its standard input::

    {"engine": 1234}                                    the engine's process
    {"watch": "k1", "driver": "keithley", "address": …} its output may be on from now on
    {"forget": "k1"}                                    it is off
    {}                                                  the engine lives
    {"end": true}                                       the engine ends in good order

It says ``ready`` when it listens. When the input ends without ``end``, or the engine has said
nothing for `SILENT_TICKS` of the watchdog's own ticks (which pass only while the computer is awake),
the engine is ended if it is still there, and every watched instrument is opened and put at rest.
"""

import contextlib
import json
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from ...core.helpers import leave_ending_to_the_parent
from .guard import READY, TICK_S, watchdog_lock
from .log import BenchLog

SILENT_TICKS = 20
"""An engine that has been silent for this long is taken for hung."""
_TRIES, _RETRY_S = 20, 0.5
_AT_ONCE = 32


def main(folder: str) -> None:
    """Watch an engine until it ends."""
    leave_ending_to_the_parent()
    lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    # The engine need not wait for this, half a second; but it is done before an instrument needs it.
    from ... import instruments  # noqa: F401, PLC0415

    watched: dict[str, dict[str, str]] = {}
    engine, silent = 0, 0
    while silent < SILENT_TICKS:
        try:
            line = lines.get(timeout=TICK_S)
        except queue.Empty:
            silent += 1
            continue
        silent = 0
        if line is None:
            break
        if "end" in line:
            return
        engine = line.get("engine", engine)
        if "watch" in line:
            watched[line["watch"]] = line
        watched.pop(line.get("forget", ""), None)
    if watched:
        _make_safe(watched, engine, Path(folder), hung=silent >= SILENT_TICKS)


def _read(lines: "queue.Queue[dict[str, Any] | None]") -> None:
    with contextlib.suppress(ValueError):
        for line in sys.stdin:
            lines.put(json.loads(line))
    lines.put(None)


def _make_safe(watched: dict[str, dict[str, str]], engine: int, folder: Path, *, hung: bool) -> None:
    diary = BenchLog(folder / "bench.log")
    with watchdog_lock(folder):
        if hung:
            diary.write("watchdog", "", "The engine does not answer any more; it is ended.")
            _end(engine)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sentences = list(pool.map(_put_at_rest, watched.values()))
        for sentence in sentences:
            diary.write("watchdog", "", sentence)


def _end(engine: int) -> None:
    """End the engine: a process that hangs holds its ports."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(engine)
        process.kill()
        process.wait(5.0)


def _put_at_rest(watch: dict[str, str]) -> str:
    """Open an instrument and switch it off; return what came of it."""
    from ...instruments import open_instrument  # noqa: PLC0415  see `main`

    name, failure = watch["watch"], ""
    for _ in range(_TRIES):
        try:
            # Closing puts all channels at rest, and confirms it.
            open_instrument(watch["driver"], watch["address"]).close()
        except Exception as error:  # noqa: BLE001  whatever it is, the cell is on and nobody else is left
            failure = str(error)
            time.sleep(_RETRY_S)
        else:
            return f"The engine has ended without notice; {name} was put at rest."
    return (
        f"The engine has ended without notice, and {name} may still be on. {failure} Switch it off by hand."
    )


if __name__ == "__main__":
    main(sys.argv[1])

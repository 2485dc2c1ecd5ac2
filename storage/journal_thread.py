"""The threads that write journals: one for all journals on a disk, and a few that wait for it."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

log = logging.getLogger(__name__)

_SYNCERS = 8
"""So many journals are on their way to the disk itself at once: it takes them together."""
_AFTER_DEFECT_S = 1.0

Turn = Callable[[], float | None]
"""Does what is due for one journal; returns after how many seconds it wants another turn, if at all."""


class JournalThread:
    """Gives turns to the journals on one disk.

    One thread for all of them: hundreds that wake for each sample of theirs keep a computer busy.
    A disk that blocks holds up the journals on it, and no other ones.
    """

    def __init__(self) -> None:
        self._turns: SimpleQueue[Turn] = SimpleQueue()
        self._syncs: SimpleQueue[Turn] = SimpleQueue()
        # Daemons: a program must be able to end while a disk has blocked them.
        threading.Thread(target=self._give_turns, name="journals", daemon=True).start()
        for number in range(_SYNCERS):
            threading.Thread(target=self._sync, name=f"sync {number}", daemon=True).start()

    def ask(self, turn: Turn) -> None:
        """Give a turn as soon as possible."""
        self._turns.put(turn)

    def ask_to_sync(self, sync: Callable[[], None]) -> None:
        """Have something done that may wait long for the disk, without holding up a turn."""
        self._syncs.put(sync)

    def _give_turns(self) -> None:
        planned: set[Turn] = set()
        later: list[tuple[float, int, Turn]] = []
        number = itertools.count()
        while True:
            try:
                turn = self._turns.get(timeout=max(later[0][0] - time.monotonic(), 0.0) if later else None)
            except Empty:
                *_, turn = heapq.heappop(later)
                planned.discard(turn)
            wait_s = _without_defect(turn)
            if wait_s is not None and turn not in planned:
                planned.add(turn)
                heapq.heappush(later, (time.monotonic() + wait_s, next(number), turn))

    def _sync(self) -> None:
        while True:
            _without_defect(self._syncs.get())


def _without_defect(turn: Turn) -> float | None:
    """Give a turn; a defect that one journal shows must not stop the other ones."""
    try:
        return turn()
    except Exception:
        log.exception("a journal was not written")
        return _AFTER_DEFECT_S


_threads: dict[int, JournalThread] = {}
_lock = threading.Lock()


def journal_thread(folder: Path) -> JournalThread:
    """Return the thread for the disk that a folder lies on; raise `OSError` where there is no such folder."""
    disk = folder.stat().st_dev
    with _lock:
        if disk not in _threads:
            _threads[disk] = JournalThread()
        return _threads[disk]

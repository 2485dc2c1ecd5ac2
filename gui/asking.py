"""Asking the service, and other slow things, without holding up the window."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from ..engine.service.client import ServiceError
from ..storage import StorageError

log = logging.getLogger(__name__)

_AT_ONCE = 4
_EXPECTED = (ServiceError, StorageError, ValueError, OSError)
"""What a sentence for people comes with; anything else is a defect, and goes to the log as well."""


class Asking(QObject):
    """Does things in other threads and brings back what came of them.

    Nothing of Qt is made or deleted in those threads.

    Attributes
    ----------
    refused : Signal(str)
        A sentence about what did not work and nobody else took care of.
    """

    refused = Signal(str)
    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(_AT_ONCE, "asking")
        self._answers: deque[Callable[[], None]] = deque()
        self._is_closed = False
        self._arrived.connect(self._take)

    def do(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None] | None = None,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Do `work` in another thread; `then` gets its result, `refused` a sentence, in the window's."""
        if self._is_closed:
            return
        self._pool.submit(self._do, work, then, refused or self.refused.emit)

    def do_at_once(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do `work` in a thread of its own, whatever else is under way: for what cannot wait."""
        answer = (work, then, self.refused.emit)
        threading.Thread(target=self._do, args=answer, name="at once", daemon=True).start()

    def close(self) -> None:
        """Begin nothing any more, and tell nobody of what is under way."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _do(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None] | None,
        refused: Callable[[str], None],
    ) -> None:
        try:
            result = work()
        except _EXPECTED as error:
            self._answers.append(partial(refused, str(error)))
        except Exception as error:
            log.exception("a task of the window failed")
            sentence = f"This did not work ({type(error).__name__}: {error})."
            self._answers.append(partial(refused, sentence))
        else:
            if then is not None:
                self._answers.append(partial(then, result))
        with suppress(RuntimeError):
            # The window may be gone by now.
            self._arrived.emit()

    def _take(self) -> None:
        while self._answers and not self._is_closed:
            self._answers.popleft()()

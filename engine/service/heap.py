"""How the C library keeps the engine's memory."""

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

# From glibc's malloc.h.
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_LARGE_BYTES = 2**16
"""From here on a piece of memory is the system's own, and goes back to it whole: such are long replies."""
_GIVE_BACK_S = 60.0


def keep_heap_small() -> None:
    """Have memory that is freed go back to the system, in a program of hundreds of threads for months.

    glibc gives threads up to eight heaps for each core and leaves in each what was ever needed
    there at once; it also stops giving large pieces back as soon as one has been freed, and never gives
    back pages between pieces in use. With 64 channels, half of 300 MB was such memory after three days.
    Other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_ARENA_MAX, 2)
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        threading.Thread(target=_give_back, args=(library.malloc_trim,), name="heap", daemon=True).start()


def _give_back(trim: Callable[[int], object]) -> None:
    while True:
        time.sleep(_GIVE_BACK_S)
        trim(0)

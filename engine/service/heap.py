"""How the C library keeps the engine's memory."""

import ctypes
import sys
from contextlib import suppress

# From glibc's malloc.h.
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_LARGE_BYTES = 2**19


def keep_heap_small() -> None:
    """Have memory that is freed go back to the system, in a program of hundreds of threads for months.

    glibc gives threads up to eight heaps for each core and leaves in each what was ever needed
    there at once; it also stops giving large pieces back as soon as one has been freed. With 64
    channels, half of 300 MB was such memory after three days. Other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        adjust = ctypes.CDLL(None).mallopt
        adjust(_ARENA_MAX, 2)
        adjust(_MMAP_THRESHOLD, _LARGE_BYTES)

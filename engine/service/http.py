"""httpx without its command line, which brings rich and pygments along: a tenth of the window's start."""

import sys

# As where those two are not installed, which httpx allows for.
sys.modules.setdefault("httpx._main", None)  # pyright: ignore[reportArgumentType]

import httpx  # noqa: E402

__all__ = ["httpx"]

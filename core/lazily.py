"""Packages whose parts are imported when they are first asked for.

A window or a help text must not wait for HDF5, drivers and web servers that it does not need.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(package: str, parts: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    parts : mapping of str to sequence of str
        For each of its modules the names that the package offers from it.
    """
    places = {name: module for module, names in parts.items() for name in names}

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return get

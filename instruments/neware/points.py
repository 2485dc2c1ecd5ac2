"""Points of a test, downloaded in order, each once."""

from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from ..errors import BadReply

POINT = np.dtype(
    [
        ("number", "i8"),  # from 1, without gaps
        ("step", "i8"),  # which step of the file
        ("cycle", "i8"),
        ("time_s", "f8"),  # since the step began
        ("potential_V", "f8"),
        ("current_A", "f8"),  # charge is positive
    ]
)
Points: TypeAlias = NDArray[Any]
"""Consecutive points as the cycler recorded them: a structured array of `POINT`."""

_COLUMNS = {
    "number": ("seqid", int),
    "step": ("stepid", int),
    "cycle": ("cycleid", int),
    "time_s": ("testtime", int),
    "potential_V": ("volt", float),
    "current_A": ("curr", float),
}
"""The attribute that each field is read from, and what kind of number it holds."""


def no_points() -> Points:
    """Return an empty array of points."""
    return np.empty(0, POINT)


def points_of(reply: Element, first: int, testid: int) -> Points:
    """Return the points of a reply to ``download``.

    Parameters
    ----------
    first : int
        Number of the point that was asked for; the next ones must follow it.
    testid : int
        Of the test that was asked for.

    Raises
    ------
    BadReply
        They are not the ones that were asked for, or one of them is damaged.
    """
    head = reply.find("download")
    try:
        answered = -1 if head is None else int(head.get("testid", ""))
        points = _read(reply)
    except (KeyError, ValueError, OverflowError):
        raise BadReply("The BTS server sent points that make no sense.", b"") from None
    follows = np.array_equal(points["number"], np.arange(first, first + len(points)))
    if answered != testid or not len(points) or not follows:
        raise BadReply(f"The BTS server was asked for the points from number {first} and sent others.", b"")
    return points


def _read(reply: Element) -> Points:
    # Column by column, which takes a third of the time of point by point.
    found = [data.attrib for data in reply.iterfind("list/data")]
    points = np.empty(len(found), POINT)
    for field, (attribute, number) in _COLUMNS.items():
        points[field] = [number(each[attribute]) for each in found]
    # In milliseconds within the step.
    points["time_s"] /= 1e3
    return points

"""Points of a test, downloaded in order, each once."""

from typing import NamedTuple
from xml.etree.ElementTree import Element

from ..errors import BadReply


class Point(NamedTuple):
    """A point as the cycler recorded it.

    Parameters
    ----------
    number : int
        From 1, without gaps.
    step, cycle : int
        Which step of the file, in which cycle.
    time_s : float
        Since the step began.
    potential_V, current_A : float
        Charge is positive.
    """

    number: int
    step: int
    cycle: int
    time_s: float
    potential_V: float
    current_A: float

    def is_of_another_step(self, before: "Point") -> bool:
        """Tell whether a step has ended between a point and this one."""
        return (self.step, self.cycle) != (before.step, before.cycle)


def points_of(reply: Element, first: int, testid: int) -> list[Point]:
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
        found = [_point(data) for data in reply.iterfind("list/data")]
    except ValueError:
        raise BadReply("The BTS server sent points that make no sense.", b"") from None
    if (
        answered != testid
        or not found
        or [point.number for point in found] != list(range(first, first + len(found)))
    ):
        raise BadReply(f"The BTS server was asked for the points from number {first} and sent others.", b"")
    return found


def _point(data: Element) -> Point:
    return Point(
        int(data.attrib.get("seqid", "")),
        int(data.attrib.get("stepid", "")),
        int(data.attrib.get("cycleid", "")),
        # In milliseconds within the step.
        int(data.attrib.get("testtime", "")) / 1e3,
        float(data.attrib.get("volt", "")),
        float(data.attrib.get("curr", "")),
    )

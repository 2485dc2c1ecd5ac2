"""Variables of a running script."""

from .vartypes import UNKNOWN


class Variable:
    """A number with its type and the metadata that its measurement left.

    Attributes
    ----------
    value : float or int
        An `int` is what MethodSCRIPT calls an integer; arithmetic keeps the two apart.
    vartype : str
        Two letters.
    metadata : str
        As it stands in a data package.
    """

    __slots__ = ("metadata", "value", "vartype")

    def __init__(self) -> None:
        self.value: float | int = 0.0
        self.vartype = UNKNOWN
        self.metadata = ""

"""A cell from a line of text, as people write it on a command line or in a bench file."""

import ast
import difflib
import inspect
import math
from collections.abc import Callable
from typing import Any

from .base import SimulatedCell
from .blocking import BlockingCell
from .copper import LithiumCopperCell
from .full import FullCell
from .published import published_cell
from .pybamm_cell import PyBaMMCell
from .randles import RandlesCell
from .replay import Replay
from .resistor import Resistor
from .symmetric import SymmetricCell

_CLASSES: dict[str, Callable[..., SimulatedCell]] = {
    "BlockingCell": BlockingCell,
    "FullCell": FullCell,
    "LithiumCopperCell": LithiumCopperCell,
    "PyBaMM": PyBaMMCell,
    "RandlesCell": RandlesCell,
    "Replay": Replay,
    "Resistor": Resistor,
    "SymmetricCell": SymmetricCell,
}
_LONGEST_TEXT = 2000
_LARGEST = 10**300


def parse_cell(text: str) -> SimulatedCell:
    """Build the cell that a text describes; the text is read, never run.

    Parameters
    ----------
    text : str
        A published cell, "SS|IGE-2|Li", or a class with numbers as arguments, "Resistor(10000)",
        "BlockingCell(oxidation_limit_V=4.8, area_cm2=1)" or "PyBaMM(SPMe, Chen2020)".

    Raises
    ------
    ValueError
        The text says something else; the message is one sentence with what is allowed.
    """
    text = text.strip()
    if "|" in text:
        return published_cell(text)
    name, arguments, keywords = _call(text)
    if name not in _CLASSES:
        close = difflib.get_close_matches(name, _CLASSES, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}" if close else f"there are {', '.join(_CLASSES)}"
        raise ValueError(f"{name!r} is not a simulated cell; {hint}?")
    signature = inspect.signature(_CLASSES[name])
    known = ", ".join(signature.parameters)
    for keyword in keywords:
        if keyword not in signature.parameters:
            raise ValueError(f"{keyword} is not a parameter of {name}; it has {known}.")
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{_short(text)}: {error}; {name} has {known}.") from None
    return _CLASSES[name](*arguments, **keywords)


def _call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    wrong = ValueError(f"{_short(text)} is not a cell; write 'SS|IGE-2|Li' or 'Resistor(10000)'.")
    if len(text) > _LONGEST_TEXT:
        raise wrong
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise wrong from None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise wrong
    arguments = [_literal(argument) for argument in tree.args]
    keywords: dict[str, Any] = {}
    for keyword in tree.keywords:
        if keyword.arg is None:
            raise wrong
        keywords[keyword.arg] = _literal(keyword.value)
    return tree.func.id, arguments, keywords


def _literal(node: ast.expr) -> float | str:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    if isinstance(node, ast.Name) and sign == 1:
        # A name is its own text: PyBaMM(SPMe, Chen2020).
        return node.id
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and sign == 1:
            return node.value
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            return sign * (float(node.value) if abs(node.value) < _LARGEST else math.inf)
        if isinstance(node.value, float):
            return sign * node.value
    raise ValueError(f"{_short(ast.unparse(node))} is not a number; arguments of a cell are plain numbers.")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")

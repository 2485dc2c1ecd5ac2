"""Which column holds what: as a person says, or as programs are known to name them."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from ...core.units import QuantityError
from ..errors import StorageError
from .quantities import QUANTITIES, Column, column_for, recognised, split_head
from .table import Table

_MOST_NAMED = 40
_SAMPLES = ("time", "potential", "current")


def chosen_columns(table: Table, mapping: Mapping[str, str], path: Path) -> dict[str, Column]:
    """Return the columns of the quantities that a table holds.

    Parameters
    ----------
    table : Table
        What was read.
    mapping : mapping of str to str
        For quantities the columns that a person named: "Ewe/V", "I in mA" where the head has no
        unit, "minus I/mA" where the sign is the other one.
    path : Path
        For messages.

    Raises
    ------
    StorageError
        A quantity, column or unit in the mapping is not known.
    """
    chosen = {quantity: _named(quantity, text, table, path) for quantity, text in mapping.items()}
    for quantity in QUANTITIES:
        if quantity not in chosen and (column := recognised(quantity, list(table.columns))) is not None:
            chosen[quantity] = column
    return chosen


def columns_missing(chosen: Mapping[str, Column], table: Table, path: Path) -> StorageError:
    """Return the error that says which columns there are and how to name those that are needed."""
    missing = [name for name in _SAMPLES if name not in chosen]
    listed = listed_heads(table.heads)
    example = QUANTITIES[missing[0]].unit if missing else "V"
    what = missing[0] if missing else "potential"
    return StorageError(
        f"{path} has no column that is known to hold the {' or the '.join(missing)}. Its columns are "
        f"{listed}. Say which one it is and in which unit, for example "
        f"--column '{what}={_any_head(table)} in {example}'."
    )


def listed_heads(heads: list[str]) -> str:
    """Return heads for a message."""
    shown = ", ".join(repr(head[:60]) for head in heads[:_MOST_NAMED])
    return f"{shown} and {len(heads) - _MOST_NAMED} more" if len(heads) > _MOST_NAMED else shown


def _any_head(table: Table) -> str:
    return split_head(table.heads[0])[0][:30] or "x" if table.heads else "x"


def _named(quantity: str, text: str, table: Table, path: Path) -> Column:
    if quantity not in QUANTITIES:
        close = difflib.get_close_matches(quantity, QUANTITIES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"they are {', '.join(QUANTITIES)}."
        raise StorageError(f"There is no quantity {quantity!r} to take from a table; {hint}")
    head, unit, minus = _divided(str(text).strip(), table)
    if head in table.texts:
        raise StorageError(f"The column {head!r} of {path} holds no numbers, so it cannot be the {quantity}.")
    if head not in table.columns:
        close = difflib.get_close_matches(head, table.heads, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {listed_heads(table.heads)}."
        raise StorageError(f"{path} has no column {head!r} for the {quantity}; {hint}")
    _, unit_in_head, minus_in_head = split_head(head)
    unit = unit or unit_in_head
    wanted = QUANTITIES[quantity].unit
    if wanted and not unit:
        raise StorageError(
            f"The column {head!r} names no unit; add it, for example '{quantity}={head} in {wanted}'."
        )
    try:
        return column_for(quantity, head, unit, minus=minus != minus_in_head)
    except QuantityError as error:
        raise StorageError(f"The column {head!r} cannot be the {quantity}: {error}.") from None


def _divided(text: str, table: Table) -> tuple[str, str, bool]:
    """Return head, unit and whether the sign is the other one, of "minus I in mA"."""
    if text in table.heads:
        return text, "", False
    rest = text.removeprefix("minus ").strip()
    minus = rest != text
    if rest in table.heads:
        return rest, "", minus
    head, sign, unit = rest.rpartition(" in ")
    return (head.strip(), unit.strip(), minus) if sign else (rest, "", minus)

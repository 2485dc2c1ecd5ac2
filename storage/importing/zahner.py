"""Text files of Zahner instruments: time, voltage and current, separated by semicolons."""

from pathlib import Path

from ..errors import StorageError
from .columns import read_table, read_text
from .recording import Recording

_HEADS = ("Time [s]", "Voltage [V]", "Current [A]")


def read_zahner(path: Path) -> Recording:
    """Read a text file with the columns Time [s], Voltage [V] and Current [A].

    Raises
    ------
    StorageError
        The file cannot be read, or has other columns.
    """
    heads, columns, broken = read_table(read_text(path).splitlines(), ";")
    missing = [head for head in _HEADS if head not in heads]
    if missing:
        raise StorageError(f"{path} is not a text file of Zahner: it has no column {missing[0]}.")
    warnings = [f"{broken} lines were damaged; what they hold was kept."] if broken else []
    time_s, potential_V, current_A = (columns[head] for head in _HEADS)
    return Recording(time_s, potential_V, current_A, instrument={"model": "Zahner"}, warnings=warnings)

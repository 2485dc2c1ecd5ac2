"""Names of run files, safe on every system whatever a sample is called."""

import re
import time
import unicodedata
from pathlib import Path

_LONGEST = 60
_NOT_ALLOWED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_MOST_ALIKE = 10_000


def safe_name(text: str) -> str:
    """Return a text as a file's name: letters of every script stay, nothing leads out of a folder."""
    kept = _NOT_ALLOWED.sub("-", unicodedata.normalize("NFC", text))
    kept = "".join(each for each in kept if each.isprintable()).strip(" .")
    # A character may take four bytes, and systems count bytes.
    kept = kept.encode()[:_LONGEST].decode("utf-8", "ignore").strip(" .")
    return f"_{kept}" if not kept or _RESERVED.fullmatch(kept) else kept


def new_run_path(folder: Path, cell: str, protocol: str, channel: str, unix_s: float) -> Path:
    """Return where a new run goes: a folder for each cell, the time first, and never an existing file.

    Parameters
    ----------
    folder : Path
        Of all data.
    cell, protocol, channel : str
        What they are called.
    unix_s : float
        When it begins; names carry local time, as people do.
    """
    begun = time.strftime("%Y-%m-%d %H%M%S", time.localtime(unix_s))
    stem = f"{begun} {safe_name(protocol)} {safe_name(channel)}"
    parent = folder / safe_name(cell)
    for number in range(1, _MOST_ALIKE):
        path = parent / (f"{stem}.h5" if number == 1 else f"{stem} {number}.h5")
        if not any(path.parent.glob(f"{_literal(path.name)}*")):
            return path
    raise ValueError(f"{parent} holds too many runs with the name {stem!r}.")


def _literal(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)

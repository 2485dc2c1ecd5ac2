"""Names of exported files."""

import re

from ..run import Run


def default_stem(run: Run) -> str:
    """Return ``Instrument__Cell__YYYYMMDD_run`` with only harmless characters."""
    created = re.sub(r"\D", "", str(run.attributes["created"]))[:8]
    parts = [str(run.instrument.get("model", "instrument")), str(run.attributes["cell"])]
    run_id = safe_name(str(run.attributes["run_id"])[:8])
    return "__".join([*(safe_name(part) for part in parts), f"{created}_{run_id}"])


def safe_name(text: str) -> str:
    """Return text as part of a file name on every system: letters, digits, ``.``, ``-`` and ``_``."""
    return re.sub(r"[^\w.-]+", "-", text).strip(".-")[:60] or "unnamed"

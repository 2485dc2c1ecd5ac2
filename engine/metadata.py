"""What a run file says about how it came to be."""

import getpass
import json
import platform
import sys
import time
import uuid
from importlib.metadata import version
from typing import Any

from .. import __version__
from ..instruments import Chamber
from ..instruments.base import Channel
from ..protocols import Cell, Limits, Protocol

_PACKAGES = ("numpy", "h5py", "scipy", "pydantic", "pyserial")


def run_metadata(
    protocol: Protocol,
    cell: Cell,
    channel: Channel,
    chamber: Chamber | None,
    *,
    limits: Limits,
    operator: str,
    notes: str,
) -> dict[str, Any]:
    """Return everything that is known before a run begins, as `storage.Recorder` takes it."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(channel.clock.utc()))
    identity = channel.identity
    return {
        "run": {
            "run_id": uuid.uuid4().hex,
            "created": created,
            "software": f"faradaic {__version__}",
            "protocol": type(protocol).__name__,
            "cell": cell.name,
        },
        "protocol": protocol.to_dict(),
        "cell": {**cell.metadata(), "nominal_capacity_provenance": cell.capacity_provenance},
        "instrument": {
            "model": identity.model,
            "serial": identity.serial,
            "firmware": identity.firmware,
            "address": identity.address,
            "channel": channel.name,
            "chamber": str(chamber or ""),
            **({"wires": str(channel.wires)} if channel.wires else {}),
        },
        "environment": {
            "operator": operator or _user(),
            "notes": notes,
            "computer": platform.node(),
            "system": platform.platform(),
            "python": sys.version.split()[0],
            "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
            "limits": json.dumps(limits.model_dump(exclude_none=True)),
        },
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"

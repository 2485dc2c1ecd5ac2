"""What a user's service and its clients share: a private folder, tokens, and where the service is."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs
from filelock import FileLock

Role = Literal["reader", "operator"]
FOLDER_VARIABLE = "FARADAIC_HOME"
"""Environment variable that names another private folder."""


@dataclass(frozen=True)
class Tokens:
    """What proves a role.

    Parameters
    ----------
    operator, reader : str
        Secrets: the one allows everything, the other only to look.
    """

    operator: str
    reader: str

    def role_of(self, token: str) -> Role | None:
        """Return the role that a token proves; None for one that is not known."""
        # Compared in constant time, as bytes: what comes from outside may hold anything.
        given = token.encode("utf-8", "replace")
        if secrets.compare_digest(given, self.operator.encode()):
            return "operator"
        return "reader" if secrets.compare_digest(given, self.reader.encode()) else None


def private_folder() -> Path:
    """Return the folder of this user in which the service keeps its tokens and its address.

    The environment variable ``FARADAIC_HOME`` names another one.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else Path(platformdirs.user_state_dir("faradaic", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def own_tokens() -> Tokens:
    """Return this user's tokens, made when they are first needed."""
    path = private_folder() / "tokens.json"
    try:
        return Tokens(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        tokens = Tokens(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        write_private(path, vars(tokens))
        return tokens


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Write a file that only this user can read, whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    # The mode counts from the moment the file is there; on Windows the user's folder is private.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    temporary.replace(path)


def service_lock() -> FileLock:
    """Return the lock that this user's service holds until its runs are closed."""
    return FileLock(private_folder() / "service.lock", is_singleton=False, thread_local=False)


def address_file() -> Path:
    """Return the file that says where this user's service is."""
    return private_folder() / "service.json"


def own_bench() -> Path:
    """Return the bench file of this user's service; raise `OSError` where none has been started."""
    return Path(json.loads(address_file().read_text("utf-8"))["bench"])

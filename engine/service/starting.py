"""Starting the service on demand, so that it outlives whoever started it."""

import subprocess
import sys
import time
from pathlib import Path

from .access import private_folder
from .client import Client, ServiceError

_START_S = 60.0
_LOOK_S = 0.1


def started(bench: Path, folder: Path, *, port: int | None = None) -> Client:
    """Return a client of this user's service; start one for a bench where none runs.

    Raises
    ------
    ServiceError
        It could not be started; the message says why.
    """
    return _answering() or _start(bench, folder, port)


def _start(bench: Path, folder: Path, port: int | None) -> Client:
    command = [
        sys.executable,
        "-m",
        "faradaic",
        "serve",
        str(bench.absolute()),
        "--data",
        str(folder.absolute()),
    ]
    if port is not None:
        command += ["--port", str(port)]
    said = private_folder() / "service.log"
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # It belongs to no terminal and to no window.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
            | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    try:
        return wait_for(process)
    except ServiceError as error:
        last = said.read_text("utf-8", "replace").strip().splitlines()[-1:]
        raise ServiceError("".join(last).removeprefix("faradaic: ") or str(error)) from None


def wait_for(process: "subprocess.Popen[bytes]") -> Client:
    """Return a client of a service that is just being started.

    Raises
    ------
    ServiceError
        It ended, or does not answer.
    """
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        client = _answering()
        if client is not None:
            return client
        time.sleep(_LOOK_S)
    raise ServiceError("The service did not start.")


def _answering() -> Client | None:
    try:
        client = Client.own()
    except ServiceError:
        return None
    try:
        client.status()
    except ServiceError:
        client.close()
        return None
    return client

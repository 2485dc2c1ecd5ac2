"""Starting the service on demand, so that it outlives whoever started it."""

import subprocess
import sys
import time
from pathlib import Path

from .access import private_folder
from .client import Client, ServiceError

_START_S = 30.0


def started(bench: Path, folder: Path, *, port: int | None = None) -> Client:
    """Return a client of this user's service; start one for a bench where none runs.

    Raises
    ------
    ServiceError
        It could not be started; the message says why.
    """
    try:
        client = Client.own()
        client.status()
    except ServiceError:
        return _start(bench, folder, port)
    return client


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
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = said.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise ServiceError(f"The service did not start. {''.join(last).removeprefix('faradaic: ')}")
        try:
            client = Client.own()
            client.status()
        except ServiceError:
            time.sleep(0.1)
        else:
            return client
    raise ServiceError(f"The service did not answer within {_START_S:g} s; see {said}.")

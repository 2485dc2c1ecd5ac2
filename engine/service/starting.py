"""Starting the service on demand, so that it outlives whoever started it."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import Timeout as Locked

from .client import Client, ServiceError
from .own import address_file, own_bench, private_folder, service_lock

_START_S = 60.0
_CONNECT_S = 15.0
_LOOK_S = 0.1
_END_S = 60.0


def started(bench: Path, folder: Path, *, by: str | None = None) -> Client:
    """Return a client of this user's service; start one for a bench where none runs.

    Returns when its instruments answer, or have not for a while.

    Raises
    ------
    ServiceError
        It could not be started; the message says why.
    """
    client = _answering(by)
    if client is not None:
        return client
    client = _start(bench, folder, by)
    deadline = time.monotonic() + _CONNECT_S
    while time.monotonic() < deadline and any(each.state == "offline" for each in client.status().channels):
        time.sleep(_LOOK_S)
    return client


def changed_over(bench: Path, folder: Path, *, by: str | None = None) -> Client:
    """Return a client of this user's service of a bench file as it is now; started where needed.

    A service of another bench, or one that began before the file was changed, is ended first. One
    of the same bench that refuses to end, because runs are under way, is left as it is.

    Raises
    ------
    ServiceError
        The service of another bench refuses to end, or none could be started.
    """
    client = _answering(by)
    if client is None:
        return started(bench, folder, by=by)
    with client:
        known = client.status().bench
    is_same = own_bench() == bench.absolute()
    if not is_same or bench.stat().st_mtime > address_file().stat().st_mtime:
        try:
            end_own(by=by)
        except ServiceError as error:
            if not is_same:
                raise ServiceError(f"An engine works for the bench {known!r}. {error}") from None
    return started(bench, folder, by=by)


def _start(bench: Path, folder: Path, by: str | None) -> Client:
    # Any free port: scripts and windows find it, and the status page's link says it.
    arguments = ["serve", str(bench.absolute()), "--data", str(folder.absolute()), "--port", "0"]
    said = private_folder() / "service.log"
    with said.open("wb") as output:
        process = start_detached(arguments, stdout=output, stderr=output)
    try:
        return wait_for(process, by)
    except ServiceError as error:
        last = said.read_text("utf-8", "replace").strip().splitlines()[-1:]
        raise ServiceError("".join(last).removeprefix("faradaic: ") or str(error)) from None


def start_detached(arguments: Sequence[str], *, stdout: Any, stderr: Any) -> "subprocess.Popen[bytes]":
    """Start a command of ours that belongs to no terminal and to no window."""
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "faradaic", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
        | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def wait_for(process: "subprocess.Popen[bytes]", by: str | None = None) -> Client:
    """Return a client of a service that is just being started.

    Raises
    ------
    ServiceError
        It ended, or does not answer.
    """
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        client = _answering(by)
        if client is not None:
            return client
        time.sleep(_LOOK_S)
    raise ServiceError("The service did not start.")


def end_own(*, interrupt: bool = False, by: str | None = None) -> list[str]:
    """End this user's service in good order, and return when it has ended; see `Client.end`.

    Raises
    ------
    ServiceError
        There is none, it refuses, or it has not ended after a while.
    """
    with Client.own(by=by) as client:
        sentences = client.end(interrupt=interrupt)
    try:
        # It lets go of it when its runs are closed and its instruments are at rest.
        service_lock().acquire(timeout=_END_S).lock.release()
    except Locked:
        raise ServiceError(f"The service was told to end, but has not within {_END_S:g} s.") from None
    return sentences


def _answering(by: str | None) -> Client | None:
    try:
        client = Client.own(by=by)
    except ServiceError:
        return None
    try:
        client.status()
    except ServiceError:
        client.close()
        return None
    return client

"""A simulated bench behind the bench service, for examples that talk to a service.

On a real bench there is a service already, and `Client.own()` is all that a script needs.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from faradaic.engine.service.client import Client
from faradaic.engine.service.starting import wait_for
from faradaic.instruments.bench_file import read_bench
from faradaic.simulators.serving import serve_bench


@contextmanager
def simulated_service(
    folder: Path, model: str, driver: str, cells: dict[str, tuple[str, str]], speed: float
) -> Iterator[Client]:
    """Serve one simulated instrument as a bench; yield a client of the service.

    Parameters
    ----------
    folder : Path
        Where the bench file, the run files and the service's own files go.
    model, driver : str
        Of the instrument, such as "neware-bts" and "neware".
    cells : dict
        For the instrument's own name of a channel: the name on the bench, and the simulated cell.
    speed : float
        How many times faster than real time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    instrument = {
        "driver": driver,
        "address": f"socket://127.0.0.1:{port}",
        "channels": {own: {"name": name} for own, (name, _) in cells.items()},
        "simulated": {"model": model, "cells": {own: cell for own, (_, cell) in cells.items()}},
    }
    bench = {"speed": speed, "alarms": {"desktop": False}, "instruments": {"bench": instrument}}
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(bench, allow_unicode=True), encoding="utf-8")
    # A private folder of its own: this bench never meets that of a real one.
    os.environ["FARADAIC_HOME"] = str(folder / "home")
    data = ["--data", str(folder / "data"), "--port", "0"]
    with ExitStack() as stack:
        stack.enter_context(serve_bench(read_bench(path)))
        log = stack.enter_context((folder / "service.log").open("wb"))
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "faradaic", "serve", str(path), *data], stdout=log, stderr=log
        )
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        client = stack.enter_context(wait_for(process))
        while any(each.state == "offline" for each in client.status().channels):
            time.sleep(0.1)
        yield client

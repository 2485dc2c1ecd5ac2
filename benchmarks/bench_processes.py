"""The processes of a bench under test: simulated instruments and the service, each on its own."""

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
from faradaic.simulators import device_kind


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses; all are held until the last is found, so that none comes twice."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in held]


def bench_file(
    folder: Path, channels: int, model: str, cell: str, *, speed: float = 1.0, resume: str = "ask"
) -> Path:
    """Write the bench file of so many channels of simulated instruments of one kind."""
    kind = device_kind(model)
    terminals = list(kind.channels)
    instruments, ports = {}, free_ports(channels)
    for index in range(0, channels, len(terminals)):
        own = terminals[: channels - index]
        instruments[f"i{index}"] = {
            "driver": kind.driver,
            "address": f"socket://127.0.0.1:{ports[index]}",
            "channels": {each: {"name": f"A{index + number}"} for number, each in enumerate(own)},
            "simulated": {"model": model, "cells": dict.fromkeys(own, cell)},
        }
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump({"speed": speed, "resume": resume, "instruments": instruments}))
    return path


@contextmanager
def simulated_bench(
    folder: Path, channels: int, model: str, cell: str, *, speed: float = 1.0
) -> Iterator[Path]:
    """Serve so many simulated channels in another process; yield their bench file."""
    path = bench_file(folder, channels, model, cell, speed=speed)
    simulation = subprocess.Popen(
        [sys.executable, "-m", "faradaic", "simulate", str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        for _ in read_bench(path).instruments:
            assert simulation.stdout is not None
            simulation.stdout.readline()
        yield path
    finally:
        simulation.terminate()
        simulation.wait()


@contextmanager
def service(folder: Path, bench: Path) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    """Serve a bench in another process, with its own tokens; yield the process and a client."""
    process = start_service(folder, bench)
    try:
        with wait_for(process) as client:
            while any(each.state == "offline" for each in client.status().channels):
                time.sleep(0.2)
            yield process, client
    finally:
        process.terminate()
        process.wait()


def start_service(folder: Path, bench: Path) -> "subprocess.Popen[bytes]":
    """Start the service of a bench, with tokens of its own."""
    os.environ["FARADAIC_HOME"] = str(folder / "home")
    command = [
        sys.executable,
        "-m",
        "faradaic",
        "serve",
        str(bench),
        "--data",
        str(folder / "data"),
        "--port",
        "0",
    ]
    return subprocess.Popen(command)

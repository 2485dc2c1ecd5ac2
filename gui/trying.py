"""A simulated bench for a first try: its file, and the processes that serve it."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from ..engine.service.client import Client, ServiceError
from ..engine.service.own import FOLDER_VARIABLE, address_file
from ..engine.service.starting import end_own, start_detached, started
from .places import own_folder, save_yaml

SPEED = 500.0
"""How many times faster than real time the simulated bench lives."""
_INSTRUMENTS = {
    "Steel 1": ("emstat4-hr", "emstat", "SS|IGE-2|Li"),
    "Steel 2": ("emstat4-hr", "emstat", "SS|PE|Li"),
    "Symmetric": ("emstat4-hr", "emstat", "Li|IGE-2|Li"),
    "Full cell": ("emstat4-hr", "emstat", "LFP|IGE-2|Li"),
    "Resistor": ("emstat4-hr", "emstat", "Resistor(1000)"),
}
"""By the channel's name: model, driver and cell."""


def trying_home() -> Path:
    """Return the private folder of the simulated bench, which never meets that of a real one."""
    return own_folder() / "simulated bench"


def start_trying(folder: Path) -> Client:
    """Serve the simulated bench, and return a client of it; one that runs already is taken.

    Raises
    ------
    ServiceError
        It could not be started.
    """
    home = trying_home()
    home.mkdir(parents=True, exist_ok=True)
    bench = home / "simulated bench.yaml"
    if not _is_simulated(home):
        _write_bench(bench)
        _simulate(bench, home)
    with _private_folder(home):
        return started(bench, folder)


def end_trying() -> None:
    """End the simulated bench: the engine first, in good order; its runs can be gone on with."""
    with _private_folder(trying_home()):
        engine = address_file()
        with suppress(ServiceError):
            end_own(interrupt=True)
    for file in (engine, trying_home() / "simulation.json"):
        # The simulated instruments have nothing to lose, and an engine that does not answer must go.
        process = _process(file)
        if process is not None:
            process.terminate()
            psutil.wait_procs([process], timeout=10)
        file.unlink(missing_ok=True)


@contextmanager
def _private_folder(home: Path) -> Iterator[None]:
    """Let the service and its clients keep their secrets there for the time being."""
    before = os.environ.get(FOLDER_VARIABLE)
    os.environ[FOLDER_VARIABLE] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ[FOLDER_VARIABLE]
        else:
            os.environ[FOLDER_VARIABLE] = before


def _is_simulated(home: Path) -> bool:
    return _process(home / "simulation.json") is not None


def _process(file: Path) -> psutil.Process | None:
    """Return the process that a file tells of, where that is one of ours."""
    try:
        process = psutil.Process(json.loads(file.read_text("utf-8"))["pid"])
        return process if "faradaic" in " ".join(process.cmdline()) else None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None


def _write_bench(path: Path) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in _INSTRUMENTS]
        ports = [each.getsockname()[1] for each in held]
    instruments = {
        name: {
            "driver": driver,
            "address": f"socket://127.0.0.1:{port}",
            "channels": {"1": {"name": name}},
            "simulated": {"model": model, "cells": {"1": cell}, "seed": seed},
        }
        for seed, (port, (name, (model, driver, cell))) in enumerate(
            zip(ports, _INSTRUMENTS.items(), strict=True), 1
        )
    }
    save_yaml(path, {"speed": SPEED, "alarms": {"desktop": False}, "instruments": instruments})


def _simulate(bench: Path, home: Path) -> None:
    process = start_detached(["simulate", str(bench)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    (home / "simulation.json").write_text(json.dumps({"pid": process.pid}), encoding="utf-8")
    assert process.stdout is not None  # noqa: S101  for the types
    for _ in _INSTRUMENTS:
        # It says a line for each instrument that it serves.
        process.stdout.readline()
    process.stdout.close()

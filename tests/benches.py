"""Whole simulated benches for tests of the engine and of the service."""

import socket
import time
from contextlib import contextmanager

from faradaic.engine.bench import BenchEngine, JobRequest
from faradaic.instruments.bench_file import Bench
from faradaic.simulators.serving import serve_bench

REST = {"protocol": "OpenCircuit", "duration": "10 min", "sample_every": "1 s"}
HOLD = {"protocol": "FloatingTest", "start": "0.4 V", "stop": "0.4 V", "hold": "1 h", "sample_every": "1 s"}
CELL = {"name": "R-1", "area": "1 cm²"}
DRIVERS = {"emstat4-hr": "emstat", "keithley-2450": "keithley"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def bench_of(*models, speed=20.0, cell="Resistor(1000)", **more):
    """Return a bench with one channel A1, A2 … of each of these simulated instruments."""
    instruments = {
        f"i{number}": {
            "driver": DRIVERS[model],
            "address": f"socket://127.0.0.1:{free_port()}",
            "channels": {"1": {"name": f"A{number}"}},
            "simulated": {"model": model, "cells": {"1": cell}},
        }
        for number, model in enumerate(models, 1)
    }
    quiet = {"desktop": False}
    return Bench.model_validate({"speed": speed, "alarms": quiet, "instruments": instruments, **more})


@contextmanager
def engine_of(bench, folder, served=True):
    """Yield an engine of a bench, whose instruments answer, and the simulated devices by name."""
    with serve_bench(bench) as servers, BenchEngine(bench, folder) as engine:
        until(lambda: all(each.state != "offline" for each in engine.statuses()))
        yield engine, {name: server.device for name, server in servers.items()}


def asked(protocol, cell=CELL, **more):
    return JobRequest(protocol=protocol, cell=cell, **more)


def until(condition, wait_s=20.0):
    """Wait for a condition; fail where it does not come about."""
    deadline = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def state(engine, name="A1"):
    return engine.station(name).status().state

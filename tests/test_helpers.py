"""Processes that help the engine: they end with it, in good order, and not before."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psutil
import pytest
import yaml

from faradaic.core.helpers import start_helper
from faradaic.engine.service.affinity import stay_on_one_core
from faradaic.engine.service.client import Client
from faradaic.engine.service.starting import wait_for
from faradaic.simulators.serving import serve_bench
from faradaic.storage import Run
from faradaic.storage.journal import journal_path

from benches import CELL, HOLD, bench_of, until

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no groups of processes to signal"
)


@contextmanager
def running(folder, monkeypatch):
    """Yield a service with a run on a source-measure unit, its helpers, the run's file and the device."""
    bench = bench_of("keithley-2450", speed=1.0)
    monkeypatch.setenv("FARADAIC_HOME", str(folder / "home"))
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(json.loads(bench.model_dump_json(exclude_none=True))))
    command = [
        sys.executable,
        "-m",
        "faradaic",
        "serve",
        str(path),
        "--data",
        str(folder / "data"),
        "--port",
        "0",
    ]
    with serve_bench(bench) as servers:
        device = servers["i1"].device
        # A group of its own, as a service manager gives it.
        process = subprocess.Popen(command, start_new_session=True)
        helpers = []
        try:
            with wait_for(process) as client:
                until(lambda: client.channel("A1").state != "offline")
                client.add("A1", {**HOLD, "sample_every": "0.2 s"}, CELL)
                until(lambda: client.channel("A1").current_A is not None and device.cell_is_on)
                helpers = psutil.Process(process.pid).children(recursive=True)
                yield process, helpers, folder / "data" / client.channel("A1").file, device
        finally:
            process.kill()
            process.wait()
            for helper in helpers:
                if helper.is_running():
                    helper.kill()


def names(processes):
    return {
        each.cmdline()[-1] if each.cmdline()[-1].startswith("fara") else each.cmdline()[2]
        for each in processes
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_every_process_of_a_service_ends_it_in_good_order(tmp_path, monkeypatch, number):
    with running(tmp_path, monkeypatch) as (process, helpers, file, device):
        assert names(helpers) == {"faradaic.storage.writer", "faradaic.engine.bench.watchdog"}
        # What systemd does, helpers first; then what `kill -- -GROUP` does.
        for each in helpers:
            each.send_signal(number)
        assert psutil.wait_procs(helpers, 1.0)[0] == []
        os.killpg(process.pid, number)
        process.wait(30)
        assert not device.cell_is_on
        assert psutil.wait_procs(helpers, 20)[1] == []
        assert process.returncode == 0
        assert not journal_path(file).exists()
        with Run.open(file) as run:
            assert run.state == "stopped"
            assert len(run.samples) > 0
            assert [event.text for event in run.events if event.severity != "info"] == []


def test_no_helper_stays_behind_a_service_that_is_killed(tmp_path, monkeypatch):
    with running(tmp_path, monkeypatch) as (process, helpers, file, device):
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: not device.cell_is_on)
        assert psutil.wait_procs(helpers, 20)[1] == []
        with Run.open(file) as run:
            assert run.state == "interrupted"
            assert len(run.samples) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells on which core a program is")
def test_a_service_stays_on_one_core_and_leaves_all_of_them_to_its_helpers(tmp_path, monkeypatch):
    with running(tmp_path, monkeypatch) as (process, helpers, _, _):
        # Of its main thread, from which those that run Python descend.
        assert len(os.sched_getaffinity(process.pid)) == 1
        assert all(os.sched_getaffinity(each.pid) == os.sched_getaffinity(0) for each in helpers)


def test_where_cores_may_not_be_chosen_everything_works_all_the_same(tmp_path, monkeypatch):
    def forbid(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", forbid, raising=False)
    stay_on_one_core()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with start_helper("faradaic.engine.bench.watchdog", str(tmp_path), **pipes) as helper:
        assert helper.stdout.readline() == "ready\n"


def test_a_connection_that_was_idle_for_seconds_is_still_answered(tmp_path, monkeypatch):
    with running(tmp_path, monkeypatch), Client.own() as client:
        at = urlsplit(client.url)
        with closing(HTTPConnection(at.hostname, at.port, timeout=10)) as connection:
            for pause_s in (6.0, 0.0):
                connection.request("GET", "/")
                # Whatever it says: a connection that is closed meanwhile raises.
                assert connection.getresponse().read()
                assert connection.sock is not None
                time.sleep(pause_s)

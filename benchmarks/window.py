"""How quick the window is: ``python -m benchmarks.window [start|cold|file|live|rack|killed]``.

start   from the command to a window that can be used, with the engine running
cold    the same, where the engine has to be started, too
file    a run of ten million samples: to its first plot, and a frame while it is moved and zoomed
live    16 channels at 10 samples/s in four plots: processor time, and how long the window is not free
rack    256 channels at a sample a second in the rack: the same
killed  the window killed 20 times during runs
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks.bench_processes import service, simulated_bench
from faradaic.core.samples import SAMPLE
from faradaic.engine.service.client import Client
from faradaic.engine.service.starting import end_own
from faradaic.gui.theme import apply_theme
from faradaic.gui.window import Window
from faradaic.protocols import Cell, OpenCircuit
from faradaic.storage import Run
from faradaic.storage.schema import CHUNK_ROWS

MEASURED_S = 20.0
_TICK_MS = 5
_CHILD = """
import gc, os, sys, time
begun, how, times_s = float(sys.argv[1]), sys.argv[2], []
sys.argv[1:] = sys.argv[3:]
gc.disable()  # as the command does before it imports the window
from PySide6.QtCore import QTimer
from faradaic.gui.window import Window
attach = Window.attach
def attached(window, *given, **more):
    attach(window, *given, **more)
    window.grab()
    times_s.append(time.time() - begun)
    look(window)
def look(window):
    shown = window.panels.workspace.subWindowList()
    plan = shown[0].widget() if shown else None
    is_there = (bool(shown), plan is None or not hasattr(plan, "preview") or plan.preview.checks.text())
    if not is_there[len(times_s) - 1]:
        QTimer.singleShot(5, lambda: look(window))
        return
    window.grab()
    times_s.append(time.time() - begun)
    if len(times_s) < 3:
        look(window)
        return
    print(*times_s, flush=True)
    if how == "leave":
        os._exit(0)
Window.attach = attached
from faradaic.cli import main
main()
"""


@contextmanager
def bench_of(channels: int, *, speed: float = 1.0):
    """Serve simulated channels, and the service on them; yield folder and client."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        with (
            simulated_bench(folder, channels, "emstat4-hr", "Resistor(1000)", speed=speed) as bench,
            service(folder, bench) as (_, client),
        ):
            yield folder, client


def window_on(client: Client, folder: Path) -> Window:
    """Return a window on a bench."""
    application = QApplication.instance() or QApplication([])
    window = Window(folder)
    apply_theme(application, window.theme)
    window.show()
    window.attach(client, client.status())
    return window


def opened(folder: Path, how: str, *bench: Path) -> "subprocess.Popen[str]":
    """Type the command for a window, on the engine that runs or on one for a bench file."""
    typed = ["gui", "--data", str(folder), *(each for file in bench for each in ("--bench", str(file)))]
    command = [sys.executable, "-c", _CHILD, str(time.time()), how, *typed]
    # As a person has it: what was compiled once is kept.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def measure_start() -> None:
    """From the command to a drawn rack and to a plan to fill in, with a running engine."""
    with bench_of(16) as (folder, _):
        for what in ["first start", *5 * ["again"]]:
            tell_start(what, opened(folder, "leave"))


def tell_start(what: str, process: "subprocess.Popen[str]") -> None:
    """Say how long it took until a window could be used."""
    with process:
        assert process.stdout is not None
        rack_s, plan_s, preview_s = map(float, process.stdout.readline().split())
    print(
        f"{what}: rack after {rack_s:.2f} s, plan after {plan_s:.2f} s, its preview after {preview_s:.2f} s"
    )


def measure_cold() -> None:
    """From the command to a drawn rack and to a plan to fill in, with an engine that has to be started."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["FARADAIC_HOME"] = str(folder / "home")
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        with simulated_bench(folder, 16, "emstat4-hr", "Resistor(1000)") as bench:
            for what in ["first start", *2 * ["again"]]:
                tell_start(f"{what} with an engine", opened(folder, "leave", bench))
                end_own()


def ten_million(path: Path, count: int = 10_000_000) -> None:
    """Record a run of so many samples, as the engine would."""
    from faradaic.storage.journal import journal_path

    with tempfile.TemporaryDirectory() as folder:
        from faradaic.engine import Runner
        from faradaic.simulators import Resistor, simulated

        with simulated("emstat4-hr", Resistor(1000.0)) as instrument:
            small = Path(folder) / "small.h5"
            protocol = OpenCircuit.model_validate({"duration": "10 s"})
            Runner(protocol, instrument.channels[0], cell=Cell(), out=small).run()
        import shutil

        import h5py

        shutil.copy(small, path)
        rows = np.zeros(count, SAMPLE)
        rows["test_time_second"] = np.arange(count)
        chance = np.random.default_rng(1)
        rows["voltage_volt"] = (
            3.7 + 0.3 * np.sin(np.arange(count) / 5e4) + 1e-3 * chance.standard_normal(count)
        )
        rows["current_ampere"] = 1e-3 * np.sign(np.sin(np.arange(count) / 5e4))
        rows["step_count"] = 1
        with h5py.File(path, "r+") as file:
            attributes = dict(file["samples"].attrs)
            del file["samples"]
            file.create_dataset("samples", data=rows, chunks=(CHUNK_ROWS["samples"],)).attrs.update(
                attributes
            )
        assert not journal_path(path).exists()
    with Run.open(path) as run:
        assert len(run.samples) == count


def measure_file() -> None:
    """Ten million samples: opening, moving, zooming."""
    with bench_of(1) as (folder, client):
        path = folder / "ten million.h5"
        ten_million(path)
        window = window_on(client, folder)
        window.resize(1600, 1000)
        workspace = window.panels.workspace
        # A window that is at rest, with the preview of its plan drawn.
        while not any(each.widget().preview.checks.text() for each in workspace.subWindowList()):
            QTest.qWait(5)
        begun = time.perf_counter()
        workspace.open_runs([path])
        while not any(len(panel.source.samples) > 1e6 for panel in workspace.panels):
            run_loop(0.001)
        (panel,) = [panel for panel in workspace.panels if len(panel.source.samples) > 1e6]
        panel.plot.canvas.grab()
        print(f"opened and drawn after {time.perf_counter() - begun:.2f} s")
        plot = panel.plot.plots[0]
        frames_ms = []
        for step in range(120):
            share = 0.5 * 0.97**step if step < 60 else 0.05
            middle = 5e6 + (step - 60) * 2e4 if step >= 60 else 5e6
            scale = panel.plot._scales[0][0]
            begun = time.perf_counter()
            plot.vb.setXRange((middle - share * 1e7) / scale, (middle + share * 1e7) / scale, padding=0)
            panel.plot.refresh()
            panel.plot.canvas.grab()
            frames_ms.append((time.perf_counter() - begun) * 1e3)
        p50, p95 = np.percentile(frames_ms, [50, 95])
        print(f"a frame while zooming and moving: median {p50:.1f} ms, p95 {p95:.1f} ms")
        leave(window)


def watch_loop(what: str, seconds: float = MEASURED_S) -> None:
    """Report the processor time of this process, and the longest times in which the window was not free.

    On a shared computer others delay the window as well. What it causes itself is the processor time that
    its thread takes between two ticks of a timer.
    """
    times_s: list[tuple[float, float]] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: times_s.append((time.perf_counter(), time.thread_time())))
    run_loop(3.0)
    timer.start(_TICK_MS)
    process = psutil.Process()
    before, others_before_s, begun = process.cpu_times(), stolen_s(), time.perf_counter()
    run_loop(seconds)
    after, others_s, passed_s = (
        process.cpu_times(),
        stolen_s() - others_before_s,
        time.perf_counter() - begun,
    )
    timer.stop()
    share = 100 * (after.user + after.system - before.user - before.system) / passed_s
    late_ms, own_ms = (np.diff(times_s, axis=0) * 1e3 - (_TICK_MS, 0.0)).T
    print(
        f"{what}: {share:.1f} % of a core, {process.memory_info().rss / 1e6:.0f} MB; the window worked for "
        f"{np.percentile(own_ms, 99):.1f} ms (p99), {own_ms.max():.1f} ms at most, and was not free for "
        f"{np.percentile(late_ms, 99):.1f} ms (p99), {late_ms.max():.1f} ms at most "
        f"(other computers took {100 * others_s / passed_s:.1f} % of a core)"
    )


def run_loop(seconds: float) -> None:
    """Let the window live."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1e3), loop.quit)
    loop.exec()


def stolen_s() -> float:
    """Return the processor time that went to other computers on the same machine, where that is known."""
    return getattr(psutil.cpu_times(), "steal", 0.0)


def start_all(client: Client, interval: str) -> None:
    """Begin to record on all channels."""
    job = {"protocol": "OpenCircuit", "duration": "10 h", "sample_every": interval}
    for each in client.status().channels:
        client.add(each.channel, job, {"name": "load"})
    while not all(each.state == "running" for each in client.status().channels):
        time.sleep(0.2)


def measure_live() -> None:
    """16 channels at 10 samples/s, four plots side by side."""
    with bench_of(16) as (folder, client):
        start_all(client, "0.1 s")
        window = window_on(client, folder)
        window.resize(1600, 1000)
        names = list(window.panels.bench.statuses)
        for index in range(4):
            panel = window.panels.show_plot(names[4 * index])
            for name in names[4 * index + 1 : 4 * index + 4]:
                panel.plot.add(window.panels.sources.of(name))
        window.panels.workspace.tile(tiled=True)
        watch_loop("16 channels at 10 samples/s in 4 plots")
        leave(window)


def measure_rack() -> None:
    """256 channels at a sample a second in the rack."""
    with bench_of(256) as (folder, client):
        start_all(client, "1 s")
        window = window_on(client, folder)
        window.resize(1600, 1000)
        watch_loop("256 channels at 1 sample/s, as cards")
        window.panels.rack.shows_rows = True
        watch_loop("256 channels at 1 sample/s, as rows")
        leave(window)


def measure_killed() -> None:
    """Kill the window 20 times; no run may notice."""
    with bench_of(8) as (folder, client):
        start_all(client, "0.1 s")
        for _ in range(20):
            process = opened(folder, "stay")
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.wait()
        statuses = client.status().channels
        running = sum(each.state == "running" for each in statuses)
        for each in statuses:
            client.stop(each.channel)
        while any(each.state in ("running", "ending") for each in client.status().channels):
            time.sleep(0.2)
        time.sleep(1.0)
        longest_s = 0.0
        for each in client.status().channels:
            with Run.open(each.file) as run:
                longest_s = max(longest_s, float(np.diff(run.samples["test_time_second"]).max()))
        went_on = f"{running} of {len(statuses)} runs went on"
        print(f"20 windows killed: {went_on}, longest time between samples {longest_s:.3f} s")


def leave(window: Window) -> None:
    """Close a window without being asked."""
    window.settings.setValue("close_told", True)
    window.close()


MEASUREMENTS: dict[str, Callable[[], None]] = {
    "start": measure_start,
    "cold": measure_cold,
    "file": measure_file,
    "live": measure_live,
    "rack": measure_rack,
    "killed": measure_killed,
}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or MEASUREMENTS:
        MEASUREMENTS[chosen]()

"""The window on a real X server: what happens to a run when the window is killed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytest.importorskip("PySide6.QtWidgets", reason="the window needs the system's libraries libegl1 and libgl1")
pytestmark = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="a real screen needs Xvfb on the path")
STAGES = Path(__file__).with_name("window_stages.py")


@pytest.fixture
def screen(tmp_path):
    """An X server of our own; yield the environment of programs on it."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    environment = {
        **os.environ,
        "DISPLAY": f":{number}",
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "FARADAIC_HOME": str(tmp_path / "home"),
    }
    try:
        yield environment
    finally:
        for process in psutil.process_iter(["cmdline"]):
            if str(tmp_path) in " ".join(process.info["cmdline"] or ()):
                process.kill()
        server.terminate()
        server.wait()


def stage(environment, *arguments):
    return subprocess.run(
        [sys.executable, str(STAGES), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.timeout(240)
def test_a_run_does_not_notice_that_its_window_is_killed(screen, tmp_path):
    data = str(tmp_path / "data")
    killed = stage(screen, "first", data)
    assert killed.returncode == 9, killed.stderr
    opened = stage(screen, "second", data, str(tmp_path / "figure.png"))
    assert opened.returncode == 0, opened.stderr
    assert opened.stdout == killed.stdout
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    assert (tmp_path / "window.png").stat().st_size > 10_000
    # The simulated bench ends with its last window.
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(process.info["cmdline"] or ())
    ]

"""A window on a simulated bench, for tests that use it as people do."""

import threading
import time
from contextlib import contextmanager

import uvicorn
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from faradaic.engine.service.app import make_app
from faradaic.engine.service.client import Client
from faradaic.engine.service.own import Tokens
from faradaic.gui.window import Window

from benches import free_port

TOKENS = Tokens("operator-secret", "reader-secret")


@contextmanager
def served(engine):
    """Serve an engine; yield where."""
    port = free_port()
    config = uvicorn.Config(make_app(engine, TOKENS), host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def client_of(url):
    client = Client(url, TOKENS.operator, by="Ada")
    for _ in range(100):
        try:
            client.status()
        except Exception:  # noqa: BLE001  not there yet
            QTest.qWait(50)
        else:
            break
    return client


@contextmanager
def window_on(url, data):
    """Yield a window that shows the bench of a service."""
    window = Window(data)
    window.set_scheme("light")
    window.show()
    client = client_of(url)
    window.attach(client, client.status())
    # Closing it must not ask.
    window.settings.setValue("close_told", True)
    try:
        yield window
    finally:
        window.close()
        window.deleteLater()


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def type_into(field, text):
    """Replace what a field of a form says by typing."""
    line = field.input.lineEdit()
    line.setFocus()
    line.selectAll()
    if not text.isascii():
        # No keyboard that the tests could press has these.
        line.insert(text)
    elif text:
        QTest.keyClicks(line, text)
    else:
        QTest.keyClick(line, Qt.Key.Key_Delete)


def wait_for(condition, wait_s=20.0):
    """Let the window go on until a condition holds."""
    deadline = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        QTest.qWait(20)


def press(window, keys):
    """Press a shortcut of the window."""
    action = next(each for each in window.actions_by_name.values() if each.shortcut().toString() == keys)
    assert action.isEnabled(), f"{keys} ({action.text()}) is not allowed now"
    action.trigger()

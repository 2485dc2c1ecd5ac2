"""Alarms reach people: by mail, by webhook, and only once."""

import http.server
import json
import socketserver
import threading
from contextlib import contextmanager

import pytest

from faradaic.engine.bench.alarms import Alarms, NoSuchAlarm
from faradaic.instruments.bench_file import BenchAlarms

from benches import until


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def alarms_of(**wanted):
    raised = []
    alarms = Alarms(BenchAlarms(desktop=False, **wanted), "lab", raised.append)
    try:
        yield alarms, raised
    finally:
        alarms.close()


def test_a_webhook_gets_a_sentence_that_chat_programs_show():
    heard = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with (
        serving(http.server.HTTPServer(("127.0.0.1", 0), Hook)) as port,
        alarms_of(webhook=f"http://127.0.0.1:{port}/hook") as (alarms, _),
    ):
        alarms.raise_("A1", "error", "The potential of 4.7 V exceeds its limit. Größe ✓")
        until(lambda: heard)
    assert heard[0]["text"] == "lab, A1: error. The potential of 4.7 V exceeds its limit. Größe ✓"
    assert heard[0]["channel"] == "A1"


def test_a_mail_server_gets_a_mail():
    said = []

    class Mail(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 ready\r\n")
            in_data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                said.append(line)
                if in_data:
                    if line == ".":
                        in_data = False
                        self.wfile.write(b"250 taken\r\n")
                    continue
                word = line.split()[0].upper()
                in_data = word == "DATA"
                self.wfile.write({"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))
                if word == "QUIT":
                    return

    with (
        serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)) as port,
        alarms_of(
            email={
                "host": "127.0.0.1",
                "port": port,
                "tls": False,
                "sender": "lab@x.org",
                "to": ["ada@x.org"],
            }
        ) as (alarms, _),
    ):
        alarms.raise_("A1", "error", "The run has failed.")
        until(lambda: "QUIT" in str(said).upper())
    assert "Subject: [faradaic] lab, A1: error" in said
    assert "To: ada@x.org" in said
    assert "The run has failed." in said


def test_what_nobody_takes_holds_nothing_up(monkeypatch):
    monkeypatch.setattr("faradaic.engine.bench.alarms._RETRY_S", 0.01)
    with alarms_of(webhook="http://127.0.0.1:9/") as (alarms, raised):
        for number in range(5):
            alarms.raise_("", "warning", f"Number {number}.")
        assert len(raised) == 5


def test_an_alarm_that_stands_there_is_not_raised_again_until_somebody_has_seen_it():
    with alarms_of() as (alarms, raised):
        for _ in range(3):
            alarms.raise_("A1", "error", "The disk is nearly full.")
        (alarm,) = alarms.standing()
        assert alarms.acknowledge(alarm.id, "Ada").acknowledged_by == "Ada"
        alarms.raise_("A1", "error", "The disk is nearly full.")
        assert len(alarms.standing()) == 2
        assert len(raised) == 3
        with pytest.raises(NoSuchAlarm):
            alarms.acknowledge("x", "Ada")


def test_thousands_of_alarms_take_no_more_memory_than_some():
    with alarms_of() as (alarms, _):
        for number in range(2000):
            alarms.raise_("A1", "error", f"Number {number}.")
        assert len(alarms.standing()) == 500
        assert alarms.standing()[0].text == "Number 1999."

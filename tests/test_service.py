"""The service: who may ask for what, and what clients see."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import schemathesis
import yaml
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from starlette.websockets import WebSocketDisconnect

from faradaic.engine.bench import decode
from faradaic.engine.service.app import make_app
from faradaic.engine.service.client import Client, ServiceError
from faradaic.engine.service.own import Tokens, address_file, own_tokens
from faradaic.engine.service.starting import changed_over, end_own, wait_for
from faradaic.gui import trying
from faradaic.simulators.serving import serve_bench
from faradaic.storage import Run

from benches import CELL, HOLD, bench_of, engine_of, until

TOKENS = Tokens("operator-secret", "reader-secret")
ACT, LOOK = ({"Authorization": f"Bearer {token}"} for token in (TOKENS.operator, TOKENS.reader))
HOME = "http://127.0.0.1:8420"
LIVE = "ws://127.0.0.1:8420/api/v1/live"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An engine with one channel, and its application."""
    folder = tmp_path_factory.mktemp("bench")
    with engine_of(bench_of("emstat4-hr"), folder) as (engine, _):
        yield engine, make_app(engine, TOKENS)


@pytest.fixture
def http(served):
    with TestClient(served[1], base_url=HOME) as client:
        yield client


def routes(app):
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield (
                method.upper(),
                path.replace("{channel}", "A1").replace("{job}", "x").replace("{alarm}", "x"),
            )


def test_without_a_token_nothing_is_answered(served, http):
    asked = list(routes(served[1]))
    assert len(asked) >= 14
    for method, path in asked:
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer é"},
            {"Authorization": "Basic x"},
        ):
            encoded = {name: value.encode() for name, value in headers.items()}
            assert http.request(method, path, headers=encoded, json={"by": "x"}).status_code == 401, (
                method,
                path,
            )


def test_a_reader_may_look_and_not_act(served, http):
    for method, path in routes(served[1]):
        answer = http.request(method, path, headers=LOOK, json={"by": "x"})
        if method == "GET" or path.endswith("preview"):
            assert answer.status_code not in (401, 403), path
        else:
            assert answer.status_code == 403, path
    assert served[0].log.tail(1)[0]["text"] == "The engine begins."


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8420"},
    ],
)
def test_other_origins_and_hosts_are_turned_away(http, headers):
    answer = http.post("/api/v1/emergency-stop", headers={**ACT, **headers}, json={"by": "x"})
    assert answer.status_code == 403
    with pytest.raises(WebSocketDisconnect), http.websocket_connect(LIVE, headers=headers):
        pass


def test_our_own_origin_is_let_in(http):
    assert http.get("/api/v1/status", headers={**LOOK, "Origin": HOME}).status_code == 200


def test_huge_requests_are_not_read(http):
    huge = b'{"by": "' + b"x" * 2**20 + b'"}'
    assert http.post("/api/v1/emergency-stop", headers=ACT, content=huge).status_code == 413
    pieces = (huge[start : start + 65536] for start in range(0, len(huge), 65536))
    # One that does not say how much it sends is cut off.
    assert http.post("/api/v1/emergency-stop", headers=ACT, content=pieces).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "../secret.h5",
        "/etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "a/../../secret.h5",
        ".faradaic/queue A1.json",
        "x\0.h5",
        "a" * 900 + ".h5",
        "",
    ],
)
def test_files_outside_the_data_folder_are_not_served(served, http, path):
    (served[0].folder.parent / "secret.h5").write_text("secret")
    answer = http.get("/api/v1/runs/file", params={"path": path}, headers=LOOK)
    assert answer.status_code == 404
    assert "secret.h5" not in answer.text or path in answer.text


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_out_of_the_data_folder_is_not_followed(served, http):
    (served[0].folder.parent / "secret.h5").write_text("secret")
    (served[0].folder / "link.h5").symlink_to(served[0].folder.parent / "secret.h5")
    assert http.get("/api/v1/runs/file", params={"path": "link.h5"}, headers=LOOK).status_code == 404
    (served[0].folder / "link.h5").unlink()


def test_the_page_is_served_without_secrets_and_takes_nothing_from_elsewhere(http):
    answer = http.get("/")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert TOKENS.operator not in answer.text
    assert http.get("/../app.py").status_code == 404


@pytest.mark.parametrize(
    "first", ['{"token": "wrong"}', "{}", "[]", "no JSON", '{"token": null, "since": "x"}']
)
def test_live_records_need_a_token(http, first):
    with http.websocket_connect(LIVE) as socket:
        socket.send_text(first)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_bytes()
    assert ended.value.code == 4401


def test_live_records_follow_each_other_from_where_a_reader_was(served, http):
    engine, _ = served
    begin = engine.publisher.seq
    for number in range(50):
        engine.publisher.publish("event", "A1", number=number)
    with http.websocket_connect(LIVE) as socket:
        socket.send_text(json.dumps({"token": TOKENS.reader, "since": begin}))
        heard = []
        while len(heard) < 50:
            heard += [record for record in decode(socket.receive_bytes()) if record.kind == "event"]
        assert [record.data["number"] for record in heard] == list(range(50))


def test_refusals_are_sentences(http):
    def answer(method, path, content=None):
        response = http.request(method, f"/api/v1/{path}", headers=ACT, json=content)
        return response.status_code, response.json()["detail"]

    job = {"request": {"protocol": {"protocol": "LinearSweeep"}}, "by": "Ada"}
    assert answer("POST", "channels/A1/jobs", job) == (
        409,
        "there is no protocol 'LinearSweeep'; did you mean LinearSweep?",
    )
    assert answer("POST", "channels/B7/emergency-stop", {"by": "Ada"})[0] == 404
    assert answer("POST", "channels/A1/commands", {"command": "stop", "by": "Ada"}) == (
        409,
        "Nothing runs on A1.",
    )
    assert answer("POST", "alarms/x/acknowledge", {"by": "Ada"}) == (404, "There is no alarm 'x'.")


def test_the_schema_fuzzed_gives_no_server_error(served):
    app = make_app(served[0], TOKENS, frozenset({"testserver"}))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    asked = 0
    for found in schema.get_all_operations():

        @given(case=found.ok().as_strategy())
        @settings(max_examples=25, suppress_health_check=list(HealthCheck))
        def ask(case):
            answer = case.call(headers=ACT)
            assert answer.status_code < 500, (case.method, case.path, case.body, answer.text)
            assert answer.status_code != 403

        ask()
        asked += 1
    assert asked >= 14


def test_nothing_is_unpickled():
    root = Path(__file__).resolve().parent.parent
    for part in ("engine", "storage", "instruments", "core", "protocols", "cli"):
        for path in (root / part).rglob("*.py"):
            assert "pickle" not in path.read_text("utf-8"), path


@contextmanager
def service(folder, bench, monkeypatch, **streams):
    """Serve a bench in a process of its own; yield the process and a client."""
    monkeypatch.setenv("FARADAIC_HOME", str(folder / "home"))
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(json.loads(bench.model_dump_json(exclude_none=True))))
    process = subprocess.Popen(
        [sys.executable, "-m", "faradaic", "serve", str(path), "--data", str(folder / "data"), "--port", "0"],
        **streams,
        text=True,
    )
    try:
        with wait_for(process) as client:
            until(lambda: all(each.state != "offline" for each in client.status().channels))
            yield process, client
    finally:
        process.terminate()
        process.wait(30)


def faradaic(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "faradaic", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_service_serves_scripts_and_the_command_line_and_ends_in_good_order(tmp_path, monkeypatch):
    bench = bench_of("emstat4-hr", "keithley-2450")
    with serve_bench(bench) as servers, service(tmp_path, bench, monkeypatch) as (process, client):
        heard = []
        follower = threading.Thread(target=lambda: heard.extend(client.live(0)), daemon=True)
        follower.start()
        foreseen = client.preview("A1", HOLD, CELL)
        assert foreseen.duration_s == 3600.0
        assert foreseen.samples >= 3600
        client.add("A1", HOLD, CELL, notes="Größe ✓")
        until(lambda: client.channel("A1").current_A is not None)
        assert client.pause("A1").state in ("running", "paused")
        until(lambda: client.channel("A1").state == "paused")
        client.resume("A1")
        client.change_limits("A1", potential_max="3 V")
        with pytest.raises(ServiceError, match="potential_max"):
            client.change_limits("A1", potential_max="3 A")
        client.change_until("A1", duration="2 h")
        assert "duration: 'V' is not a unit" in faradaic("until", "A1", "--set", "duration=2 V").stderr
        assert faradaic("until", "A1", "--set", "duration=90 min").returncode == 0
        until(lambda: client.channel("A1").until.duration_s == 5400.0)

        assert "A1" in faradaic("status").stdout
        started = faradaic("start", "OpenCircuit", "--channel", "A2", "--set", "duration=1 h")
        assert started.returncode == 0, started.stderr
        assert faradaic("start", "OpenCircuit", "--channel", "A2").returncode == 0
        assert "OpenCircuit on unnamed cell" in faradaic("queue", "A2").stdout
        refused = faradaic("start", "Nonsense", "--channel", "A2")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "there is no protocol 'Nonsense'" in refused.stderr
        assert "no channel 'B7'" in faradaic("stop", "B7").stderr
        second = faradaic(
            "serve", str(tmp_path / "bench.yaml"), "--data", str(tmp_path / "other"), "--port", "0"
        )
        assert (second.returncode, "runs already" in second.stderr) == (2, True)

        stopped = faradaic("emergency-stop")
        assert stopped.stdout.splitlines() == ["A1 is at rest.", "A2 is at rest."]
        until(lambda: client.channel("A1").state == "stopped")
        (run,) = [run for run in client.runs() if "FloatingTest" in run.path]
        copy = client.fetch(run.path, tmp_path / "copy.h5")
        assert copy.stat().st_size > 10_000
        assert {record.kind for record in heard} >= {
            "run_started",
            "step_started",
            "samples",
            "event",
            "run_ended",
            "state",
            "alarm",
        }
        assert [record.seq for record in heard] == list(range(1, len(heard) + 1))
        assert any(entry["text"] == "EMERGENCY STOP." for entry in client.log())
        client.resume("A1")
        client.add("A1", HOLD, CELL)
        until(lambda: servers["i1"].device.cell_is_on)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert not servers["i1"].device.cell_is_on
    assert "No service runs" in faradaic("status").stderr


def test_a_bench_on_which_nothing_runs_is_changed_for_another(tmp_path, monkeypatch):
    bench = bench_of("emstat4-hr")
    with serve_bench(bench), service(tmp_path, bench, monkeypatch) as (_, client):
        other = tmp_path / "other.yaml"
        other.write_text((tmp_path / "bench.yaml").read_text())
        client.add("A1", HOLD, CELL)
        until(lambda: client.channel("A1").state == "running")
        with pytest.raises(ServiceError, match="works for the bench 'bench'. Runs are under way on A1"):
            changed_over(other, tmp_path / "data")
        client.stop("A1")
        until(lambda: client.channel("A1").state == "stopped")
        try:
            with changed_over(other, tmp_path / "data") as changed:
                assert changed.status().bench == "other"
            began = json.loads(address_file().read_text())["pid"]
            changed_over(other, tmp_path / "data").close()
            assert json.loads(address_file().read_text())["pid"] == began
            # The file has changed since: an instrument more, say.
            os.utime(other, (time.time() + 10, time.time() + 10))
            changed_over(other, tmp_path / "data").close()
            assert json.loads(address_file().read_text())["pid"] != began
        finally:
            end_own()


def test_a_service_ends_when_it_is_asked_to_and_interrupts_runs_only_when_told(tmp_path, monkeypatch):
    bench = bench_of("emstat4-hr", "keithley-2450")
    with (
        serve_bench(bench) as servers,
        service(tmp_path, bench, monkeypatch, stdout=subprocess.PIPE) as (
            process,
            client,
        ),
    ):
        ready = process.stdout.readline()
        assert ready.startswith(f"bench: 2 channels, served at {client.url} ")
        assert "faradaic end" in ready
        client.add("A2", HOLD, CELL)
        until(lambda: servers["i2"].device.cell_is_on and client.channel("A2").current_A is not None)
        file = client.channel("A2").file
        refused = faradaic("end")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "Runs are under way on A2: stop them first, or interrupt them" in refused.stderr
        assert client.channel("A2").state == "running"
        ended = faradaic("end", "--interrupt")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.splitlines() == [
            "The run on A2 is interrupted; it can be gone on with.",
            "The service ends.",
        ]
        assert process.wait(5) == 0
        assert not servers["i2"].device.cell_is_on
        with Run.open(file) as run:
            assert run.state == "stopped"
        entries = [
            json.loads(line) for line in (tmp_path / "data/.faradaic/bench.log").read_text().splitlines()
        ]
        (entry,) = [entry for entry in entries if entry["text"] == "End the engine."]
        assert entry["by"] == client.by
        assert not (tmp_path / "home" / "service.json").exists()
    assert "No service runs" in faradaic("end").stderr


def test_a_service_inside_another_program_does_not_end_it(http):
    answer = http.post("/api/v1/end", headers=ACT, json={"by": "Ada", "interrupt": True})
    assert answer.status_code == 409
    assert "part of another program" in answer.json()["detail"]


def test_the_simulated_bench_of_a_first_try_ends_in_good_order(tmp_path, monkeypatch):
    monkeypatch.setattr(trying, "trying_home", lambda: tmp_path / "home")
    terminated = []
    terminate = psutil.Process.terminate
    monkeypatch.setattr(
        psutil.Process, "terminate", lambda self: (terminated.append(self.pid), terminate(self))
    )
    with trying.start_trying(tmp_path / "data") as client:
        pid = json.loads((tmp_path / "home" / "service.json").read_text())["pid"]
        client.add("Resistor", HOLD, CELL)
        until(lambda: client.channel("Resistor").current_A is not None)
        file = client.channel("Resistor").file
    trying.end_trying()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    # That is a hard kill on Windows.
    assert pid not in terminated
    with Run.open(file) as run:
        assert run.state == "stopped"


def test_a_service_is_started_on_demand_and_outlives_whoever_started_it(tmp_path, monkeypatch):
    bench = bench_of("emstat4-hr")
    monkeypatch.setenv("FARADAIC_HOME", str(tmp_path / "home"))
    path = tmp_path / "bench.yaml"
    path.write_text(yaml.safe_dump(json.loads(bench.model_dump_json(exclude_none=True))))
    where = ("--bench", str(path), "--data", str(tmp_path / "data"))
    with serve_bench(bench):
        wrong = faradaic("start", "OpenCircuit", "--channel", "A1", "--bench", str(tmp_path / "none.yaml"))
        assert (wrong.returncode, "cannot be read" in wrong.stderr) == (2, True)
        started = faradaic("start", "OpenCircuit", "--channel", "A1", "--set", "duration=10 h", *where)
        assert started.returncode == 0, started.stderr
        pid = json.loads((tmp_path / "home" / "service.json").read_text())["pid"]
        try:
            watching = subprocess.Popen(
                [sys.executable, "-m", "faradaic", "watch"], stdout=subprocess.DEVNULL
            )
            with Client.own() as client:
                until(lambda: client.channel("A1").state == "running")
                watching.kill()
                watching.wait()
                assert client.channel("A1").state == "running"
        finally:
            os.kill(pid, signal.SIGTERM)
            until(lambda: not (tmp_path / "home" / "service.json").exists())


def test_tokens_are_for_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("FARADAIC_HOME", str(tmp_path / "home"))
    tokens = own_tokens()
    assert own_tokens() == tokens
    assert tokens.operator != tokens.reader
    assert len(tokens.operator) >= 30
    if sys.platform != "win32":
        assert (tmp_path / "home" / "tokens.json").stat().st_mode & 0o077 == 0

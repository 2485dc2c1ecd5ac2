"""The status page in a real browser."""

import os
import re
import shutil
import threading
import time

import numpy as np
import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from faradaic.core.samples import SAMPLE
from faradaic.engine.bench import StationStatus
from faradaic.engine.service.app import make_app
from faradaic.engine.service.own import Tokens

from benches import HOLD, asked, bench_of, engine_of, free_port, until

TOKENS = Tokens("operator-secret", "reader-secret")
CHROMIUM = os.environ.get("FARADAIC_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="looking at the page needs Chromium on the path")


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(15_000)
        page.mistakes = []
        page.on("pageerror", lambda error: page.mistakes.append(str(error)))
        page.on("console", lambda said: page.mistakes.append(said.text) if said.type == "error" else None)
        yield page
        browser.close()


@pytest.fixture
def served(tmp_path):
    """An engine with a running channel, and the address of its service."""
    with engine_of(bench_of("emstat4-hr", "keithley-2450", speed=5.0), tmp_path) as (engine, _):
        server = uvicorn.Server(uvicorn.Config(make_app(engine, TOKENS), port=free_port(), log_config=None))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until(lambda: server.started)
        yield engine, f"http://127.0.0.1:{server.config.port}"
        server.should_exit = True
        thread.join()


def test_a_person_watches_the_bench_and_stops_it(page, served):
    engine, url = served
    page.goto(url)
    page.get_by_label("Token of the service").fill(TOKENS.operator)
    page.get_by_role("button", name="Look").click()
    page.get_by_text("● live").wait_for()
    assert page.locator(".card").count() == 2

    engine.add("A1", asked(HOLD), "Ada", time.time())
    card = page.locator(".card", has_text="A1")
    card.get_by_text("▶ running").wait_for()
    card.get_by_text(re.compile(r"0\.(400|399)\d V")).wait_for()
    card.get_by_text(re.compile(r"(400|399)\.\d µA")).wait_for()
    assert page.locator("#summary").inner_text() == "1 of 2 running"

    card.click()
    page.locator("#detail-text").get_by_text("FloatingTest").wait_for()
    engine.pause("A1", "rest", "Ada")
    page.locator("#detail-events").get_by_text("Pause with the cell at rest.").wait_for()
    page.get_by_role("button", name="Close").click()
    card.get_by_text("‖ paused").wait_for()

    page.get_by_label("Filter channels").fill("floating paused")
    assert page.locator(".card:visible").count() == 1
    page.get_by_label("Filter channels").fill("")

    # A click is not enough; it is held for 0.7 s.
    page.get_by_role("button", name="EMERGENCY STOP").click()
    time.sleep(1.0)
    assert engine.station("A1").status().state == "paused"
    button = page.get_by_role("button", name="EMERGENCY STOP").bounding_box()
    page.mouse.move(button["x"] + 20, button["y"] + 10)
    page.mouse.down()
    card.get_by_text("■ stopped").wait_for()
    page.mouse.up()
    page.get_by_text("Emergency stop by status page.").wait_for()
    page.get_by_role("button", name="Seen").first.click()
    until(lambda: engine.alarms.standing()[0].acknowledged_by == "status page")
    assert page.mistakes == []


def test_a_reader_sees_no_button_to_stop(page, served):
    _, url = served
    page.goto(f"{url}/#token={TOKENS.reader}")
    page.get_by_text("● live").wait_for()
    assert not page.get_by_role("button", name="EMERGENCY STOP").is_visible()
    # The secret does not stay where somebody can read it over a shoulder.
    assert TOKENS.reader not in page.url


def test_256_channels_at_1_Hz_do_not_fall_behind(page, served, monkeypatch):
    engine, url = served
    names = [f"B{number}" for number in range(256)]
    statuses = [
        StationStatus(channel=name, instrument="x", state="running", cell="c", protocol="p", step="s")
        for name in names
    ]
    monkeypatch.setattr(engine, "statuses", lambda: statuses)
    page.goto(f"{url}/#token={TOKENS.reader}")
    page.get_by_text("● live").wait_for()
    lateness = []
    for second in range(8):
        begun = time.monotonic()
        for name in names:
            rows = np.zeros(1, SAMPLE)
            rows["test_time_second"], rows["voltage_volt"] = second, 3.0 + second / 10
            engine.publisher.publish("samples", name, rows=rows)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - begun)))
        lateness.append(float(page.evaluate("document.body.dataset.latency")))
    page.locator(".card", has_text="B0").first.get_by_text("3.7000 V").wait_for()
    assert max(lateness[2:]) < 1.0
    assert page.mistakes == []

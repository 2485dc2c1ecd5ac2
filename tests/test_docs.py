"""What the documentation shows works: every block of every page is run, or at least read."""

import re
from pathlib import Path

import numpy as np
import pytest

from faradaic.core.clock import VirtualClock
from faradaic.engine import run
from faradaic.instruments import InstrumentFault
from faradaic.protocols import ConstantPotential, LinearSweep, Until

from doc_pages import DOCS, REASONS, Follower, blocks, pages, wanted

ELSEWHERE = {
    "write-a-driver.md": "test_docs.py",
    "protocol-files.md": "test_docs_protocols.py",
    "pybamm-cells.md": "test_docs_protocols.py",
}
"""Pages whose blocks need more than an empty folder, and the test that runs them."""


class TinyInstrument:
    """A resistor of 1 kΩ behind four commands."""

    def __init__(self):
        self.values = {"limit": 0.0, "level": 0.0, "output": 0}
        self.deaf_to = ""

    def __call__(self, text):
        if text == "serial?":
            return "0042"
        if text == "read?":
            volt = self.values["level"] * self.values["output"]
            return f"{volt},{volt / 1000}"
        if text.endswith("?"):
            return str(self.values[text[:-1]])
        name, value = text.split()
        if name != self.deaf_to:
            self.values[name] = type(self.values[name])(float(value))
        return ""


FOLLOWED = [page for page in pages() if blocks(page) and page not in ELSEWHERE]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_can_be_followed_in_an_empty_folder(page, tmp_path, monkeypatch):
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FARADAIC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with Follower(folder) as follower:
        for what in sorted(wanted(page)):
            follower.prepare(what)
        for block in blocks(page):
            if block.reason:
                follower.check(block)
            else:
                follower.follow(block)


def test_few_blocks_are_left_out_and_each_says_why():
    left_out = [block for page in pages() for block in blocks(page) if block.reason]
    assert {block.reason for block in left_out} <= REASONS
    runnable = [block for page in pages() for block in blocks(page)]
    assert len(left_out) < 0.25 * len(runnable)


def test_what_the_readme_shows_is_there(tmp_path):
    with Follower(tmp_path) as follower:
        for block in blocks("../README.md"):
            follower.check(block)


def test_no_block_escapes_the_tests():
    for page in pages():
        fences = re.findall(r"^ *```\w", (DOCS / page).read_text("utf-8"), re.MULTILINE)
        assert len(fences) == len(blocks(page)), page
    for page, test in ELSEWHERE.items():
        assert page in (Path(__file__).parent / test).read_text("utf-8")


def test_what_pages_say_of_the_window_stands_there():
    shown = "".join(path.read_text("utf-8") for path in (DOCS.parent / "gui").rglob("*.py"))
    for page in ("tutorial.md", "window.md"):
        for names in re.findall(r"\*\*([^*]+)\*\*", (DOCS / page).read_text("utf-8")):
            for name in names.split(", "):
                assert name.lower() in shown.lower(), f"{page}: {name}"


def test_every_result_is_explained_and_nothing_else():
    told = "".join((DOCS / page).read_text("utf-8") for page in pages() if page.startswith("science/"))
    source = "".join(
        path.read_text("utf-8")
        for part in ("analysis", "protocols")
        for path in (DOCS.parent / part).glob("*.py")
    )
    results = {
        name
        for described in re.findall(r"results : dict[^\n]*\n(.*?)\"\"\"", source, re.DOTALL)
        for name in re.findall(r"``([a-z]\w+)``", described)
    }
    assert len(results) > 30
    assert not {name for name in results if name not in told}
    assert not {name for name in re.findall(r"`([a-z]+_\w+)`", told) if name not in source}


def test_the_site_has_a_place_for_every_page():
    listed = set(re.findall(r"[\w/-]+\.md", (DOCS.parent / "mkdocs.yml").read_text("utf-8")))
    assert set(pages()) <= listed


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", (DOCS / page).read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in link:
            assert ((DOCS / page).parent / link).is_file(), link


@pytest.fixture
def tiny():
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "write-a-driver.md").read_text("utf-8"), re.DOTALL)
    device = TinyInstrument()
    names = {"LINKS": {"here": device}}
    exec(compile(code, "write-a-driver.md", "exec"), names)
    return names["TinySource"]("here", VirtualClock()), device


def test_the_smallest_driver_measures(tiny, tmp_path):
    instrument, device = tiny
    protocol = LinearSweep(start="0 V", stop="1 V", rate="10 mV/s", sample_every="10 mV")
    with instrument, run(protocol, instrument.channels[0], out=tmp_path / "r.h5") as measured:
        assert measured.state == "finished"
        rows = measured.samples
        assert len(rows) == 101
        assert np.allclose(rows["voltage_volt"], 1000 * rows["current_ampere"])
    assert device.values["output"] == 0


def test_the_smallest_driver_starts_on_nothing_that_was_not_taken(tiny, tmp_path):
    instrument, device = tiny
    device.deaf_to = "limit"
    protocol = LinearSweep(start="0 V", stop="1 V", rate="10 mV/s", sample_every="10 mV")
    with run(protocol, instrument.channels[0], out=tmp_path / "r.h5") as measured:
        assert measured.state == "failed: instrument"
    step = ConstantPotential(potential_V=1.0, until=Until(duration_s=1.0))
    with pytest.raises(InstrumentFault, match="did not take the limit"):
        list(instrument.channels[0].run(step))
    assert device.values["output"] == 0

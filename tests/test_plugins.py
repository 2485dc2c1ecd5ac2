"""What other packages add."""

from importlib.metadata import EntryPoint

import pytest

from faradaic.core import plugins
from faradaic.protocols import LinearSweep, OpenCircuit, protocol_types

GROUP = "faradaic.protocols"


@pytest.fixture
def installed(monkeypatch):
    """Pretend that packages with these entry points are installed."""

    def install(**places: str) -> None:
        entries = [EntryPoint(name, place, GROUP) for name, place in places.items()]
        monkeypatch.setattr(plugins, "entry_points", lambda *, group: entries if group == GROUP else [])

    plugins.added.cache_clear()
    yield install
    plugins.added.cache_clear()


def test_a_package_adds_a_protocol_and_replaces_none_of_ours(installed):
    installed(Waiting="faradaic.protocols:OpenCircuit", LinearSweep="faradaic.protocols:OpenCircuit")
    types = protocol_types()
    assert types["Waiting"] is OpenCircuit
    assert types["LinearSweep"] is LinearSweep


def test_a_package_that_is_broken_takes_nothing_else_with_it(installed, caplog):
    installed(Broken="no_such_package:Thing", Waiting="faradaic.protocols:OpenCircuit")
    types = protocol_types()
    assert "Broken" not in types
    assert {"Waiting", "LinearSweep"} <= set(types)
    assert "no_such_package:Thing" in caplog.text

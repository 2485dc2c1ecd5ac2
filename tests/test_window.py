"""The window, used as people use it: by clicks and keys."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip(
    "PySide6.QtWidgets", reason="the window needs the system's libraries libegl1, libgl1 and libxkbcommon"
)
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from windows import click, press, served, type_into, wait_for, window_on

from faradaic.core.samples import IMPEDANCE, SAMPLE
from faradaic.gui.crash import report_crashes
from faradaic.gui.emergency import HOLD_MS
from faradaic.gui.form.form import Form
from faradaic.gui.form.quantity_box import QuantityBox, stepped
from faradaic.gui.palette import CommandPalette
from faradaic.gui.places import own_folder, saved_cells
from faradaic.gui.plots.source import Recording, Source, read_run
from faradaic.gui.plots.thinning import overview, thinned, thinned_decades, thinned_path
from faradaic.gui.plots.views import VIEWS
from faradaic.instruments.bench_file import read_bench
from faradaic.protocols import Cell, OpenCircuit, load_protocol, protocol_types
from faradaic.protocols.files import protocol_from_file
from faradaic.simulators import Resistor, serve
from faradaic.storage import Run

from benches import bench_of, engine_of, state
from recorded import recorded

HOLD = {"protocol": "FloatingTest", "start": "0.4 V", "stop": "0.4 V", "hold": "2 h", "sample_every": "10 s"}
CELL = {"name": "R-1", "area": "1 cm²"}


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("FARADAIC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("faradaic.gui.places.user_config_path", lambda *_, **__: tmp_path / "config")


@pytest.fixture
def bench(tmp_path, qapp):
    """An engine with two channels, served, and the window on it."""
    models = ("emstat4-hr", "emstat4-hr")
    with (
        engine_of(bench_of(*models, speed=200.0), tmp_path / "data") as (engine, _),
        served(engine) as url,
        window_on(url, tmp_path / "data") as window,
    ):
        yield engine, window


@pytest.fixture
def mistakes():
    """Sentences about errors that nobody caught."""
    told = []
    before = sys.excepthook, threading.excepthook
    report_crashes(told.append)
    yield told
    sys.excepthook, threading.excepthook = before


def plan_of(window, channels=("A1",)):
    plan = window.panels.new_run()
    plan.choose_channels(list(channels))
    return plan


def start(window, protocol, channels=("A1",), cell=CELL):
    plan = plan_of(window, channels)
    plan.load_cell(Cell.model_validate(cell))
    plan.load(protocol)
    wait_for(plan.run_button.isEnabled)
    click(plan.run_button)
    # The answer of the service brings the plot to the front, perhaps after the run has begun.
    wait_for(lambda: not window.panels.is_planning)


# From the plan to the result


def test_a_sweep_from_the_plan_to_its_result_by_typing_and_clicking(bench, mistakes, tmp_path):
    engine, window = bench
    press(window, "Ctrl+N")
    plan = window.panels.new_run()
    QTest.keyClicks(plan.protocols.search, "linear")
    visible = [
        plan.protocols.list.item(row).text()
        for row in range(plan.protocols.list.count())
        if not plan.protocols.list.item(row).isHidden()
    ]
    assert [text.split("\n")[0] for text in visible] == ["Linear sweep"]
    fields = plan.form.fields
    type_into(fields["start"], "0 V")
    type_into(fields["stop"], "0.5")
    wait_for(lambda: fields["stop"].fault.text())
    assert "has no unit; write it like '4.5 V'" in fields["stop"].fault.text()
    assert not plan.run_button.isEnabled()
    assert plan.tabs.tabText(0) == "Parameters ✕"
    type_into(fields["stop"], "0.5 V")
    type_into(fields["rate"], "1 mV/s")
    type_into(plan.cell.fields["name"], "R-1")
    type_into(plan.cell.fields["area"], "1 cm²")
    wait_for(plan.run_button.isEnabled)
    assert not fields["stop"].fault.text()
    assert "8 min 20 s" in plan.preview.summary.text()
    assert "A1 can run it" in plan.preview.checks.text()
    (potential, _) = plan.preview._view._curves
    assert np.nanmax(potential.getData()[1]) == pytest.approx(0.5)
    click(plan.run_button)
    wait_for(lambda: state(engine) == "running" and window.panels.workspace.panels)
    (panel,) = window.panels.workspace.panels
    wait_for(lambda: panel.plot.view_name == "I over E")
    wait_for(lambda: len(panel.source.samples) > 100)
    wait_for(lambda: state(engine) == "finished", 60)
    wait_for(lambda: "onset" in window.panels.inspector.results.text(), 60)
    assert "✓ finished" in window.panels.inspector.state.text()
    slope = np.polyfit(panel.source.samples["current_ampere"], panel.source.samples["voltage_volt"], 1)[0]
    assert slope == pytest.approx(1000, rel=0.01)
    for name in ("plot.png", "plot.svg", "plot.csv"):
        panel.export_to(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
    rows = (tmp_path / "plot.csv").read_text("utf-8").splitlines()
    assert len(rows) == 2 + len(panel.source.samples)
    titles = [action.text() for action in panel._export_menu().actions()]
    assert titles[-1] == "Export whole run as"
    panel.export_runs_to(tmp_path / "exported", "mpt")
    wait_for(lambda: list((tmp_path / "exported").glob("*.mpt")))
    assert not mistakes


def test_a_list_in_a_field_makes_several_runs_and_a_busy_channel_a_queue(bench):
    engine, window = bench
    start(window, HOLD)
    wait_for(lambda: state(engine) == "running")
    plan = plan_of(window)
    plan.load({"protocol": "LinearSweep", "stop": "0.5 V"})
    type_into(plan.form.fields["rate"], "20, 50, 100 mV/s")
    wait_for(plan.run_button.isEnabled)
    assert plan.run_button.text() == "▶ Add to queue"
    press(window, "F5")
    wait_for(lambda: len(engine.station("A1").status().queue) == 3)
    rates = [job.request.protocol["rate"] for job in engine.station("A1").status().queue]
    assert rates == ["20 mV/s", "50 mV/s", "100 mV/s"]
    inspector = window.panels.inspector
    wait_for(lambda: inspector.queue.count() == 3)
    inspector.queue.setCurrentRow(2)
    inspector._first()
    wait_for(lambda: engine.station("A1").status().queue[0].request.protocol["rate"] == "100 mV/s")
    wait_for(lambda: inspector._known_queue[0] == engine.station("A1").status().queue[0].id)
    inspector.queue.setCurrentRow(0)
    inspector._remove()
    wait_for(lambda: len(engine.station("A1").status().queue) == 2)


def test_pause_go_on_skip_and_stop_by_keys_on_several_channels(bench):
    engine, window = bench
    start(window, HOLD, ("A1", "A2"))
    both = lambda wanted: {state(engine, "A1"), state(engine, "A2")} == {wanted}  # noqa: E731
    wait_for(lambda: both("running"))
    wait_for(lambda: window.panels.rack.names == ["A1", "A2"])
    wait_for(window.actions_by_name["pause"].isEnabled)
    press(window, "F6")
    wait_for(lambda: both("paused"))
    wait_for(lambda: window.actions_by_name["pause"].text() == "Continue")
    press(window, "F6")
    wait_for(lambda: both("running"))
    wait_for(lambda: window.actions_by_name["pause"].text() == "Pause")
    window.act("hold")
    wait_for(lambda: both("holding"))
    wait_for(lambda: window.panels.states() == {"holding"})
    window.panels.show_plot("A1")
    press(window, "F5")
    wait_for(lambda: both("running"))
    wait_for(window.actions_by_name["stop"].isEnabled)
    press(window, "Shift+F5")
    wait_for(lambda: both("stopped"))
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    wait_for(lambda: window.panels.rack.names == ["A2"])
    assert window.panels.inspector.channel == "A2"


def test_the_capacity_that_a_run_measured_becomes_the_nominal_one_of_the_next(bench):
    engine, window = bench
    # A resistor holds no charge: what passes in a minute of each half cycle is its capacity here.
    currents = dict.fromkeys(("charge_current", "discharge_current", "formation_current"), "0.1 mA")
    until = {"upper": "3.8 V", "lower": "-1 V", "longest": "60 s", "rest": "1 s", "sample_every": "1 s"}
    start(
        window, {"protocol": "GalvanostaticCycling", **currents, **until, "cycles": 2, "formation_cycles": 0}
    )
    wait_for(lambda: state(engine) == "finished", 60)
    press(window, "Ctrl+R")
    runs = window.panels.runs
    wait_for(lambda: runs.table.model().rowCount() == 1)
    runs.table.selectRow(0)
    wait_for(runs.buttons["Use its capacity …"].isEnabled, 60)
    click(runs.buttons["Use its capacity …"])
    plan = window.panels.new_run()
    assert plan.form.values["lower"] == "-1 V"
    assert Cell.model_validate(plan.cell.values).nominal_capacity == pytest.approx(1e-4 * 60.0, rel=0.03)


def test_the_step_under_way_is_given_another_end(bench):
    engine, window = bench
    start(window, HOLD)
    wait_for(lambda: state(engine) == "running")
    inspector = window.panels.inspector
    wait_for(lambda: inspector.until.fields["duration"].value == "7200 s")
    type_into(inspector.until.fields["duration"], "")
    click(inspector.change_until)
    assert "at least one end condition" in inspector.until.fault.text()
    type_into(inspector.until.fields["potential_above"], "9 V")
    click(inspector.change_until)
    wait_for(lambda: any("can never be met" in text for text in window.toasts.texts))
    type_into(inspector.until.fields["duration"], "1 s")
    click(inspector.change_until)
    wait_for(lambda: state(engine) == "finished")


def test_limits_are_changed_in_flight_and_a_breach_is_told(bench):
    engine, window = bench
    start(window, HOLD)
    wait_for(lambda: state(engine) == "running")
    inspector = window.panels.inspector
    wait_for(inspector.change.isEnabled)
    type_into(inspector.limits.fields["current_max"], "0.1")
    click(inspector.change)
    assert "0.1" in inspector.limits.fields["current_max"].fault.text()
    type_into(inspector.limits.fields["current_max"], "0.1 mA")
    click(inspector.change)
    wait_for(lambda: state(engine) == "failed: limit")
    wait_for(lambda: any("its limit is 100 µA" in text for text in window.toasts.texts))
    wait_for(lambda: window.panels.alarms.alarms.rowCount() > 0)
    click(window.panels.alarms.seen)
    wait_for(lambda: all(alarm.acknowledged_by == "Ada" for alarm in engine.alarms.standing()))
    wait_for(lambda: "✕ failed: limit" in inspector.state.text())


def test_the_emergency_stop_acts_only_when_it_is_held(bench):
    engine, window = bench
    start(window, HOLD, ("A1", "A2"))
    wait_for(lambda: {state(engine, "A1"), state(engine, "A2")} == {"running"})
    button = window.emergency
    QTest.mousePress(button, Qt.MouseButton.LeftButton)
    QTest.qWait(HOLD_MS // 3)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    QTest.qWait(HOLD_MS)
    assert state(engine) == "running"
    QTest.mousePress(button, Qt.MouseButton.LeftButton)
    wait_for(lambda: {state(engine, "A1"), state(engine, "A2")} == {"stopped"})
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    wait_for(lambda: any("All cells are at rest" in text for text in window.toasts.texts))


def test_the_emergency_stop_waits_for_nothing_else(bench):
    engine, window = bench
    start(window, HOLD)
    wait_for(lambda: state(engine) == "running")
    busy = threading.Event()
    for _ in range(8):
        window.panels._asking.do(busy.wait)
    try:
        QTest.mousePress(window.emergency, Qt.MouseButton.LeftButton)
        wait_for(lambda: state(engine) == "stopped")
    finally:
        busy.set()
        QTest.mouseRelease(window.emergency, Qt.MouseButton.LeftButton)


# The rack


def test_the_rack_filters_sorts_and_chooses(bench):
    engine, window = bench
    start(window, HOLD, ("A2",))
    wait_for(lambda: state(engine, "A2") == "running")
    rack = window.panels.rack
    press(window, "Ctrl+F")
    QTest.keyClicks(rack.search, "running r-1")
    wait_for(lambda: rack.cards.model().rowCount() == 1)
    rack.search.clear()
    assert rack.cards.model().rowCount() == 2
    press(window, "Ctrl+T")
    assert rack.shows_rows
    rack.rows.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    texts = [rack.rows.model().index(row, 1).data() for row in range(2)]
    assert texts == ["▶ running", "○ idle"]
    place = rack.rows.visualRect(rack.rows.model().index(1, 0)).center()
    QTest.mouseClick(rack.rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert rack.names == ["A1"]
    QTest.mouseDClick(rack.rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert any(panel.source.label.startswith("A1") for panel in window.panels.workspace.panels)
    assert rack.cards.grab().toImage().size().width() > 0


# Forms


def test_every_parameter_of_every_protocol_is_in_its_form_and_validated(qtbot):
    for name, kind in protocol_types().items():
        if name in ("Sequence", "Repeat"):
            continue
        form = Form(kind)
        qtbot.addWidget(form)
        assert form.fields.keys() == kind.model_fields.keys() - {"limits"}
        needed = {each for each, about in kind.model_fields.items() if about.is_required()}
        if not needed:
            assert form.check(), {each: field.fault.text() for each, field in form.fields.items()}
        for each, field in form.fields.items():
            assert field.input.toolTip() or each in ("upper", "lower"), f"{name}.{each} has no help"
            if not isinstance(field.input, QuantityBox):
                continue
            before = field.input.value_text()
            field.set_text("3 bananas")
            assert not form.check()
            assert field.fault.text(), f"{name}.{each} takes bananas"
            assert "Traceback" not in field.fault.text()
            field.set_text(before)


def test_a_form_gives_back_what_it_was_given(qtbot):
    for name, kind in protocol_types().items():
        if name in ("Sequence", "Repeat"):
            continue
        given_values = {"vertex_1": "1 V", "vertex_2": "-1 V"} if name == "CyclicVoltammetry" else {}
        protocol = kind.model_validate(given_values)
        form = Form(kind)
        qtbot.addWidget(form)
        form.set_values({key: value for key, value in protocol.to_dict().items() if key != "protocol"})
        assert kind.model_validate(form.values) == protocol


@pytest.mark.parametrize(
    ("text", "steps", "stands"),
    [
        ("4.5 V", 1, "4.6 V"),
        ("0.1 mV/s", -1, "0.09 mV/s"),
        ("10 h", 2, "12 h"),
        ("C/10", 1, "C/9"),
        ("C/1", 1, "C/1"),
        ("OCV", 1, "OCV"),
        ("0 V", 1, "0.1 V"),
    ],
)
def test_arrows_step_the_number_and_leave_the_unit(text, steps, stands):
    assert stepped(text, steps) == stands


@given(st.text(max_size=30), st.integers(-3, 3))
def test_no_text_brings_the_arrows_down(text, steps):
    assert isinstance(stepped(text, steps), str)


def test_a_sequence_is_put_together_moved_undone_saved_and_run_by_the_command_line(
    bench, tmp_path, monkeypatch
):
    _, window = bench
    plan = plan_of(window)
    plan.load({"protocol": "OpenCircuit", "duration": "5 min"})
    click(plan.sequence.add_button)
    plan.load({"protocol": "LinearSweep", "stop": "0.2 V"})
    click(plan.sequence.add_button)
    names = lambda: [each["protocol"] for each in plan.sequence.parts]  # noqa: E731
    assert names() == ["OpenCircuit", "LinearSweep"]
    rows = plan.sequence.list.model()
    assert rows.moveRow(rows.index(-1, -1), 0, rows.index(-1, -1), 2)
    assert names() == ["LinearSweep", "OpenCircuit"]
    click(plan.sequence.undo_button)
    assert names() == ["OpenCircuit", "LinearSweep"]
    path = tmp_path / "seq.yaml"
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getSaveFileName", lambda *_: (str(path), ""))
    plan._save_protocol()
    saved = protocol_from_file(path).to_dict()
    assert [each["protocol"] for each in saved["protocols"]] == ["OpenCircuit", "LinearSweep"]
    plan.sequence.list.setCurrentRow(0)
    click(plan.sequence.remove_button)
    assert names() == ["LinearSweep"]


def test_parts_of_a_sequence_are_repeated(bench):
    _, window = bench
    plan = plan_of(window)
    for protocol in ("OpenCircuit", "LinearSweep", "ImpedanceSpectrum"):
        plan.load({"protocol": protocol})
        click(plan.sequence.add_button)
    before = plan.sequence.parts
    plan.sequence.list.item(1).setSelected(True)
    plan.sequence.list.item(2).setSelected(True)
    plan.sequence.list.item(0).setSelected(False)
    plan.sequence.times.setValue(50)
    click(plan.sequence.repeat_button)
    body = {"protocol": "Sequence", "protocols": before[1:]}
    assert plan.sequence.parts == [before[0], {"protocol": "Repeat", "body": body, "times": 50}]
    assert plan.sequence.list.item(1).text() == "50 × (Linear sweep, Impedance spectrum)"
    plan.sequence.times.setValue(100)
    click(plan.sequence.repeat_button)
    assert plan.sequence.parts[1]["times"] == 100
    assert load_protocol(plan.descriptions()[0]).to_dict()["protocols"][1]["times"] == 100
    plan.sequence.times.setValue(1)
    click(plan.sequence.repeat_button)
    assert plan.sequence.parts == before
    click(plan.sequence.undo_button)
    assert plan.sequence.parts[1]["times"] == 100


def test_cells_are_saved_and_files_dropped(bench, tmp_path):
    _, window = bench
    plan = plan_of(window)
    type_into(plan.cell.fields["name"], "IGE-2 #7 / α")
    type_into(plan.cell.fields["area"], "1.13 cm²")
    plan._save_cell()
    assert list(saved_cells()) == ["IGE-2 #7 / α"]
    (tmp_path / "p.yaml").write_text("protocol: FloatingTest\nhold: 10 h\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("name: other\nactive_mass: 5 mg\n", encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text("protocol: Nonsense\n", encoding="utf-8")
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("p.yaml", "c.yaml", "wrong.yaml")])
    nothing = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    plan.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, files, *nothing))
    assert plan.form.model.__name__ == "FloatingTest"
    assert plan.form.values == {"hold": "36000 s"} or plan.form.fields["hold"].is_default
    assert plan.cell.values == {"name": "other", "active_mass": "5 mg"}
    assert any("there is no protocol 'Nonsense'" in text for text in window.toasts.texts)
    plan._open_saved(1)
    assert plan.cell.values["name"] == "IGE-2 #7 / α"
    # Files of other programs.
    (tmp_path / "a.txt").write_text("Charge at C/10 until 4 V\nRest for 1 hour", encoding="utf-8")
    unicycler = {"record": {"time_s": 7}, "method": [{"step": "open_circuit_voltage", "until_time_s": 60}]}
    unicycler["sample"] = {"name": "theirs", "capacity_mAh": 3}
    (tmp_path / "b.json").write_text(json.dumps(unicycler), encoding="utf-8")
    plan.open_file(tmp_path / "a.txt")
    assert plan.form.model.__name__ == "Schedule"
    assert "until_above: 4 V" in plan.form.fields["method"].value
    assert any("a.txt: line 1: no time is given" in text for text in window.toasts.texts)
    plan.open_file(tmp_path / "b.json")
    assert plan.form.values["sample_every"] == "7 s"
    assert plan.form.check()
    assert load_protocol(plan.descriptions()[0]).method[0].duration == 60.0
    assert plan.cell.values["nominal_capacity"] == "3.0 mAh"
    assert plan.cell.values["name"] == "IGE-2 #7 / α"


def test_a_recording_of_another_program_is_imported_where_it_is_dropped(bench, mistakes, tmp_path):
    engine, window = bench
    # Messages do not stay.
    told = []
    window._importer.said.connect(lambda _, sentence: told.append(sentence))
    recording = Path(__file__).parent / "data" / "importing" / "gamry_eispot_data_curveaborted.dta"
    (tmp_path / "letter.csv").write_text("Dear all,\n", encoding="utf-8")
    (tmp_path / "bench.yaml").write_text("name: x\n", encoding="utf-8")
    files = QMimeData()
    files.setUrls(
        [
            QUrl.fromLocalFile(str(path))
            for path in (tmp_path / "bench.yaml", tmp_path / "letter.csv", recording)
        ]
    )
    nothing = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, files, *nothing)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, files, *nothing))
    target = engine.folder / "imported" / "gamry_eispot_data_curveaborted.h5"
    wait_for(lambda: any("The experiment was aborted" in text for text in told), 90)
    assert any("letter.csv holds no table" in text for text in told)
    assert [path.name for path in target.parent.glob("*.h5")] == [target.name]
    runs = window.panels.runs
    wait_for(lambda: runs.table.model().rowCount() == 1)
    runs.table.selectRow(0)
    wait_for(lambda: "was aborted" in runs.text.toPlainText())
    wait_for(lambda: any(panel.source.path == target for panel in window.panels.workspace.panels))
    (panel,) = [panel for panel in window.panels.workspace.panels if panel.source.path == target]
    assert panel.plot.view_name == "Nyquist"
    assert len(panel.source.impedance) == 5
    click(runs.buttons["Run again …"])
    assert any("An imported run cannot be repeated" in text for text in window.toasts.texts)
    only_yaml = QMimeData()
    only_yaml.setUrls([QUrl.fromLocalFile(str(tmp_path / "bench.yaml"))])
    entering = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, only_yaml, *nothing)
    entering.ignore()
    QApplication.sendEvent(window, entering)
    assert not entering.isAccepted()
    assert not mistakes


# Plots


def source_of(count):
    samples = np.zeros(count, SAMPLE)
    samples["test_time_second"] = np.arange(count)
    samples["voltage_volt"] = np.sin(np.arange(count) / 500.0)
    samples["current_ampere"] = 1e-3 * np.cos(np.arange(count) / 500.0)
    samples["net_capacity_ah"] = np.abs(np.arange(count) % 200 - 100) * 1e-5
    samples["cycle_count"] = 1 + np.arange(count) // 200
    samples["step_count"] = 1 + np.arange(count) // 100
    source = Source("made up", Cell.model_validate({"area": "2 cm²"}), "LinearSweep")
    source.replace(Recording("", Cell(), "", samples, np.zeros(3, IMPEDANCE), {}))
    return source


@pytest.mark.parametrize("known", [0, 40, 120])
def test_samples_that_came_while_a_file_was_read_stay_behind_it(known):
    """A file of 100 samples, and a run that has published some of them, or more."""
    samples = source_of(120).samples
    source = Source("made up", Cell(), "OpenCircuit")
    source.append(samples[:known])
    assert len(source.column("voltage_volt")) == known
    columns = {"voltage_volt": np.ascontiguousarray(samples["voltage_volt"][:100])}
    source.replace(Recording("", Cell(), "", samples[:100], np.zeros(0, IMPEDANCE), columns))
    expected = samples[: max(known, 100)]
    for name in ("voltage_volt", "current_ampere"):
        assert np.array_equal(source.column(name), expected[name])


@pytest.mark.parametrize("count", [0, 6, 7, 100])
def test_a_long_run_is_read_piece_by_piece_as_it_is(monkeypatch, tmp_path, count):
    monkeypatch.setattr("faradaic.gui.plots.source._READ_AT_ONCE", 7)
    samples = source_of(count).samples
    run = recorded(tmp_path, OpenCircuit(duration="1 h"), ("rest", samples, {}))
    recording = read_run(run.path)
    assert recording.samples.tobytes() == samples.tobytes()
    assert len(recording.columns) == 3
    for name, values in recording.columns.items():
        assert np.array_equal(values, samples[name])


@settings(max_examples=60)
@given(st.integers(1, 30_000), st.integers(0, 2**32 - 1), st.booleans())
def test_thinning_hides_no_extreme(count, seed, has_gaps):
    chance = np.random.default_rng(seed)
    x = np.cumsum(chance.random(count))
    y = chance.standard_normal(count)
    if has_gaps:
        y[chance.random(count) < 0.1] = np.nan
    for thin_x, thin_y in (thinned(x, y, -np.inf, np.inf, 100), thinned_path(x, y, 20)):
        assert len(thin_y) <= max(count, 20 * 4 * 8 + 2)
        if np.isfinite(y).any():
            assert (np.nanmin(thin_y), np.nanmax(thin_y)) == (np.nanmin(y), np.nanmax(y))
        assert (thin_x[0], thin_x[-1]) == (x[0], x[-1]) or len(thin_x) < 2


@settings(max_examples=10)
@given(st.integers(1_000_000, 1_300_000), st.integers(0, 2**32 - 1), st.floats(-3.0, 0.0))
def test_of_a_long_curve_every_view_shows_every_extreme(count, seed, decades):
    chance = np.random.default_rng(seed)
    x = np.cumsum(chance.random(count))
    y = chance.standard_cauchy(count)
    wide = overview(x, y, rises=True)
    assert len(wide[0]) < count / 10
    share = 10.0**decades
    low = x[-1] * chance.uniform(0, 1 - share)
    high = low + share * x[-1]
    pixels = 100
    shown_x, shown_y = thinned(x, y, low, high, pixels, wide)
    assert len(shown_x) <= 4 * pixels + 2
    # What is a pixel outside may stand for what is inside.
    pixel = (high - low) / pixels
    for first in np.linspace(low, high, 21)[:-1]:
        last = first + 5 * pixel
        inside = y[(x > first + pixel) & (x < last - pixel)]
        seen = shown_y[(shown_x > first - pixel) & (shown_x < last + pixel)]
        if len(inside):
            assert seen.max() >= inside.max()
            assert seen.min() <= inside.min()
    path_x, path_y = thinned_path(*overview(x, y, rises=False), pixels)
    assert (path_x[0], path_x[-1]) == (x[0], x[-1])
    assert (path_y.min(), path_y.max()) == (y.min(), y.max())


@settings(max_examples=40)
@given(st.integers(2, 30_000), st.integers(0, 2**32 - 1))
def test_thinning_by_decades_hides_no_extreme_of_any_decade(count, seed):
    chance = np.random.default_rng(seed)
    x = np.concatenate([[0.0], np.cumsum(chance.exponential(size=count)) * 10.0 ** chance.uniform(-6, 3)])
    y = chance.standard_normal(count + 1)
    thin_x, thin_y = thinned_decades(x, y, -np.inf, np.inf, 50)
    assert np.all(np.diff(thin_x) >= 0)
    assert (thin_x[0], thin_x[-1]) == (x[1], x[-1])
    decade, thin_decade = np.floor(np.log10(x[1:])), np.floor(np.log10(thin_x))
    for each in np.unique(decade):
        inside, kept = y[1:][decade == each], thin_y[thin_decade == each]
        assert (kept.min(), kept.max()) == (inside.min(), inside.max())
        assert len(kept) <= 4 * 50 + 2


def test_a_plan_can_be_filled_in_before_what_draws_is_loaded():
    """Loading it takes a third of a second, which nobody waits for."""
    code = "import sys, faradaic.gui.app, faradaic.gui.form.new_run; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pyqtgraph", "rich", "matplotlib", "h5py"} & set(loaded.stdout.split())


def test_every_view_shows_its_curve_in_every_unit(bench):
    _, window = bench
    panel = window.panels.workspace.plot(source_of(5000), "made up")
    for view in VIEWS:
        panel.view.setCurrentText(view)
        for unit in ("mA/cm²", "A"):
            panel.unit.setCurrentText(unit)
            drawn = [
                len(curve.item.getData()[0]) for curves in panel.plot._curves for curve in curves.values()
            ]
            assert all(drawn), (view, unit)
    panel.view.setCurrentText("I over E")
    panel.unit.setCurrentText("mA/cm²")
    assert panel.plot.plots[0].getAxis("left").labelText == "Current density (mA/cm²)"
    (curve,) = panel.plot._curves[0].values()
    assert np.nanmax(curve.y) == pytest.approx(0.5)
    panel.log.setChecked(True)
    assert panel.plot.plots[0].getAxis("left").labelText.startswith("|Current density|")
    panel.view.setCurrentText("E and I over time")
    panel.log_x.setChecked(True)
    # From a second to 83 minutes, in minutes.
    decades = pytest.approx([np.log10(1 / 60), np.log10(4999 / 60)], abs=0.5)
    wait_for(lambda: panel.plot.plots[0].vb.viewRange()[0] == decades)
    assert "Time" in panel.plot._values_at(QPointF(0.0, 0.0), panel.plot.plots[0])
    panel.unit.setCurrentText("mA/g")
    assert panel.unit.currentText() == "A"
    assert any("need the cell's active mass" in text for text in window.toasts.texts)


def test_the_range_follows_until_a_person_zooms_and_comes_back_by_a_double_click(bench, qtbot):
    _, window = bench
    panel = window.panels.workspace.plot(source_of(100_000), "made up")
    panel.view.setCurrentText("E and I over time")
    plot = panel.plot
    wait_for(lambda: plot.is_following)
    plot.plots[0].vb.setXRange(1.0, 2.0, padding=0)
    QTest.qWait(100)
    assert not plot.is_following
    assert plot.plots[1].vb.viewRange()[0] == pytest.approx([1.0, 2.0], abs=0.2)
    more = source_of(100_100).samples[-100:]
    panel.source.append(more)
    QTest.qWait(250)
    assert plot.plots[0].vb.viewRange()[0] == pytest.approx([1.0, 2.0], abs=0.2)
    QTest.mouseDClick(plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    QTest.qWait(100)
    assert plot.is_following


def test_a_window_that_is_opened_in_the_middle_of_a_run_shows_all_of_it(bench, tmp_path):
    engine, window = bench
    start(window, HOLD)
    wait_for(lambda: (engine.station("A1").status().elapsed_s or 0) > 1500)
    url = window.panels.bench.client.url
    with window_on(url, tmp_path / "data") as later:
        wait_for(lambda: later.panels.workspace.panels)
        (panel,) = later.panels.workspace.panels
        wait_for(lambda: len(panel.source.samples) > 100)
        times_s = panel.source.samples["test_time_second"]
        assert times_s[0] < 30
        assert np.all(np.diff(times_s) > 0)
        wait_for(lambda: panel.source.samples["test_time_second"][-1] > times_s[-1] + 100)
        later_s = panel.source.samples["test_time_second"]
        assert np.diff(later_s).max() < 11


def test_a_plot_that_is_opened_just_when_a_run_begins_shows_that_run(bench):
    _, window = bench
    known = window.panels.bench
    known._timer.stop()
    sweep = {"protocol": "LinearSweep", "start": "0 V", "stop": "0.5 V", "rate": "1 mV/s"}
    known.client.add("A1", sweep, CELL)
    wait_for(lambda: any(record.kind == "run_started" for record in known._arrived))
    while (record := known._arrived.popleft()).kind != "run_started":
        known.take([record])
    known.take([record])
    panel = window.panels.show_plot("A1")
    known._timer.start()
    wait_for(lambda: len(panel.source.samples) > 10)
    assert panel.plot.view_name == "I over E"


def test_a_look_from_before_a_run_began_is_not_believed_afterwards(bench):
    _, window = bench
    known = window.panels.bench
    before = known.client.status()
    known.client.add("A1", HOLD, CELL)
    wait_for(lambda: known.statuses["A1"].state == "running")
    known._looked.append(before)
    known._drain()
    assert known.statuses["A1"].state == "running"
    known._looked.append(known.client.status().model_copy(update={"free_bytes": 17}))
    known._drain()
    assert known.engine.free_bytes == 17


# Runs


def test_runs_are_found_looked_into_plotted_compared_and_run_again(bench, mistakes):
    engine, window = bench
    sweep = {"protocol": "LinearSweep", "start": "0 V", "stop": "0.3 V", "rate": "2 mV/s"}
    start(window, sweep, ("A1", "A2"))
    wait_for(lambda: {state(engine, "A1"), state(engine, "A2")} == {"finished"}, 60)
    press(window, "Ctrl+R")
    runs = window.panels.runs
    wait_for(lambda: runs.table.model().rowCount() == 2)
    files = list(engine.folder.rglob("*.h5"))

    def analysed():
        for path in files:
            with Run.open(path) as run:
                if not run.results:
                    return False
        return True

    wait_for(analysed, 60)
    QTest.keyClicks(runs.search, "nothing like it")
    assert runs.table.model().rowCount() == 0
    runs.search.clear()
    runs.table.selectRow(0)
    wait_for(lambda: "onset potential" in runs.text.toPlainText())
    assert "Ada" in runs.text.toPlainText()
    click(runs.buttons["Run again …"])
    assert window.panels.new_run().form.values["stop"] == "0.3 V"
    assert window.panels.new_run().cell.values["area"] == "1 cm²"
    runs.table.selectAll()
    click(runs.buttons["Open"])
    wait_for(lambda: any(len(panel.plot.sources) == 2 for panel in window.panels.workspace.panels))
    click(runs.buttons["Compare"])
    wait_for(
        lambda: any("comparison" in each.windowTitle() for each in window.panels.workspace.subWindowList()),
        60,
    )
    assert not mistakes


# Around it


def test_plots_are_tiled_within_the_window_and_a_plan_brings_the_tabs_back(bench):
    _, window = bench
    workspace, size = window.panels.workspace, window.size()
    plan = window.panels.new_run()
    plots = [window.panels.show_plot(name) for name in ("A1", "A2")]
    press(window, "Ctrl+G")
    wait_for(lambda: all(plot.isVisible() for plot in plots))
    assert not plan.isVisible()
    first, second = (plot.parentWidget().geometry() for plot in plots)
    assert not first.intersects(second)
    assert all(workspace.viewport().rect().contains(each) for each in (first, second))
    press(window, "Ctrl+N")
    wait_for(plan.isVisible)
    assert window.panels.is_planning
    assert plan.parentWidget().isMaximized()
    workspace.bring(plots[0])
    press(window, "Ctrl+G")
    press(window, "Ctrl+G")
    assert plots[0].parentWidget().isMaximized()
    assert workspace.activeSubWindow().widget() is plots[0]
    assert window.size() == size


def test_the_window_fits_on_a_small_screen(bench):
    _, window = bench
    window.resize(1366, 720)
    window.panels.new_run()
    press(window, "Ctrl+R")
    QTest.qWait(50)
    assert (window.width(), window.height()) == (1366, 720)
    assert window.panels.new_run().visibleRegion().boundingRect().width() > 700


def test_everything_can_be_done_by_typing_its_name(bench, qtbot):
    _, window = bench
    press(window, "Ctrl+K")
    (palette,) = window.findChildren(CommandPalette)
    QTest.keyClicks(palette.line, "light or")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.theme.name == "dark"
    assert window.settings.value("theme") == "dark"


def test_closing_says_that_runs_go_on_and_they_do(bench, monkeypatch):
    engine, window = bench
    window.settings.remove("close_told")
    start(window, HOLD)
    wait_for(lambda: state(engine) == "running")
    wait_for(lambda: window.panels.bench.running == 1)
    said = []

    def answer(box):
        said.append(box.text())
        box.checkBox().setChecked(True)
        box.buttons()[0].click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    window.close()
    assert said == ["1 run goes on in the engine while the window is closed."]
    assert window.settings.value("close_told")
    assert state(engine) == "running"


def test_an_engine_that_ends_is_told_and_the_window_stays(tmp_path, qapp):
    with engine_of(bench_of("emstat4-hr"), tmp_path / "data") as (engine, _), served(engine) as url:
        window = window_on(url, tmp_path / "data")
        opened = window.__enter__()
    opened.panels.bench._wake.set()
    wait_for(lambda: any("does not answer" in text for text in opened.toasts.texts), 40)
    assert "does not answer" in opened._engine.text()
    window.__exit__(None, None, None)


def test_an_error_in_the_window_itself_is_written_down_and_told(mistakes):
    error = RuntimeError("made up")
    sys.excepthook(type(error), error, None)
    (sentence,) = mistakes
    assert "runs go on" in sentence
    (report,) = (own_folder() / "crashes").glob("*.txt")
    assert "made up" in report.read_text("utf-8")
    assert json.dumps(str(report))[1:-1] in json.dumps(sentence)


def test_a_resistor_is_measured_with_one_click(bench):
    _, window = bench
    press(window, "Ctrl+I")
    instruments = window.panels.instruments
    top = instruments.tree.topLevelItem(0)
    instruments.tree.setCurrentItem(top.child(0))
    click(instruments.test_button)
    wait_for(lambda: any("The resistor on A1 has" in text for text in window.toasts.texts), 40)
    sentence = next(text for text in window.toasts.texts if "The resistor" in text)
    assert float(sentence.split()[-2]) == pytest.approx(1.0 if "kΩ" in sentence else 1000, rel=0.02)


@pytest.mark.parametrize("is_running", [False, True])
def test_an_instrument_that_a_scan_finds_is_added_to_the_bench(bench, tmp_path, is_running):
    _, window = bench
    path = tmp_path / "bench.yaml"
    path.write_text("instruments:\n  emstat: {driver: emstat, address: COM1, channels: {1: {name: A1}}}\n")
    if is_running:
        start(window, HOLD)
        wait_for(lambda: window.panels.bench.running == 1)
    instruments = window.panels.instruments
    instruments.bench_file = path
    instruments.served.disconnect()
    opened = []
    instruments.served.connect(opened.append)
    press(window, "Ctrl+I")
    with serve("emstat-pico", Resistor(1000.0), tcp_port=0) as simulated:
        QTest.keyClicks(instruments.address, simulated.address)
        click(instruments.scan_button)
        wait_for(instruments.add_button.isVisible, 60)
        click(instruments.add_button)
        wait_for(lambda: any(str(path) in text for text in window.toasts.texts), 60)
    (sentence,) = (text for text in window.toasts.texts if str(path) in text)
    assert read_bench(path).instruments["emstat2"].address == simulated.address
    # An engine that has runs is left alone.
    assert opened == ([] if is_running else [path])
    assert ("when they have ended" in sentence) == is_running


def test_what_people_call_their_cells_is_never_taken_for_html(bench):
    engine, window = bench
    name = "<b>7</b> <img src=x>"
    start(window, HOLD, cell={**CELL, "name": name})
    wait_for(lambda: state(engine) == "running")
    shown = window.panels.inspector._facts["Cell"]
    wait_for(lambda: shown.text() == name)
    assert shown.textFormat() == Qt.TextFormat.PlainText
    window.act("stop")
    wait_for(lambda: state(engine) == "stopped")
    runs = window.panels.runs
    wait_for(lambda: runs.table.model().rowCount() == 1)
    runs.table.selectRow(0)
    wait_for(lambda: name in runs.text.toPlainText())


def test_the_layout_is_remembered_and_can_be_reset(bench):
    _, window = bench
    window.docks["runs"].hide()
    window.act("reset_layout")
    assert not window.docks["runs"].isHidden()
    window._keep_layout()
    assert window.settings.value("layout") is not None

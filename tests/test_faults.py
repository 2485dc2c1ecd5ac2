"""Faults of the link, on every instrument: nothing wrong is recorded, nothing hangs, and a person is told."""

import random
import time
from contextlib import closing

import numpy as np
import pytest

from faradaic.core.clock import ScaledClock
from faradaic.core.samples import Flag
from faradaic.engine import Runner
from faradaic.instruments import open_instrument
from faradaic.protocols import Cell, ConstantPotential, Protocol, Record, Until
from faradaic.simulators import Resistor, TcpServer, device_kind
from faradaic.simulators.faults import KINDS, FaultyLink
from faradaic.storage import Run

MODELS = ("emstat4-hr", "keithley-2450", "rodeostat-10V_24MilliAmpV0.2", "neware-bts")
OHM = 1000.0


class Hold(Protocol):
    def steps(self, cell):
        for index in range(4):
            yield ConstantPotential(
                potential_V=0.1 * (index + 1), until=Until(duration_s=6.0), record=Record(interval_s=0.1)
            )


def run_with_faults(folder, model, faults, *, speed=10.0, seed=1, begin=None):
    """Hold potentials on a resistor while faults happen; return the runner and the device."""
    clock, kind = ScaledClock(speed), device_kind(model)
    seen, ended = [], []

    def watch(message):
        seen.append(message)
        if len(seen) == 4:
            for fault in faults:
                link.inject(fault)
            if begin is not None:
                begin(link, lambda: not ended)

    with (
        closing(kind.make([Resistor(OHM)], clock, seed)) as device,
        TcpServer(device) as server,
        FaultyLink(server.address, away_s=0.3, late_s=0.5, seed=seed) as link,
    ):
        with open_instrument(kind.driver, link.address, clock) as instrument:
            runner = Runner(
                Hold(), instrument.channels[0], cell=Cell(), out=folder / "run.h5", subscribers=[watch]
            )
            started = time.monotonic()
            runner.run()
            ended.append(True)
            link.heal()
            took_s = time.monotonic() - started
            if device.cell_is_on:
                # Where the link did not allow even that, somebody is told.
                with Run.open(runner.path) as run:
                    assert any("still be on" in event.text for event in run.events)
        return runner, list(link.done), device.cell_is_on, took_s


def check_samples(path):
    """Every recorded sample is what the cell did: a potential that was held, and Ohm's law."""
    with Run.open(path) as run:
        rows = run.samples
        valid = rows[(rows["flags"] & (Flag.OVERLOAD | Flag.COMPLIANCE)) == 0]
        steps = {step.step_count: step.parameters.get("potential_V") for step in run.steps}
        held = np.array([steps[count] for count in valid["step_count"]])
        assert np.abs(valid["voltage_volt"] - held).max() < 5e-3
        assert np.abs(valid["current_ampere"] * OHM - held).max() < 5e-3
        assert np.all(np.diff(rows["test_time_second"]) >= 0)
        return run.state, [event.text for event in run.events], rows


@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_a_single_fault_leaves_true_samples_and_the_cell_safe(tmp_path, model, fault):
    runner, done, is_on, took_s = run_with_faults(tmp_path, model, [fault])
    state, texts, rows = check_samples(runner.path)
    assert done == [fault]
    assert not is_on
    assert took_s < 40
    assert state == "finished" or state.startswith("failed"), state
    if state.startswith("failed"):
        # A person is told what happened and what to do.
        assert any(word in " ".join(texts) for word in ("Check", "Switch", "lost"))
    else:
        assert len(rows) > 120


@pytest.mark.parametrize("model", [model for model in MODELS if model != "neware-bts"])
def test_a_cable_that_is_back_soon_costs_a_gap_and_no_more(tmp_path, model):
    runner, _, is_on, _ = run_with_faults(tmp_path, model, ["pull_idle"])
    state, texts, rows = check_samples(runner.path)
    assert state == "finished"
    assert any("It was back after" in text for text in texts)
    assert np.any(rows["flags"] & Flag.AFTER_GAP)
    assert not is_on


@pytest.mark.parametrize("fault", ["pull_idle", "pull_mid_reply", "away", "lost", "garble"])
def test_a_cycler_that_was_out_of_reach_is_read_out_without_a_gap(tmp_path, fault):
    runner, done, is_on, _ = run_with_faults(tmp_path, "neware-bts", [fault] * 3)
    state, texts, rows = check_samples(runner.path)
    assert state == "finished"
    assert fault in done
    assert len(rows) == 4 * 61
    assert not np.any(rows["flags"])
    assert any("nothing is missing" in text for text in texts)
    assert not is_on


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("model", MODELS)
def test_faults_at_random_moments(tmp_path, model, seed):
    chance = random.Random(seed)
    kinds = tuple(chance.sample(KINDS, 5))

    def begin(link, goes_on):
        # Not for ever: each may cost half a minute, in which the next ones would happen.
        until = time.monotonic() + 10
        link.inject_at_random(kinds, 0.25, lambda: goes_on() and time.monotonic() < until)

    runner, done, is_on, took_s = run_with_faults(tmp_path, model, [], seed=seed + 1, begin=begin)
    check_samples(runner.path)
    assert done
    assert not is_on
    assert took_s < 60

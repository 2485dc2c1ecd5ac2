import json
import re
import threading

import numpy as np
import pytest

from faradaic.core.clock import ScaledClock
from faradaic.core.samples import MEASUREMENT, Flag
from faradaic.engine import Happened, Recorded, RunEnded, Runner, StepEnded
from faradaic.instruments import InstrumentFault, NotConnected, OutOfRange
from faradaic.protocols import (
    Cell,
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    ImpedanceSpectrum,
    Limits,
    PotentialSweep,
    Protocol,
    ProtocolError,
    Record,
    Rest,
    SafetyLimits,
    Until,
)
from faradaic.storage import Run, StorageError

from bench import Steps
from fakes import FakeChannel, resistor


def hold(potential_V=1.0, duration_s=100.0, **fields):
    return ConstantPotential(potential_V=potential_V, until=Until(duration_s=duration_s), **fields)


def make_runner(tmp_path, *steps, channel=None, protocol=None, **options):
    return Runner(
        protocol or Steps(given=steps),
        channel or FakeChannel(),
        cell=Cell(name="dummy", area="1 cm²", nominal_capacity="1 mAh"),
        out=tmp_path / "run.h5",
        **options,
    )


def events(run, severity=None):
    return [event.text for event in run.events if severity in (None, event.severity)]


def test_charge_and_energy_are_integrated_over_every_sample(tmp_path):
    # A current that rises linearly: the trapezoidal rule is exact, and the record keeps one sample in ten.
    ramp = FakeChannel(lambda step, t: (np.full(len(t), 2.0), 1e-3 * t))
    step = hold(duration_s=1000, record=Record(interval_s=10, sample_interval_s=1))
    make_runner(tmp_path, step, channel=ramp).run()
    with Run.open(tmp_path / "run.h5") as run:
        # From 0 s to the first sample at 1 s the first current counts: 0.5 mC more than the integral.
        charge_C = 1e-3 * 1000**2 / 2 + 0.5e-3
        assert run.steps[0].charge_Ah * 3600 == pytest.approx(charge_C, rel=1e-12)
        assert run.steps[0].energy_Wh * 3600 == pytest.approx(2 * charge_C, rel=1e-12)
        assert run.samples["net_capacity_ah"][-1] * 3600 == pytest.approx(charge_C, rel=1e-12)
        assert run.samples["test_time_second"].tolist() == [1.0, *np.arange(11.0, 1000, 10), 1000.0]


def test_charge_is_not_integrated_across_the_gap_between_steps(tmp_path):
    make_runner(tmp_path, hold(1.0, 10), Rest(until=Until(duration_s=1000)), hold(-1.0, 10)).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert [step.charge_Ah * 3600 for step in run.steps] == pytest.approx([0.01, 0.0, -0.01])
        assert run.samples["net_capacity_ah"][-1] == pytest.approx(0.0, abs=1e-15)


def test_samples_are_kept_when_the_potential_has_changed(tmp_path):
    steps_up = FakeChannel(lambda step, t: (np.floor(t / 25) * 0.1, np.zeros(len(t))))
    record = Record(interval_s=1e6, potential_change_V=0.09, sample_interval_s=1)
    make_runner(tmp_path, hold(duration_s=100, record=record), channel=steps_up).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.samples["test_time_second"].tolist() == [1, 25, 50, 75, 100]


def test_samples_with_other_flags_are_kept(tmp_path):
    class Flagging(FakeChannel):
        def run(self, step):
            for block in super().run(step):
                block["flags"] = np.where(np.abs(block["time_s"] - 50) < 1.5, Flag.OVERLOAD, 0)
                yield block

    record = Record(interval_s=1e6, sample_interval_s=1)
    make_runner(tmp_path, hold(duration_s=100, record=record), channel=Flagging()).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert list(zip(run.samples["test_time_second"], run.samples["flags"], strict=True)) == [
            (1, 0), (49, Flag.OVERLOAD), (52, 0), (100, 0),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("until", "reason", "end_s"),
    [
        ({"duration_s": 50}, "duration_s", 50),
        ({"potential_above_V": 0.5}, "potential_above_V", 50),
        ({"potential_below_V": -1.0}, "duration_s", 200),
        ({"current_above_A": 0.5e-3}, "current_above_A", 50),
        ({"charge_C": 1e-3 / 100 * 50**2 / 2}, "charge_C", 50),
        ({"energy_J": 1e-3 / 1e4 * 50**3 / 3}, "energy_J", 50),
        ({"potential_above_V": 0.7, "current_above_A": 0.5e-3}, "current_above_A", 50),
    ],
)
def test_the_first_condition_that_is_met_ends_the_step(tmp_path, until, reason, end_s):
    # E = t/100 V over a resistor of 1 kΩ.
    ramp = FakeChannel(lambda step, t: (t / 100, t / 1e5), block=1)
    step = hold().model_copy(update={"until": Until(**{"duration_s": 200, **until})})
    make_runner(tmp_path, step, channel=ramp).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.steps[0].end_reason == reason
        assert run.samples["test_time_second"][-1] == pytest.approx(end_s, abs=1)


def test_a_falling_current_ends_a_hold(tmp_path):
    decay = FakeChannel(lambda step, t: (np.ones(len(t)), -np.exp(-t / 10)), block=7)
    step = ConstantPotential(potential_V=1, until=Until(duration_s=1000, current_below_A=np.exp(-3)))
    make_runner(tmp_path, step, channel=decay).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.steps[0].end_reason == "current_below_A"
        assert 30 <= run.samples["test_time_second"][-1] <= 30 + 7


def test_a_steady_potential_ends_a_rest(tmp_path):
    # E = exp(-t/100 s) changes by 1 mV in 60 s once t > 100 ln(0.451/0.001) = 611 s.
    relaxing = FakeChannel(lambda step, t: (np.exp(-t / 100), np.zeros(len(t))), block=1)
    step = Rest(until=Until(duration_s=5000, potential_rate_below_V_per_s=1e-3 / 60))
    make_runner(tmp_path, step, channel=relaxing).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.steps[0].end_reason == "potential_rate_below_V_per_s"
        assert run.samples["test_time_second"][-1] == pytest.approx(721, abs=60)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"potential_max": "0.505 V"}, "The potential reached 510 mV; its limit is 505 mV"),
        ({"current_max": "0.5 mA"}, "The current reached 510 µA; its limit is 500 µA"),
        ({"charge_max": "12 mC"}, "The charge of the step reached .*; its limit is 12 mC"),
        ({"energy_max": "5 mJ"}, "The energy of the step reached"),
    ],
)
def test_a_breach_puts_the_cell_at_rest_and_fails_the_run(tmp_path, limits, says):
    ramp = FakeChannel(lambda step, t: (t / 100, t / 1e5), block=1)
    step = Rest(until=Until(duration_s=1000))
    runner = make_runner(tmp_path, step, hold(0.1), channel=ramp, limits=SafetyLimits(**limits))
    assert runner.run() == "failed: limit"
    assert not ramp.is_on
    assert len(ramp.steps) == 1  # the next step never began
    with Run.open(tmp_path / "run.h5") as run:
        assert run.state == "failed: limit"
        assert run.steps[0].end_reason == "limit"
        (error,) = events(run, "error")
        assert re.search(says, error)


def test_the_output_goes_off_at_the_very_sample_that_breaches(tmp_path):
    ramp = FakeChannel(lambda step, t: (t / 100, t / 1e5), block=1)
    at_rest_after = []
    ramp.rest = lambda: (at_rest_after.append(ramp.clock.now()), FakeChannel.rest(ramp))
    make_runner(
        tmp_path, hold(), channel=ramp, limits=SafetyLimits(current_max="0.5 mA", potential_max="2 V")
    ).run()
    assert at_rest_after[0] == 51.0


def test_a_setpoint_may_equal_its_limit(tmp_path):
    noisy = FakeChannel(lambda step, t: (1.0 + 5e-4 * np.sin(t), 1e-3 * (1 + 5e-4 * np.sin(t))))
    limits = SafetyLimits(potential_max="1 V", current_max="1 mA")
    assert make_runner(tmp_path, hold(1.0), channel=noisy, limits=limits).run() == "finished"


def test_an_instrument_without_readings_breaches_the_limits(tmp_path):
    silent = FakeChannel(lambda step, t: (np.where(t > 50, np.nan, 1.0), np.full(len(t), 1e-3)), block=3)
    assert make_runner(tmp_path, hold(), channel=silent).run() == "failed: limit"
    with Run.open(tmp_path / "run.h5") as run:
        assert "no valid reading 5 times in a row" in events(run, "error")[0]
        assert run.steps[0].charge_Ah * 3600 == pytest.approx(50e-3)


def test_a_few_missing_readings_are_bridged(tmp_path):
    gaps = FakeChannel(lambda step, t: (np.ones(len(t)), np.where(t % 10 == 3, np.nan, 1e-3)))
    assert make_runner(tmp_path, hold(), channel=gaps).run() == "finished"
    with Run.open(tmp_path / "run.h5") as run:
        assert run.steps[0].charge_Ah * 3600 == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("step", "limits", "says"),
    [
        (hold(5.0), {"potential_max": "4.5 V"}, "applies 5 V, above its upper limit potential_max of 4.5 V"),
        (hold(-1.0), {"potential_min": "0 V"}, "applies -1 V, below its lower limit potential_min of 0 V"),
        (PotentialSweep(path_V=(0, 5), rate_V_per_s=1), {"potential_max": "4.5 V"}, "applies 5 V"),
        (
            ConstantCurrent(current_A=-0.01, until=Until(duration_s=1)),
            {"current_max": "1 mA"},
            "drives -10 mA, above its limit current_max of 1 mA",
        ),
        # Amplitudes are root-mean-square; what the cell meets is their peak.
        (
            Impedance(amplitude_V=0.1, bias_V=4.38),
            {"potential_max": "4.5 V"},
            "applies 4.52142 V, above its upper limit potential_max of 4.5 V",
        ),
        (
            Impedance(amplitude_V=0.1, bias_V=0.12),
            {"potential_min": "0 V"},
            "applies -0.0214214 V, below its lower limit potential_min of 0 V",
        ),
        (
            Impedance(amplitude_A=0.8e-3, bias_A=0.0),
            {"current_max": "1 mA"},
            "drives -1.131 mA, above its limit current_max of 1 mA",
        ),
    ],
)
def test_a_programme_beyond_its_limits_is_refused_before_anything_happens(tmp_path, step, limits, says):
    channel = FakeChannel()
    with pytest.raises(ProtocolError, match=says):
        make_runner(tmp_path, step, channel=channel, limits=SafetyLimits(**limits))
    assert channel.steps == []
    assert not (tmp_path / "run.h5").exists()


def test_what_the_channel_cannot_do_is_refused_before_anything_happens(tmp_path):
    channel = FakeChannel()
    with pytest.raises(OutOfRange, match="cannot apply 11 V: its range is -10 V to 10 V"):
        make_runner(tmp_path, hold(1.0), hold(11.0), channel=channel)
    assert channel.steps == []


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (Impedance(amplitude_V=0.1, bias_V=9.88), "cannot apply 10.0214 V: its range is -10 V to 10 V"),
        (Impedance(amplitude_A=0.8, bias_A=0.0), "cannot drive -1.131 A: its largest current is 1 A"),
    ],
)
def test_a_spectrum_stays_within_the_range_of_its_channel_with_its_peaks(tmp_path, step, says):
    with pytest.raises(OutOfRange, match=says):
        make_runner(tmp_path, step)


def test_a_spectrum_whose_peaks_stay_within_limits_and_range_is_run(tmp_path):
    steps = [
        Impedance(amplitude_V=0.1, bias_V=4.35, frequency_min_Hz=1e3),
        Impedance(amplitude_A=0.7e-3, bias_A=0.0, frequency_min_Hz=1e3),
    ]
    limits = SafetyLimits(potential_max="4.5 V", current_max="1 mA")
    assert make_runner(tmp_path, *steps, limits=limits).run() == "finished"


def test_a_file_that_cannot_be_written_is_refused_before_anything_happens(tmp_path):
    channel = FakeChannel()
    runner = Runner(Steps(given=(hold(),)), channel, cell=Cell(), out=tmp_path / "no" / "run.h5")
    with pytest.raises(StorageError, match="there is no folder"):
        runner.run()
    assert channel.steps == []
    assert channel.rests == 0


def test_an_existing_file_is_never_overwritten(tmp_path):
    make_runner(tmp_path, hold()).run()
    before = (tmp_path / "run.h5").read_bytes()
    with pytest.raises(StorageError, match="exists already"):
        make_runner(tmp_path, hold()).run()
    assert (tmp_path / "run.h5").read_bytes() == before


def test_the_protocol_receives_what_was_measured(tmp_path):
    received = []

    class Curious(Protocol):
        """Remembers."""

        def steps(self, cell):
            received.append((yield hold(0.5, 20)))
            received.append((yield Impedance(amplitude_V=0.01, bias_V=0, frequency_min_Hz=1e3)))

    make_runner(tmp_path, protocol=Curious()).run()
    _, _, result, spectrum = received  # the first two are the preview's
    assert result.end_reason == "duration_s"
    assert (result.potential_first_V, result.potential_max_V, result.current_last_A) == (0.5, 0.5, 5e-4)
    assert (result.duration_s, result.samples, len(result.tail)) == (20.0, 20, 10)
    assert result.charge_C == pytest.approx(0.01)
    assert spectrum.end_reason == "completed"
    with Run.open(tmp_path / "run.h5") as run:
        assert run.steps[0].result["charge_C"] == result.charge_C
        assert run.steps[0].result["tail"][-1] == list(result.tail[-1])


@pytest.mark.parametrize("what", [RuntimeError("boom"), "not a step", None])
def test_a_protocol_that_goes_wrong_ends_the_run_with_the_cell_at_rest(tmp_path, what):
    class Faulty(Protocol):
        """Goes wrong once the run is under way."""

        def steps(self, cell):
            result = yield hold(duration_s=5)
            if result.samples:  # not in the preview
                if isinstance(what, Exception):
                    raise what
                yield what

    channel = FakeChannel()
    assert make_runner(tmp_path, protocol=Faulty(), channel=channel).run() == "failed: protocol"
    assert not channel.is_on
    with Run.open(tmp_path / "run.h5") as run:
        assert len(run.samples) == 5
        assert "boom" in events(run, "error")[0] or "not a step" in events(run, "error")[0]


def test_a_step_that_turns_out_to_be_beyond_the_limits_ends_the_run_with_its_sentence(tmp_path):
    class Rising(Protocol):
        """Holds more than was foreseen, once something was measured."""

        def steps(self, cell):
            result = yield hold(0.5, 5)
            yield hold(2.0 if result.samples else 0.5, 5)

    channel = FakeChannel()
    runner = make_runner(
        tmp_path, protocol=Rising(), channel=channel, limits=SafetyLimits(potential_max="1 V")
    )
    assert runner.run() == "failed: protocol"
    assert not channel.is_on
    assert [step.potential_V for step in channel.steps if step.kind == "constant_potential"] == [0.5]
    with Run.open(tmp_path / "run.h5") as run:
        assert "above its upper limit potential_max of 1 V" in events(run, "error")[0]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NotConnected("The connection is lost."), "failed: link"),
        (InstrumentFault("Error 0032: overload.", "0032"), "failed: instrument"),
    ],
)
def test_a_failing_instrument_ends_the_run_with_its_sentence(tmp_path, error, state):
    class Failing(FakeChannel):
        def run(self, step):
            for index, block in enumerate(super().run(step)):
                if index == 3:
                    raise error
                yield block

    channel = Failing()
    assert make_runner(tmp_path, hold(), channel=channel).run() == state
    assert channel.rests > 0
    with Run.open(tmp_path / "run.h5") as run:
        assert events(run, "error") == [str(error)]
        assert len(run.samples) == 30


def test_an_instrument_that_cannot_be_put_at_rest_is_said_so(tmp_path):
    class Stuck(FakeChannel):
        def rest(self):
            raise NotConnected("Nothing answers.")

    make_runner(tmp_path, hold(), channel=Stuck()).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert events(run, "error")[-1] == "The cell may still be connected: Nothing answers."


def test_a_step_that_the_instrument_cuts_short_without_reason_fails_the_run(tmp_path):
    class Short(FakeChannel):
        def run(self, step):
            for block in super().run(step):
                yield block
                return

    assert make_runner(tmp_path, hold(), channel=Short()).run() == "failed: instrument"


def test_notices_of_the_driver_become_events(tmp_path):
    class Noticing(FakeChannel):
        def run(self, step):
            self.notices.append("2 lines were damaged.")
            yield from super().run(step)

    make_runner(tmp_path, hold(), channel=Noticing()).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert events(run, "warning") == ["2 lines were damaged."]


def test_subscribers_see_everything_and_cannot_harm(tmp_path):
    messages = []

    def faulty(message):
        raise RuntimeError("no")

    make_runner(tmp_path, hold(), subscribers=[faulty, messages.append]).run()
    rows = np.concatenate([message.rows for message in messages if isinstance(message, Recorded)])
    with Run.open(tmp_path / "run.h5") as run:
        assert rows.tobytes() == run.samples.tobytes()
        assert "A program that watched this run failed: RuntimeError('no')." in events(run, "warning")
    assert isinstance(messages[-1], RunEnded)
    assert [message.result.end_reason for message in messages if isinstance(message, StepEnded)] == [
        "duration_s"
    ]


class AtSample:
    """Calls something when the run has recorded so many rows."""

    def __init__(self, number, action):
        self.left, self.action = number, action

    def __call__(self, message):
        if isinstance(message, Recorded):
            self.left -= len(message.rows)
            if self.left <= 0 and self.action is not None:
                action, self.action = self.action, None
                action()


def test_stop_ends_the_run_with_the_cell_at_rest(tmp_path):
    channel = FakeChannel(block=1)
    runner = make_runner(
        tmp_path, hold(), hold(), channel=channel, subscribers=[AtSample(10, lambda: runner.commands.stop())]
    )
    assert runner.run() == "stopped"
    assert len(channel.steps) == 1
    with Run.open(tmp_path / "run.h5") as run:
        assert run.steps[0].end_reason == "stopped"
        assert ("operator", "Stop.") in [(event.source, event.text) for event in run.events]


def test_skip_goes_on_with_the_next_step(tmp_path):
    runner = make_runner(
        tmp_path,
        hold(1),
        hold(2),
        channel=FakeChannel(block=1),
        subscribers=[AtSample(10, lambda: runner.commands.skip_step())],
    )
    assert runner.run() == "finished"
    with Run.open(tmp_path / "run.h5") as run:
        assert [step.end_reason for step in run.steps] == ["skipped", "duration_s"]
        assert run.steps[1].samples.stop - run.steps[1].samples.start == 100


@pytest.mark.parametrize("kind", ["rest", "hold"])
def test_after_a_pause_the_step_goes_on_with_what_is_left(tmp_path, kind):
    def pause():
        runner.commands.pause(kind, by="Ada")
        threading.Timer(0.05, lambda: runner.commands.resume("Ada")).start()

    channel = FakeChannel(block=1, clock=ScaledClock(1000))
    runner = make_runner(tmp_path, hold(1.5), channel=channel, subscribers=[AtSample(40, pause)])
    assert runner.run() == "finished"
    assert [step.kind for step in channel.steps] == [
        "constant_potential", "rest" if kind == "rest" else "constant_potential", "constant_potential",
    ]  # fmt: skip
    with Run.open(tmp_path / "run.h5") as run:
        first, pause_, second = run.steps
        assert [step.end_reason for step in run.steps] == ["paused", "resumed", "duration_s"]
        assert (first.segment, pause_.role, second.segment) == (0, "pause", 1)
        lengths = [step.samples.stop - step.samples.start for step in (first, second)]
        assert sum(lengths) == 100
        assert run.samples["flags"][second.samples.start] == Flag.AFTER_GAP
        assert second.result["charge_C"] == pytest.approx(0.15)
        assert np.all(np.diff(run.samples["test_time_second"]) > 0)
        assert [event.text for event in run.events if event.source == "Ada"][-1] == "Resume."


def test_an_end_condition_can_be_changed_in_flight(tmp_path):
    runner = make_runner(
        tmp_path,
        hold(1, 100),
        channel=FakeChannel(block=1),
        subscribers=[AtSample(40, lambda: runner.commands.change_until(Until(duration_s=60)))],
    )
    assert runner.run() == "finished"
    with Run.open(tmp_path / "run.h5") as run:
        assert len(run.samples) == 60
        assert run.steps[-1].result["duration_s"] == 60


def test_limits_can_be_changed_in_flight(tmp_path):
    channel = FakeChannel(block=1)
    runner = make_runner(
        tmp_path,
        hold(1, 100),
        channel=channel,
        subscribers=[AtSample(40, lambda: runner.commands.change_limits(Limits(current_max_A=1e-4)))],
    )
    assert runner.run() == "failed: limit"
    assert not channel.is_on


def test_progress_counts_down(tmp_path):
    seen = []
    runner = make_runner(
        tmp_path, hold(1, 100), hold(2, 300), subscribers=[lambda m: seen.append(runner.progress)]
    )
    assert runner.progress.remaining_s == 400
    runner.run()
    remaining = [
        progress.remaining_s for progress in seen if progress.state == "running" and progress.elapsed_s > 0
    ]
    assert remaining == sorted(remaining, reverse=True)
    middle = next(progress for progress in seen if progress.elapsed_s == 200)
    assert middle.remaining_s == pytest.approx(200)
    assert middle.fraction == pytest.approx(0.5)
    assert (middle.potential_V, middle.current_A) == (2.0, 2e-3)


def test_cycles_of_a_sweep_are_counted_in_the_samples(tmp_path):
    step = PotentialSweep(path_V=(0, 1, 0), rate_V_per_s=0.1, sample_every_V=0.1, scans=3, cycle=4)
    make_runner(tmp_path, step).run()
    with Run.open(tmp_path / "run.h5") as run:
        cycles, counts = np.unique(run.samples["cycle_count"], return_counts=True)
        assert cycles.tolist() == [4, 5, 6]
        assert counts.sum() == 60


def test_a_spectrum_is_recorded_point_by_point(tmp_path):
    protocol = ImpedanceSpectrum(frequency_max="1 kHz", frequency_min="1 Hz", rest_before="5 s")
    assert make_runner(tmp_path, protocol=protocol).run() == "finished"
    with Run.open(tmp_path / "run.h5") as run:
        assert len(run.impedance) == 31
        assert run.impedance["frequency_hertz"][[0, -1]] == pytest.approx([1000, 1])
        assert run.steps[1].impedance == slice(0, 31)


def test_time_in_the_file_never_runs_backwards(tmp_path):
    class FastClock(FakeChannel):
        """An instrument whose clock runs ten times ahead of ours."""

        def run(self, step):
            for block in super().run(step):
                block["time_s"] *= 10
                yield block

    make_runner(tmp_path, hold(1, 10), hold(1, 10), channel=FastClock()).run()
    with Run.open(tmp_path / "run.h5") as run:
        assert np.all(np.diff(run.samples["test_time_second"]) >= 0)


def test_the_file_says_how_it_came_to_be(tmp_path):
    make_runner(tmp_path, hold(), operator="Ada", notes="first try").run()
    with Run.open(tmp_path / "run.h5") as run:
        assert run.attributes["protocol"] == "Steps"
        assert run.attributes["created"] == "2023-11-14T22:13:20Z"
        assert run.cell["area"] == "1 cm²"
        assert run.cell["nominal_capacity_provenance"] == "declared"
        assert run.instrument["serial"] == "42"
        assert run.environment["operator"] == "Ada"
        assert "numpy" in run.environment["packages"]
        assert json.loads(run.environment["limits"]) == {}


def test_ctrl_c_stops_the_run_with_the_cell_at_rest(tmp_path):
    class Interrupted(FakeChannel):
        def run(self, step):
            for index, block in enumerate(super().run(step)):
                if index == 2:
                    raise KeyboardInterrupt
                yield block

    channel = Interrupted()
    assert make_runner(tmp_path, hold(), channel=channel).run() == "stopped"
    assert channel.rests > 0
    with Run.open(tmp_path / "run.h5") as run:
        assert run.state == "stopped"


def test_an_unforeseen_error_still_closes_the_file_and_rests_the_cell(tmp_path):
    class Broken(FakeChannel):
        def run(self, step):
            yield np.zeros(1, MEASUREMENT)
            raise ZeroDivisionError

    channel = Broken(resistor(1))
    with pytest.raises(ZeroDivisionError):
        make_runner(tmp_path, hold(), channel=channel).run()
    assert channel.rests > 0
    with Run.open(tmp_path / "run.h5") as run:
        assert run.state == "failed: error"


def test_events_are_published(tmp_path):
    happened = []
    make_runner(
        tmp_path, hold(), subscribers=[lambda m: happened.append(m) if isinstance(m, Happened) else None]
    ).run()
    assert happened[0].text.startswith("Begin: Steps on cell 'dummy'")
    assert happened[-1].text == "The protocol has come to its end."

"""A channel without an instrument, for tests of the engine."""

from collections.abc import Callable, Generator

import numpy as np

from faradaic.core.clock import Clock, VirtualClock
from faradaic.core.samples import IMPEDANCE_MEASUREMENT, MEASUREMENT, Block
from faradaic.instruments import Capabilities, Channel, Identity
from faradaic.protocols import ConstantCurrent, ConstantPotential, Impedance, PotentialSweep, Step

KINDS = frozenset({"rest", "constant_potential", "constant_current", "potential_sweep", "impedance"})


class FakeChannel(Channel):
    """Measures what `respond` says, at the interval that the step asks for.

    Parameters
    ----------
    respond : callable
        (step, time_s array) -> (potential_V array, current_A array).
    block : int
        Samples in a block.
    """

    def __init__(
        self,
        respond: Callable[[Step, np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
        *,
        block: int = 10,
        clock: Clock | None = None,
    ) -> None:
        identity = Identity("Fake", "42", "1.0", "nowhere")
        capabilities = Capabilities(KINDS, -10.0, 10.0, 1.0, 1e-3, 1e6)
        super().__init__("1", identity, capabilities, clock or VirtualClock(start_utc=1.7e9))
        self.respond = respond or resistor(1000.0)
        self.block = block
        self.rests = 0
        self.steps: list[Step] = []
        self.is_on = False
        self._stop = False

    def run(self, step: Step) -> Generator[Block, None, None]:
        self.steps.append(step)
        self._stop = False
        self.is_on = step.kind != "rest"
        try:
            if isinstance(step, Impedance):
                yield from self._spectrum(step)
                return
            interval_s, duration_s = self._timing(step)
            count = round(duration_s / interval_s)
            for start in range(0, count, self.block):
                time_s = interval_s * np.arange(start + 1, min(start + self.block, count) + 1)
                block = np.zeros(len(time_s), MEASUREMENT)
                block["time_s"] = time_s
                block["temperature_degC"] = np.nan
                block["potential_V"], block["current_A"] = self.respond(step, time_s)
                if isinstance(step, PotentialSweep):
                    block["scan"] = np.minimum(time_s / step.scan_duration_s, step.scans - 1)
                self.clock.wait(float(time_s[-1] - time_s[0]) + interval_s)
                yield block
                if self._stop:
                    return
        finally:
            self.is_on = False

    def _spectrum(self, step: Impedance) -> Generator[Block, None, None]:
        for index, frequency_Hz in enumerate(step.frequencies_Hz(1e6)):
            block = np.zeros(1, IMPEDANCE_MEASUREMENT)
            block["time_s"] = index + 1.0
            block["frequency_Hz"] = frequency_Hz
            block["real_ohm"] = 1000.0
            block["temperature_degC"] = np.nan
            self.clock.wait(1.0)
            yield block
            if self._stop:
                return

    def _timing(self, step: Step) -> tuple[float, float]:
        if isinstance(step, PotentialSweep):
            return step.measure_every_s, step.duration_s
        return step.record.measure_every_s, step.until.duration_s or 1e4

    def read(self) -> Block:
        return np.zeros(1, MEASUREMENT)

    def rest(self) -> None:
        self.rests += 1
        self._stop = True
        self.is_on = False


def resistor(resistance_ohm: float) -> Callable[[Step, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Respond like a resistor."""

    def respond(step: Step, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        match step:
            case ConstantPotential(potential_V=potential_V):
                potential = np.full(len(time_s), potential_V)
            case ConstantCurrent(current_A=current_A):
                potential = np.full(len(time_s), current_A * resistance_ohm)
            case PotentialSweep():
                potential = (
                    step.path_V[0] + np.sign(step.path_V[1] - step.path_V[0]) * step.rate_V_per_s * time_s
                )
            case _:
                potential = np.zeros(len(time_s))
        return potential, potential / resistance_ohm

    return respond

"""A bench with cells of an electrolyte that nobody knows: it hands out instruments, never parameters."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from faradaic.instruments import Chamber, Instrument
from faradaic.instruments.base import Channel
from faradaic.simulators import BlockingCell, SimulatedCell, SymmetricCell, simulated, simulated_chamber

THICKNESS_um = 100.0
AREA_cm2 = 1.0


class UnknownBench:
    """Fresh cells of one electrolyte, drawn from a seed, on simulated instruments.

    Parameters
    ----------
    seed : int
        Decides the electrolyte and the errors of the instruments.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sealed = sealed_envelope(seed)

    @contextmanager
    def steel(self) -> Iterator[tuple[Channel, Chamber]]:
        """Connect a fresh cell, steel | electrolyte | lithium, in a chamber that heats it."""
        names = ("conductivity_S_per_cm", "activation_energy_eV", "oxidation_limit_V")
        cell = self._cell(BlockingCell, *names)
        with self._instrument(cell) as instrument, simulated_chamber(cell, instrument.clock) as chamber:
            yield instrument.channels[0], chamber

    @contextmanager
    def lithium(self) -> Iterator[tuple[Channel, None]]:
        """Connect a fresh cell, lithium | electrolyte | lithium, at 25 °C."""
        names = (
            "conductivity_S_per_cm",
            "activation_energy_eV",
            "transference_number",
            "exchange_current_density_mA_per_cm2",
            "critical_current_density_mA_per_cm2",
        )
        with self._instrument(self._cell(SymmetricCell, *names)) as instrument:
            yield instrument.channels[0], None

    def _cell(self, kind: type, *names: str) -> SimulatedCell:
        known = {name: self._sealed[name] for name in names}
        return kind(**known, thickness_um=THICKNESS_um, area_cm2=AREA_cm2, interphase_resistance_ohm_cm2=20.0)

    def _instrument(self, cell: SimulatedCell) -> AbstractContextManager[Instrument]:
        return simulated("emstat4-hr", cell, seed=self._seed)


def sealed_envelope(seed: int) -> dict[str, float]:
    """Return what the electrolyte of a seed is: to be opened when everything is measured."""
    chance = random.Random(seed)  # noqa: S311
    return {
        "conductivity_S_per_cm": 10 ** chance.uniform(-4.2, -3.6),
        "activation_energy_eV": chance.uniform(0.12, 0.35),
        "oxidation_limit_V": chance.uniform(4.3, 5.0),
        "transference_number": chance.uniform(0.3, 0.7),
        "exchange_current_density_mA_per_cm2": chance.uniform(0.1, 0.3),
        "critical_current_density_mA_per_cm2": chance.uniform(0.8, 1.5),
    }

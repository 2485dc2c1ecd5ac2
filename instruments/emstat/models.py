"""What the EmStat models are: identities, ranges and limits.

Sources: PalmSens' published MethodSCRIPT examples (device and range tables) and the
communication protocol documents of the EmStat Pico and the EmStat4.
"""

from dataclasses import dataclass

from ..checks import Capabilities

_POTENTIOSTAT = frozenset({"rest", "constant_potential", "potential_sweep", "impedance"})
_GALVANOSTAT = _POTENTIOSTAT | {"constant_current"}


@dataclass(frozen=True)
class Model:
    """One model of the family.

    Parameters
    ----------
    name : str
        As people call it.
    capabilities : Capabilities
        What its channel can do.
    current_ranges_A : tuple of float
        Full scales that may be asked for, rising.
    galvanostat : bool
        Whether it can control the current.
    """

    name: str
    capabilities: Capabilities
    current_ranges_A: tuple[float, ...]
    galvanostat: bool = True


_LR = Model(
    "EmStat4 LR",
    Capabilities(_GALVANOSTAT, -3.0, 3.0, 0.03, 1e-3, 200e3, cuts_off_on_board=True),
    (1e-9, 10e-9, 100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3),
)
_HR = Model(
    "EmStat4 HR",
    Capabilities(_GALVANOSTAT, -6.0, 6.0, 0.2, 1e-3, 200e3, cuts_off_on_board=True),
    (100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3),
)
_PICO = Model(
    "EmStat Pico",
    Capabilities(
        _POTENTIOSTAT, -1.7, 2.0, 0.003, 0.016, 200e3, shortest_interval_s=0.01, cuts_off_on_board=True
    ),
    (100e-9, 2e-6, 4e-6, 8e-6, 16e-6, 32e-6, 63e-6, 125e-6, 250e-6, 500e-6, 1e-3, 5e-3),
    galvanostat=False,
)
_NEXUS = Model(
    "Nexus",
    Capabilities(_GALVANOSTAT, -10.0, 10.0, 1.0, 1e-3, 1e6, cuts_off_on_board=True),
    (100e-12, 1e-9, 10e-9, 100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0),
)

MODELS: dict[str, Model] = {
    "espico": _PICO,
    "senswb": _PICO,
    "es4_lr": _LR,
    "mes4lr": _LR,
    "es4_hr": _HR,
    "mes4hr": _HR,
    "nexus1": _NEXUS,
}
"""By the device id, the first six characters of the answer to ``t``."""

BAUDRATES: dict[int, bool] = {230_400: True, 921_600: False}
"""Baud rates of the EmStat Pico and of the others, and whether they use XON/XOFF."""

ERRORS: dict[str, str] = {
    "0002": "the type of a variable is not valid",
    "0003": "the command is not known",
    "0006": "the command is not possible now",
    "0007": "an argument is not valid",
    "0008": "a line is too long",
    "0009": "time ran out",
    "000B": "there is no memory left for variables",
    "000F": "the potential is outside the instrument's range",
    "0010": "a value is not a number",
    "0011": "the frequency is outside the instrument's range",
    "0012": "the amplitude is outside the instrument's range",
    "0014": "the open-circuit potential cannot be measured while the cell is on",
    "001B": "this instrument does not support it",
    "001C": "the potential step is smaller than the instrument can set",
    "0021": "this instrument does not have the mode",
    "0023": "it is not possible in this mode",
    "0028": "a division by zero",
    "0032": "critical overload of the cell; the measurement was stopped",
    "0058": "the measurement is too fast for the instrument",
    "005A": "the instrument cannot keep the time between samples",
    "0080": "the counter electrode oscillates",
    "4001": "the script command is not known",
    "4004": "an unexpected character in the script",
    "4005": "the script is too large for the instrument",
    "400D": "the script nests too deeply",
    "401A": "the command is not allowed inside a measurement loop",
    "4027": "the cell must be on",
    "4028": "the cell must be off",
    "4205": "a value is out of bounds",
    "4206": "the command is not for this instrument",
    "7FFF": "a fatal fault inside the instrument",
}
"""What the instruments' error codes mean, in words; the rest are shown as their code."""

"""The simulated instruments: identities, ranges and limits, as tables.

Range indices and limits are those of the vendor's examples and manuals. Resolution, noise and
accuracy are typical figures of the class of instrument, not those of one serial number; the
register map and the firmware dates are made up.
"""

from dataclasses import dataclass
from types import MappingProxyType

OFF, LOW_SPEED, HIGH_SPEED, MAX_RANGE, GALVANOSTAT = 0, 2, 3, 4, 6
_EMSTAT4_MODES = (LOW_SPEED, HIGH_SPEED, MAX_RANGE, GALVANOSTAT)
_NEXUS_MODES = (LOW_SPEED, HIGH_SPEED, GALVANOSTAT)

_FULL_SCALE = 3.0
"""An EmStat4 range measures up to about three times its nominal current."""


@dataclass(frozen=True)
class Range:
    """One measuring range: its index in the metadata, nominal value and end, in A or V."""

    index: int | None
    nominal: float
    maximum: float


@dataclass(frozen=True)
class ModeLimits:
    """Potentials in V that a mode can apply, and the widest window of one script."""

    lowest_V: float
    highest_V: float
    window_V: float


@dataclass(frozen=True)
class Accuracy:
    """Errors of one kind of value: a gain, an offset and noise of each range, and the resolution.

    All are one standard deviation; offset, noise and resolution are fractions of the nominal
    value of the range.
    """

    gain: float
    offset: float
    noise: float
    resolution: float


@dataclass(frozen=True)
class Model:
    """What tells one instrument from another."""

    name: str
    title: str
    firmware: tuple[str, str]
    serial_prefix: str
    script_version: str
    modes: MappingProxyType[int, ModeLimits]
    current_ranges: MappingProxyType[int, tuple[Range, ...]]
    applied_current_ranges: tuple[Range, ...]
    potential_ranges: tuple[Range, ...]
    largest_current_A: float
    compliance_V: float
    highest_frequency_Hz: float
    largest_amplitude_V: float
    potential_step_V: float
    potential_gain: float
    potential_offset_V: float
    current_accuracy: Accuracy
    potential_accuracy: Accuracy
    sends_noise_level: bool
    sends_xon: bool
    registers: MappingProxyType[int, tuple[int, bool]]


def _ranges(*rows: tuple[int, float], maxima: tuple[float, ...] = ()) -> tuple[Range, ...]:
    ends = maxima or tuple(_FULL_SCALE * nominal for _, nominal in rows)
    return tuple(Range(index, nominal, end) for (index, nominal), end in zip(rows, ends, strict=True))


_PICO_LOW_SPEED = _ranges(
    (0, 100e-9), (1, 2e-6), (2, 4e-6), (3, 8e-6), (4, 16e-6), (5, 32e-6),
    (6, 63e-6), (7, 125e-6), (8, 250e-6), (9, 500e-6), (10, 1e-3), (11, 5e-3),
    maxima=(60e-9, 1.17e-6, 2.34e-6, 4.68e-6, 9.38e-6, 18.7e-6, 37.5e-6, 75e-6, 150e-6, 300e-6, 600e-6, 3e-3),
)  # fmt: skip
_PICO_HIGH_SPEED = _ranges(
    (128, 100e-9), (129, 1e-6), (130, 6e-6), (131, 13e-6), (132, 25e-6),
    (133, 50e-6), (134, 100e-6), (135, 200e-6), (136, 1e-3), (137, 5e-3),
    maxima=(60e-9, 590e-9, 3.7e-6, 7.4e-6, 15e-6, 30e-6, 59e-6, 118e-6, 590e-6, 3e-3),
)  # fmt: skip
_EMSTAT4_COMMON = ((9, 100e-9), (12, 1e-6), (15, 10e-6), (18, 100e-6), (21, 1e-3), (24, 10e-3))
_EMSTAT4_LR = _ranges((3, 1e-9), (6, 10e-9), *_EMSTAT4_COMMON)
_EMSTAT4_HR = _ranges(*_EMSTAT4_COMMON, (27, 100e-3))
_NEXUS = _ranges(
    (16, 100e-12), (0, 1e-9), (1, 10e-9), (2, 100e-9), (3, 1e-6), (4, 10e-6), (5, 100e-6),
    (6, 1e-3), (7, 10e-3), (10, 100e-3), (11, 1.0),
)  # fmt: skip
_NEXUS_APPLIED = _ranges(
    (32, 1e-9), (33, 10e-9), (34, 100e-9), (35, 1e-6), (36, 10e-6), (37, 100e-6),
    (38, 1e-3), (39, 10e-3), (42, 100e-3), (43, 1.0),
)  # fmt: skip


def _potential_ranges(largest_V: float, *rows: tuple[int, float]) -> tuple[Range, ...]:
    """Return ranges whose largest reaches `largest_V`, the others in proportion."""
    top = max(nominal for _, nominal in rows)
    return tuple(Range(index, nominal, largest_V * nominal / top) for index, nominal in rows)


_EMSTAT4_POTENTIALS = ((2, 50e-3), (3, 100e-3), (4, 200e-3), (5, 500e-3), (6, 1.0))
_NEXUS_POTENTIALS = ((3, 1e-3), (2, 10e-3), (1, 100e-3), (0, 1.0))

_REGISTERS = MappingProxyType(
    {
        0x01: (0x00000000, True),
        0x02: (0x00000000, True),
        0x04: (0x00000007, False),
        0x05: (0x53494D55, False),
        0x08: (0x00000000, True),
        0x0A: (0x00000003, True),
    }
)
"""Start value of each register, and whether it can be written."""


def _in_modes(*modes: int, ranges: tuple[Range, ...]) -> MappingProxyType[int, tuple[Range, ...]]:
    return MappingProxyType(dict.fromkeys(modes, ranges))


_PICO = Model(
    name="emstat-pico",
    title="EmStat Pico",
    firmware=("espico1601#Sep 30 2025 10:15:42", "R*"),
    serial_prefix="ESPICO25S",
    script_version="01.08.00",
    modes=MappingProxyType(
        {
            LOW_SPEED: ModeLimits(-1.25, 2.0, 2.2),
            HIGH_SPEED: ModeLimits(-1.7, 2.0, 1.214),
            MAX_RANGE: ModeLimits(-1.7, 2.0, 2.6),
        }
    ),
    current_ranges=MappingProxyType(
        {LOW_SPEED: _PICO_LOW_SPEED, HIGH_SPEED: _PICO_HIGH_SPEED, MAX_RANGE: _PICO_LOW_SPEED}
    ),
    applied_current_ranges=(),
    potential_ranges=(Range(None, 1.0, 2.5),),
    largest_current_A=3e-3,
    compliance_V=2.3,
    highest_frequency_Hz=200e3,
    largest_amplitude_V=0.429,
    potential_step_V=2.2 / 4096,
    potential_gain=3e-4,
    potential_offset_V=5e-4,
    current_accuracy=Accuracy(gain=1e-3, offset=2e-4, noise=5e-5, resolution=5.5e-5),
    potential_accuracy=Accuracy(gain=3e-4, offset=5e-4, noise=4e-5, resolution=7.6e-5),
    sends_noise_level=False,
    sends_xon=True,
    registers=_REGISTERS,
)
_EMSTAT4_ACCURACY = {
    "current_accuracy": Accuracy(gain=5e-4, offset=1e-4, noise=3e-5, resolution=9.2e-5),
    "potential_accuracy": Accuracy(gain=1e-4, offset=1e-4, noise=1e-5, resolution=2e-5),
    "potential_gain": 1e-4,
    "potential_offset_V": 1e-4,
    "sends_noise_level": True,
    "sends_xon": False,
    "registers": _REGISTERS,
}
_EMSTAT4_LR_MODEL = Model(
    name="emstat4-lr",
    title="EmStat4 LR",
    firmware=("es4_lr1500#Mar 12 2026 14:28:01", "R*"),
    serial_prefix="ES4LR26S",
    script_version="01.08.00",
    modes=MappingProxyType(dict.fromkeys(_EMSTAT4_MODES, ModeLimits(-3.0, 3.0, 6.0))),
    current_ranges=_in_modes(*_EMSTAT4_MODES, ranges=_EMSTAT4_LR),
    applied_current_ranges=_EMSTAT4_LR[1:],
    potential_ranges=_potential_ranges(5.0, *_EMSTAT4_POTENTIALS),
    largest_current_A=30e-3,
    compliance_V=5.0,
    highest_frequency_Hz=200e3,
    largest_amplitude_V=0.9,
    potential_step_V=3.0 / 32768,
    **_EMSTAT4_ACCURACY,
)
_EMSTAT4_HR_MODEL = Model(
    name="emstat4-hr",
    title="EmStat4 HR",
    firmware=("es4_hr1500#Mar 12 2026 14:28:01", "R*"),
    serial_prefix="ES4HR26S",
    script_version="01.08.00",
    modes=MappingProxyType(dict.fromkeys(_EMSTAT4_MODES, ModeLimits(-6.0, 6.0, 12.0))),
    current_ranges=_in_modes(*_EMSTAT4_MODES, ranges=_EMSTAT4_HR),
    applied_current_ranges=_EMSTAT4_HR[1:],
    potential_ranges=_potential_ranges(8.0, *_EMSTAT4_POTENTIALS),
    largest_current_A=200e-3,
    compliance_V=8.0,
    highest_frequency_Hz=200e3,
    largest_amplitude_V=0.9,
    potential_step_V=6.0 / 32768,
    **_EMSTAT4_ACCURACY,
)
_NEXUS_MODEL = Model(
    name="nexus",
    title="Nexus",
    firmware=("nexus11300#Feb 17 2026 09:02:11", "R*"),
    serial_prefix="NEXUS26S",
    script_version="01.08.00",
    modes=MappingProxyType(dict.fromkeys(_NEXUS_MODES, ModeLimits(-10.0, 10.0, 20.0))),
    current_ranges=_in_modes(*_NEXUS_MODES, ranges=_NEXUS),
    applied_current_ranges=_NEXUS_APPLIED,
    potential_ranges=_potential_ranges(12.0, *_NEXUS_POTENTIALS),
    largest_current_A=1.0,
    compliance_V=12.0,
    highest_frequency_Hz=1e6,
    largest_amplitude_V=0.3,
    potential_step_V=10.0 / 131072,
    **{**_EMSTAT4_ACCURACY, "sends_noise_level": False},
)

MODELS: MappingProxyType[str, Model] = MappingProxyType(
    {model.name: model for model in (_PICO, _EMSTAT4_LR_MODEL, _EMSTAT4_HR_MODEL, _NEXUS_MODEL)}
)
"""The models that can be simulated, by the name used on the command line."""

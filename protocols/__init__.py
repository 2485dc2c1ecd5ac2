"""Protocols and the steps they are made of: pure descriptions, no instrument, no clock."""

from .base import Protocol, ProtocolError, SafetyLimits, Steps, explain, load_protocol, protocol_types
from .cell import Cell, MissingMetadataError
from .compose import Repeat, Sequence
from .cyclic_voltammetry import CyclicVoltammetry
from .floating_test import FloatingTest
from .impedance_spectrum import ImpedanceSpectrum
from .linear_sweep import LinearSweep
from .open_circuit import OpenCircuit
from .quantities import Current
from .steps import (
    ConstantCurrent,
    ConstantPotential,
    Impedance,
    Limits,
    PotentialSweep,
    Record,
    Rest,
    Step,
    StepResult,
    Until,
)
from .waveform import Preview, preview

BUILT_IN: tuple[type[Protocol], ...] = (
    OpenCircuit,
    LinearSweep,
    CyclicVoltammetry,
    ImpedanceSpectrum,
    FloatingTest,
    Sequence,
    Repeat,
)
"""The protocols that come with the package, in the order in which they are listed."""

__all__ = [
    "BUILT_IN",
    "Cell",
    "ConstantCurrent",
    "ConstantPotential",
    "Current",
    "CyclicVoltammetry",
    "FloatingTest",
    "Impedance",
    "ImpedanceSpectrum",
    "Limits",
    "LinearSweep",
    "MissingMetadataError",
    "OpenCircuit",
    "PotentialSweep",
    "Preview",
    "Protocol",
    "ProtocolError",
    "Record",
    "Repeat",
    "Rest",
    "SafetyLimits",
    "Sequence",
    "Step",
    "StepResult",
    "Steps",
    "Until",
    "explain",
    "load_protocol",
    "preview",
    "protocol_types",
]

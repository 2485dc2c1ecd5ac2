"""Protocols and the steps they are made of: pure descriptions, no instrument, no clock."""

from .base import (
    Protocol,
    ProtocolError,
    SafetyLimits,
    Steps,
    explain,
    explain_fields,
    load_protocol,
    protocol_types,
    tightest_limits,
)
from .cell import Cell, MissingMetadataError
from .compose import Repeat, Sequence
from .conductivity_sweep import ConductivitySweep
from .coulombic_efficiency import CoulombicEfficiency
from .critical_current_density import CriticalCurrentDensity
from .cyclic_voltammetry import CyclicVoltammetry
from .end_conditions import EndConditions
from .floating_test import FloatingTest
from .foresight import foreseen
from .galvanostatic_cycling import GalvanostaticCycling
from .gitt import GITT
from .impedance_spectrum import ImpedanceSpectrum
from .imported import Imported
from .linear_sweep import LinearSweep
from .open_circuit import OpenCircuit
from .potentiostatic_polarization import PotentiostaticPolarization
from .pulse_resistance import PulseResistance
from .quantities import Current
from .rate_test import RateTest
from .schedule import Schedule
from .self_discharge import SelfDischarge
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
from .symmetric_cycling import Stage, SymmetricCycling
from .tafel_plot import TafelPlot
from .waveform import Preview, preview

BUILT_IN: tuple[type[Protocol], ...] = (
    OpenCircuit,
    LinearSweep,
    CyclicVoltammetry,
    ImpedanceSpectrum,
    ConductivitySweep,
    FloatingTest,
    CriticalCurrentDensity,
    PotentiostaticPolarization,
    TafelPlot,
    SymmetricCycling,
    CoulombicEfficiency,
    GalvanostaticCycling,
    RateTest,
    GITT,
    SelfDischarge,
    PulseResistance,
    Schedule,
    Sequence,
    Repeat,
)
"""The protocols that come with the package, in the order in which they are listed."""

__all__ = [
    "BUILT_IN",
    "GITT",
    "Cell",
    "ConductivitySweep",
    "ConstantCurrent",
    "ConstantPotential",
    "CoulombicEfficiency",
    "CriticalCurrentDensity",
    "Current",
    "CyclicVoltammetry",
    "EndConditions",
    "FloatingTest",
    "GalvanostaticCycling",
    "Impedance",
    "ImpedanceSpectrum",
    "Imported",
    "Limits",
    "LinearSweep",
    "MissingMetadataError",
    "OpenCircuit",
    "PotentialSweep",
    "PotentiostaticPolarization",
    "Preview",
    "Protocol",
    "ProtocolError",
    "PulseResistance",
    "RateTest",
    "Record",
    "Repeat",
    "Rest",
    "SafetyLimits",
    "Schedule",
    "SelfDischarge",
    "Sequence",
    "Stage",
    "Step",
    "StepResult",
    "Steps",
    "SymmetricCycling",
    "TafelPlot",
    "Until",
    "explain",
    "explain_fields",
    "foreseen",
    "load_protocol",
    "preview",
    "protocol_types",
    "tightest_limits",
]

"""What is measured of the published systems, with which cell, and how it is read and judged."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..simulators import CATHODES, USUAL_RATE_C, cathode_of
from ..storage import Result, Run, Table

Facts = dict[str, Any]
THICKNESS_UM = 50.0
"""Of an electrolyte, where a paper gives none."""
_THERMAL_mV = 25.693
"""RT/F at 25 °C."""
_LIFE_CURRENT, _LIFE_CAPACITY = 0.1, 0.1
_OVERPOTENTIAL_CYCLES = 3
_FINE_TEMPERATURES = ", ".join(str(degC) for degC in range(25, 81, 5)) + " °C"


@dataclass(frozen=True)
class Printed:
    """A number that a paper prints, and how to read the same from a run.

    Parameters
    ----------
    quantity, unit : str
        What it is.
    value : float
        As printed.
    read : callable
        From a run to the result, or None where the run has none.
    absolute, relative : float
        What may be between both numbers; one of them is 0.
    note : str
        What a reader must know beside the numbers.
    """

    quantity: str
    unit: str
    value: float
    read: Callable[[Run], Result | None]
    absolute: float = 0.0
    relative: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Experiment:
    """One kind of measurement.

    Parameters
    ----------
    name : str
        How it is called.
    printed : callable
        From the name of a system and its facts to the numbers that this measurement can give.
    cell : callable
        From name and facts to the name of the simulated cell and its parameters.
    protocol : callable
        From name and facts to the description of the protocol.
    group : {"electrolytes", "full_cells"}
        Of which systems.
    temperature_degC : float
        Of the cell.
    has_chamber : bool
        Whether the protocol sets the temperature.
    weight : callable
        Roughly how many seconds it takes.
    """

    name: str
    printed: Callable[[str, Facts], list[Printed]]
    cell: Callable[[str, Facts], tuple[str, dict[str, Any]]]
    protocol: Callable[[str, Facts], dict[str, Any]]
    group: str = "electrolytes"
    temperature_degC: float = 25.0
    has_chamber: bool = False
    weight: Callable[[Facts], float] = field(default=lambda _: 3.0)


def _result(run: Run, name: str) -> Result | None:
    found = run.results.get(name)
    return found if isinstance(found, Result) else None


def _mean_at(
    run: Run, table: str, where: tuple[str, float], column: str, unit: str, scale: float = 1.0
) -> Result | None:
    """Return the mean of a column over the rows of a table where another one has a value."""
    found = run.results.get(table)
    name, value = where
    if not isinstance(found, Table) or name not in (found.rows.dtype.names or ()):
        return None
    rows = found.rows[np.isclose(found.rows[name], value, rtol=5e-3)]
    return Result(scale * float(np.mean(rows[column])), unit, None, found.method) if len(rows) else None


def _single(
    fact: str, quantity: str, unit: str, result: str, *, absolute: float = 0.0, relative: float = 0.0,
    note: Callable[[Facts], str] = lambda _: "",
) -> Callable[[str, Facts], list[Printed]]:  # fmt: skip
    """Return the reader of one fact that is a plain number."""

    def printed(_: str, facts: Facts) -> list[Printed]:
        value = facts.get(fact)
        if value is None:
            return []
        read = partial(_result, name=result)
        return [Printed(quantity, unit, float(value), read, absolute, relative, note(facts))]

    return printed


def _between(first: str, last: str, **parameters: Any) -> Callable[[str, Facts], tuple[str, dict[str, Any]]]:
    return lambda system, _: (f"{first}|{system}|{last}", dict(parameters))


def _fixed(name: str, **parameters: Any) -> Callable[[str, Facts], dict[str, Any]]:
    return lambda *_: {"protocol": name, **parameters}


def _note_with(word: str) -> Callable[[Facts], str]:
    """Return the note of a system where it is about `word`."""
    return lambda facts: facts["note"] if word in facts.get("note", "").lower() else ""


# Activation energies: the law is taken from the printed energy, also where a second conductivity contradicts.


def _one_law(system: str, _: Facts) -> tuple[str, dict[str, Any]]:
    return f"SS|{system}|Li", {"conductivity_60C_S_per_cm": None}


def _vtf_note(facts: Facts) -> str:
    warm, cool = facts.get("conductivity_60C_S_per_cm"), facts.get("conductivity_S_per_cm")
    if warm is None or cool is None:
        return ""
    slope = math.log(warm / cool) / (1 / 298.15 - 1 / 333.15) * 8.617333e-5
    return (
        f"The conductivities printed for 25 and 60 °C have an Arrhenius slope of {slope:.2f} eV, which this "
        "energy allows only with a negative T_0: the cell follows the energy and the conductivity at 25 °C."
    )


# Life of symmetric cells


def _life_protocol(_: str, facts: Facts) -> dict[str, Any]:
    life = facts["symmetric_life_h"]
    current = life.get("current_mA_per_cm2", _LIFE_CURRENT)
    capacity = life.get("areal_capacity_mAh_per_cm2", max(_LIFE_CAPACITY, current))
    # Half as many cycles again as the paper reports.
    cycles = int(1.5 * life["hours"] * current / capacity / 2) + 2
    stage = f"{current} mA/cm² x {capacity} mAh/cm² x {cycles}"
    return {"protocol": "SymmetricCycling", "stages": stage}


def _life(_: str, facts: Facts) -> list[Printed]:
    life = facts.get("symmetric_life_h")
    if not life or life.get("failure") == "none" or "hours" not in life:
        return []
    note = ""
    if "current_mA_per_cm2" not in life:
        note = f"The paper gives no current; {_LIFE_CURRENT} mA/cm² was assumed."
    read = partial(_result, name="time_to_failure")
    return [Printed("life of Li‖Li", "h", float(life["hours"]), read, relative=0.05, note=note)]


# Overpotentials of symmetric cells: the resistance is taken from what is printed, its parts are not known.


def _overpotentials(facts: Facts) -> dict[float, float]:
    """Return the printed overpotential in mV at each current density in mA/cm²."""
    if "overpotential_mV" in facts:
        # 0.1, 0.2 and 0.3 mAh/cm² in half-cycles of 2 h.
        return {float(key.split("_")[0]) / 2.0: float(mV) for key, mV in facts["overpotential_mV"].items()}
    life = facts.get("symmetric_life_h", {})
    mV = life.get("overpotential_mV", life.get("overpotential_start_mV"))
    return {life["current_mA_per_cm2"]: float(mV)} if mV and "current_mA_per_cm2" in life else {}


def _overpotential_cell(system: str, facts: Facts) -> tuple[str, dict[str, Any]]:
    known = _overpotentials(facts)
    each = [mV / current for current, mV in known.items()]
    # The resistance that misses the largest and the smallest by the same share.
    whole_ohm_cm2 = 2.0 / (1.0 / min(each) + 1.0 / max(each))
    thickness_cm = facts.get("thickness_um", THICKNESS_UM) * 1e-4
    sigma = facts.get("conductivity_S_per_cm", facts.get("conductivity_30C_S_per_cm", 5e-4))
    bulk = thickness_cm / sigma / (facts.get("transference_number") or 0.4)
    transfer = 2 * _THERMAL_mV / _FAST_mA_PER_CM2
    return f"Li|{system}|Li", {
        "exchange_current_density_mA_per_cm2": _FAST_mA_PER_CM2,
        "interphase_resistance_ohm_cm2": (whole_ohm_cm2 - bulk - transfer) / 2.0,
    }


_FAST_mA_PER_CM2 = 10.0


def _overpotential_protocol(_: str, facts: Facts) -> dict[str, Any]:
    stages = [
        f"{current} mA/cm² x {2 * current} mAh/cm² x {_OVERPOTENTIAL_CYCLES}"
        for current in _overpotentials(facts)
    ]
    return {"protocol": "SymmetricCycling", "stages": "; ".join(stages)}


def _overpotential_at(run: Run, current: float) -> Result | None:
    return _mean_at(run, "overpotential", ("current_density", current), "overpotential_mean", "mV")


def _overpotential(_: str, facts: Facts) -> list[Printed]:
    known = _overpotentials(facts)
    notes = []
    resistances = [mV / current for current, mV in known.items()]
    if known and max(resistances) > 1.05 * min(resistances):
        listed = ", ".join(f"{ohm:.0f}" for ohm in resistances)
        notes.append(f"The printed overpotentials are {listed} Ω·cm²: no single resistance gives them all.")
    exchange = facts.get("exchange_current_density_mA_per_cm2")
    if known and exchange is not None:
        alone = 4 * _THERMAL_mV * math.asinh(min(known) / (2 * exchange))
        if alone > known[min(known)]:
            notes.append(f"The printed i_0 alone would give {alone:.0f} mV at {min(known):g} mA/cm².")
    if "overpotential_end_mV" in facts.get("symmetric_life_h", {}):
        notes.append("At the start of its life.")
    return [
        Printed(
            f"overpotential at {current:g} mA/cm²",
            "mV",
            mV,
            partial(_overpotential_at, current=current),
            relative=0.12,
            note=" ".join(notes),
        )
        for current, mV in known.items()
    ]


# Full cells


def _full(system: str, _: Facts, **parameters: Any) -> tuple[str, dict[str, Any]]:
    return f"{system}|Li", {"fade_percent_per_cycle": 0.0, "retention_percent": None, **parameters}


def _window(system: str, facts: Facts) -> dict[str, str]:
    """Return the cut-offs of a cathode, those that are printed where they are."""
    usual = CATHODES[cathode_of(system)]
    highest_V = facts.get("upper_cutoff_V", usual.upper_cutoff_V)
    low, high = facts.get("window_V", (usual.lower_cutoff_V, highest_V))
    return {"lower": f"{low} V", "upper": f"{high} V"}


def _rate_protocol(system: str, facts: Facts) -> dict[str, Any]:
    rates = ", ".join(f"{rate}C" for rate in facts["rate_capacities"])
    # Charged slowly and held, so that every discharge begins full.
    return {
        "protocol": "RateTest", "rates": rates, "cycles": 2, "charge_current": "0.2C", "hold_until": "0.01C",
        "back_to_first": False, **_window(system, facts),
    }  # fmt: skip


def _rate_at(run: Run, rate: float) -> Result | None:
    return _mean_at(run, "rate_capacity", ("rate", rate), "specific_capacity", "mAh/g")


def _rates(system: str, facts: Facts) -> list[Printed]:
    known = facts.get("rate_capacities", {})
    note = ""
    if system == "LFP|PE":
        note = "The fall from 0.5C to 1C is steeper than diffusion explains with the 170 mAh/g of LFP."
    return [
        Printed(
            f"capacity at {rate:g}C", "mAh/g", float(capacity), partial(_rate_at, rate=rate),
            relative=0.05, note=note,
        )
        for rate, capacity in known.items()
    ]  # fmt: skip


def _retention_experiment(key: str) -> Experiment:
    def printed(_: str, facts: Facts) -> list[Printed]:
        aged = facts.get(key, {})
        if not aged.get("retention_percent") or not aged.get("cycles"):
            return []
        note = "" if "rate_C" in aged else f"The paper gives no rate; {USUAL_RATE_C}C was assumed."
        quantity = f"retention after {aged['cycles']} cycles at {aged.get('rate_C', USUAL_RATE_C):g}C"
        read = partial(_result, name="capacity_retention")
        return [Printed(quantity, "%", float(aged["retention_percent"]), read, absolute=1.0, note=note)]

    def protocol(system: str, facts: Facts) -> dict[str, Any]:
        aged = facts[key]
        rate = aged.get("rate_C", USUAL_RATE_C)
        return {
            "protocol": "GalvanostaticCycling", "cycles": aged["cycles"], "formation_cycles": 0,
            "charge_current": f"{min(rate, 1.0)}C", "discharge_current": f"{rate}C", "hold_until": "0.02C",
            "rest": "0 s", "sample_every": f"{3600 / rate / 40:.4g} s",
            "measure_every": f"{3600 / rate / 600:.4g} s", **_window(system, facts),
        }  # fmt: skip

    return Experiment(
        name=key.replace("cycling", "retention").replace("_", "-").lower(),
        printed=printed,
        cell=lambda system, _: (f"{system}|Li", {"cycling": key}),
        protocol=protocol,
        group="full_cells",
        weight=lambda facts: 0.03 * facts[key]["cycles"],
    )


def _polarization_protocol(system: str, facts: Facts) -> dict[str, Any]:
    rates = "0.5C" if "polarization_V" in facts else "1C, 2C"
    return {
        "protocol": "RateTest", "rates": rates, "cycles": 1, "back_to_first": False, **_window(system, facts),
    }  # fmt: skip


def _polarization_in(run: Run, cycle: int) -> Result | None:
    """Return the distance between the mean potentials of charge and discharge."""
    return _mean_at(run, "cycles", ("cycle", cycle), "polarization", "mV", scale=1e3)


def _polarization(_: str, facts: Facts) -> list[Printed]:
    known: list[tuple[str, float, int]] = []
    if "polarization_V" in facts:
        known.append(("polarization at 0.5C", facts["polarization_V"] * 1e3, 1))
    printed = facts.get("polarization_mV", {})
    for cycle, (key, rate) in enumerate((("first_cycle_1C", "1C"), ("2C", "2C")), 1):
        if key in printed:
            known.append((f"polarization at {rate}", float(printed[key]), cycle))
    note = "The paper gives no rate; 0.5C was assumed." if "polarization_V" in facts else ""
    return [
        Printed(name, "mV", mV, partial(_polarization_in, cycle=cycle), relative=0.12, note=note)
        for name, mV, cycle in known
    ]


def _aged_protocol(system: str, facts: Facts) -> dict[str, Any]:
    return {
        "protocol": "GalvanostaticCycling", "cycles": 100, "formation_cycles": 0, "charge_current": "1C",
        "discharge_current": "1C", "measure_every": "5 s", **_window(system, facts),
    }  # fmt: skip


def _aged_polarization(_: str, facts: Facts) -> list[Printed]:
    value = facts.get("polarization_mV", {}).get("cycle_100_1C")
    if value is None:
        return []
    read = partial(_polarization_in, cycle=100)
    return [Printed("polarization at 1C, cycle 100", "mV", float(value), read, relative=0.12)]


def _charge_transfer_protocol(system: str, facts: Facts) -> dict[str, Any]:
    def cycles(count: int) -> dict[str, Any]:
        return {
            "protocol": "GalvanostaticCycling", "cycles": count, "formation_cycles": 0,
            "charge_current": "0.5C", "discharge_current": "0.5C", "hold_until": "0.05C",
            "measure_every": "5 s",
            **_window(system, facts),
        }  # fmt: skip

    spectrum = {"protocol": "ImpedanceSpectrum", "frequency_min": "0.1 Hz", "rest_before": "30 min"}
    return {"protocol": "Sequence", "protocols": [cycles(1), spectrum, cycles(19), spectrum]}


def _charge_transfer(_: str, facts: Facts) -> list[Printed]:
    known = facts.get("charge_transfer_resistance_ohm", {})
    return [
        Printed(
            f"charge-transfer resistance, cycle {key.split('_')[1]}",
            "Ω",
            float(value),
            partial(_result, name=f"{part}/interfacial_resistance"),
            relative=0.12,
        )
        for (key, value), part in zip(known.items(), (1, 3), strict=False)
    ]


EXPERIMENTS = (
    Experiment(
        "conductivity",
        _single("conductivity_S_per_cm", "ionic conductivity", "S/cm", "ionic_conductivity", relative=0.02,
                note=_note_with("conductivit")),
        _between("SS", "Li"), _fixed("ImpedanceSpectrum", frequency_min="1 Hz"),
    ),
    Experiment(
        "conductivity-30C",
        _single("conductivity_30C_S_per_cm", "ionic conductivity at 30 °C", "S/cm", "ionic_conductivity",
                relative=0.02),
        _between("SS", "Li", temperature_degC=30.0), _fixed("ImpedanceSpectrum", frequency_min="1 Hz"),
        temperature_degC=30.0,
    ),
    Experiment(
        "conductivity-60C",
        _single("conductivity_60C_S_per_cm", "ionic conductivity at 60 °C", "S/cm", "ionic_conductivity",
                relative=0.02, note=_note_with("conductivit")),
        _between("SS", "Li", temperature_degC=60.0), _fixed("ImpedanceSpectrum", frequency_min="1 Hz"),
        temperature_degC=60.0,
    ),
    Experiment(
        "activation-energy",
        _single("activation_energy_eV", "activation energy (Arrhenius)", "eV", "activation_energy_arrhenius",
                relative=0.02),
        _one_law, _fixed("ConductivitySweep"), has_chamber=True,
    ),
    Experiment(
        "activation-energy-vtf",
        _single("activation_energy_eV_VTF", "activation energy (VTF)", "eV", "activation_energy_vtf",
                relative=0.02, note=_vtf_note),
        _one_law, _fixed("ConductivitySweep", temperatures=_FINE_TEMPERATURES, points_per_decade=40),
        has_chamber=True, weight=lambda _: 20.0,
    ),
    Experiment(
        "linear-sweep",
        _single("oxidation_limit_V", "oxidation onset", "V", "onset_potential", absolute=0.02),
        _between("SS", "Li"), _fixed("LinearSweep", start="2.5 V", stop="6 V"),
    ),
    Experiment(
        "floating-test",
        _single("oxidation_limit_V", "oxidation limit", "V", "oxidation_limit", absolute=0.1),
        _between("SS", "Li"), _fixed("FloatingTest", stop="6 V"), weight=lambda _: 6.0,
    ),
    Experiment(
        "transference",
        _single("transference_number", "transference number", "1", "transference_number_bruce_vincent_evans",
                relative=0.02, note=_note_with("transference")),
        _between("Li", "Li"), _fixed("PotentiostaticPolarization"),
    ),
    Experiment(
        "transference-60C",
        _single("transference_number_60C", "transference number at 60 °C", "1",
                "transference_number_bruce_vincent_evans", relative=0.02),
        lambda system, facts: (f"Li|{system}|Li", {
            "temperature_degC": 60.0, "transference_number": facts["transference_number_60C"]}),
        _fixed("PotentiostaticPolarization"), temperature_degC=60.0,
    ),
    Experiment(
        "tafel",
        _single("exchange_current_density_mA_per_cm2", "exchange current density", "mA/cm²",
                "exchange_current_density", relative=0.15),
        _between("Li", "Li"), _fixed("TafelPlot"),
    ),
    Experiment(
        "critical-current",
        _single("critical_current_density_mA_per_cm2", "critical current density", "mA/cm²",
                "critical_current_density", absolute=0.05),
        _between("Li", "Li"), _fixed("CriticalCurrentDensity"),
    ),
    Experiment("overpotential", _overpotential, _overpotential_cell, _overpotential_protocol),
    Experiment("life", _life, _between("Li", "Li"), _life_protocol,
               weight=lambda facts: 3.0 + 0.003 * facts["symmetric_life_h"]["hours"]),
    Experiment(
        "coulombic-efficiency",
        _single("coulombic_efficiency_Li_Cu_percent", "coulombic efficiency", "%",
                "average_coulombic_efficiency", absolute=0.5),
        _between("Cu", "Li"), _fixed("CoulombicEfficiency"),
    ),
    Experiment("rate", _rates, _full, _rate_protocol, group="full_cells", weight=lambda _: 4.0),
    Experiment("polarization", _polarization, _full, _polarization_protocol, group="full_cells"),
    Experiment("polarization-aged", _aged_polarization, _full, _aged_protocol, group="full_cells",
               weight=lambda _: 5.0),
    Experiment("charge-transfer", _charge_transfer, _full, _charge_transfer_protocol, group="full_cells"),
    _retention_experiment("cycling"),
    _retention_experiment("cycling_5C"),
    _retention_experiment("cycling_1C"),
)  # fmt: skip
"""Every kind of measurement that a printed number can be compared with."""

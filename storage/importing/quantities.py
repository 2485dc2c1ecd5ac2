"""The quantities that are taken from tables, and what programs call their columns."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from ...core.units import QuantityError, unit_factor
from .recording import Floats

_KELVIN_AT_0_DEGC = 273.15
_DEGC = ("degC", "°C", "℃", "C", "celsius", "Celsius", "deg C", "oC")
_SPELLINGS = {
    "second": "s", "seconds": "s", "sec": "s", "Sec": "s", "S": "s", "minute": "min", "minutes": "min",
    "hour": "h", "hours": "h", "Hours": "h", "volt": "V", "volts": "V", "Volts": "V", "v": "V", "uV": "µV",
    "ampere": "A", "amp": "A", "Amp": "A", "Amps": "A", "amps": "A", "ma": "mA", "uA": "µA",
    "ah": "Ah", "mah": "mAh", "mA.h": "mAh", "A.h": "Ah", "mA·h": "mAh", "A·h": "Ah", "ampere_hour": "Ah",
    "mAs": "mA*s", "As": "A*s", "mA.s": "mA*s", "wh": "Wh", "mwh": "mWh", "W.h": "Wh", "mW.h": "mWh",
    "W·h": "Wh", "mWs": "mW*s", "Ws": "W*s", "watt_hour": "Wh", "hertz": "Hz",
    "Ohm": "ohm", "Ohms": "ohm", "ohms": "ohm", "ohm": "ohm", "mOhm": "mohm", "kOhm": "kohm", "MOhm": "Mohm",
    "degree": "deg", "degrees": "deg", "°": "deg", "radian": "rad", "Cel": "degC", "kelvin": "K",
}  # fmt: skip
"""Units as programs write them, for `core.units`."""


class Quantity(NamedTuple):
    """Something that a table may hold.

    Parameters
    ----------
    unit : str
        In which a `Recording` has it; "degC" for temperatures, "" for counters.
    names : tuple of str
        What columns are called, as `split_head` gives it, the best first.
    example : str
        For messages.
    """

    unit: str
    names: tuple[str, ...]
    example: str


# Sources: the Battery Data Format's ontology; columns in exports of EC-Lab, Neware BTS, Landt, Arbin, Maccor,
# Autolab NOVA, Gamry, Zahner, Ivium, PSTrace, fastnda.
QUANTITIES = {
    "time": Quantity(
        "s", ("test_time", "total_time", "testtime", "elapsed_time", "time", "t", "corrected_time"), "t/s"
    ),
    "unix_time": Quantity(
        "s", ("unix_time", "uts", "epoch_time", "date_time", "datetime", "timestamp", "date", "absolute_time",
              "real_time", "realtime"), "Date",
    ),
    "step_time": Quantity("s", ("step_time", "relative_time", "steptime"), "Step Time/s"),
    "potential": Quantity(
        "V", ("voltage", "ewe", "potential", "ecell", "ewe_ece", "cell_voltage", "vf", "e", "u", "volts",
              "we_1_potential", "e_we", "v"), "Ewe/V",
    ),
    "current": Quantity("A", ("current", "i", "im", "cell_current", "amps", "we_1_current", "i_we"), "I/mA"),
    "step": Quantity(
        "", ("step_count", "stepcount", "step_index", "step_id", "ns", "step", "step_number", "stepno",
             "step_no"), "Ns",
    ),
    "cycle": Quantity(
        "", ("cycle_count", "cycle_index", "cycle_number", "cycle", "cycleno", "cycle_no", "z_cycle",
             "cyclenumber", "scan"), "cycle number",
    ),
    "temperature": Quantity(
        "degC", ("ambient_temperature", "surface_temperature", "surface_temperature_t1", "temperature_t1",
                 "temperature", "cell_temperature", "aux_temperature_1", "temp", "t1"), "Temperature/°C",
    ),
    "net_charge": Quantity("Ah", ("net_capacity", "q_qo", "net_charge"), "(Q-Qo)/mA.h"),
    "charge_in": Quantity(
        "Ah", ("charging_capacity", "cumulative_charging_capacity", "cycle_charging_capacity",
               "step_charging_capacity", "q_charge", "charge_capacity", "chg_cap", "chg_capacity",
               "charge_cap"), "Q charge/mA.h",
    ),
    "charge_out": Quantity(
        "Ah", ("discharging_capacity", "cumulative_discharging_capacity", "cycle_discharging_capacity",
               "step_discharging_capacity", "q_discharge", "discharge_capacity", "dchg_cap", "dchg_capacity",
               "discharge_cap"), "Q discharge/mA.h",
    ),
    "charge_of_step": Quantity("Ah", ("capacity", "step_capacity", "q_charge_discharge"), "Capacity(mAh)"),
    "net_energy": Quantity("Wh", ("net_energy",), "Net Energy / Wh"),
    "energy_in": Quantity(
        "Wh", ("charging_energy", "cumulative_charging_energy", "cycle_charging_energy",
               "step_charging_energy", "energy_charge", "charge_energy", "chg_energy", "chg_eng"),
        "Energy charge/W.h",
    ),
    "energy_out": Quantity(
        "Wh", ("discharging_energy", "cumulative_discharging_energy", "cycle_discharging_energy",
               "step_discharging_energy", "energy_discharge", "discharge_energy", "dchg_energy", "dchg_eng"),
        "Energy discharge/W.h",
    ),
    "energy_of_step": Quantity("Wh", ("energy", "step_energy"), "Energy(mWh)"),
    "frequency": Quantity("Hz", ("frequency", "freq", "f", "fsnd"), "freq/Hz"),
    "real_impedance": Quantity(
        "ohm", ("real_impedance", "re_z", "zreal", "z_real", "z_re", "zre", "zdash", "real_z"), "Re(Z)/Ohm"
    ),
    "imaginary_impedance": Quantity(
        "ohm", ("imaginary_impedance", "im_z", "zimag", "z_imag", "z_im", "zim", "zdoubledash", "imag_z"),
        "Zimag/ohm",
    ),
    "absolute_impedance": Quantity("ohm", ("absolute_impedance", "abs_z", "zmod", "impedance"), "|Z|/Ohm"),
    "phase": Quantity("deg", ("phase", "phase_z", "zphz", "phase_of_z"), "Phase(Z)/deg"),
}  # fmt: skip

_UNITLESS = ("unix_time",)
"""Where a column without unit can only mean one thing, or holds dates."""


@dataclass(frozen=True)
class Column:
    """Which column holds a quantity, and how it is turned into the quantity's unit.

    Parameters
    ----------
    head : str
        Its head in the table.
    factor, offset : float
        value = factor · cell + offset.
    """

    head: str
    factor: float = 1.0
    offset: float = 0.0

    def of(self, values: Floats) -> Floats:
        """Return the cells in the quantity's unit."""
        return values if self.factor == 1.0 and self.offset == 0.0 else self.factor * values + self.offset


def split_head(head: str) -> tuple[str, str, bool]:
    """Return the name of a column, its unit ("" where there is none), and whether it begins with a minus.

    The name is in small letters with "_" for all other characters: "<I>/mA" is ("i", "mA", False),
    "-Im(Z)/Ohm" ("im_z", "Ohm", True), "Test Time / s" and "test_time_second" ("test_time", "s", …).
    """
    head = head.strip()
    minus = head.startswith(("-", "−"))
    name, unit = _without_unit(head.lstrip("-− "))
    # Primes as impedance software writes them.
    name = re.sub(r"(?:''|\"|″)$", "_imag", name.strip())
    name = re.sub(r"(?:'|′)$", "_real", name)
    name = re.sub(r"\|([^|]*)\|", r"abs_\1", name)
    return re.sub(r"\W+", "_", name.lower()).strip("_"), unit, minus


def _without_unit(head: str) -> tuple[str, str]:
    if match := re.fullmatch(r"(.+?)\s*\[([^\[\]]*)\]", head):
        return match[1], match[2].strip()
    if match := re.fullmatch(r"(.+?)\s*\(([^()]*)\)", head):
        # "Phase(Z)" has no unit.
        return (match[1], match[2].strip()) if match[2] not in ("Z", "Y") else (head, "")
    name, sign, unit = head.rpartition("/")
    if sign and name.strip():
        return name, unit.strip(" <>")
    name, sign, unit = head.rpartition("_")
    if sign and (unit in _SPELLINGS or unit in (*_SPELLINGS.values(), *_DEGC, "mV", "mW", "nA")):
        return name, unit
    return head, ""


def column_for(quantity: str, head: str, unit: str, *, minus: bool = False) -> Column:
    """Return a column whose unit is known.

    Raises
    ------
    QuantityError
        The unit does not fit the quantity.
    """
    sign, wanted = (-1.0 if minus else 1.0), QUANTITIES[quantity].unit
    if wanted == "degC":
        if unit in _DEGC:
            return Column(head, sign)
        if unit in ("K", "kelvin"):
            return Column(head, sign, -_KELVIN_AT_0_DEGC)
        raise QuantityError(f"{unit!r} is not a unit of temperature; write degC or K")
    if not wanted:
        return Column(head, sign)
    return Column(head, sign * _factor(unit, wanted))


def _factor(unit: str, wanted: str) -> float:
    # The unit and the Greek letter, and both signs for micro, are told apart by computers only.
    plain = unit.replace("\u2126", "ohm").replace("\u03a9", "ohm").replace("\u03bc", "\u00b5")
    spelled = _SPELLINGS.get(plain, plain)
    if wanted in ("Ah", "Wh"):
        base = "C" if wanted == "Ah" else "J"
        return float(f"{unit_factor(spelled, base) / 3600.0:.15g}")
    # Rounded as people read decimals: 1 mA is 0.001 A.
    return float(f"{unit_factor(spelled, wanted):.15g}")


def recognised(quantity: str, heads: list[str]) -> Column | None:
    """Return the column that is known to hold a quantity, or None."""
    named = {}
    for head in heads:
        name, unit, minus = split_head(head)
        named.setdefault(name, (head, unit, minus))
    for name in QUANTITIES[quantity].names:
        if name not in named:
            continue
        head, unit, minus = named[name]
        if quantity in _UNITLESS or (QUANTITIES[quantity].unit == "s" and (not unit or ":" in unit)):
            # Dates and clocks are in seconds already, and programs that name no unit write seconds.
            unit = "s" if not unit or ":" in unit else unit
        if not unit and QUANTITIES[quantity].unit:
            continue
        try:
            return column_for(quantity, head, unit, minus=minus)
        except QuantityError:
            continue
    return None

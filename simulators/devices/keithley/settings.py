"""The settings that are only kept and given back, as one table: header, kind, default and bounds.

``{f}`` stands for VOLTage and CURRent.
"""

from dataclasses import dataclass

from ..scpi import Header, ScpiError


@dataclass(frozen=True)
class Setting:
    """One setting.

    Parameters
    ----------
    name : str
        Key of its value.
    header : Header
        Of the command and of its query.
    kind : {"number", "switch", "word"}
        How it is written.
    default : float or str
        After ``*RST``.
    low, high : float
        Bounds of a number.
    words : tuple of str
        What a word may be, in short form.
    """

    name: str
    header: Header
    kind: str
    default: float | str
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()

    def read(self, text: str) -> float | str:
        """Return the value of an argument; raise `ScpiError` for one that is not allowed."""
        word = text.upper()
        if self.kind == "switch":
            if word in ("ON", "1"):
                return 1.0
            if word in ("OFF", "0"):
                return 0.0
            raise ScpiError(-224, "Illegal parameter value")
        if self.kind == "word":
            found = next((each for each in self.words if word.startswith(each)), None)
            if found is None:
                raise ScpiError(-224, "Illegal parameter value")
            return found
        special = {"MIN": self.low, "MINIMUM": self.low, "MAX": self.high, "MAXIMUM": self.high}
        special |= {"DEF": self.default, "DEFAULT": self.default}
        try:
            value = float(special.get(word, word))
        except ValueError:
            raise ScpiError(-104, "Data type error") from None
        if not self.low <= value <= self.high:
            raise ScpiError(-222, "Parameter data out of range")
        return value

    def text(self, value: float | str) -> str:
        """Return a value as the instrument writes it."""
        if isinstance(value, str):
            return value
        return f"{value:.0f}" if self.kind == "switch" else f"{value:.6E}"


def settings(highest_V: float, highest_A: float) -> tuple[Setting, ...]:
    """Return the settings of a model with these limits."""
    table: list[Setting] = [
        Setting("source_function", Header(":SOURce[1]:FUNCtion[:MODE]"), "word", "VOLT",
                words=("VOLT", "CURR")),
        Setting("voltage_limit", Header(":SOURce[1]:CURRent:VLIMit[:LEVel]"), "number", 2.0, 0.02, highest_V),
        Setting("current_limit", Header(":SOURce[1]:VOLTage:ILIMit[:LEVel]"), "number", 1.05e-4, 1e-9,
                highest_A),
        Setting("output", Header(":OUTPut[1][:STATe]"), "switch", 0.0),
        Setting("terminals", Header(":ROUTe:TERMinals"), "word", "FRON", words=("FRON", "REAR")),
        Setting("sense_count", Header(":SENSe[1]:COUNt"), "number", 1.0, 1.0, 3e5),
    ]  # fmt: skip
    for word, short, highest in (("VOLTage", "voltage", highest_V), ("CURRent", "current", highest_A)):
        source, sense = f":SOURce[1]:{word}", f":SENSe[1]:{word}[:DC]"
        table += [
            Setting(f"source_{short}", Header(f"{source}[:LEVel][:IMMediate][:AMPLitude]"), "number", 0.0,
                    -highest, highest),
            Setting(f"source_{short}_range", Header(f"{source}:RANGe"), "number", highest, -highest, highest),
            Setting(f"source_{short}_auto", Header(f"{source}:RANGe:AUTO"), "switch", 1.0),
            Setting(f"source_{short}_delay", Header(f"{source}:DELay"), "number", 0.0, 0.0, 1e4),
            Setting(f"source_{short}_delay_auto", Header(f"{source}:DELay:AUTO"), "switch", 1.0),
            Setting(f"{short}_read_back", Header(f"{source}:READ:BACK"), "switch", 1.0),
            Setting(f"sense_{short}_range", Header(f"{sense}:RANGe[:UPPer]"), "number", highest, -highest,
                    highest),
            Setting(f"sense_{short}_auto", Header(f"{sense}:RANGe:AUTO"), "switch", 1.0),
            Setting(f"sense_{short}_nplc", Header(f"{sense}:NPLCycles"), "number", 1.0, 0.01, 10.0),
            Setting(f"sense_{short}_remote", Header(f"{sense}:RSENse"), "switch", 0.0),
            Setting(f"sense_{short}_zero", Header(f"{sense}:AZERo[:STATe]"), "switch", 1.0),
            Setting(f"off_{short}", Header(f":OUTPut[1]:{word}:SMODe"), "word", "NORM",
                    words=("NORM", "HIMP", "ZERO", "GUAR")),
        ]  # fmt: skip
    return tuple(table)

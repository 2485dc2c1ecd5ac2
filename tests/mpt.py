"""A small writer of EC-Lab text files, independent of our readers and of our own export."""

CYCLING = (
    "mode", "ox/red", "error", "control changes", "Ns changes", "counter inc.", "Ns", "time/s", "control/mA", "Ewe/V",
    "<I>/mA", "dq/mA.h", "(Q-Qo)/mA.h", "half cycle", "Q charge/mA.h", "Q discharge/mA.h", "cycle number",
)  # fmt: skip
SPECTRUM = ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg", "time/s", "<Ewe>/V", "<I>/mA")


def write_mpt(
    path,
    columns,
    technique="Galvanostatic Cycling with Potential Limitation",
    *,
    decimal=".",
    encoding="cp1252",
    more=(),
):
    """Write columns of numbers (a dict) as EC-Lab does."""
    head = [
        "EC-Lab ASCII FILE", "Nb header lines : 00", "", technique, "", "Run on channel : 7 (SN 12345)",
        "User : ", "Ewe ctrl range : min = 0,00 V, max = 5,00 V", "Acquisition started on : 02/28/2024 10:00:00.500",
        "Device : SP-300 (SN 0099)", "EC-Lab for windows v11.50 (software)",
        "Electrode surface area : 0.001 cm²", "Characteristic mass : 0.001 g", *more, "",
    ]  # fmt: skip
    head[1] = f"Nb header lines : {len(head) + 1}"
    lines = [*head, "\t".join(columns) + "\t"]
    lines += [
        "".join(repr(float(value)).replace(".", decimal) + "\t" for value in row)
        for row in zip(*columns.values(), strict=True)
    ]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path

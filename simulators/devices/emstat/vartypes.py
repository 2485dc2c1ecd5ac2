"""Variable types of MethodSCRIPT: what a value in a script or a data package means."""

APPLIED_POTENTIAL = "da"
APPLIED_CURRENT = "db"
APPLIED_FREQUENCY = "dc"
MEASURED_POTENTIAL = "ab"
MEASURED_CURRENT = "ba"
IMPEDANCE_REAL = "cc"
IMPEDANCE_IMAGINARY = "cd"
TIME = "eb"
TEMPERATURE = "ed"
UNKNOWN = "aa"

VARTYPES = frozenset({
    "aa", "ab", "ac", "ad", "ae", "af", "ag", "ah", "ai", "as", "at", "au", "av", "aw", "ax", "ay", "az",
    "ba", "bb",
    "ca", "cb", "cc", "cd", "ce", "cf", "cg", "ch", "ci", "cj", "ck", "cl", "cm", "cn", "co", "cp", "cq",
    "cr", "cs", "ct", "cu", "cv", "cw", "cx", "cy", "cz",
    "da", "db", "dc", "dd",
    "ea", "eb", "ec", "ed", "ee", "ef", "eg",
    "ha", "hb", "hc", "hd",
    "ia", "ib", "ic", "id",
    "ja", "jb", "jc", "jd",
})  # fmt: skip
"""All types that a script may name."""

CELL_POTENTIALS = frozenset({"ab", "af", "ag"})
"""Potentials that are the same in a cell with two terminals."""

ANALOG_INPUTS = frozenset({"as", "at", "au", "av", "aw", "ax", "ay", "az"})
TEMPERATURES = frozenset({"ed", "ef"})

"""The variants of the hardware: their current ranges, as the firmware names them."""

CURRENT_RANGES_uA: dict[str, dict[str, float]] = {
    "10V_nanoAmpV0.2": {"60nA": 0.06, "100nA": 0.1, "1uA": 1.0, "10uA": 10.0},
    "10V_microAmpV0.2": {"1uA": 1.0, "10uA": 10.0, "100uA": 100.0, "1000uA": 1000.0},
    "10V_10MilliAmpV0.2": {"10uA": 10.0, "100uA": 100.0, "1000uA": 1000.0, "10000uA": 10_000.0},
    "10V_24MilliAmpV0.2": {"100uA": 100.0, "1000uA": 1000.0, "12000uA": 12_024.0, "24000uA": 24_048.0},
}
VOLTAGE_RANGES_V = {"1V": 1.0, "2V": 2.0, "5V": 5.0, "10V": 10.0}

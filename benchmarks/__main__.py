"""Run all measurements, one after the other."""

import platform

from . import codec, engine, peers, simulated_emstat

print(f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}\n")
print("faradaic: limits, end conditions, charge and energy, journal, HDF5, one subscriber")
engine.main()
print("\nOthers, each writing its usual file")
peers.main()
print("\nDecoding MethodSCRIPT packages of three variables")
codec.main()
print("\nSimulated EmStat over a virtual serial port, to a client in another process")
print(f"  {simulated_emstat.points_per_second():,.0f} points a second")

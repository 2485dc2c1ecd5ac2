"""The oxidation onset of an electrolyte, in one line."""

import sys

from faradaic.engine import run
from faradaic.protocols import Cell, LinearSweep
from faradaic.simulators import published_cell, simulated

out = sys.argv[1] if len(sys.argv) > 1 else "lsv.h5"

# On the bench: open_instrument("emstat", "COM5") instead of simulated(…).
with simulated("emstat4-hr", published_cell("SS|IGE-2|Li")) as instrument:
    sweep, cell = LinearSweep(stop="5.5 V"), Cell(name="IGE-2", area="1 cm²")
    print(run(sweep, instrument.channels[0], cell=cell, out=out).results["onset_potential"])

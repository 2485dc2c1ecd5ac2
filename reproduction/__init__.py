"""The experiments of four papers, repeated on simulated instruments and compared with what was printed.

Every recovered number comes out of a run file that was measured through the real driver and the
real wire format; the papers' numbers are those of `simulators/cells/systems.yaml`.
"""

from .comparison import Comparison, write_tables
from .experiments import EXPERIMENTS, Experiment, Printed
from .measuring import planned, reproduce

__all__ = ["EXPERIMENTS", "Comparison", "Experiment", "Printed", "planned", "reproduce", "write_tables"]

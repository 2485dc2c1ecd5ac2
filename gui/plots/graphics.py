"""pyqtgraph as the window uses it.

Its classes get their methods at run time, so that a type checker knows few of them.
"""

from typing import Any, TypeAlias

import pyqtgraph
import pyqtgraph.exporters

pg: Any = pyqtgraph
exporters: Any = pyqtgraph.exporters
PlotItem: TypeAlias = Any
PlotDataItem: TypeAlias = Any
InfiniteLine: TypeAlias = Any

pyqtgraph.setConfigOptions(antialias=False, imageAxisOrder="row-major")

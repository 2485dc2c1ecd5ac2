"""pyqtgraph as the window uses it.

Its classes get their methods at run time, so that a type checker knows few of them.
"""

from typing import Any, TypeAlias

import pyqtgraph

pg: Any = pyqtgraph
PlotItem: TypeAlias = Any
PlotDataItem: TypeAlias = Any
InfiniteLine: TypeAlias = Any

pyqtgraph.setConfigOptions(antialias=False, imageAxisOrder="row-major")

LINE_PX = 1
"""How wide curves and marks are: anything wider takes several times as long to draw."""

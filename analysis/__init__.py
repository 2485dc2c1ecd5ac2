"""From run files to results with units and uncertainty, and publication figures."""

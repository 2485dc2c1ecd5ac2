"""What every part may use: clocks, units and the shape of a sample."""

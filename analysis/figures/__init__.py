"""Publication figures in one style: vector or pixels, readable in print and by the colour-blind."""

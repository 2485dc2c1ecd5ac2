"""The bench as a local service that outlives every window, and its client."""

"""Simulated cells: the physics behind the terminals."""

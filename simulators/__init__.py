"""Simulated instruments that speak the real ones' wire protocols, and simulated cells."""

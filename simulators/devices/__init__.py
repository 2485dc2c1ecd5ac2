"""Simulated instruments: servers of the real instruments' wire protocols."""

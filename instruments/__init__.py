"""Drivers: one per instrument family, all behind the same channel interface."""

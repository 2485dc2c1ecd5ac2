"""Plots of runs, live and recorded: nothing hidden, nothing slow."""

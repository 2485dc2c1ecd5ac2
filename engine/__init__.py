"""Runs protocols on channels: timing, limits, end conditions, recording."""
